"""What the core says of image sets, in Chinese: made by real mistakes, not written down twice."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifar_core.config import TrainConfig
from cifar_core.data.extra_tests import add_extra_test, open_extra_test
from cifar_core.data.folder import read_archive, read_image_folder
from cifar_core.errors import WorkbenchError
from cifar_core.own_sets import delete_own_set, list_own_sets
from dashboard import sentences
from dashboard.sentences import translated


@pytest.fixture(autouse=True)
def _a_chinese_visitor(monkeypatch):
    monkeypatch.setattr(sentences, "language", lambda: "zh")


def assert_chinese(sentence: str) -> None:
    found = re.sub(r"/\S+", "", translated(sentence))  # paths may hold any word
    assert re.search("[\u4e00-\u9fff]", found), found
    assert not re.search(r"\b(is|are|the|of|expected|or|but|has|were|without)\b", found), found


def assert_refused_in_chinese(act) -> None:
    with pytest.raises(WorkbenchError) as caught:
        act()
    assert_chinese(str(caught.value))


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name)
    return root


def test_what_was_left_out_is_told(tmp_path):
    root = put(tmp_path / "x", "train/a/1.png", "train/b/1.png", "train/2.png", "more/1.png")
    (root / "train/a/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (root / "train/a/empty.png").write_bytes(b"")
    (root / "train/a/words.png").write_text("only words")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(root))
        archive.writestr("../up.png", "x")
        archive.writestr("train/a/notes.txt", "x")
        archive.writestr("train/a/1.PNG", "x")
    notes = read_archive(tmp_path / "x.zip", tmp_path).notes
    assert len(notes) == 9
    for note in notes:
        assert_chinese(note)


def test_refused_folders_are_told(tmp_path):
    for number, names in enumerate(
        [
            ["train/a/1.png"],
            ["train/a/1.png", "train/b/1.png", "test/c/1.png"],
            ["test/a/1.png", "more/b/1.png"],
        ]
    ):
        root = put(tmp_path / str(number), *names)
        assert_refused_in_chinese(lambda root=root: read_image_folder(root))
    assert_refused_in_chinese(lambda: read_image_folder(tmp_path / "none"))
    root = put(tmp_path / "empty", "train/a/1.png", "train/b/1.png")
    (root / "train/b/1.png").write_bytes(b"")
    assert_refused_in_chinese(lambda: read_image_folder(root))


def test_refused_test_sets_are_told(workspace, tmp_path):
    put(tmp_path / "x", "a/1.png", "c/1.png")
    put(tmp_path / "y", "train/a/1.png", "train/b/1.png")
    np.save(tmp_path / "q_data.npy", np.zeros((2, 8, 8, 3), np.uint8))
    np.save(tmp_path / "q_labels.npy", np.zeros(2, int))
    for name in ("x", "y", "q_data.npy"):
        assert_refused_in_chinese(lambda n=name: add_extra_test(workspace, [tmp_path / n], "ab"))
    (tmp_path / "q_labels.npy").unlink()
    assert_refused_in_chinese(lambda: add_extra_test(workspace, [tmp_path / "q_data.npy"], "ab"))
    assert_refused_in_chinese(lambda: open_extra_test(workspace, "x"))


def test_a_set_in_use_is_told(workspace, store, tiny_folder):
    from cifar_core.data.sources import open_data

    open_data(str(tiny_folder), workspace)
    store.create_run(TrainConfig(data=str(tiny_folder)))
    (own,) = list_own_sets(workspace)
    assert_refused_in_chinese(lambda: delete_own_set(workspace, own.data))
    assert_refused_in_chinese(lambda: delete_own_set(workspace, "x"))
