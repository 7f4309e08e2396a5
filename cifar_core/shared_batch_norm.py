"""Batch normalisation over the images of all processes of a group, so that a step is that of one.

torch has this for GPUs (``SyncBatchNorm``) and not for processors, so for those it is written here:
the processes add up number, sum and sum of squares of each channel on the way forward, and the two
sums that the gradient needs on the way back.

Source: Ioffe and Szegedy 2015, arXiv 1502.03167, for the gradient.
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

_ALL_BUT_CHANNELS = (0, 2, 3)


def share_batch_norm(model: nn.Module) -> nn.Module:
    """Let every batch normalisation of a network see what those of the other processes see.

    Args:
        model: changed in place; weights and names stay.
    """
    if next(model.parameters()).is_cuda:
        convert = nn.SyncBatchNorm.convert_sync_batchnorm
        shared: nn.Module = convert(model)  # type: ignore[no-untyped-call]
        return shared
    for owner in list(model.modules()):
        for name, layer in owner.named_children():
            if isinstance(layer, nn.BatchNorm2d):
                setattr(owner, name, SharedBatchNorm2d.like(layer))
    return model


class SharedBatchNorm2d(nn.BatchNorm2d):
    """``BatchNorm2d`` whose batch, while it trains, is that of all processes together."""

    @classmethod
    def like(cls, layer: nn.BatchNorm2d) -> "SharedBatchNorm2d":
        """Return a layer with the same weights, statistics and settings: the very same tensors."""
        shared = cls(layer.num_features, eps=layer.eps, momentum=layer.momentum)
        shared._parameters.update(layer._parameters)
        shared._buffers.update(layer._buffers)
        shared.train(layer.training)
        return shared

    def forward(self, input: Tensor) -> Tensor:
        """Normalise float (N, C, H, W); in eval mode as any ``BatchNorm2d``."""
        if not self.training:
            return super().forward(input)
        moments = _moments(input.detach())
        self._follow(*moments)
        output: Tensor = _Normalise.apply(  # type: ignore[no-untyped-call]
            input, self.weight, self.bias, moments, self.eps
        )
        return output

    @torch.no_grad()
    def _follow(self, count: float, mean: Tensor, var: Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var * (count / max(count - 1, 1)), self.momentum)


def _moments(inputs: Tensor) -> tuple[float, Tensor, Tensor]:
    """Return number of values, mean and biased variance of each channel over all processes.

    Each process's own moments are exact enough in float32; they are put together in float64, where
    the difference of squares loses nothing that counts.
    """
    var, mean = torch.var_mean(inputs.float(), _ALL_BUT_CHANNELS, correction=0)
    count = inputs.numel() / inputs.shape[1]
    mean, var = mean.double(), var.double()
    sums = torch.cat([count * mean, count * (var + mean * mean), mean.new_tensor([count])])
    distributed.all_reduce(sums)
    total = float(sums[-1])
    mean, squares = (sums[:-1] / total).chunk(2)
    return total, mean.float(), (squares - mean * mean).float()


class _Normalise(torch.autograd.Function):
    """``F.batch_norm`` with moments given, whose gradient knows that they depend on the inputs."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor,
        moments: tuple[float, Tensor, Tensor],
        eps: float,
    ) -> Tensor:
        count, mean, var = moments
        ctx.save_for_backward(inputs, weight, mean, (var + eps).rsqrt())
        ctx.count = count
        return F.batch_norm(inputs, mean, var, weight, bias, training=False, eps=eps)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, mean, inverse = ctx.saved_tensors
        grad = grads[0].float()
        along = inputs.float() - mean[:, None, None]
        grad_bias = grad.sum(_ALL_BUT_CHANNELS)
        grad_weight = (grad * along).sum(_ALL_BUT_CHANNELS) * inverse
        sums = torch.cat([grad_bias, grad_weight])
        distributed.all_reduce(sums)
        mean_grad, mean_along = (sums / ctx.count).chunk(2)
        scale, slope = weight * inverse, mean_along * inverse
        grad_inputs = grad - mean_grad[:, None, None]  # the given gradient may not be changed
        grad_inputs.addcmul_(along, slope[:, None, None], value=-1).mul_(scale[:, None, None])
        return grad_inputs.to(inputs.dtype), grad_weight, grad_bias, None, None
