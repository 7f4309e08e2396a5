from pathlib import Path

import numpy as np
import pytest

from cifar_core.data.class_samples import class_samples
from cifar_core.data.sources import open_data, prepared_version
from cifar_core.errors import DatasetError


def test_each_class_is_shown_by_its_first_training_image(workspace, tiny_folder):
    data = open_data(str(tiny_folder), workspace)
    samples = class_samples(str(tiny_folder), workspace)
    assert [name for name, _ in samples] == list(data.classes)
    for label, (_, image) in enumerate(samples):
        place = int((data.labels[: data.num_train] == label).nonzero()[0])
        assert np.array_equal(image, data.images[place].numpy())


def test_a_damaged_set_is_a_sentence(workspace, tiny_folder):
    open_data(str(tiny_folder), workspace)
    folder = Path(prepared_version(str(tiny_folder), workspace)[0])
    (folder / "images.npy").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="cannot be read"):
        class_samples(str(tiny_folder), workspace)
