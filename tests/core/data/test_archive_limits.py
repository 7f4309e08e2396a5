"""Archives that hold too much, or claim to."""

import gzip
import struct
import zipfile
from pathlib import Path

import pytest

from cifar_core.data.archive import unpack_archive
from cifar_core.data.archive_members import ArchiveLimits
from cifar_core.errors import DatasetError
from tests.core.data.archives import (
    GOOD,
    MAKERS,
    PICTURE,
    both_kinds,
    every_archive,
    make_zip,
    tar_header,
    unpacked,
)


@both_kinds
def test_files_above_the_limit_are_left_out(tmp_path: Path, name: str):
    archive = MAKERS[name](tmp_path / name, [("t/large.bmp", bytes(2000)), (GOOD, PICTURE)])
    files, notes = unpacked(archive, limits=ArchiveLimits(max_member_bytes=1000))
    assert files == {GOOD}
    assert "(above 0 MB): 1, the first being 't/large.bmp'" in notes[0]


def assert_refused_above(limits: ArchiveLimits, archive: Path, sentence: str) -> None:
    assert len(unpacked(archive)[0]) == 10
    with pytest.raises(DatasetError, match=sentence):
        unpack_archive(archive, archive.parent / "again", limits=limits)
    assert not (archive.parent / "again").exists()


@every_archive
@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (ArchiveLimits(max_members=9), "holds more than 9 files and folders"),
        (ArchiveLimits(max_total_bytes=20_000), "unpacks to more than 0 MB"),
    ],
)
def test_what_exceeds_a_limit_is_refused(
    tmp_path: Path, name: str, limits: ArchiveLimits, sentence: str
):
    archive = MAKERS[name](tmp_path / name, [(f"t/{i}.jpg", bytes(3000)) for i in range(10)])
    assert_refused_above(limits, archive, sentence)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_what_unpacks_to_many_times_its_size_is_refused(tmp_path: Path, name: str):
    archive = MAKERS[name](tmp_path / name, [(f"t/{i}.jpg", bytes(3000)) for i in range(10)])
    limits = ArchiveLimits(max_ratio=1.3, ratio_from_bytes=10_000)
    assert_refused_above(limits, archive, r"unpacks to more than 1\.3 times its own size")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("ending", ["bmp", "bin"])
def test_a_bomb_is_refused_at_the_usual_limits(tmp_path: Path, name: str, ending: str):
    entries = ((f"t/{i}.{ending}", bytes(30_000_000)) for i in range(3))
    MAKERS[name](tmp_path / name, entries)
    sentence = "holds no pictures" if (name, ending) == ("a.zip", "bin") else "100 times its own"
    with pytest.raises(DatasetError, match=sentence):
        unpacked(tmp_path / name)


def test_a_zip_with_too_many_entries_is_refused_before_they_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    archive = make_zip(tmp_path / "a.zip", [(f"{i}.jpg", b"") for i in range(50)])
    content = bytearray(archive.read_bytes())
    content[-14:-10] = struct.pack("<HH", 1, 1)
    archive.write_bytes(content)
    monkeypatch.setattr(zipfile, "ZipFile", lambda file: pytest.fail("it loads every entry"))
    with pytest.raises(DatasetError, match="more than 40 files"):
        unpacked(archive, limits=ArchiveLimits(max_members=40))


def test_a_zip_of_a_million_members_is_refused_at_the_usual_limits(tmp_path: Path):
    content = make_zip(tmp_path / "a.zip", [("x.jpg", b"")]).read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    (tmp_path / "a.zip").write_bytes(content[:start] + content[start:end] * 10**6 + content[end:])
    with pytest.raises(DatasetError, match="more than 300,000 files and folders"):
        unpacked(tmp_path / "a.zip")


def test_a_tar_of_a_million_members_is_refused_long_before_its_end(tmp_path: Path):
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(tar_header(b"0", 0, b"x") * 21_000)
        file.truncate(10**6 * 512)  # the rest is never reached
    with pytest.raises(DatasetError, match="more than 20,000 files and folders"):
        unpacked(tmp_path / "a.tar", limits=ArchiveLimits(max_members=20_000))


@pytest.mark.parametrize("name", ["x.bmp", "x.bin"])
def test_a_bomb_of_ten_gigabytes_is_refused_at_the_usual_limits(tmp_path: Path, name: str):
    """A gzip file may consist of many pieces: the same one, a thousand times."""
    start = gzip.compress(tar_header(b"0", 10**10, name.encode()))
    (tmp_path / "a.tar.gz").write_bytes(start + gzip.compress(bytes(10**7)) * 1000)
    assert (tmp_path / "a.tar.gz").stat().st_size < 12e6
    with pytest.raises(DatasetError, match="more than 100 times its own size"):
        unpacked(tmp_path / "a.tar.gz")
