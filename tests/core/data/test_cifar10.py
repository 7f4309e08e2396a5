import gzip
import hashlib
import io
import pickle
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cifar_core.data import cifar10
from cifar_core.data.cifar10 import (
    ARCHIVE_NAME,
    FOLDER_NAME,
    find_cifar10,
    is_cifar10,
    read_cifar10,
)
from cifar_core.data.image_set import CIFAR10_CLASSES, RawImages
from cifar_core.errors import DatasetError
from cifar_core.torchvision_compat import datasets

BATCH = 4
BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def as_python_2_wrote_it(value) -> bytes:
    """Pickle like the official files: old module names, and integers where now are booleans."""
    data = pickle.dumps(value, protocol=2)
    data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    return data.replace(b"\x89\x88\x87", b"K\x00K\x01\x87")


def official_pixels(number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (BATCH, 3, 32, 32), dtype=np.uint8)


def official_files() -> dict[str, bytes]:
    files = {
        name: as_python_2_wrote_it({
            "data": official_pixels(number).reshape(BATCH, 3072),
            "labels": [(number + i) % 10 for i in range(BATCH)],
            "batch_label": f"batch {number}",
            "filenames": [f"{i}.png" for i in range(BATCH)],
        })
        for number, name in enumerate(BATCHES)
    }  # fmt: skip
    return files | {"batches.meta": as_python_2_wrote_it({"label_names": list(CIFAR10_CLASSES)})}


@pytest.fixture
def official(monkeypatch) -> dict[str, bytes]:
    """Files in the official format, and torchvision made to expect their checksums."""
    files = official_files()
    sums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [[n, sums[n]] for n in BATCHES[:5]])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [[n, sums[n]] for n in BATCHES[5:]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)
    return files


@pytest.fixture
def folder(tmp_path, official) -> Path:
    path = tmp_path / "somewhere" / FOLDER_NAME
    path.mkdir(parents=True)
    for name, content in official.items():
        (path / name).write_bytes(content)
    (path / "readme.html").write_text("<html>")
    return path


@pytest.fixture
def scratch(tmp_path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def member(name: str, content: bytes = b"", **changes) -> tuple[tarfile.TarInfo, io.BytesIO]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, io.BytesIO(content)


def tar_of(files, extra=(), folder=FOLDER_NAME) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            tar.addfile(*member(f"{folder}/{name}", content))
        for info, content in extra:
            content.seek(0)
            tar.addfile(info, content)
    return buffer.getvalue()


@pytest.fixture
def archive(tmp_path, official) -> Path:
    path = tmp_path / ARCHIVE_NAME
    path.write_bytes(tar_of(official))
    return path


def assert_official(raw: RawImages) -> None:
    expected = np.concatenate([official_pixels(n) for n in range(6)]).transpose(0, 2, 3, 1)
    assert raw.images.dtype == np.uint8 and np.array_equal(raw.images, expected)
    labels = [(n + i) % 10 for n in range(6) for i in range(BATCH)]
    assert raw.labels.dtype == np.int64 and raw.labels.tolist() == labels
    assert raw.num_train == 5 * BATCH and raw.classes == CIFAR10_CLASSES
    assert (raw.name, raw.drawn, raw.notes) == ("CIFAR-10", False, ())


def refusal(path, scratch) -> str:
    with pytest.raises(DatasetError) as caught:
        read_cifar10(path, scratch)
    assert list(scratch.iterdir()) == []
    return str(caught.value)


def test_the_folder_is_read(folder, scratch):
    assert_official(read_cifar10(folder, scratch))


def test_the_archive_is_read_and_its_temporary_copy_removed(archive, scratch):
    told = []
    read = read_cifar10(archive, scratch, progress=lambda *state: told.append(state))
    assert_official(read)
    assert list(scratch.iterdir()) == []
    assert told == sorted(told)
    assert told[-1] == (60_000, 60_000)
    assert len(told) >= 7


def test_places_where_a_copy_is_found(folder, archive, tmp_path):
    assert find_cifar10(folder) == find_cifar10(folder.parent) == folder
    assert find_cifar10(archive) == find_cifar10(tmp_path) == archive
    folder.rename(tmp_path / FOLDER_NAME)
    assert find_cifar10(tmp_path) == tmp_path / FOLDER_NAME  # rather than the archive


def test_places_where_there_is_none(tmp_path):
    (tmp_path / "other.tar.gz").write_bytes(b"x")
    (tmp_path / FOLDER_NAME).mkdir()
    for place in (tmp_path, tmp_path / "other.tar.gz", tmp_path / FOLDER_NAME, tmp_path / "none"):
        assert find_cifar10(place) is None and not is_cifar10(place)


@pytest.mark.parametrize("name", [*BATCHES, "batches.meta"])
def test_a_changed_file_fails_the_check(folder, scratch, name):
    content = bytearray((folder / name).read_bytes())
    content[-5] ^= 1
    (folder / name).write_bytes(content)
    message = refusal(folder, scratch)
    assert "md5" in message and str(folder) in message and "archive again" in message


@pytest.mark.parametrize("name", [*BATCHES, "batches.meta"])
def test_a_missing_file_is_incomplete(folder, scratch, name):
    (folder / name).unlink()
    assert "incomplete" in refusal(folder, scratch)


def test_a_file_that_fails_the_check_is_not_unpickled(folder, scratch, tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    (folder / "data_batch_3").write_bytes(pickle.dumps(Evil()))
    refusal(folder, scratch)
    assert not (tmp_path / "ran").exists()


def test_a_renamed_folder_is_told_how_to_be_called(folder, scratch):
    renamed = folder.rename(folder.parent / "cifar")
    assert f"to be called {FOLDER_NAME}" in refusal(renamed, scratch)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_archive_is_refused(archive, scratch, share):
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    message = refusal(archive, scratch)
    assert "cannot be unpacked" in message or "incomplete" in message


def test_an_archive_garbled_in_the_middle_is_refused(archive, scratch):
    content = bytearray(archive.read_bytes())
    for place in range(2000, len(content) - 2000, 500):
        garbled = content[:place] + b"\xff" * 200 + content[place + 200 :]
        archive.write_bytes(garbled)
        message = refusal(archive, scratch)
        assert "cannot be unpacked" in message or "md5" in message
        assert str(archive) in message and "again." in message and str(scratch) not in message


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04" * 50, b"\x1f\x8b"])
def test_something_else_under_the_archives_name_is_refused(archive, scratch, content):
    archive.write_bytes(content)
    assert f"{archive} cannot be unpacked: " in refusal(archive, scratch)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_an_archive_with_flipped_bytes_is_refused_or_unharmed(archive, scratch, official, data):
    content = bytearray(tar_of(official))
    if data.draw(st.booleans(), "flip inside the compressed stream"):
        content = bytearray(gzip.decompress(content))
        flip(content, data, [0, 100, 124, 136, 148, 156, 157, 257, 345])
        content = gzip.compress(bytes(content), 1)
    else:
        flip(content, data, [0, 3, 10, 20])
    archive.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            assert_official(read_cifar10(archive, scratch))
        except DatasetError as error:
            assert str(error).endswith(".")
    assert list(scratch.iterdir()) == []


def flip(content: bytearray, data, places) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(places) | st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))


def test_members_that_lead_outside_are_not_written(tmp_path, scratch, official):
    outside = [
        member("../outside", b"x"),
        member("/tmp/absolutely-outside-cifar", b"x"),
        member("../../test_batch", b"x"),
        member("notes.txt", b"x"),
        member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    ]
    path = tmp_path / ARCHIVE_NAME
    path.write_bytes(tar_of(official, outside[3:]))
    assert_official(read_cifar10(path, scratch))
    path.write_bytes(tar_of(official, outside))  # a second test_batch, and a wrong one
    assert "md5" in refusal(path, scratch)
    assert sorted(p.name for p in tmp_path.iterdir()) == [ARCHIVE_NAME, "scratch"]
    assert not Path("/tmp/absolutely-outside-cifar").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["nowhere", "/etc/passwd", f"{FOLDER_NAME}/data_batch_2"])
def test_links_in_place_of_a_batch_are_not_followed(tmp_path, scratch, official, kind, target):
    content = official.pop("data_batch_1")
    assert content
    link = member(f"{FOLDER_NAME}/data_batch_1", type=kind, linkname=target)
    (tmp_path / ARCHIVE_NAME).write_bytes(tar_of(official, [link]))
    assert "incomplete" in refusal(tmp_path / ARCHIVE_NAME, scratch)


def test_a_member_larger_than_any_official_one_is_not_unpacked(archive, scratch, monkeypatch):
    monkeypatch.setattr(cifar10, "_MAX_MEMBER_BYTES", 1000)
    assert "incomplete" in refusal(archive, scratch)


def test_members_in_another_folder_of_the_archive_are_found(tmp_path, scratch, official):
    (tmp_path / ARCHIVE_NAME).write_bytes(tar_of(official, folder="my/copy"))
    assert_official(read_cifar10(tmp_path / ARCHIVE_NAME, scratch))


def test_the_checksums_are_torchvisions_own():
    # What our tests replace: the product checks against the published sums.
    assert datasets.CIFAR10.train_list[0] == ["data_batch_1", "c99cafc152244af753f735de768cd75f"]
    assert datasets.CIFAR10.test_list == [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    names = [name for name, _ in datasets.CIFAR10.train_list + datasets.CIFAR10.test_list]
    assert sorted(cifar10._MEMBERS) == sorted([*names, "batches.meta"])
