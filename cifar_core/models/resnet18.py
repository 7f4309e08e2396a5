"""``resnet18``: torchvision's ResNet-18 with a first layer for small images.

The stem made for 224 pixels (7x7, stride 2, then a pooling) would leave 8 x 8 of 32 x 32 before the
first block. Ours keeps all 32, as in the CIFAR experiments of He et al. 2015 (arXiv 1512.03385).
"""

from torch import nn

from cifar_core.torchvision_compat import models


def resnet18(num_classes: int = 10) -> nn.Module:
    """Build torchvision's ResNet-18 with a 3x3 stem of stride 1 and no first pooling.

    Inputs are float (N, 3, 32, 32), logits float (N, num_classes). The ``state_dict`` has
    torchvision's keys.

    Args:
        num_classes: length of the answer.
    """
    model: nn.Module = models.resnet18(weights=None, num_classes=num_classes)
    model.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    model.maxpool = nn.Identity()
    return model
