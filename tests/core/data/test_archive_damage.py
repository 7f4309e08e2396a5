"""Damaged, truncated and forged archives."""

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.errors import DatasetError
from tests.core.data.archives import (
    GOOD,
    MAKERS,
    PICTURE,
    every_archive,
    files_below,
    make_tar,
    make_zip,
    tar_header,
    unpacked,
)


def patched_zip(path: Path, local: int, central: int, value: bytes) -> Path:
    """Make a zip of one picture and overwrite a field in both of its headers."""
    content = bytearray(make_zip(path, [(GOOD, PICTURE)]).read_bytes())
    start = content.index(b"PK\x01\x02")
    content[local : local + len(value)] = value
    content[start + central : start + central + len(value)] = value
    path.write_bytes(content)
    return path


def test_a_locked_zip_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"a\.zip cannot be unpacked: it is locked with a pass"):
        unpacked(patched_zip(tmp_path / "a.zip", 6, 8, b"\x01\x00"))


def test_an_unusual_packing_method_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"cannot be read \(method 9\)"):
        unpacked(patched_zip(tmp_path / "a.zip", 8, 10, b"\x09\x00"))


def test_a_zip_that_understates_a_size_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="cannot be unpacked"):
        unpacked(patched_zip(tmp_path / "a.zip", 22, 24, struct.pack("<I", 3)))


@pytest.mark.parametrize("kind", [b"x", b"L", b"K", b"g"])
def test_a_record_that_claims_gigabytes_is_refused(tmp_path: Path, kind: bytes):
    (tmp_path / "a.tar").write_bytes(tar_header(kind, 10**10) + bytes(10_240))
    with pytest.raises(DatasetError, match="a record in it claims 10,000,000,000 bytes"):
        unpacked(tmp_path / "a.tar")


def test_thousands_of_records_before_one_file_are_read(tmp_path: Path):
    content = tar_header(b"x", 0) * 5000 + tar_header(b"0", 0, b"t/a.jpg") + bytes(1024)
    (tmp_path / "a.tar").write_bytes(content)
    assert unpacked(tmp_path / "a.tar")[0] == {"t/a.jpg"}


@pytest.mark.parametrize(
    "record", [b"9" * 600, b"0 a=b\n", b"-5 a=b\n", b"99 a=b\n", b"path=x\n", b"14 size=1e9xx\n"]
)
def test_a_broken_pax_record_is_refused(tmp_path: Path, record: bytes):
    content = (
        tar_header(b"x", len(record)) + record.ljust(1024, b"\0")[: -(-len(record) // 512) * 512]
    )
    (tmp_path / "a.tar").write_bytes(content + tar_header(b"0", 0, b"t/a.jpg") + bytes(1024))
    with pytest.raises(DatasetError, match="cannot be unpacked"):
        unpacked(tmp_path / "a.tar")


def test_a_sparse_file_is_refused(tmp_path: Path):
    (tmp_path / "a.tar").write_bytes(tar_header(b"S", 0, b"t/a.jpg") + bytes(1024))
    with pytest.raises(DatasetError, match="stored with gaps"):
        unpacked(tmp_path / "a.tar")


def test_a_negative_size_is_refused(tmp_path: Path):
    header = bytearray(tar_header(b"0", 0, b"t/a.jpg"))
    header[124:136] = b"\xff" * 12
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(header + bytes(1024))
    with pytest.raises(DatasetError, match="a number in it is no number"):
        unpacked(tmp_path / "a.tar")


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path: Path):
    archive = make_tar(tmp_path / "a.tar", [(f"t/{i}.jpg", PICTURE) for i in range(3)])
    content = bytearray(archive.read_bytes())
    content[2 * 1024 + 10] ^= 1  # in the name of the third
    archive.write_bytes(content)
    with pytest.raises(DatasetError, match="wrong checksum"):
        unpacked(archive)


@every_archive
def test_a_truncated_archive_is_refused_wherever_it_is_cut(tmp_path: Path, name: str):
    content = MAKERS[name](
        tmp_path / name, [(f"t/{i}.jpg", PICTURE) for i in range(4)]
    ).read_bytes()
    whole = 4 * 1024 + 512 if name == "a.tar" else len(content)
    for length in {*range(0, whole, max(1, whole // 25)), whole - 1}:
        (tmp_path / name).write_bytes(content[:length])
        with pytest.raises(DatasetError):
            unpacked(tmp_path / name)


def test_a_wrong_checksum_at_the_end_of_a_gzip_file_is_refused(tmp_path: Path):
    archive = MAKERS["a.tar.gz"](tmp_path / "a.tar.gz", [(GOOD, PICTURE)])
    content = bytearray(archive.read_bytes())
    content[-8] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DatasetError, match="CRC"):
        unpacked(archive)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damaged_archives_are_unpacked_or_refused(data: st.DataObject):
    name = data.draw(st.sampled_from(list(MAKERS)))
    with tempfile.TemporaryDirectory() as room:
        archive = MAKERS[name](Path(room, name), [("t/a.jpg", PICTURE), ("t/b.jpg", PICTURE)])
        content = bytearray(archive.read_bytes())
        for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
            content[position] = data.draw(st.integers(0, 255))
        archive.write_bytes(content)
        try:
            assert unpacked(archive)[0]
        except DatasetError:
            assert files_below(Path(room)) == {name}
