"""What an image set is to a model: one that it has learned from, another one, or nobody knows.

The fingerprint of its images stands in a model's file. Other copies of the same photos, for example
JPEGs of CIFAR-10, have another fingerprint; where that may be so, nothing is claimed. Imports no
torch.
"""

from typing import TYPE_CHECKING

from cifar_core.config import CIFAR10, TrainConfig
from cifar_core.data.cifar10 import SET_NAME
from cifar_core.errors import ConfigError

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet
    from cifar_core.model_info import ModelInfo


def has_learned_from(info: "ModelInfo", images: "ImageSet") -> bool | None:
    """Return whether a model was trained on images of this set; None where nobody knows."""
    trained_on = info.data.get("fingerprint")
    if not trained_on:
        return None
    if trained_on == images.fingerprint or _are_official(info, images):
        return True
    if bool(info.data.get("drawn")) == images.drawn and info.classes == images.classes:
        return None
    return False


def training_settings(info: "ModelInfo", images: "ImageSet") -> TrainConfig | None:
    """Return the settings of a model's training, where that was on this set.

    For other copies of CIFAR-10 they say that every training image was used: copies may lie in
    another order, in which a seed draws other ones.
    """
    if info.config is None or not has_learned_from(info, images):
        return None
    try:
        config = TrainConfig.from_dict(info.config)
    except ConfigError:  # from another version of the program
        return None
    if info.data.get("fingerprint") == images.fingerprint:
        return config
    return config.replace(train_size=None, val_size=0, early_stopping=None)


def _are_official(info: "ModelInfo", images: "ImageSet") -> bool:
    """Whether these are the official files, and the model was trained on copies of them."""
    of_cifar10 = (info.config or {}).get("data") == CIFAR10
    return of_cifar10 and images.name == SET_NAME and info.classes == images.classes
