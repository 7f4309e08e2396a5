"""The official CIFAR-10 files, from a copy that the person has: archive or extracted folder."""

import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cifar_core.data.image_set import CIFAR10_CLASSES, RawImages
from cifar_core.errors import DatasetError

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, from the calling thread."""

FOLDER_NAME = "cifar-10-batches-py"
ARCHIVE_NAME = "cifar-10-python.tar.gz"
SET_NAME = "CIFAR-10"
"""What the set is called, in its models' files, too."""

_MEMBERS = ("batches.meta", "test_batch", *(f"data_batch_{i}" for i in range(1, 6)))
_NUM_IMAGES = 60_000
_MAX_MEMBER_BYTES = 64 * 1024**2
"""The official ones have 31 MB; what is larger cannot be one of them and is not unpacked."""


def find_cifar10(place: Path) -> Path | None:
    """Return the official folder or archive at or directly in ``place``, or None."""
    candidates = (place, place / FOLDER_NAME, place / ARCHIVE_NAME)
    return next((path for path in candidates if is_cifar10(path)), None)


def is_cifar10(path: Path) -> bool:
    """Whether the path looks like the official folder or archive; checks no content."""
    if path.is_dir():
        return (path / "data_batch_1").is_file()
    return path.is_file() and path.name == ARCHIVE_NAME


def read_cifar10(path: Path, scratch: Path, *, progress: Progress | None = None) -> RawImages:
    """Read all 60,000 images.

    Args:
        path: the folder ``cifar-10-batches-py`` or the archive ``cifar-10-python.tar.gz``.
        scratch: folder for a temporary copy of the archive's files.
        progress: told how much of the work is done, as a number of the 60,000 images.

    Raises:
        DatasetError: files are missing or fail torchvision's md5 check.
    """
    tell = progress or (lambda done, total: None)
    if path.is_dir():
        if path.name != FOLDER_NAME:
            raise DatasetError(
                f"{path} holds the CIFAR-10 batches; expected the folder to be called "
                f"{FOLDER_NAME}. Rename it and try again."
            )
        return _read_folder(path.parent, path, tell)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".cifar10-") as temporary:
        _extract(path, Path(temporary), tell)
        return _read_folder(Path(temporary), path, tell)


def _read_folder(root: Path, origin: Path, tell: Progress) -> RawImages:
    from cifar_core.torchvision_compat import datasets  # here: it takes seconds, with torch

    try:
        tell(_NUM_IMAGES // 2, _NUM_IMAGES)
        train = datasets.CIFAR10(str(root), train=True)
        tell(_NUM_IMAGES * 9 // 10, _NUM_IMAGES)
        test = datasets.CIFAR10(str(root), train=False)
    except RuntimeError as error:  # torchvision's word for a failed md5 check
        raise DatasetError(
            f"The CIFAR-10 files in {origin} are incomplete or changed: they fail the md5 check. "
            "Download the official archive again."
        ) from error
    tell(_NUM_IMAGES, _NUM_IMAGES)
    return RawImages(
        images=np.concatenate([train.data, test.data]),
        labels=np.concatenate([np.asarray(part.targets, np.int64) for part in (train, test)]),
        num_train=len(train.data),
        classes=CIFAR10_CLASSES,
        name=SET_NAME,
    )


def _extract(archive: Path, target: Path, tell: Progress) -> None:
    """Unpack the seven expected files and nothing else."""
    folder = target / FOLDER_NAME
    folder.mkdir()
    unpacked = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name = Path(member.name).name
                wanted = name in _MEMBERS and member.isfile() and member.size <= _MAX_MEMBER_BYTES
                stream = tar.extractfile(member) if wanted else None
                if stream is not None:
                    (folder / name).write_bytes(stream.read())
                    unpacked += 1
                    share = min(1.0, unpacked / len(_MEMBERS))
                    tell(round(_NUM_IMAGES / 2 * share), _NUM_IMAGES)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise DatasetError(f"{archive} cannot be unpacked: {error}. Download it again.") from error
