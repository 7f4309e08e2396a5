import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cifar_core.lessons.convolution import (
    CLASSIC_KERNELS,
    Slide,
    classic_weight,
    convolve,
    output_size,
)

SLIDES = [Slide(), Slide(2, 1, 1), Slide(1, 3, 2), Slide(3, 0, 3), Slide(4, 2, 1)]


def picture() -> torch.Tensor:
    return torch.randn(3, 32, 32)


@pytest.mark.parametrize("slide", SLIDES)
@pytest.mark.parametrize("kernel", [3, 5])
def test_it_is_what_conv2d_computes(slide, kernel):
    layer = nn.Conv2d(
        3, 4, kernel, stride=slide.stride, padding=slide.padding, dilation=slide.dilation
    )
    inputs = picture()
    found = convolve(inputs, layer.weight[2].detach(), layer.bias[2].item(), slide)
    torch.testing.assert_close(found.output, layer(inputs[None])[0, 2], atol=1e-6, rtol=0)


@pytest.mark.parametrize("slide", SLIDES)
def test_the_products_under_every_window_add_up_to_the_output(slide):
    """What the page multiplies and adds before the visitor's eyes."""
    weight, bias = torch.randn(3, 3, 3) / 5, 0.25
    found = convolve(picture(), weight, bias, slide)
    reach = slide.dilation * 2 + 1
    for row in range(found.output.shape[0]):
        for column in range(found.output.shape[1]):
            top, left = row * slide.stride, column * slide.stride
            window = found.padded[:, top : top + reach, left : left + reach]
            products = window[:, :: slide.dilation, :: slide.dilation] * found.weight
            total = products.double().sum().item() + found.bias
            assert found.output[row, column].item() == pytest.approx(total, abs=1e-6)


@given(
    st.integers(14, 40), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3)
)
def test_the_formula_gives_the_size_that_torch_gives(size, kernel, stride, padding, dilation):
    layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation)
    shape = layer(torch.zeros(1, 1, size, size)).shape
    assert shape[2] == output_size(size, kernel, Slide(stride, padding, dilation))


@pytest.mark.parametrize("name", CLASSIC_KERNELS)
def test_a_classic_kernel_sees_the_mean_of_the_colours(name):
    inputs = picture()
    found = convolve(inputs, classic_weight(name), 0.0, Slide())
    grey = inputs.mean(0)[None]
    kernel = torch.tensor(CLASSIC_KERNELS[name], dtype=torch.float32)[None]
    torch.testing.assert_close(
        found.output, convolve(grey, kernel, 0.0, Slide()).output, atol=1e-5, rtol=0
    )
