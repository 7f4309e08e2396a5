"""What an archive's readers share: members, limits, and the budget that enforces them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cifar_core.picture_limits import MAX_PICTURE_BYTES

CHUNK_BYTES = 256 * 1024


class BadArchiveError(Exception):
    """An archive breaks its format's rules; the message goes on from "cannot be unpacked: "."""


class TooLargeArchiveError(BadArchiveError):
    """An archive exceeds a limit; the message goes on from "is refused: "."""


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold; one that exceeds a limit is refused, except for large files."""

    max_members: int = 300_000
    """Files, folders and links together."""
    max_member_bytes: int = MAX_PICTURE_BYTES
    """Of one file; larger ones are left out, with a note."""
    max_total_bytes: int = 8_000_000_000
    """Unpacked; in a tar archive this counts what is left out, too."""
    max_ratio: float = 100.0
    """Unpacked to packed bytes, from ``ratio_from_bytes`` unpacked bytes on."""
    ratio_from_bytes: int = 64_000_000


@dataclass(frozen=True)
class Member:
    """One entry of an archive.

    Attributes:
        name: as written in the archive; nothing about it has been checked.
        size: of the content as the archive declares it, in bytes; there is never more.
        is_file: True for an ordinary file; False for folders, links, devices.
        is_folder: True for a folder.
        offset: where the entry lies in the archive, in bytes; for showing progress.
        chunks: yields the content, at most ``CHUNK_BYTES`` at once; call it at most once, before
            the next member is asked for.
    """

    name: str
    size: int
    is_file: bool
    is_folder: bool
    offset: int
    chunks: Callable[[], Iterator[bytes]]


class Budget:
    """Counts what an archive really unpacks to, and stops it at the limits."""

    def __init__(self, limits: ArchiveLimits, packed_bytes: int):
        self._limits = limits
        self._packed_bytes = packed_bytes
        self._members = 0
        self._bytes = 0

    def count_member(self) -> None:
        """Count one entry.

        Raises:
            TooLargeArchiveError: it is one too many.
        """
        self._members += 1
        self.check_members(self._members)

    def check_members(self, count: int) -> None:
        """Raise TooLargeArchiveError where an archive may not hold ``count`` entries."""
        if count > self._limits.max_members:
            raise TooLargeArchiveError(
                f"it holds more than {self._limits.max_members:,} files and folders"
            )

    def spend(self, count: int) -> None:
        """Count ``count`` unpacked bytes.

        Raises:
            TooLargeArchiveError: they are too many in all, or for an archive of this size.
        """
        self._bytes += count
        if self._bytes > self._limits.max_total_bytes:
            raise TooLargeArchiveError(
                f"it unpacks to more than {self._limits.max_total_bytes / 1e6:,.0f} MB"
            )
        ratio = self._bytes / max(1, self._packed_bytes)
        if self._bytes > self._limits.ratio_from_bytes and ratio > self._limits.max_ratio:
            raise TooLargeArchiveError(
                f"it unpacks to more than {self._limits.max_ratio:g} times its own size, which "
                "pictures do not"
            )
