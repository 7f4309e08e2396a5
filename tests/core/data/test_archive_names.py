"""Hostile names, links, devices and duplicates in archives."""

import itertools
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.data.archive import unpack_archive
from tests.core.data.archives import (
    GOOD,
    MAKERS,
    PICTURE,
    Entry,
    both_kinds,
    files_below,
    make_tar,
    make_zip,
    unpacked,
)

HOSTILE_NAMES = [
    "../escaped.jpg",
    "train/../../escaped.jpg",
    "..\\..\\escaped.jpg",
    "/escaped.jpg",
    "//server/share/escaped.jpg",
    "C:/escaped.jpg",
    "c:escaped.jpg",
    "\\\\server\\escaped.jpg",
    "train/cat\0.jpg",
    "train/new\nline.jpg",
    "train/" + "n" * 300 + ".jpg",
    "x/" * 600 + "deep.jpg",
]


@both_kinds
@pytest.mark.parametrize("hostile", HOSTILE_NAMES)
def test_a_hostile_name_is_left_out_with_a_note(tmp_path: Path, name: str, hostile: str):
    info = tarfile.TarInfo(hostile)
    info.pax_headers = {"path": hostile}  # else tarfile cuts at a NUL
    item = hostile if name == "a.zip" else info
    archive = MAKERS[name](tmp_path / name, [(item, PICTURE), (GOOD, PICTURE)])
    files, notes = unpacked(archive)
    assert files == {GOOD}
    assert (
        len(notes) == 1
        and "(names that lead out of the folder or are no file names): 1," in notes[0]
    )


@both_kinds
def test_an_absolute_name_does_not_reach_its_place(tmp_path: Path, name: str):
    outside = tmp_path / "outside.jpg"
    MAKERS[name](tmp_path / name, [(str(outside), PICTURE), (GOOD, PICTURE)])
    assert unpacked(tmp_path / name)[0] == {GOOD}
    assert not outside.exists()


@both_kinds
def test_backslashes_and_dots_in_names_are_understood(tmp_path: Path, name: str):
    entries = [("train\\cat\\1.jpg", PICTURE), ("./train//dog/./2.jpg", PICTURE)]
    files, notes = unpacked(MAKERS[name](tmp_path / name, entries))
    assert files == {"train/cat/1.jpg", "train/dog/2.jpg"}
    assert notes == []


def test_names_that_are_no_utf8_can_be_printed(tmp_path: Path):
    odd = b"train/caf\xe9/1.jpg".decode(errors="surrogateescape")
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        archive = make_tar(tmp_path / f"{format}.tar", [(odd, PICTURE)], format=format)
        unpack_archive(archive, tmp_path / str(format))
        assert files_below(tmp_path / str(format)) == {"train/café/1.jpg"}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
)
def test_links_and_devices_in_a_tar_are_left_out(tmp_path: Path, kind: bytes):
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    link = tarfile.TarInfo("train/cat/link.jpg")
    link.type, link.linkname = kind, str(tmp_path / "secret.jpg")
    files, notes = unpacked(make_tar(tmp_path / "a.tar", [(link, b""), (GOOD, PICTURE)]))
    assert files == {GOOD}
    assert "(links or devices): 1," in notes[0]


def test_a_link_to_a_folder_outside_is_not_written_through(tmp_path: Path):
    (tmp_path / "outside").mkdir()
    link = tarfile.TarInfo("train/cat")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "outside")
    files, _ = unpacked(make_tar(tmp_path / "a.tar", [(link, b""), (GOOD, PICTURE)]))
    assert files == {GOOD}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_in_a_zip_are_left_out(tmp_path: Path, kind: int):
    link = zipfile.ZipInfo("train/cat/link.jpg")
    link.external_attr = (kind | 0o777) << 16
    files, notes = unpacked(make_zip(tmp_path / "a.zip", [(link, b"/etc/passwd"), (GOOD, PICTURE)]))
    assert files == {GOOD}
    assert "(links or devices): 1," in notes[0]


@both_kinds
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", [GOOD, "train/./cat/good.jpg", "train/cat/GOOD.JPG"])
def test_the_first_of_two_equal_names_is_kept(tmp_path: Path, name: str, second: str):
    MAKERS[name](tmp_path / name, [(GOOD, PICTURE), (second, b"other")])
    files, notes = unpacked(tmp_path / name)
    assert files == {GOOD}
    assert (tmp_path / "deep/target" / GOOD).read_bytes() == PICTURE
    assert "(names that earlier files have; large and small letters count as equal): 1," in notes[0]


@both_kinds
def test_equal_names_in_two_unicode_forms_are_one(tmp_path: Path, name: str):
    MAKERS[name](tmp_path / name, [("t/\u00e9.jpg", PICTURE), ("t/e\u0301.jpg", PICTURE)])
    files, notes = unpacked(tmp_path / name)
    assert len(files) == 1 and "names that earlier files have" in notes[0]


@both_kinds
@pytest.mark.parametrize("order", [0, 1])
def test_a_file_where_a_folder_is_needed_is_left_out(tmp_path: Path, name: str, order: int):
    entries = [("train/a.jpg", PICTURE), ("train/a.jpg/b.jpg", PICTURE)]
    files, notes = unpacked(MAKERS[name](tmp_path / name, entries[:: 1 - 2 * order]))
    assert files == {entries[order][0]}
    assert "names that earlier files have" in notes[0]


def test_a_name_in_the_encoding_of_old_zip_programs_is_read(tmp_path: Path):
    archive = make_zip(tmp_path / "a.zip", [("train/caf?/1.jpg", PICTURE)])
    archive.write_bytes(archive.read_bytes().replace(b"caf?", b"caf\x82"))  # code page 437
    assert unpacked(archive)[0] == {"train/café/1.jpg"}


PIECES = st.one_of(
    st.sampled_from(["..", ".", "", "/", "\\", "C:", "~", "train", "\0", "a" * 300, "CON", " "]),
    st.text(max_size=8),
    st.binary(max_size=6).map(lambda odd: odd.decode(errors="surrogateescape")),
)
NAMES = st.lists(
    st.tuples(st.lists(PIECES, max_size=6).map("/".join), st.sampled_from(["", ".jpg", "/"])).map(
        "".join
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(names=NAMES, format=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_no_tar_writes_outside_its_target(names: list[str], format: int):
    kinds = itertools.cycle([tarfile.SYMTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.REGTYPE])
    entries: list[Entry] = []
    for name, kind in zip(names, kinds, strict=False):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "../.."
        entries += [(info, b""), (f"{name}/x.jpg", PICTURE)]
    with tempfile.TemporaryDirectory() as room:
        archive = make_tar(Path(room, "a.tar"), [*entries, ("ok.jpg", PICTURE)], format=format)
        assert unpacked(archive)[0]


@pytest.mark.parametrize("name", ["PK\x03\x04.jpg", "PK\x05\x06/a.jpg", "BZh/a.jpg"])
def test_a_tar_is_known_whatever_its_first_file_is_called(name: str, tmp_path: Path):
    archive = make_tar(tmp_path / "a.tar", [(name, PICTURE), ("ok.jpg", PICTURE)])
    assert "ok.jpg" in unpacked(archive)[0]


@settings(max_examples=60, deadline=None)
@given(names=NAMES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_zip_writes_outside_its_target(names: list[str]):
    sound = [name.encode(errors="replace").decode() for name in names]
    with tempfile.TemporaryDirectory() as room:
        archive = make_zip(Path(room, "a.zip"), [(n, PICTURE) for n in [*sound, "ok.jpg"]])
        assert unpacked(archive)[0]
