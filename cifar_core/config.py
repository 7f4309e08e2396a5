"""``TrainConfig``: every setting of a training, its bounds, and the only place that checks them.

Each field carries its help text and bounds in ``FIELDS``; the command line, the form on the Train
page and the validator all read them there, so that they cannot drift apart.
"""

import dataclasses
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from cifar_core.errors import ConfigError

BUILTIN, CIFAR10 = "builtin", "cifar10"

MODELS = ("simple_cnn", "speed_cnn", "vgg", "wide_speed_cnn", "resnet18")
OPTIMIZERS = ("adam", "adamw", "sgd", "muon")
SCHEDULES = ("constant", "step", "linear", "cosine", "one_cycle")
NORMALIZATIONS = ("half", "dataset")
AUTO = "auto"
PRECISIONS = ("float32", "bfloat16", AUTO)
LAYOUTS = ("channels_last", "contiguous", AUTO)
KEEP_WEIGHTS = ("best", "last")
PLAIN, MIRROR, MIRROR_SHIFT = "plain", "mirror", "mirror_shift"
VIEWS = (PLAIN, MIRROR, MIRROR_SHIFT)
FITS = ("crop", "letterbox", "stretch")
"""How a picture comes to a square: its centre; all of it on grey; all of it, distorted."""

_MAX_SHOWN = 80
"""Letters of a refused value that stand in the sentence."""


def is_own(data: str) -> bool:
    """Whether a source is a person's own pictures: those come in any shape."""
    return data not in (BUILTIN, CIFAR10)


@dataclass(frozen=True)
class FieldSpec:
    """What a field may hold and how to explain it."""

    help: str
    low: float | None = None
    high: float | None = None
    above_low: bool = False
    """True where ``low`` itself is not allowed."""
    choices: tuple[str, ...] = ()


def _setting(default: Any, help: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"spec": FieldSpec(help, **bounds)})


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of one training run; making one checks it.

    Raises:
        ConfigError: a value has the wrong type, is out of range, or contradicts another one. The
            sentence names the field, the value and what is allowed.
    """

    data: str = _setting(
        BUILTIN,
        "Where the images come from: 'builtin' (drawn by the program), 'cifar10' (the official "
        "files), or the path of a folder or archive.",
    )
    fit: str = _setting(
        "crop",
        "How own pictures that are not 32 x 32 come to a square: crop (the centre), letterbox (all "
        "of it, on grey), stretch (all of it, distorted).",
        choices=FITS,
    )
    model: str = _setting("simple_cnn", "Which network to train.", choices=MODELS)
    epochs: int = _setting(8, "How often every training image is seen.", low=1, high=1000)
    learning_rate: float = _setting(
        1e-3,
        "Size of a step of the optimiser at the top of its schedule. 0.001 suits Adam, about 0.05 "
        "suits SGD, about 0.2 Muon.",
        low=0.0,
        high=10.0,
        above_low=True,
    )
    batch_size: int = _setting(64, "Training images in one step.", low=1, high=8192)
    optimizer: str = _setting(
        "adam",
        "How the step is computed from the gradient. SGD uses Nesterov momentum; Muon makes the "
        "steps of convolutions orthogonal.",
        choices=OPTIMIZERS,
    )
    momentum: float = _setting(
        0.9,
        "Share of the last step that SGD and Muon keep. Adam and AdamW ignore it.",
        low=0.0,
        high=0.999,
    )
    nesterov: bool = _setting(
        True,
        "SGD looks ahead along its momentum; Muon always does. Adam and AdamW ignore it.",
    )
    weight_decay: float = _setting(
        0.0, "Pull of every weight towards zero; 0.0005 is usual with SGD.", low=0.0, high=1.0
    )
    schedule: str = _setting(
        "constant",
        "How the learning rate moves: constant; step (times step_factor every step_epochs); linear "
        "and cosine (down to zero); one_cycle (up, then down to zero).",
        choices=SCHEDULES,
    )
    warmup_epochs: float = _setting(
        0.0,
        "Epochs over which the learning rate rises to its full size. 0 is none; for one_cycle 0 "
        "means 30 % of the run.",
        low=0.0,
        high=1000.0,
    )
    step_epochs: int = _setting(
        3, "Epochs between two drops of the step schedule.", low=1, high=1000
    )
    step_factor: float = _setting(
        0.1,
        "What the step schedule multiplies with at each drop.",
        low=0.0,
        high=1.0,
        above_low=True,
    )
    label_smoothing: float = _setting(
        0.0,
        "Share of the target that is spread over all classes; makes the network less sure of "
        "itself.",
        low=0.0,
        high=0.9,
    )
    dropout: float = _setting(
        0.5,
        "Share of values that the dropout layers drop while training (vgg; the others have none).",
        low=0.0,
        high=0.95,
    )
    flip: bool = _setting(
        False, "Mirror half of the training images left to right, the other half in the next epoch."
    )
    shift: int = _setting(
        0, "Move each training image by up to this many pixels each way.", low=0, high=16
    )
    cutout: int = _setting(
        0, "Blank a square of this many pixels a side in each training image.", low=0, high=32
    )
    normalization: str = _setting(
        "half",
        "How pixels become numbers: 'half' is (x - 0.5) / 0.5 as in the tutorial, 'dataset' uses "
        "the training images' own mean and standard deviation.",
        choices=NORMALIZATIONS,
    )
    clip_norm: float | None = _setting(
        None,
        "Shorten a gradient that is longer than this. None leaves it alone.",
        low=0.0,
        high=1e6,
        above_low=True,
    )
    early_stopping: int | None = _setting(
        None,
        "Stop after this many epochs without a better validation loss. None never does.",
        low=1,
        high=1000,
    )
    keep_weights: str = _setting(
        "best",
        "Which weights are tested and handed out at the end: those of the epoch with the best "
        "validation accuracy, or the last ones.",
        choices=KEEP_WEIGHTS,
    )
    keep_epochs_mb: int = _setting(
        100,
        "Room for the weights after each epoch, in megabytes, to look back at how the network "
        "learned. Where they outgrow it, every second one goes; 0 keeps none.",
        low=0,
        high=100_000,
    )
    views: str = _setting(
        PLAIN,
        "What the finished network is asked about each picture: plain (the picture), mirror (its "
        "mirror image, too), mirror_shift (both moved by a pixel, too: six times the work). The "
        "answers' mean is more often right, where training mirrored and shifted.",
        choices=VIEWS,
    )
    train_size: int | None = _setting(
        None, "Training images to use. None is all that validation leaves.", low=1, high=10**7
    )
    val_size: int | None = _setting(
        None,
        "Images of the training part kept for validation. None is a tenth; 0 is none.",
        low=0,
        high=10**7,
    )
    test_size: int | None = _setting(None, "Test images to use. None is all.", low=1, high=10**7)
    seed: int = _setting(
        0,
        "Start of every random draw: the same seed gives the same numbers.",
        low=0,
        high=2**31 - 1,
    )
    device: str = _setting(
        "auto", "Where to compute: auto (CUDA, then MPS, then CPU), cpu, cuda, cuda:1, mps."
    )
    processes: int = _setting(
        1,
        "Processes that share every batch, one for each GPU. On a processor they gain little.",
        low=1,
        high=1024,
    )
    precision: str = _setting(
        "float32",
        "Numbers that the network computes with. bfloat16 is faster on some processors and far "
        "slower on others; auto measures it for a second.",
        choices=PRECISIONS,
    )
    layout: str = _setting(
        "channels_last",
        "Order of the numbers in memory; changes the speed only. auto measures it.",
        choices=LAYOUTS,
    )

    def __post_init__(self) -> None:
        """Check every field against its bounds, then the fields against each other."""
        for name, value in vars(self).items():
            object.__setattr__(self, name, checked_value(name, value))
        self._check_combinations()

    def _check_combinations(self) -> None:
        if not self.data.strip():
            raise ConfigError("data is empty; expected 'builtin', 'cifar10' or a path.")
        if self.device.split(":")[0] not in ("auto", "cpu", "cuda", "mps"):
            raise ConfigError(
                f"device is {_shown(self.device)}; expected auto, cpu, cuda, cuda:N or mps."
            )
        if self.batch_size < self.processes:
            raise ConfigError(
                f"batch_size is {self.batch_size}, but {self.processes} processes share each "
                "batch; expected at least one image for each."
            )
        if self.warmup_epochs > self.epochs:
            raise ConfigError(
                f"warmup_epochs is {self.warmup_epochs:g}, longer than the run's {self.epochs} "
                "epochs; expected at most that many."
            )
        if self.early_stopping is not None and self.val_size == 0:
            raise ConfigError(
                "early_stopping needs validation images, but val_size is 0; raise val_size or "
                "leave early stopping out."
            )

    def replace(self, **changes: Any) -> "TrainConfig":
        """Return a copy with some fields changed, checked anew."""
        unknown_fields_are_errors(changes)
        return dataclasses.replace(self, **changes)

    def with_absolute_data(self) -> "TrainConfig":
        """Return a copy whose data path means the same from any working directory.

        Raises:
            ConfigError: the data can be no path.
        """
        if not is_own(self.data):
            return self
        try:
            path = Path(self.data).expanduser().resolve()
        except (OSError, ValueError, RuntimeError) as error:  # a zero byte, ~nobody, a loop
            raise ConfigError(f"data is {_shown(self.data)}, no path: {error}.") from error
        return self.replace(data=str(path))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, one key a field."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """Build a config from plain types; fields left out get their defaults.

        Raises:
            ConfigError: as for the class, and for a key that is no field.
        """
        unknown_fields_are_errors(values)
        return cls(**values)


def _field_kinds() -> dict[str, tuple[type, bool]]:
    """Return each field's plain type and whether None is allowed."""
    kinds = {}
    for name, hint in get_type_hints(TrainConfig).items():
        optional = get_origin(hint) is not None and type(None) in get_args(hint)
        kinds[name] = (get_args(hint)[0] if optional else hint, optional)
    return kinds


FIELDS: dict[str, FieldSpec] = {f.name: f.metadata["spec"] for f in fields(TrainConfig)}
"""Help text and bounds of each field, in the order in which a person meets them."""

DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(TrainConfig)}

KINDS = _field_kinds()
"""Each field's plain type (bool, int, float or str) and whether it may be None."""


def unknown_fields_are_errors(values: dict[str, Any]) -> None:
    """Raise ConfigError for the first key that is no field of ``TrainConfig``."""
    for name in values:
        if name not in FIELDS:
            raise ConfigError(
                f"{_shown(name)} is no setting; the settings are {', '.join(FIELDS)}."
            )


def describe_range(name: str) -> str:
    """Return what a field allows, as the end of a sentence: "a whole number from 1 to 1000"."""
    spec, (kind, optional) = FIELDS[name], KINDS[name]
    if spec.choices:
        text = "one of " + ", ".join(spec.choices)
    elif kind is bool:
        text = "true or false"
    elif kind is str:
        text = "text"
    else:
        noun = "a whole number" if kind is int else "a number"
        start = f"above {spec.low:g}, at most" if spec.above_low else f"from {spec.low:.15g} to"
        text = f"{noun} {start} {spec.high:.15g}"
    return text + (" or none" if optional else "")


def checked_value(name: str, value: Any) -> Any:
    """Return a value in its field's type; how it fits the other fields is not looked at.

    Raises:
        ConfigError: it has the wrong type or is out of range.
    """
    spec, (kind, optional) = FIELDS[name], KINDS[name]
    if value is None and optional:
        return None
    fits = type(value) is kind or (kind is float and type(value) is int)
    if fits and kind in (int, float):
        fits = _in_range(spec, value)
    if not fits or (spec.choices and value not in spec.choices):
        raise ConfigError(f"{name} is {_shown(value)}; expected {describe_range(name)}.")
    return kind(value)


def _in_range(spec: FieldSpec, value: float) -> bool:
    """Compare without turning integers into floats: a file may hold one that is too large."""
    assert spec.low is not None and spec.high is not None
    return (spec.low < value if spec.above_low else spec.low <= value) and value <= spec.high


def _shown(value: Any) -> str:
    """Return a value, which may be anything at all, as it can stand in a sentence."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"  # which Python refuses to print
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


TUTORIAL = TrainConfig(train_size=20_000, val_size=5_000, test_size=5_000)
"""The settings of the tutorial that this project began as."""
