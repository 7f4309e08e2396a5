"""Read a tar stream from front to back in bounded memory.

Python's ``tarfile`` reads the archive's own records into memory whatever size they claim, matches
them with an expression that takes seconds for 64 kB, and takes a damaged header for the end.
Links, devices and sparse files are reported but never followed or expanded.

Source: the formats ustar and pax as in POSIX.1-2017 (pax), and GNU tar's manual for long names and
base-256 numbers.
"""

from collections.abc import Callable, Iterator
from typing import IO

from cifar_core.data.archive_members import CHUNK_BYTES, BadArchiveError, Budget, Member

BLOCK_BYTES = 512
MAX_RECORD_BYTES = 1_000_000
"""Of a long name or of pax records about one member."""

_FILE, _FOLDER, _SPARSE = b"0\x007", b"5", b"S"
_WITHOUT_CONTENT = b"123456"
"""Links, devices, folders, pipes: no content follows them, whatever their size says."""
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"


class Stream:
    """An uncompressed tar archive, read from front to back within a budget."""

    def __init__(self, file: IO[bytes], budget: Budget):
        self._file = file
        self._budget = budget

    def read_exactly(self, count: int) -> bytes:
        """Return ``count`` bytes, or raise BadArchiveError where fewer are left."""
        data = self._file.read(count) if count else b""
        self._budget.spend(len(data))
        if len(data) < count:
            raise BadArchiveError("it ends too early")
        return data

    def skip_padding(self, size: int) -> None:
        """Skip what fills the last block of a content of ``size`` bytes."""
        self.read_exactly(-size % BLOCK_BYTES)


def read_tar(stream: Stream, position: Callable[[], int]) -> Iterator[Member]:
    """Yield the members of a tar archive.

    Args:
        stream: at the archive's first byte.
        position: tells how many bytes of the file have been read.

    Raises:
        BadArchiveError: the stream is no tar archive, is damaged, ends too early, or exceeds its
            budget.
    """
    known: dict[str, str] = {}
    while any(header := stream.read_exactly(BLOCK_BYTES)):
        kind, size = _check_header(header), _number(header[124:136])
        if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL):
            known |= _read_about_next(stream, kind, size)
            continue
        yield from _read_member(stream, header, known, position())
        known = {}


def is_tar_header(block: bytes) -> bool:
    """Whether a file that begins with these 512 bytes is a tar archive."""
    try:
        _check_header(block)
    except BadArchiveError:
        return False
    return True


def _read_member(
    stream: Stream, header: bytes, known: dict[str, str], offset: int
) -> Iterator[Member]:
    kind = header[156:157]
    if kind == _SPARSE:
        raise BadArchiveError("it holds a file stored with gaps, which is not supported")
    size = 0 if kind in _WITHOUT_CONTENT else _declared_size(header, known)
    name = known.get("path", _short_name(header))
    is_folder = kind == _FOLDER or (kind in _FILE and name.endswith("/"))
    has_gaps = any(key.startswith("GNU.sparse.") for key in known)
    content = _Content(stream, size)
    yield Member(
        name=name,
        size=size,
        is_file=kind in _FILE and not is_folder and not has_gaps,
        is_folder=is_folder,
        offset=offset,
        chunks=content.chunks,
    )
    for _ in content.chunks():  # what the caller did not want
        pass
    stream.skip_padding(size)


class _Content:
    """The bytes of one member that have not been read yet."""

    def __init__(self, stream: Stream, size: int):
        self._stream = stream
        self._left = size

    def chunks(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._stream.read_exactly(min(self._left, CHUNK_BYTES))
            self._left -= len(chunk)
            yield chunk


def _check_header(header: bytes) -> bytes:
    """Return the header's kind, or raise where its checksum is wrong."""
    if len(header) == BLOCK_BYTES:
        # The field of the sum itself counts as eight spaces.
        total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
        if _number(header[148:156]) == total:
            return header[156:157]
    raise BadArchiveError("a header in it has a wrong checksum")


def _number(field: bytes) -> int:
    """Read a number: octal text, or base 256 where the first bit is set."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    text = _until_nul(field).strip(b" ")
    if text.strip(b"01234567"):
        raise BadArchiveError("a number in it is no number")
    return int(text or b"0", 8)


def _declared_size(header: bytes, known: dict[str, str]) -> int:
    size = known.get("size", "")
    if not size:
        return _number(header[124:136])
    if not (size.isascii() and size.isdecimal() and len(size) < 20):
        raise BadArchiveError("a size in it is no number")
    return int(size)


def _short_name(header: bytes) -> str:
    name = _until_nul(header[:100])
    if header[257:263] == b"ustar\0" and header[345]:
        name = _until_nul(header[345:500]) + b"/" + name
    return _decode(name)


def _read_about_next(stream: Stream, kind: bytes, size: int) -> dict[str, str]:
    """Return what a record says about the member that follows it."""
    if size > MAX_RECORD_BYTES:
        raise BadArchiveError(f"a record in it claims {size:,} bytes")
    record = stream.read_exactly(size)
    stream.skip_padding(size)
    if kind == _LONG_NAME:
        return {"path": _decode(_until_nul(record))}
    return _read_pax(record) if kind == _PAX else {}


def _read_pax(record: bytes) -> dict[str, str]:
    """Read lines of the form "LENGTH KEY=VALUE"; the length counts the whole line."""
    found, start = {}, 0
    while start < len(record):
        digits, _, _ = record[start : start + 20].partition(b" ")
        if not digits.isdigit():
            raise BadArchiveError("a record in it has no length")
        end = start + int(digits)
        if int(digits) <= len(digits) + 1 or end > len(record):
            raise BadArchiveError("a record in it has a wrong length")
        key, _, value = record[start + len(digits) + 1 : end - 1].partition(b"=")
        found[_decode(key)] = _decode(value)
        start = end
    return found


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _decode(text: bytes) -> str:
    return text.decode(errors="surrogateescape")
