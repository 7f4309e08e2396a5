import dataclasses
import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.data import prepared
from cifar_core.data.image_set import RawImages
from cifar_core.data.prepared import (
    channel_statistics,
    fingerprint_of,
    is_prepared,
    open_prepared,
    write_prepared,
)
from cifar_core.errors import DatasetError

FILES = ("images.npy", "labels.npy", "set.json")
ON_LINUX = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux")


def raw_images(count=20, num_train=15, seed=0) -> RawImages:
    rng = np.random.default_rng(seed)
    return RawImages(
        images=rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8),
        labels=rng.integers(0, 3, count),
        num_train=num_train,
        classes=("ant", "bée", "蜂"),
        name="Insects",
        notes=("One was left out.", "Why: it flew away."),
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    write_prepared(raw_images(), tmp_path / "set")
    return tmp_path / "set"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(folder) -> str:
    with pytest.raises(DatasetError) as caught:
        open_prepared(folder)
    return str(caught.value)


def test_what_is_opened_is_what_was_written(folder):
    raw, data = raw_images(), open_prepared(folder)
    assert np.array_equal(data.images.numpy(), raw.images) and data.images.dtype == torch.uint8
    assert np.array_equal(data.labels.numpy(), raw.labels) and data.labels.dtype == torch.int64
    assert (data.num_train, data.num_test, len(data)) == (15, 5, 20)
    assert (data.classes, data.num_classes) == (raw.classes, 3)
    assert (data.name, data.drawn, data.notes) == (raw.name, False, raw.notes)
    assert data.fingerprint == fingerprint_of(raw)
    assert [data.mean, data.std] == [tuple(v) for v in channel_statistics(raw.images[:15])]
    assert names_in(folder) == sorted(FILES)
    assert names_in(folder.parent) == ["set"]


def test_images_in_another_memory_order_and_narrow_labels_are_stored_alike(tmp_path, folder):
    raw = raw_images()
    odd = dataclasses.replace(
        raw, images=np.asfortranarray(raw.images), labels=raw.labels.astype(np.uint8), drawn=True
    )
    write_prepared(odd, tmp_path / "odd")
    data, usual = open_prepared(tmp_path / "odd"), open_prepared(folder)
    assert data.images.is_contiguous() and data.images.equal(usual.images)
    assert data.labels.equal(usual.labels) and data.fingerprint == usual.fingerprint
    assert data.drawn


# --- mapping


def mapping_of(tensor) -> dict[str, int]:
    """What the system says of the memory in which a tensor lies: sizes in kB."""
    address = tensor.untyped_storage().data_ptr()
    lines = Path("/proc/self/smaps").read_text().splitlines()
    found: dict[str, int] = {}
    inside = False
    for line in lines:
        head = line.split()
        if "-" in head[0] and not head[0].endswith(":"):
            low, high = (int(part, 16) for part in head[0].split("-"))
            inside = low <= address < high
            if inside:
                found["images.npy"] = int(line.endswith("images.npy"))
        elif inside and len(head) > 1 and head[1].isdigit():
            found[head[0].rstrip(":")] = int(head[1])
    return found


@ON_LINUX
def test_opening_maps_the_images_and_reads_none_of_them(tmp_path):
    raw = raw_images(1, 1)
    many = dataclasses.replace(
        raw, images=np.repeat(raw.images, 2000, 0), labels=np.zeros(2000, int), num_train=2000
    )
    write_prepared(many, tmp_path / "set")
    data = open_prepared(tmp_path / "set")
    mapping = mapping_of(data.images)
    assert mapping["images.npy"] and mapping["Size"] > 6000  # kB
    assert mapping["Rss"] < 600
    data.images.sum(dtype=torch.int64)
    mapping = mapping_of(data.images)
    assert mapping["Rss"] > 6000
    assert mapping["Private_Dirty"] == 0  # the pages are the system's, shared by all processes


def test_two_openings_see_the_same_and_a_write_reaches_neither_the_file_nor_the_other(folder):
    before = (folder / "images.npy").read_bytes()
    first, second = open_prepared(folder), open_prepared(folder)
    first.images.zero_()
    assert second.images.numpy().tolist() == raw_images().images.tolist()
    assert open_prepared(folder).images.equal(second.images)
    assert (folder / "images.npy").read_bytes() == before


# --- statistics and fingerprint


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_statistics_equal_numpys_in_float64_whatever_the_chunks(count, seed, chunk):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    images[..., 1] //= 16
    before, prepared._CHUNK = prepared._CHUNK, chunk
    try:
        mean, std = channel_statistics(images)
    finally:
        prepared._CHUNK = before
    scaled = images.astype(np.float64) / 255
    np.testing.assert_allclose(mean, scaled.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, scaled.std((0, 1, 2)), rtol=1e-9)
    assert (mean, std) == channel_statistics(images)


def test_a_flat_colour_has_a_small_deviation_that_can_be_divided_by():
    mean, std = channel_statistics(np.full((3, 32, 32, 3), 255, np.uint8))
    assert mean == [1.0] * 3 and std == [1 / 255] * 3


def test_statistics_are_those_of_the_training_part_only(tmp_path):
    raw = raw_images()
    raw.images[15:] = 0
    write_prepared(raw, tmp_path / "set")
    data = open_prepared(tmp_path / "set")
    assert data.mean == tuple(channel_statistics(raw_images().images[:15])[0])


def changed_pixel(raw):
    images = raw.images.copy()
    images[-1, 31, 31, 2] ^= 1
    return dataclasses.replace(raw, images=images)


def changed_label(raw):
    labels = raw.labels.copy()
    labels[-1] = (labels[-1] + 1) % 3
    return dataclasses.replace(raw, labels=labels)


@pytest.mark.parametrize(
    "change",
    [
        changed_pixel,
        changed_label,
        lambda raw: dataclasses.replace(raw, num_train=14),
        lambda raw: dataclasses.replace(raw, classes=("ant", "bée", "wasp")),
        lambda raw: dataclasses.replace(raw, images=raw.images[::-1].copy()),
        lambda raw: dataclasses.replace(raw, images=raw.images[:-1], labels=raw.labels[:-1]),
    ],
)
def test_the_fingerprint_changes_with_all_that_training_sees(change):
    assert fingerprint_of(change(raw_images())) != fingerprint_of(raw_images())


def test_the_fingerprint_does_not_depend_on_names_of_the_set_nor_on_number_formats():
    raw = raw_images()
    other = dataclasses.replace(
        raw, name="X", notes=(), labels=raw.labels.astype(np.int32),
        images=np.asfortranarray(raw.images),
    )  # fmt: skip
    assert fingerprint_of(other) == fingerprint_of(raw)
    assert len(fingerprint_of(raw)) == 64


# --- what does not fit together


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": np.zeros((20, 32, 32, 3), np.float32)}, "float32"),
        ({"images": np.zeros((20, 3, 32, 32), np.uint8)}, r"\(20, 3, 32, 32\); expected uint8"),
        ({"images": np.zeros((19, 32, 32, 3), np.uint8)}, r"expected uint8 \(20, 32, 32, 3\)"),
        ({"num_train": 0}, "no training images"),
        ({"num_train": 21}, "training images"),
        ({"labels": np.full(20, 3)}, "run from 3 to 3; expected 0 to 2 for 3 classes"),
        ({"labels": np.full(20, -1)}, "run from -1"),
        ({"images": np.zeros((0, 32, 32, 3), np.uint8), "labels": np.zeros(0, int),
          "num_train": 0}, "no training images"),
    ],
)  # fmt: skip
def test_raw_images_that_do_not_fit_together_are_refused(tmp_path, change, words):
    with pytest.raises(DatasetError, match=words):
        write_prepared(dataclasses.replace(raw_images(), **change), tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 1, 6, 9, 64, 127, 128, 129, 0.5, 0.9, -1])
def test_truncated_files_are_refused(folder, name, keep):
    content = (folder / name).read_bytes()
    keep = int(len(content) * keep) if isinstance(keep, float) else keep
    (folder / name).write_bytes(content[:keep])
    message = refusal(folder)
    assert str(folder) in message and "Delete this folder" in message


@pytest.mark.parametrize("name", FILES)
def test_missing_files_and_folders_in_their_place_are_refused(folder, name):
    (folder / name).unlink()
    refusal(folder)
    (folder / name).mkdir()
    refusal(folder)


def saved(folder, name, array):
    np.save(folder / name, array, allow_pickle=True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: (f / "images.npy").write_bytes(b"\x93NUMPY" + b"\xff" * 70_000),
        lambda f: (f / "labels.npy").write_bytes(b"garbage" * 100),
        lambda f: saved(f, "images.npy", np.zeros((20, 32, 32, 3), np.int8)),
        lambda f: saved(f, "images.npy", np.zeros((21, 32, 32, 3), np.uint8)),
        lambda f: saved(f, "images.npy", np.zeros((20, 32, 32), np.uint8)),
        lambda f: saved(f, "labels.npy", np.full(20, 3)),
        lambda f: saved(f, "labels.npy", np.full(20, -1)),
        lambda f: saved(f, "labels.npy", np.zeros(20)),
        lambda f: saved(f, "labels.npy", np.zeros(19, np.int64)),
        lambda f: saved(f, "labels.npy", np.array([{}] * 20)),
        lambda f: (f / "set.json").write_bytes(b"\xff\xfe"),
        lambda f: (f / "set.json").write_text("[1, 2]"),
        lambda f: (f / "set.json").write_text("null"),
        lambda f: change_json(f, format=2),
        lambda f: change_json(f, num_train=21),
        lambda f: change_json(f, num_train=0),
        lambda f: change_json(f, num_train="15"),
        lambda f: change_json(f, classes=None),
        lambda f: change_json(f, classes=["one"]),
        lambda f: change_json(f, mean=None),
    ],
)
def test_garbled_files_are_refused(folder, spoil):
    spoil(folder)
    refusal(folder)


def change_json(folder, **changes):
    about = json.loads((folder / "set.json").read_text())
    (folder / "set.json").write_text(json.dumps({**about, **changes}))


@pytest.mark.parametrize("key", ["format", "num_train", "classes", "name", "fingerprint", "notes"])
def test_a_description_that_lacks_something_is_refused(folder, key):
    about = json.loads((folder / "set.json").read_text())
    del about[key]
    (folder / "set.json").write_text(json.dumps(about))
    refusal(folder)


# --- writing


@pytest.mark.parametrize("place", [(np, "save"), (Path, "rename"), (Path, "write_text")])
def test_a_disk_that_refuses_is_said_and_leaves_nothing(tmp_path, monkeypatch, place):
    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*place, refuse)
    with pytest.raises(DatasetError, match=r"cannot be written to .*set: No space left"):
        write_prepared(raw_images(), tmp_path / "set")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [] and not is_prepared(tmp_path / "set")


def test_numpys_own_error_on_a_full_disk_keeps_its_text(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("61440 requested and 0 written")

    monkeypatch.setattr(np, "save", refuse)
    with pytest.raises(DatasetError, match="61440 requested and 0 written"):
        write_prepared(raw_images(), tmp_path / "set")


def test_a_damaged_set_and_leftovers_are_replaced(folder):
    (folder / "set.json").write_text("{")
    left = folder.parent / f".{folder.name}.0badc0de.tmp"
    left.mkdir()
    (left / "images.npy").write_bytes(b"x")
    others = folder.parent / ".other.0badc0de.tmp"
    others.mkdir()
    write_prepared(raw_images(), folder)
    assert len(open_prepared(folder)) == 20
    assert not left.exists() and others.exists()


def test_everything_is_on_the_disk_before_the_folder_gets_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(prepared, "sync", lambda path: synced.append(path.name))
    rename = Path.rename

    def checked(source, target):
        assert sorted(synced[:3]) == sorted(FILES) and synced[3] == source.name
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", checked)
    write_prepared(raw_images(), tmp_path / "set")
    assert is_prepared(tmp_path / "set")


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
import numpy as np
from cifar_core.data.image_set import RawImages
from cifar_core.data.prepared import write_prepared
save, calls = np.save, []
def save_and_die(path, array):
    calls.append(path)
    save(path, array)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
np.save = save_and_die
write_prepared(RawImages(np.zeros((4, 32, 32, 3), np.uint8), np.zeros(4, int), 4, ("a",), "x"),
               Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_killed_preparation_leaves_nothing_that_opens(tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_WRITING, tmp_path / "set"], check=False
    )
    assert child.returncode == -signal.SIGKILL
    assert not is_prepared(tmp_path / "set") and not (tmp_path / "set").exists()
    (left,) = tmp_path.iterdir()
    assert not is_prepared(left) and names_in(left) == ["images.npy", "labels.npy"]
    write_prepared(raw_images(), tmp_path / "set")
    assert names_in(tmp_path) == ["set"]
