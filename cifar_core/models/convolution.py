"""``Conv2d``: torch's, whose weights learn faster where the maps are small and the filters many.

Training spends half its time on the gradients of convolutions. In bfloat16, on processors with
matrix units (AMX), oneDNN takes up to seven times as long for the gradient of the weights as for
the convolution itself where the maps are 3 or 7 pixels wide. Written out as one product of two
matrices it takes as many operations and 0.2 to 0.7 of the time.
"""

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LARGEST_MAP = 7
"""Height and width up to which the product is quicker; at 15 it takes longer."""
_FEWEST_CHANNELS = 128


class Conv2d(nn.Conv2d):
    """A convolution with the weights, names and numbers of torch's."""

    def forward(self, maps: Tensor) -> Tensor:
        """Turn maps, float (N, in_channels, H, W), into float (N, out_channels, H', W')."""
        if not self._product_is_quicker(maps):
            return super().forward(maps)
        half = torch.bfloat16
        convolved: Tensor = _Convolution.apply(maps.to(half), self.weight.to(half))  # type: ignore[no-untyped-call]
        return convolved

    def _product_is_quicker(self, maps: Tensor) -> bool:
        return (
            self.training
            and maps.device.type == "cpu"
            and max(maps.shape[-2:]) <= LARGEST_MAP
            and min(self.in_channels, self.out_channels) >= _FEWEST_CHANNELS
            and torch.is_autocast_enabled("cpu")
            and torch.get_autocast_dtype("cpu") == torch.bfloat16
            and self._is_plain()
            and has_matrix_units()
        )

    def _is_plain(self) -> bool:
        """Return whether this is a 3x3 convolution that keeps the size, without a bias."""
        kind = (self.kernel_size, self.stride, self.padding, self.dilation, self.groups, self.bias)
        return kind == ((3, 3), (1, 1), (1, 1), (1, 1), 1, None)


@functools.cache
def has_matrix_units() -> bool:
    """Return whether this processor multiplies matrices of bfloat16 in units of their own."""
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


class _Convolution(torch.autograd.Function):
    """A 3x3 convolution of bfloat16 maps that keeps their size."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(maps, weight)
        return F.conv2d(maps, weight, padding=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        maps, weight = ctx.saved_tensors
        of_maps, _, _ = torch.ops.aten.convolution_backward(
            gradient, maps, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
            [True, False, False],
        )  # fmt: skip
        return of_maps, weight_gradient(maps, gradient)


def weight_gradient(maps: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of the weights of a 3x3 convolution that keeps the size of its maps.

    Args:
        maps: float (N, C, H, W), what was convolved.
        gradient: float (N, K, H, W), of what came out.

    Returns:
        float (K, C, 3, 3) in channels_last order.
    """
    count, channels, height, width = maps.shape
    padded = F.pad(maps.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).contiguous()
    by_image, by_row, by_pixel, _ = padded.stride()
    # the nine pixels around each, three runs of three: (N, H, W, 3, 3 C)
    around = padded.as_strided(
        (count, height, width, 3, 3 * channels), (by_image, by_row, by_pixel, by_row, 1)
    ).reshape(-1, 9 * channels)
    # copied into the order that the product reads it in, which is 1.4 times as fast as to leave it
    outer = gradient.permute(0, 2, 3, 1).reshape(-1, gradient.shape[1]).t().contiguous()
    return (outer @ around).view(-1, 3, 3, channels).permute(0, 3, 1, 2)
