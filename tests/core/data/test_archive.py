import errno
import io
import itertools
import stat
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.data.archive import unpack_archive
from cifar_core.data.archive_members import ArchiveLimits
from cifar_core.errors import DatasetError

PICTURE = b"the archive does not look into pictures"
GOOD = "train/cat/good.jpg"

Entry = tuple[str | tarfile.TarInfo, bytes]


def make_tar(path: Path, entries: Iterable[Entry], mode: str = "w", **options: object) -> Path:
    with tarfile.open(path, mode, **options) as archive:
        for item, content in entries:
            info = tarfile.TarInfo(item) if isinstance(item, str) else item
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def make_zip(path: Path, entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item, content in entries:
            info = zipfile.ZipInfo("x") if isinstance(item, str) else item
            info.compress_type = zipfile.ZIP_DEFLATED
            if isinstance(item, str):
                info.filename = item  # the constructor would cut it at a NUL
            archive.writestr(info, content)
    return path


MAKERS = {
    "a.zip": make_zip,
    "a.tar": make_tar,
    "a.tar.gz": lambda path, entries: make_tar(path, entries, "w:gz"),
    "a.tar.bz2": lambda path, entries: make_tar(path, entries, "w:bz2"),
    "a.tar.xz": lambda path, entries: make_tar(path, entries, "w:xz"),
}
KINDS = ["a.zip", "a.tar"]
every_archive = pytest.mark.parametrize("name", MAKERS)
both_kinds = pytest.mark.parametrize("name", KINDS)


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def unpacked(archive: Path, **options: object) -> tuple[set[str], list[str]]:
    """Unpack into a folder of its own, and check that nothing else changed around it."""
    room = archive.parent
    target = room / "deep" / "target"
    before = files_below(room)
    try:
        notes = unpack_archive(archive, target, **options)
    except DatasetError as error:
        assert not target.exists()
        assert str(error).endswith(".")
        raise
    finally:
        assert {n for n in files_below(room) if not n.startswith("deep/target/")} == before
        assert not any(path.is_symlink() for path in target.rglob("*"))
    return files_below(target), notes


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


def tar_header(kind: bytes, size: int, name: bytes = b"x") -> bytes:
    header = bytearray(512)
    header[: len(name)] = name
    header[124:136] = b"\x80" + size.to_bytes(11)
    header[156:157] = kind
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


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


@settings(max_examples=60, deadline=None)
@given(names=NAMES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_zip_writes_outside_its_target(names: list[str]):
    sound = [name.encode(errors="replace").decode() for name in names]
    with tempfile.TemporaryDirectory() as room:
        archive = make_zip(Path(room, "a.zip"), [(n, PICTURE) for n in [*sound, "ok.jpg"]])
        assert unpacked(archive)[0]


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
