import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifar_core.data.extra_tests import (
    add_extra_test,
    delete_extra_test,
    list_extra_tests,
    open_extra_test,
    read_extra_test,
)
from cifar_core.errors import DatasetError

CLASSES = ("cat", "dog", "frog")


@pytest.fixture
def pair(tmp_path):
    images = np.zeros((6, 32, 32, 3), np.uint8)
    images[:, 0, 0, 0] = range(6)
    np.save(tmp_path / "new_data.npy", images)
    np.save(tmp_path / "new_labels.npy", np.array([0, 1, 2, 0, 1, 2]))
    return tmp_path / "new_data.npy"


def make_folder(root: Path, *classes: str) -> Path:
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        Image.new("RGB", (40, 20), (number, 0, 0)).save(root / name / "1.png")
    return root


def test_there_is_none_at_first(workspace):
    assert list_extra_tests(workspace) == []
    with pytest.raises(DatasetError, match=r"no extra test set called 'x'; .* none yet"):
        open_extra_test(workspace, "x")


def test_a_pair_is_kept_listed_opened_and_deleted(workspace, pair):
    added = add_extra_test(workspace, [pair], CLASSES, name="  New\n images ")
    assert (added.name, added.num_images, added.classes) == ("New images", 6, CLASSES)
    assert added.size_bytes > 6 * 3072
    assert list_extra_tests(workspace) == [added]
    data = open_extra_test(workspace, "New images")
    assert (data.num_train, data.num_test, data.name) == (0, 6, "New images")
    assert data.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    delete_extra_test(workspace, "New images")
    assert list_extra_tests(workspace) == []


def test_labels_come_in_the_order_that_is_asked_for(workspace, pair):
    add_extra_test(workspace, [pair], CLASSES)
    data = open_extra_test(workspace, "new", ("frog", "cat", "dog"))
    assert data.classes == ("frog", "cat", "dog")
    assert data.labels.tolist() == [1, 2, 0, 1, 2, 0]
    assert list_extra_tests(workspace, ("dog", "frog", "cat"))
    assert not list_extra_tests(workspace, ("dog", "frog"))
    with pytest.raises(DatasetError, match="without fish and with frog; expected cat, dog, fish"):
        open_extra_test(workspace, "new", ("cat", "dog", "fish"))


@pytest.mark.parametrize("inner", ["", "test", "set/test", "set"])
def test_a_folder_of_classes_or_of_a_test_part_is_read(workspace, tmp_path, inner):
    make_folder(tmp_path / "mine" / inner, "dog", "frog", "cat")
    if inner == "test":
        make_folder(tmp_path / "mine" / "train", "dog", "frog", "cat")
    data = read_extra_test(tmp_path / "mine", workspace, CLASSES)
    assert data.classes == CLASSES and data.num_test == 3
    assert data.images[:, 16, 16, 0].tolist() == [2, 0, 1] and data.labels.tolist() == [0, 1, 2]
    assert list_extra_tests(workspace) == []


def test_an_archive_is_read_and_its_rest_told(workspace, tmp_path):
    folder = make_folder(tmp_path / "mine", *CLASSES)
    with zipfile.ZipFile(tmp_path / "upload-123.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
        archive.writestr("mine/cat/notes.txt", "x")
    added = add_extra_test(
        workspace, [tmp_path / "upload-123.zip"], CLASSES, titles=("my pets.zip",)
    )
    assert added.name == "my pets" and "Left out of my pets.zip" in added.notes[0]
    assert not list(workspace.data_dir.rglob("*.png"))


def test_only_a_training_part_is_refused(workspace, tmp_path):
    make_folder(tmp_path / "mine" / "train", *CLASSES)
    with pytest.raises(DatasetError, match="a folder train, but none called test"):
        add_extra_test(workspace, [tmp_path / "mine"], CLASSES)


def test_other_classes_are_refused_and_leave_nothing(workspace, tmp_path):
    make_folder(tmp_path / "mine", "cat", "dog", "fish")
    with pytest.raises(DatasetError, match="other classes, without frog and with fish; expected"):
        add_extra_test(workspace, [tmp_path / "mine"], CLASSES)
    assert list_extra_tests(workspace) == []


def test_two_sets_may_not_have_one_name(workspace, pair):
    add_extra_test(workspace, [pair], CLASSES)
    with pytest.raises(DatasetError, match="called new already"):
        add_extra_test(workspace, [pair], CLASSES)
    add_extra_test(workspace, [pair], CLASSES, name="New")  # the same folder name, another set
    assert [test.name for test in list_extra_tests(workspace)] == ["new", "New"]


@pytest.mark.parametrize("name", ["../../evil", "/etc", "C:\\x", "\0", "...", "蜂", "x" * 300])
def test_a_name_never_becomes_a_path(workspace, pair, name):
    added = add_extra_test(workspace, [pair], CLASSES, name=name)
    (folder,) = (workspace.data_dir / "extra-tests").glob("[!.]*")
    assert folder.name.replace("-", "").isalnum() and folder.name.isascii()
    assert len(open_extra_test(workspace, added.name)) == 6
    with pytest.raises(DatasetError):
        delete_extra_test(workspace, "../" + folder.name)


def test_three_files_are_no_set(workspace, pair):
    with pytest.raises(DatasetError, match="3 files were given"):
        add_extra_test(workspace, [pair] * 3, CLASSES)


def test_a_damaged_set_is_not_listed(workspace, pair):
    add_extra_test(workspace, [pair], CLASSES)
    (folder,) = (workspace.data_dir / "extra-tests").glob("[!.]*")
    (folder / "set.json").write_text(json.dumps([]))
    assert list_extra_tests(workspace) == []


def test_listing_needs_no_torch(workspace, pair):
    code = (
        "import sys; from cifar_core.data.extra_tests import list_extra_tests;"
        "from cifar_core.workspace import Workspace;"
        "list_extra_tests(Workspace.default()); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
