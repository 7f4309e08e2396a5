"""``VGG``: 3x3 convolutions with batch normalisation, halved in size three times.

Source: the plan of stacked 3x3 convolutions is Simonyan and Zisserman 2014 (arXiv 1409.1556), the
batch normalisation Ioffe and Szegedy 2015 (arXiv 1502.03167). Widths are our own: wide enough for
CIFAR-10, and an epoch still takes minutes on a processor.
"""

from torch import Tensor, nn


class VGG(nn.Module):
    """Six convolutions, each with batch normalisation and ReLU, then two linear layers.

    Args:
        num_classes: length of the answer.
        dropout: share of the 1024 hidden values that is dropped while training.
    """

    WIDTHS = ((64,), (128, 128), (256, 256), (512,))
    """Output channels of each convolution; between two groups a pooling halves height and width."""

    def __init__(self, num_classes: int = 10, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = self._convolutions()
        self.classifier = nn.Sequential()
        self.classifier.add_module("flatten", nn.Flatten())
        self.classifier.add_module("fc1", nn.Linear(self.WIDTHS[-1][-1] * 4 * 4, 1024))
        self.classifier.add_module("relu", nn.ReLU())
        self.classifier.add_module("dropout", nn.Dropout(dropout))
        self.classifier.add_module("fc2", nn.Linear(1024, num_classes))
        self.apply(self._initialise)

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn inputs, float (N, 3, 32, 32), into logits, float (N, num_classes)."""
        logits: Tensor = self.classifier(self.features(inputs))
        return logits

    def _convolutions(self) -> nn.Sequential:
        layers, channels, number = nn.Sequential(), 3, 0
        for group, widths in enumerate(self.WIDTHS):
            if group > 0:
                layers.add_module(f"pool{group}", nn.MaxPool2d(2))
            for width in widths:
                number += 1
                # no bias: batch normalisation would subtract it again
                conv = nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False)
                layers.add_module(f"conv{number}", conv)
                layers.add_module(f"norm{number}", nn.BatchNorm2d(width))
                layers.add_module(f"relu{number}", nn.ReLU())
                channels = width
        return layers

    @staticmethod
    def _initialise(layer: nn.Module) -> None:
        """Start convolutions as He et al. 2015 (arXiv 1502.01852), linear layers small."""
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(layer, nn.Linear):
            # small, as in torchvision's VGG: the first answers are then nearly even
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
