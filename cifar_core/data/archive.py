"""Unpack the pictures of an archive from an unknown hand.

The kind of archive follows from its content. Nothing is written outside the target folder; only
ordinary files with the ending of a picture are written; the limits count what is really unpacked,
not what the archive declares. If anything is wrong, the target is removed again.
"""

import bz2
import gzip
import lzma
import shutil
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import IO, cast

from cifar_core.data.archive_members import (
    ArchiveLimits,
    BadArchiveError,
    Budget,
    Member,
    TooLargeArchiveError,
)
from cifar_core.data.names import is_junk, is_picture_name, readable_name, safe_parts
from cifar_core.data.tar_stream import BLOCK_BYTES, Stream, is_tar_header, read_tar
from cifar_core.data.zip_members import read_zip
from cifar_core.errors import DatasetError
from cifar_core.picture_kinds import find_reader

Progress = Callable[[int, int], None]
"""Called with how many bytes of the archive are done, and how many there are."""

USUAL_LIMITS = ArchiveLimits()

_PROGRESS_EVERY = 200
"""Members between two calls of the progress."""

_OPENERS: tuple[tuple[bytes, Callable[[IO[bytes]], object]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)

_OTHER_KINDS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
)

_DAMAGES = (
    BadArchiveError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the standard library's readers raise on damaged archives, besides OSError."""


def unpack_archive(
    archive: Path,
    target: Path,
    *,
    title: str = "",
    limits: ArchiveLimits = USUAL_LIMITS,
    progress: Progress | None = None,
) -> list[str]:
    """Write the pictures of an archive into a new folder.

    Args:
        archive: .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz, whatever its name.
        target: a folder that does not exist yet, or is empty.
        title: what a person calls the archive, for the sentences; its name if left out.
        limits: what the archive may hold.
        progress: told how far the unpacking is.

    Returns:
        Sentences about what was left out and why; empty where nothing was.

    Raises:
        DatasetError: the archive is missing, of another kind, damaged, locked, above the limits, or
            without a picture; or the disk is full. The target is removed.
    """
    if not archive.is_file():
        found = "is a folder" if archive.is_dir() else "does not exist"
        raise DatasetError(f"{archive} {found}; expected a .zip or .tar.gz archive.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DatasetError(f"{target} is not empty; expected a new folder to unpack into.")
    try:
        return _unpack(archive, target, title or archive.name, limits, progress)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _unpack(
    archive: Path, target: Path, title: str, limits: ArchiveLimits, progress: Progress | None
) -> list[str]:
    size = archive.stat().st_size
    budget, pictures = Budget(limits, size), _Pictures(target, limits)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with closing(_read_members(archive, budget)) as members:
            for number, member in enumerate(members):
                budget.count_member()
                pictures.take(member)
                if progress and number % _PROGRESS_EVERY == 0:
                    progress(min(member.offset, size), size)
    except TooLargeArchiveError as error:
        raise DatasetError(
            f"{title} is refused: {error}. If you trust it, unpack it yourself and name the "
            "folder instead."
        ) from error
    except _DAMAGES as error:
        reason = str(error) or type(error).__name__
        raise DatasetError(
            f"{title} cannot be unpacked: {reason}. Download it or pack it again."
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(f"{title} cannot be unpacked: {reason}.") from error
    notes = pictures.notes(title)
    if not pictures.count:
        raise DatasetError(" ".join([f"{title} holds no pictures.", *notes]))
    if progress:
        progress(size, size)
    return notes


def _read_members(archive: Path, budget: Budget) -> Generator[Member, None, None]:
    with archive.open("rb") as file:
        start = file.read(BLOCK_BYTES)
        is_tar = is_tar_header(start)  # asked first: a tar begins with a name, like "BZh/1.png"
        if not is_tar and start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from read_zip(file, budget)
            return
        file.seek(0)
        openers = (opener for magic, opener in _OPENERS if start.startswith(magic))
        opener = None if is_tar else next(openers, None)
        unpacked = cast(IO[bytes], opener(file)) if opener else file
        with unpacked:
            if not is_tar_header(unpacked.read(BLOCK_BYTES)):
                raise BadArchiveError(f"it is {_describe(start)}; expected .zip, .tar or .tar.gz")
            unpacked.seek(0)
            yield from read_tar(Stream(unpacked, budget), file.tell)
            unpacked.read(2**16)  # the checksum of a compressed file lies at its end


def _describe(start: bytes) -> str:
    for magic, kind in _OTHER_KINDS:
        if start.startswith(magic):
            return kind
    return "a picture" if find_reader(start) else "no archive"


class _Pictures:
    """Writes what may be written below a folder, and remembers what was left out."""

    def __init__(self, target: Path, limits: ArchiveLimits):
        self.count = 0
        self._target = target
        self._limits = limits
        self._left_out: dict[str, tuple[int, str]] = {}
        self._names: set[str] = set()
        self._folders: set[tuple[str, ...]] = set()

    def take(self, member: Member) -> None:
        """Write a member, if it is an acceptable picture."""
        parts = safe_parts(member.name)
        if member.is_folder or (parts and any(is_junk(part) for part in parts)):
            return
        reason = self._reason_against(member, parts)
        if reason is None and parts is not None:
            reason = self._write(member, parts)
        if reason is None:
            self.count += 1
            return
        count, first = self._left_out.get(reason, (0, member.name))
        self._left_out[reason] = count + 1, first

    def notes(self, archive_name: str) -> list[str]:
        """Return a sentence for each reason why something was left out."""
        return [
            f"Left out of {archive_name} ({reason}): {count:,}, the first being "
            f"{readable_name(first)[:100]!r}."
            for reason, (count, first) in self._left_out.items()
        ]

    def _reason_against(self, member: Member, parts: tuple[str, ...] | None) -> str | None:
        if parts is None:
            return "names that lead out of the folder or are no file names"
        if not member.is_file:
            return "links or devices"
        if not is_picture_name(parts[-1]):
            return "without the ending of a picture"
        if member.size > self._limits.max_member_bytes:
            return f"above {self._limits.max_member_bytes / 1e6:,.0f} MB"
        return None

    def _write(self, member: Member, parts: tuple[str, ...]) -> str | None:
        """Write a file, or return why not: another one has its name."""
        clash = "names that earlier files have; large and small letters count as equal"
        # Some systems tell such names apart and others do not: the result must not depend on it.
        name = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        if name in self._names:
            return clash
        folder = self._target.joinpath(*parts[:-1])
        try:
            if parts[:-1] not in self._folders:
                folder.mkdir(parents=True, exist_ok=True)
                self._folders.add(parts[:-1])
            with (folder / parts[-1]).open("xb") as file:
                for chunk in member.chunks():
                    file.write(chunk)
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            return clash
        self._names.add(name)
        return None
