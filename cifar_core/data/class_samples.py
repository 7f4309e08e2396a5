"""One training image of each class of a prepared set. No torch: Home shows them before anything."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cifar_core.data.sources import prepared_version
from cifar_core.data.summary import read_summary
from cifar_core.errors import DatasetError
from cifar_core.workspace import Workspace


def class_samples(data: str, workspace: Workspace) -> list[tuple[str, NDArray[np.uint8]]]:
    """Return the first training image of each class.

    Args:
        data: 'builtin', 'cifar10', or the path of a folder or archive, and ready.
        workspace: where it was prepared.

    Returns:
        Name and image, uint8 (32, 32, 3), in the classes' order; a class without training images is
        left out.

    Raises:
        DatasetError: the source cannot be found, or its prepared files are damaged.
    """
    folder = Path(prepared_version(data, workspace)[0])
    summary = read_summary(folder)
    try:
        labels = np.load(folder / "labels.npy", mmap_mode="r")[: summary.num_train]
        images = np.load(folder / "images.npy", mmap_mode="r")
    except (OSError, ValueError) as error:
        raise DatasetError(f"{folder} cannot be read: {error}.") from error
    present, places = np.unique(labels, return_index=True)
    return [
        (summary.classes[label], np.array(images[place]))
        for label, place in zip(present, places, strict=True)
    ]
