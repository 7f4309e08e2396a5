"""The same class names in another order: what the labels of a set then are."""

from collections.abc import Sequence
from dataclasses import replace

from cifar_core.data.image_set import ImageSet
from cifar_core.errors import DatasetError


def in_order(data: ImageSet, classes: Sequence[str] | None) -> ImageSet:
    """Return a set with its labels in another order of the same class names.

    Raises:
        DatasetError: the names are others.
    """
    if classes is None or data.classes == tuple(classes):
        return data
    check_classes(data.name, data.classes, classes)
    import torch

    places = {name: place for place, name in enumerate(classes)}
    order = torch.tensor([places[name] for name in data.classes])
    return replace(data, labels=order[data.labels], classes=tuple(classes))


def check_classes(title: str, found: Sequence[str], expected: Sequence[str]) -> None:
    """Raise DatasetError where class names are not those expected, in whatever order.

    Args:
        title: what a person calls the set.
        found: its class names.
        expected: those that it should have.
    """
    if sorted(found) == sorted(expected):
        return
    strange = [name for name in found if name not in expected]
    missing = [name for name in expected if name not in found]
    parts = [f"without {_some(missing)}"] if missing else []
    parts += [f"with {_some(strange)}"] if strange else []
    raise DatasetError(
        f"{title} has other classes, {' and '.join(parts)}; expected {_some(list(expected))}."
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
