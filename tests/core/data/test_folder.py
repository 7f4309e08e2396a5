import os
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifar_core.data import folder as folder_module
from cifar_core.data import folder_layout
from cifar_core.data.folder import read_archive, read_image_folder, scan_signature
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.errors import ConfigError, DatasetError
from cifar_core.pictures import fit_picture, open_picture

REAL_IMAGES = os.environ.get("CIFAR_TEST_DATA")


def put(root: Path, *names: str) -> None:
    """Save a small picture under each name; its colour depends on its number."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (number, 255 - number, 7)).save(path)


def colours(images: np.ndarray) -> list[int]:
    return images[:, 0, 0, 0].tolist()


def test_a_folder_with_train_and_test_is_read(tmp_path: Path):
    put(tmp_path, "train/dog/1.png", "train/cat/2.png", "train/cat/1.png", "test/dog/9.png")
    raw = read_image_folder(tmp_path)
    assert raw.classes == ("cat", "dog")
    assert colours(raw.images) == [2, 1, 0, 3]
    assert raw.labels.tolist() == [0, 0, 1, 1]
    assert raw.num_train == 3
    assert raw.images.shape == (4, 32, 32, 3)
    assert (raw.images.dtype, raw.labels.dtype) == (np.uint8, np.int64)
    assert raw.name == tmp_path.name
    assert raw.notes == () and raw.drawn is False


def test_class_folders_alone_are_the_training_part(tmp_path: Path):
    put(tmp_path, "a/1.png", "b/1.png")
    raw = read_image_folder(tmp_path)
    assert (raw.classes, raw.num_train, len(raw.labels)) == (("a", "b"), 2, 2)


@pytest.mark.parametrize("inner", ["train/", ""])
def test_a_single_wrapping_folder_is_descended_into(tmp_path: Path, inner: str):
    put(tmp_path, f"pets-master/{inner}a/1.png", f"pets-master/{inner}b/1.png")
    assert read_image_folder(tmp_path).classes == ("a", "b")


def test_classes_come_in_natural_order(tmp_path: Path):
    put(tmp_path, *(f"train/class {n}/1.png" for n in (10, 9, 2, 1)))
    raw = read_image_folder(tmp_path)
    assert raw.classes == ("class 1", "class 2", "class 9", "class 10")
    assert colours(raw.images) == [3, 2, 1, 0]


def test_the_cifar_classes_come_in_their_own_order(tmp_path: Path):
    put(tmp_path, *(f"train/{name}/1.png" for name in reversed(CIFAR10_CLASSES)))
    assert read_image_folder(tmp_path).classes == CIFAR10_CLASSES


def test_a_test_part_may_lack_classes(tmp_path: Path):
    put(tmp_path, "train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/1.png")
    assert read_image_folder(tmp_path).labels.tolist() == [0, 1, 2, 2]


def test_unknown_classes_in_test_are_refused(tmp_path: Path):
    put(tmp_path, "train/a/1.png", "train/b/1.png", "test/b/1.png", "test/x/1.png", "test/y/1.png")
    with pytest.raises(DatasetError, match=r"classes in test that train has not: x, y"):
        read_image_folder(tmp_path)


def test_subfolders_of_a_class_are_read_in_order_of_their_names(tmp_path: Path):
    put(tmp_path, "a/z.png", "a/deep/er/1.png", "a/b.png", "b/1.png")
    assert colours(read_image_folder(tmp_path).images) == [2, 1, 0, 3]


def test_hidden_files_and_rubbish_are_ignored_silently(tmp_path: Path):
    put(tmp_path, "a/1.png", "b/1.png", "a/.hidden.png", ".git/x/1.png", "__MACOSX/a/1.png")
    (tmp_path / "a/Thumbs.db").write_bytes(b"x")
    (tmp_path / "a/.DS_Store").write_bytes(b"x")
    raw = read_image_folder(tmp_path)
    assert (len(raw.labels), raw.notes) == (2, ())


def test_what_is_ignored_is_told(tmp_path: Path):
    put(tmp_path, "train/a/1.png", "train/b/1.png", "train/loose.png", "val/a/1.png", "extra/1.png")
    (tmp_path / "train/a/notes.txt").write_text("x")
    raw = read_image_folder(tmp_path)
    assert len(raw.labels) == 2
    assert raw.notes == (
        "Beside train and test these folders were ignored: extra, val.",
        "Pictures in train itself, in no class folder, were ignored: 1.",
        "Files in train/a without the ending of a picture were ignored: 1.",
    )


def test_unreadable_pictures_are_left_out_counted_and_named(tmp_path: Path):
    put(tmp_path, "train/a/1.png", "train/b/1.png", "train/b/5.png", "test/a/1.png")
    for number in range(2, 5):
        (tmp_path / f"train/b/{number}.png").write_bytes(b"")
    (tmp_path / "test/a/0.png").write_text("no picture")
    raw = read_image_folder(tmp_path)
    assert colours(raw.images) == [0, 1, 2, 3]
    assert raw.labels.tolist() == [0, 1, 1, 0]
    assert raw.num_train == 3
    assert raw.notes[0] == "Pictures that cannot be read were left out: 4 of 8."
    assert [note.split(" is ")[0] for note in raw.notes[1:]] == [
        "In train/b: 2.png",
        "In train/b: 3.png",
        "In train/b: 4.png",
        "In test/a: 0.png",
    ]


def test_of_many_unreadable_pictures_the_first_are_named(tmp_path: Path, monkeypatch):
    put(tmp_path, "a/ok.png", "b/ok.png")
    for number in range(5):
        (tmp_path / f"b/{number}.png").write_bytes(b"")
    monkeypatch.setattr(folder_module, "_NAMED_FAILURES", 2)
    notes = read_image_folder(tmp_path).notes
    assert notes[0].endswith("5 of 7.") and len(notes) == 4
    assert notes[-1] == "And 3 more that cannot be read."


def test_a_class_without_a_readable_picture_is_refused(tmp_path: Path):
    put(tmp_path, "train/a/1.png", "train/b/1.png", "test/b/1.png")
    (tmp_path / "train/b/1.png").write_bytes(b"damaged")
    with pytest.raises(DatasetError, match=r"of the class b .* can be read; .* 1\.png is no pict"):
        read_image_folder(tmp_path)


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_empty_class_folder_is_refused(tmp_path: Path, part: str):
    put(tmp_path, "train/a/1.png", "train/b/1.png", "train/c/1.png", "test/a/1.png")
    (tmp_path / part / "c" / "1.png").unlink(missing_ok=True)
    (tmp_path / part / "c").mkdir(exist_ok=True)
    with pytest.raises(DatasetError, match=f"The class folder {part}/c in .* holds no pictures"):
        read_image_folder(tmp_path)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "has too few class folders, 0; expected at least 2, as train/"),
        (["1.png"], "has too few class folders, 0;"),
        (["only/1.png"], r"has too few class folders, 1 \(only\)"),
        (["train/only/1.png"], r"has too few class folders, 1 \(only\)"),
        (["test/a/1.png", "other/a/1.png"], "has a folder test, but none called train"),
    ],
)
def test_another_layout_is_refused(tmp_path: Path, names: list[str], sentence: str):
    put(tmp_path, *names)
    with pytest.raises(DatasetError, match=sentence):
        read_image_folder(tmp_path)


def test_a_missing_folder_and_a_file_are_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"gone does not exist; expected train/<class>"):
        read_image_folder(tmp_path / "gone")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match=r"file is no folder"):
        read_image_folder(tmp_path / "file")


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put(tmp_path, "train/a/1.png", "train/b/1.png")
    real_scandir = os.scandir

    def guarded(path: Path) -> object:  # root may read everything: permissions cannot be tested
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    for read in (read_image_folder, scan_signature):
        with pytest.raises(DatasetError, match=r"cannot be read: Permission denied"):
            read(tmp_path)


def test_too_many_pictures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folder_layout, "MAX_IMAGES", 2)
    put(tmp_path, "a/1.png", "b/1.png", "b/2.png")
    with pytest.raises(DatasetError, match="holds 3 pictures; expected at most 2"):
        read_image_folder(tmp_path)


def test_links_are_followed_but_never_in_circles(tmp_path: Path):
    put(tmp_path, "data/a/1.png", "data/b/1.png", "elsewhere/1.png", "elsewhere/2.png")
    (tmp_path / "data/c").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/a/again").symlink_to(tmp_path / "data")
    (tmp_path / "data/a/gone.png").symlink_to(tmp_path / "nowhere.png")
    raw = read_image_folder(tmp_path / "data")
    assert np.bincount(raw.labels).tolist() == [1, 1, 2]
    assert raw.notes[1] == "In a: gone.png does not exist; expected a picture file."
    assert scan_signature(tmp_path / "data")


def test_names_that_are_no_utf8_can_be_printed(tmp_path: Path):
    odd = b"caf\xe9".decode(errors="surrogateescape")
    try:
        put(tmp_path, "a/1.png", f"{odd}/1.png")
    except OSError:
        pytest.skip("this file system only takes UTF-8 names")
    (tmp_path / odd / f"{odd}.png").write_bytes(b"")
    raw = read_image_folder(tmp_path)
    assert raw.classes == ("a", "café")
    assert raw.notes[1].startswith("In café: café.png is empty")


def test_pictures_of_any_shape_are_fitted_as_asked(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.linear_gradient("L").resize((90, 40)).save(tmp_path / name / "1.png")
    picture = open_picture(tmp_path / "a/1.png")
    for fit in ("crop", "letterbox", "stretch"):
        assert (
            read_image_folder(tmp_path, fit=fit).images[0] == fit_picture(picture, fit=fit)
        ).all()
    with pytest.raises(ConfigError, match="fit is 'zoom'"):
        read_image_folder(tmp_path, fit="zoom")


def test_many_pictures_read_by_threads_stay_in_order(tmp_path: Path):
    put(tmp_path, *(f"{name}/{i:03}.png" for name in ("a", "b") for i in range(120)))
    calls: list[tuple[int, int]] = []
    threads: set[int] = set()

    def progress(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.get_ident())

    raw = read_image_folder(tmp_path, progress=progress)
    assert colours(raw.images) == list(range(240))
    assert calls == [(64, 240), (128, 240), (192, 240), (240, 240)]
    assert threads == {threading.get_ident()}


def test_an_interruption_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put(tmp_path, *(f"{name}/{i}.png" for name in ("a", "b") for i in range(40)))
    monkeypatch.setattr(folder_module, "_CHUNK", 1)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_image_folder(tmp_path, progress=interrupt)
    assert not any(thread.name.startswith("pictures") for thread in threading.enumerate())


def change_content(root: Path) -> None:
    (root / "a/1.png").write_bytes(b"longer than before" * 100)


def touch(root: Path) -> None:
    os.utime(root / "a/1.png", ns=(1, 1))


def rename(root: Path) -> None:
    (root / "a/1.png").rename(root / "a/2.png")


def add_folder(root: Path) -> None:
    (root / "c").mkdir()


@pytest.mark.parametrize("change", [change_content, touch, rename, add_folder])
def test_the_signature_changes_with_the_folder(tmp_path: Path, change: Callable[[Path], None]):
    put(tmp_path, "a/1.png", "b/1.png")
    before = scan_signature(tmp_path)
    assert scan_signature(tmp_path) == before
    change(tmp_path)
    assert scan_signature(tmp_path) != before


def test_the_signature_does_not_depend_on_the_place(tmp_path: Path):
    put(tmp_path, "here/a/1.png", "here/b/1.png")
    before = scan_signature(tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    assert scan_signature(tmp_path / "there") == before
    assert len(before) == 64


def make_archive(path: Path, content: Path) -> Path:
    names = [str(name.relative_to(content)) for name in content.rglob("*") if name.is_file()]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.write(content / name, name)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name in names:
                archive.add(content / name, name)
    return path


@pytest.mark.parametrize("name", ["my.pets.zip", "my.pets.tar.gz", "my.pets.TGZ", "my.pets"])
def test_an_archive_gives_what_its_folder_gives(tmp_path: Path, name: str):
    put(tmp_path / "in", "pets/train/b/1.png", "pets/train/a/1.png", "pets/test/a/1.jpg")
    (tmp_path / "in/pets/readme.txt").write_text("x")
    (tmp_path / "in/pets/train/a/2.png").write_bytes(b"")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    calls: list[tuple[int, int]] = []
    archive = make_archive(tmp_path / name, tmp_path / "in")
    raw = read_archive(archive, scratch, progress=lambda *call: calls.append(call))
    same = read_image_folder(tmp_path / "in")
    assert (raw.images == same.images).all() and (raw.labels == same.labels).all()
    assert (raw.name, raw.classes, raw.num_train) == ("my.pets", ("a", "b"), 2)
    assert raw.notes[0].startswith(f"Left out of {name} (without the ending of a picture): 1,")
    assert raw.notes[1:] == same.notes
    assert not [path for path in scratch.iterdir() if path.is_dir()]
    assert calls == sorted(calls) and calls[-1] == (1000, 1000)


def test_a_refused_archive_leaves_nothing_behind_and_is_named(tmp_path: Path):
    put(tmp_path / "in", "only/1.png")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    archive = make_archive(tmp_path / "one.zip", tmp_path / "in")
    with pytest.raises(DatasetError, match=r"^one\.zip has too few class folders, 1 \(only\)"):
        read_archive(archive, scratch)
    assert not [path for path in scratch.iterdir() if path.is_dir()]


@pytest.mark.slow
@pytest.mark.skipif(REAL_IMAGES is None, reason="CIFAR_TEST_DATA names no unpacked image folder")
def test_the_real_images_are_all_read_with_their_labels():
    root = Path(str(REAL_IMAGES))
    raw = read_image_folder(root)
    assert raw.classes == CIFAR10_CLASSES and raw.notes == ()
    assert (raw.num_train, len(raw.labels)) == (50_000, 60_000)
    assert np.bincount(raw.labels[:50_000]).tolist() == [5000] * 10
    assert np.bincount(raw.labels[50_000:]).tolist() == [1000] * 10
    for part, start, size in (("train", 0, 5000), ("test", 50_000, 1000)):
        for label, name in enumerate(CIFAR10_CLASSES):
            position = start + label * size + 7
            picture = open_picture(root / part / name / "0007.jpg")
            assert raw.labels[position] == label
            assert (raw.images[position] == np.asarray(picture)).all()
