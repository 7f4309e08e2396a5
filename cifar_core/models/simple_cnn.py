"""``SimpleCNN``: the network of the tutorial that this project began as."""

from torch import Tensor, nn


class SimpleCNN(nn.Module):
    """One convolution, one pooling, two linear layers.

    The layers that carry weights have the tutorial's names, so that its ``model.pt`` files load
    here and ours load there. The others are modules too, so that they can be looked at; they have
    no weights and thus no names in a ``state_dict``.

    Args:
        num_classes: length of the answer.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 18, kernel_size=3, stride=1, padding=1)
        self.relu1 = nn.ReLU()
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(18 * 16 * 16, 64)
        self.relu2 = nn.ReLU()
        self.fc2 = nn.Linear(64, num_classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn inputs, float (N, 3, 32, 32), into logits, float (N, num_classes)."""
        maps = self.conv1(inputs)
        # in training the other way round, which gives the same numbers a fifth sooner
        maps = self.relu1(self.pool(maps)) if self.training else self.pool(self.relu1(maps))
        hidden = self.relu2(self.fc1(self.flatten(maps)))
        logits: Tensor = self.fc2(hidden)
        return logits
