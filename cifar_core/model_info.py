"""``ModelInfo``: the paper that travels with a model, as readable JSON.

It stands in the header of the safetensors file, so that one file is enough, and as ``.json`` beside
it for people. What comes from a file is not trusted: ``from_json`` checks every value.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from cifar_core.config import FITS, MODELS, PLAIN, VIEWS
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.data.transforms import HALF, Normalization, Preprocessing
from cifar_core.errors import CheckpointError

FORMAT = 1
HEADER_KEY = "cifar_core"
MAX_CLASSES = 1000
_MAX_NAME = 200
_HIGHEST = {"epoch": 10**6, "step": 10**12, "created_at": 10**11, "dropout": 1}
"""What a file may say of numbers that are at least 0."""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model.

    Attributes:
        model: the network's name in the registry.
        classes: class names in the order of the logits.
        normalization: what the inputs are normalised with.
        dropout: share that its dropout layers drop while training.
        config: the settings it was trained with; None for a bare state_dict.
        metrics: for example ``val_accuracy``, and ``test`` with the whole evaluation.
        data: name, fingerprint and sizes of what it was trained on.
        versions: of Python, torch and this package.
        run_id: the run it comes from; empty for a file from elsewhere.
        epoch: the epoch it is from; 0 if unknown.
        step: optimiser steps behind it; 0 if unknown.
        created_at: seconds since 1970, UTC; 0 if unknown.
        weights_sha256: over names, shapes and values of the weights: a receipt.
    """

    model: str
    classes: tuple[str, ...]
    normalization: Normalization = field(default_factory=Normalization)
    dropout: float = 0.5
    config: dict[str, Any] | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    run_id: str = ""
    epoch: int = 0
    step: int = 0
    created_at: float = 0.0
    weights_sha256: str = ""

    @property
    def fit(self) -> str:
        """How its pictures came to a square, and new ones should."""
        fit = (self.config or {}).get("fit")
        return fit if fit in FITS else FITS[0]

    @property
    def preprocessing(self) -> Preprocessing:
        """The way of new pictures to the network, as in the test of its run."""
        views = (self.config or {}).get("views")
        return Preprocessing(self.normalization, views=views if views in VIEWS else PLAIN)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with the format's version."""
        return {"format": FORMAT, **asdict(self)}

    def to_json(self) -> str:
        """Return the JSON text that stands in the file."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "ModelInfo":
        """Read the JSON of a file, which may be damaged or hostile.

        Raises:
            CheckpointError: a value is missing, of the wrong type, or out of range.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"The model's description is not valid JSON: {error}.") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            found = values.get("format") if isinstance(values, dict) else type(values).__name__
            raise CheckpointError(
                f"The model's description has format {found!r:.80}; this version reads {FORMAT}."
            )
        info = _checked_info(values)
        try:
            info.to_json().encode()
        except (ValueError, RecursionError) as error:  # half characters, tables in tables
            raise CheckpointError(f"The model's description cannot be kept: {error}.") from error
        return info


def info_for_bare_weights(model: str, num_classes: int) -> ModelInfo:
    """Return what can be assumed of a ``state_dict`` that comes without a description.

    The tutorial's normalisation, and the CIFAR-10 classes where there are ten.
    """
    numbered = tuple(f"class {i}" for i in range(num_classes))
    return ModelInfo(
        model=model,
        classes=CIFAR10_CLASSES if num_classes == len(CIFAR10_CLASSES) else numbered,
        normalization=Normalization(HALF, HALF),
    )


def _checked_info(values: dict[str, Any]) -> ModelInfo:
    model = values.get("model")
    if model not in MODELS:
        raise CheckpointError(
            f"The file says its network is {model!r:.80}; expected one of {', '.join(MODELS)}."
        )
    plain = {
        name: _typed(values, name, kind)
        for name, kind in (
            ("metrics", dict), ("data", dict), ("versions", dict), ("run_id", str),
            ("epoch", int), ("step", int), ("created_at", float), ("dropout", float),
            ("weights_sha256", str),
        )
    }  # fmt: skip
    config = values.get("config")
    if config is not None and not isinstance(config, dict):
        raise CheckpointError(f"The file's config is a {type(config).__name__}; expected a table.")
    return ModelInfo(
        model=model,
        classes=_checked_classes(values.get("classes")),
        normalization=_checked_normalization(values.get("normalization")),
        config=config,
        **plain,
    )


def _typed(values: dict[str, Any], name: str, kind: type) -> Any:
    value: Any = values.get(name)
    fits = type(value) is kind or (kind is float and type(value) is int)
    if fits and kind in (int, float):
        fits = 0 <= value <= _HIGHEST[name]
    if not fits:
        limits = f" from 0 to {_HIGHEST[name]:g}" if name in _HIGHEST else ""
        raise CheckpointError(
            f"The file's {name} is {value!r:.80}; expected {kind.__name__}{limits}."
        )
    return kind(value)


def _checked_classes(value: Any) -> tuple[str, ...]:
    whole = isinstance(value, list) and 2 <= len(value) <= MAX_CLASSES
    if not whole or not all(isinstance(name, str) and len(name) <= _MAX_NAME for name in value):
        raise CheckpointError(
            f"The file's classes are {value!r:.80}; expected 2 to {MAX_CLASSES} names."
        )
    return tuple(value)


def _checked_normalization(value: Any) -> Normalization:
    mean = value.get("mean") if isinstance(value, dict) else None
    std = value.get("std") if isinstance(value, dict) else None
    for numbers, low in ((mean, -1e6), (std, 1e-6)):
        if (
            not isinstance(numbers, list)
            or len(numbers) != 3
            or not all(isinstance(n, int | float) and low <= n <= 1e6 for n in numbers)
        ):
            raise CheckpointError(
                f"The file's normalisation is {value!r:.80}; expected three means and three "
                "positive deviations."
            )
    assert isinstance(mean, list) and isinstance(std, list)
    return Normalization((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))
