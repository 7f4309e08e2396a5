import pytest
import torch

from cifar_core.answers import Answers, load_answers, save_answers


@pytest.fixture
def answers():
    """Six images of two classes: rows 1, 3 and 4 are mistakes."""
    logits = torch.tensor([[2.0, 0], [0, 1], [0, 3], [0.5, 0], [4, 0], [0.1, 0]])
    return Answers(logits, torch.tensor([0, 0, 1, 1, 1, 0]), torch.tensor([9, 4, 7, 2, 0, 5]))


def test_a_cell_holds_exactly_its_images_the_most_confident_first(answers):
    assert answers.in_cell(1, 0).tolist() == [4, 3]
    assert answers.in_cell(0, 1).tolist() == [1]
    rows = torch.cat([answers.in_cell(i, j) for i in range(2) for j in range(2)])
    assert sorted(rows.tolist()) == list(range(6))


def test_mistakes_are_sorted_by_confidence_and_doubts_by_their_margin(answers):
    assert answers.worst_mistakes().tolist() == [4, 1, 3]
    assert answers.least_certain().tolist() == [5, 3, 1, 0, 2, 4]


def test_answers_survive_the_disk(answers, tmp_path):
    assert answers.right.sum() == 3  # what is computed from them is not written
    save_answers(answers, tmp_path / "a.safetensors")
    back = load_answers(tmp_path / "a.safetensors")
    assert torch.equal(back.logits, answers.logits)
    assert torch.equal(back.labels, answers.labels)
    assert torch.equal(back.positions, answers.positions)


@pytest.mark.parametrize("content", [None, b"", b"half a file"])
def test_what_is_missing_or_damaged_is_computed_again(tmp_path, content):
    path = tmp_path / "a.safetensors"
    if content is not None:
        path.write_bytes(content)
    assert load_answers(path) is None


def test_a_choice_of_answers_keeps_their_order(answers):
    chosen = answers.only(answers.labels == 1)
    assert chosen.positions.tolist() == [7, 2, 0] and len(chosen) == 3
