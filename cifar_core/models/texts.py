"""What a person chooses a network by, in words and without torch.

The networks themselves are in ``registry``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelText:
    """A network in words.

    Attributes:
        title: what a person calls it.
        description: one line for a beginner.
        parameters: numbers that training adjusts, for ten classes. Stated here so that a form need
            not wait for torch; a test counts them.
    """

    title: str
    description: str
    parameters: int


MODEL_TEXTS: dict[str, ModelText] = {
    "simple_cnn": ModelText(
        "Simple CNN",
        "The tutorial's network: one convolution and two linear layers; learns in minutes on any "
        "computer.",
        296_130,
    ),
    "speed_cnn": ModelText(
        "Speed CNN",
        "Six convolutions in the shape of the speed records of this field; the most accuracy for "
        "your minutes, with or without a GPU.",
        1_972_792,
    ),
    "vgg": ModelText(
        "VGG",
        "Six convolutions with batch normalisation and dropout; clearly better, and some minutes "
        "an epoch on a processor.",
        10_689_866,
    ),
    "wide_speed_cnn": ModelText(
        "Wide Speed CNN",
        "Speed CNN with more filters: takes half as long again; the most accurate where half an "
        "hour is there.",
        3_151_416,
    ),
    "resnet18": ModelText(
        "ResNet-18",
        "Eighteen layers with shortcuts between them; the most accurate, and best trained on a "
        "GPU.",
        11_173_962,
    ),
}
"""By the value of ``TrainConfig.model``, from small to large."""
