"""What a look at a network after an epoch shows. No torch: the look is in ``health_probe``."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class LayerHealth:
    """One ReLU of a network.

    Attributes:
        name: of the layer; with its turn, where a network passes it more than once.
        num_units: its channels, or its values behind a linear layer.
        num_dead: those of them that were 0 for every image and place of the sample.
    """

    name: str
    num_units: int
    num_dead: int


@dataclass(frozen=True)
class HealthRecord:
    """A network after an epoch, on a few of its training images, as in evaluation.

    Without dropout and augmentation, and with the epoch's last weights: unlike the training loss.

    Attributes:
        epoch: from 1.
        loss: mean cross-entropy over the sample, in nats.
        accuracy: share of right answers, 0 to 1.
        actual: images of the sample, by class.
        predicted: answers to it, by class.
        layers: its ReLUs, in the order in which an image passes them.
    """

    epoch: int
    loss: float
    accuracy: float
    actual: tuple[int, ...]
    predicted: tuple[int, ...]
    layers: tuple[LayerHealth, ...]

    def to_json(self) -> str:
        """Return it as text for the store."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "HealthRecord":
        """Read what ``to_json`` wrote."""
        values = json.loads(text)
        return cls(**{
            **values,
            "actual": tuple(values["actual"]),
            "predicted": tuple(values["predicted"]),
            "layers": tuple(LayerHealth(**layer) for layer in values["layers"]),
        })  # fmt: skip
