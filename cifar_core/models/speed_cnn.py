"""``SpeedCNN``: much accuracy for little arithmetic, the shape of the field's speed records.

Source: the plan is that of airbench94 (Jordan 2024, arXiv 2404.00498) and of the ResNet-9 of Page
2018 ("How to train your ResNet") before it: a first layer that whitens 2x2 patches and is not
trained, three blocks of two 3x3 convolutions, batch normalisation without a scale and with quick
statistics, GELU, and a small last step in the logits. The code is our own.
"""

from torch import Tensor, nn

from cifar_core.models.convolution import Conv2d


class SpeedCNN(nn.Module):
    """A fixed whitening layer, six convolutions, one linear layer.

    ``whitening.whiten`` sets the first layer from the training images; until then it is random.

    Args:
        num_classes: length of the answer.
    """

    WIDTHS = (64, 256, 256)
    """Output channels of the three blocks."""
    LOGIT_SCALE = 1 / 9
    """Keeps the first answers nearly even."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, kernel_size=2)
        self.whiten.weight.requires_grad = False
        self.whiten_gelu = nn.GELU()
        first, second, third = self.WIDTHS
        self.block1 = self._block(24, first)
        self.block2 = self._block(first, second)
        self.block3 = self._block(second, third)
        self.pool = nn.MaxPool2d(3)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(third, num_classes, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn inputs, float (N, 3, 32, 32), into logits, float (N, num_classes)."""
        features = self.whiten_gelu(self.whiten(inputs))
        features = self.block3(self.block2(self.block1(features)))
        logits: Tensor = self.head(self.flatten(self.pool(features)))
        return logits * self.LOGIT_SCALE

    @classmethod
    def _block(cls, channels: int, width: int) -> nn.Sequential:
        block = nn.Sequential()
        block.add_module("conv1", cls._convolution(channels, width))
        block.add_module("pool", nn.MaxPool2d(2))
        block.add_module("norm1", cls._norm(width))
        block.add_module("gelu1", nn.GELU())
        block.add_module("conv2", cls._convolution(width, width))
        block.add_module("norm2", cls._norm(width))
        block.add_module("gelu2", nn.GELU())
        return block

    @staticmethod
    def _convolution(channels: int, width: int) -> nn.Conv2d:
        """Return a convolution whose first filters pass their inputs on unchanged."""
        layer = Conv2d(channels, width, kernel_size=3, padding=1, bias=False)
        nn.init.dirac_(layer.weight[:channels].detach())
        return layer

    @staticmethod
    def _norm(width: int) -> nn.BatchNorm2d:
        """Return a batch normalisation that follows quickly and learns a shift, but no scale."""
        layer = nn.BatchNorm2d(width, momentum=0.4)
        layer.weight.requires_grad = False
        return layer


class WideSpeedCNN(SpeedCNN):
    """The same network with more filters: takes half as long again, and is more accurate for it."""

    WIDTHS = (96, 320, 320)
