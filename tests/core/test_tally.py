import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cifar_core.tally import MOST_STEPS, Tally, count_right

NUM_CLASSES = 3


def answers(labels: list[int], *, right: list[bool]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits that are largest at the label where they are to be right, and the labels."""
    said = [
        label if r else (label + 1) % NUM_CLASSES for label, r in zip(labels, right, strict=True)
    ]
    return torch.eye(NUM_CLASSES)[said].view(-1, NUM_CLASSES), torch.tensor(labels).long()


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=5), max_size=40))
def test_every_answer_is_counted_once_however_steps_are_taken_together(steps):
    tally, counted = Tally(), 0
    for step in steps:
        tally.add(*answers([label for label, _ in step], right=[right for _, right in step]))
        if tally.is_full:
            counted += tally.count()
            assert not tally.is_full
    assert counted + tally.count() == sum(right for step in steps for _, right in step)
    assert tally.count() == 0


def test_a_tally_is_full_after_so_many_steps():
    tally = Tally()
    for step in range(MOST_STEPS):
        assert not tally.is_full, step
        tally.add(*answers([0], right=[True]))
    assert tally.is_full


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_of_equal_logits_the_first_is_the_answer(dtype):
    logits = torch.zeros(4, NUM_CLASSES, dtype=dtype)
    assert count_right(logits, torch.tensor([0, 0, 1, 2])) == 2
