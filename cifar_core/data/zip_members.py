"""Read a zip archive's members in bounded memory."""

import stat
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import IO

from cifar_core.data.archive_members import CHUNK_BYTES, BadArchiveError, Budget, Member

_ENTRY = b"PK\x01\x02"
"""Begins each entry of a zip archive's directory."""


def read_zip(file: IO[bytes], budget: Budget) -> Iterator[Member]:
    """Yield the members of a zip archive, in the order of its directory.

    Raises:
        BadArchiveError: there are too many members, or one is locked or packed in a way that
            cannot be read.
        zipfile.BadZipFile: the archive is damaged; ``zipfile`` raises several others, too.
    """
    # ZipFile loads all entries at once, whatever number is declared: a million take a gigabyte.
    budget.check_members(_count_entries(file))
    with zipfile.ZipFile(file) as opened:
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            name = info.orig_filename  # the other one hides what follows a NUL
            is_folder = name.endswith(("/", "\\")) or kind == stat.S_IFDIR
            yield Member(
                name=name,
                size=info.file_size,
                is_file=kind in (0, stat.S_IFREG) and not is_folder,
                is_folder=is_folder,
                offset=info.header_offset,
                chunks=partial(_chunks, opened, info, budget),
            )


def _count_entries(file: IO[bytes]) -> int:
    """Return the number of directory entries, or a little more."""
    file.seek(0)
    count, tail = 0, b""
    while chunk := file.read(2**20):
        window = tail + chunk
        count += window.count(_ENTRY)
        tail = window[-(len(_ENTRY) - 1) :]
    return count


def _chunks(opened: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Iterator[bytes]:
    if info.flag_bits & 0x1:
        raise BadArchiveError("it is locked with a password; pack it without one")
    try:
        with opened.open(info) as content:
            while chunk := content.read(CHUNK_BYTES):
                budget.spend(len(chunk))
                yield chunk
    except NotImplementedError as error:
        raise BadArchiveError(
            f"it is packed in a way that cannot be read (method {info.compress_type})"
        ) from error
