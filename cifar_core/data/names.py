"""What the names of files mean: hidden or not, a picture or not, and where they come in order.

Names from archives are hostile until proven otherwise; ``safe_parts`` is the proof.
"""

import re
from pathlib import PurePosixPath

from cifar_core.picture_kinds import PICTURE_ENDINGS

MAX_PART_BYTES = 255
"""Longest name of a file or folder on the usual file systems, in UTF-8."""
MAX_PATH_BYTES = 1024

_JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
"""What operating systems leave in folders and archives, besides files that begin with a dot."""


def is_junk(name: str) -> bool:
    """Whether a file or folder is hidden, or left behind by an operating system."""
    return name.startswith(".") or name.casefold() in _JUNK


def is_picture_name(name: str) -> bool:
    """Whether a name has the ending of a picture that can be read."""
    return PurePosixPath(name).suffix.lower() in PICTURE_ENDINGS


def readable_name(name: str) -> str:
    """Return a name that can be printed and stored: bytes that are no UTF-8 become Latin-1."""
    try:
        name.encode()
        return name
    except UnicodeEncodeError:  # Python holds such bytes as lone surrogates
        return name.encode(errors="surrogateescape").decode("latin-1")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts "class 2" before "class 10"."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    # int() refuses more than 4300 digits
    return tuple((0, int(p[:4000]), p) if p[0] in "0123456789" else (1, 0, p) for p in pieces)


def safe_parts(name: str) -> tuple[str, ...] | None:
    """Split the name of an archive's member into folders and file name.

    Backslashes count as slashes: some Windows programs write them.

    Returns:
        Parts that stay below whatever folder they are joined to, or None where the name is
        absolute, climbs with "..", holds control characters, or is too long.
    """
    path = readable_name(name).replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    is_absolute = path.startswith("/") or re.match(r"[A-Za-z]:", path) is not None
    has_controls = any(ord(sign) < 32 or ord(sign) == 127 for sign in path)
    if is_absolute or has_controls or not parts or ".." in parts:
        return None
    lengths = [len(part.encode()) for part in parts]
    if max(lengths) > MAX_PART_BYTES or sum(lengths) + len(lengths) > MAX_PATH_BYTES:
        return None
    return parts
