"""Archives for the tests of their unpacking, and a check that nothing is written elsewhere."""

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from cifar_core.data.archive import unpack_archive
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


def tar_header(kind: bytes, size: int, name: bytes = b"x") -> bytes:
    header = bytearray(512)
    header[: len(name)] = name
    header[124:136] = b"\x80" + size.to_bytes(11)
    header[156:157] = kind
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)
