"""``Muon``: momentum whose steps are made orthogonal, for the filters of convolutions.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"
(https://kellerjordan.github.io/posts/muon), whose coefficients of the Newton-Schulz iteration these
are; normalising the filters at every step is from KellerJordan/cifar10-airbench. torch's own
``torch.optim.Muon`` takes matrices only. The code is our own.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon for the filters, SGD with Nesterov momentum for everything else.

    One rate drives all: a group's ``lr`` is the rate times its own ``scale``. Weight decay is
    decoupled and shrinks only what is no filter: filters are kept at one size instead.

    Args:
        model: its trainable weights; four-dimensional ones are filters, two-dimensional ones the
            last layer.
        lr: rate of the filters.
        momentum: share of the last step that is kept, of filters and others.
        weight_decay: pull towards zero a step, as a share of ``lr``.
    """

    HEAD_SCALE = 2.8
    OTHERS_SCALE = 0.22
    """Rates of the last layer, and of shifts, relative to that of the filters: 0.67 and 0.053 to
    0.24 in airbench94_muon."""

    def __init__(
        self, model: nn.Module, *, lr: float, momentum: float = 0.6, weight_decay: float = 0.0
    ) -> None:
        trained = [p for p in model.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in trained if p.dim() == 4], "scale": 1.0, "orthogonal": True},
            {"params": [p for p in trained if p.dim() == 2], "scale": self.HEAD_SCALE},
            {"params": [p for p in trained if p.dim() not in (2, 4)], "scale": self.OTHERS_SCALE},
        ]
        defaults = {"momentum": momentum, "weight_decay": weight_decay, "orthogonal": False}
        for group in groups:
            group["lr"] = lr * group["scale"]
        super().__init__([group for group in groups if group["params"]], defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step; parameters without a gradient stay."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group)
        return loss

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        momentum = state["momentum_buffer"].mul_(group["momentum"]).add_(gradient)
        step = gradient.add(momentum, alpha=group["momentum"])
        if group["orthogonal"]:
            parameter.mul_(len(parameter) ** 0.5 / parameter.norm())
            step = orthogonalise(step.flatten(1)).view_as(parameter)
        else:
            parameter.mul_(1 - group["lr"] / group["scale"] * group["weight_decay"])
        parameter.add_(step, alpha=-group["lr"])


def orthogonalise(matrix: Tensor) -> Tensor:
    """Return the matrix with all its singular values near one (0.7 to 1.2).

    Args:
        matrix: float (m, n). Computed in bfloat16, whose error is far below the iteration's own.
    """
    a, b, c = _COEFFICIENTS
    wide = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    x = wide.bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        # a x + (b gram + c gram²) x, each sum together with its product
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    answer: Tensor = (x if wide is matrix else x.T).to(matrix.dtype)
    return answer
