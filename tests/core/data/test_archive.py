"""Archives of an image folder: what is unpacked, and what is no archive."""

import errno
import tarfile
from pathlib import Path

import pytest

from cifar_core.data.archive import unpack_archive
from cifar_core.errors import DatasetError
from tests.core.data.archives import (
    GOOD,
    MAKERS,
    PICTURE,
    every_archive,
    make_tar,
    make_zip,
    unpacked,
)


@every_archive
def test_pictures_are_unpacked_with_their_content(tmp_path: Path, name: str):
    big = bytes(range(256)) * 3000
    archive = MAKERS[name](tmp_path / name, [(GOOD, PICTURE), ("test/dog/b.PNG", big)])
    files, notes = unpacked(archive)
    assert files == {GOOD, "test/dog/b.PNG"}
    assert notes == []
    assert (tmp_path / "deep/target" / GOOD).read_bytes() == PICTURE
    assert (tmp_path / "deep/target/test/dog/b.PNG").read_bytes() == big


@every_archive
def test_the_kind_follows_from_the_content_and_not_the_name(tmp_path: Path, name: str):
    archive = MAKERS[name](tmp_path / name, [(GOOD, PICTURE)])
    files, _ = unpacked(archive.rename(tmp_path / "pictures.rar"))
    assert files == {GOOD}


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_format_keeps_long_and_foreign_names(tmp_path: Path, format: int):
    names = {GOOD, f"train/{'k' * 60}/{'n' * 60}.jpg", "train/größe/猫.jpg"}
    if format != tarfile.USTAR_FORMAT:
        names.add("/".join(["x" * 90] * 4) + ".png")
    archive = make_tar(tmp_path / "a.tar", [(n, PICTURE) for n in names], format=format)
    assert unpacked(archive)[0] == names


@every_archive
def test_other_files_are_counted_and_rubbish_is_silent(tmp_path: Path, name: str):
    others = ["labels.csv", "train/cat/run.exe", "train/cat/noending"]
    rubbish = [
        "__MACOSX/train/cat/._1.jpg",
        "train/.DS_Store",
        "train/Thumbs.db",
        "train/cat/._good.jpg",
        "train/cat/desktop.ini",
    ]
    entries = [(n, b"x") for n in [*others, *rubbish]] + [(GOOD, PICTURE)]
    files, notes = unpacked(MAKERS[name](tmp_path / name, entries))
    assert files == {GOOD}
    assert notes == [
        f"Left out of {name} (without the ending of a picture): 3, the first being 'labels.csv'."
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "it is no archive; expected .zip"),
        (b"hello", "it is no archive; expected .zip"),
        (b"\xff\xd8\xff" + bytes(600), "it is a picture"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(600), "it is a 7z archive"),
        (b"Rar!\x1a\x07" + bytes(600), "it is a RAR archive"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes, found: str):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DatasetError, match=found):
        unpacked(tmp_path / "a.zip")


def test_a_missing_archive_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"gone\.zip does not exist"):
        unpack_archive(tmp_path / "gone.zip", tmp_path / "target")
    with pytest.raises(DatasetError, match="is a folder"):
        unpack_archive(tmp_path, tmp_path / "target")


@every_archive
def test_an_archive_without_pictures_is_refused(tmp_path: Path, name: str):
    with pytest.raises(DatasetError, match=r"holds no pictures\. Left out of .* \(without the end"):
        unpacked(MAKERS[name](tmp_path / name, [("readme.txt", b"x")]))


def test_a_target_with_files_is_refused_and_left_alone(tmp_path: Path):
    archive = make_zip(tmp_path / "a.zip", [(GOOD, PICTURE)])
    (tmp_path / "target").mkdir()
    (tmp_path / "target/mine.txt").write_text("mine")
    with pytest.raises(DatasetError, match="is not empty"):
        unpack_archive(archive, tmp_path / "target")
    assert (tmp_path / "target/mine.txt").read_text() == "mine"


def test_a_full_disk_is_reported_and_cleaned_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    archive = make_zip(tmp_path / "a.zip", [("t/1.jpg", PICTURE), ("t/2.jpg", PICTURE)])
    real_open = Path.open

    def open_on_full_disk(path: Path, mode: str = "r", *arguments: object) -> object:
        if path.name == "2.jpg":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_open(path, mode, *arguments)

    monkeypatch.setattr(Path, "open", open_on_full_disk)
    with pytest.raises(DatasetError, match="cannot be unpacked: No space left on device"):
        unpacked(archive)


def test_an_interruption_removes_the_target(tmp_path: Path):
    archive = make_zip(tmp_path / "a.zip", [(GOOD, PICTURE)])

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack_archive(archive, tmp_path / "target", progress=interrupt)
    assert not (tmp_path / "target").exists()


@every_archive
def test_progress_rises_to_the_size_of_the_archive(tmp_path: Path, name: str):
    archive = MAKERS[name](tmp_path / name, [(f"t/{i}.jpg", PICTURE) for i in range(900)])
    calls: list[tuple[int, int]] = []
    unpack_archive(archive, tmp_path / "t", progress=lambda *call: calls.append(call))
    size = archive.stat().st_size
    assert len(calls) >= 5
    assert all(total == size for _, total in calls)
    assert calls == sorted(calls) and calls[-1] == (size, size)
