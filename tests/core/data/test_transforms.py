import importlib
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.config import TrainConfig
from cifar_core.data.transforms import (
    HALF,
    Augmentation,
    Normalization,
    Preprocessing,
    build_preprocessing,
)
from cifar_core.torchvision_compat import torchvision

CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
UNIT = st.floats(0.0, 1.0)
STD = st.floats(1 / 255, 1.0)


def noise(count=6, height=32, width=32, seed=0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator)


def generator(seed=0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- normalisation


@pytest.mark.parametrize(("mean", "std"), [(HALF, HALF), (CIFAR_MEAN, CIFAR_STD)])
def test_normalisation_equals_torchvisions(mean, std):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's own
        v2 = importlib.import_module(f"{torchvision.__name__}.transforms.v2")
        chain = v2.Compose(
            [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
        )
        images = noise()
        expected = torch.stack([chain(image.numpy()) for image in images])
    torch.testing.assert_close(Normalization(mean, std).apply(images), expected, atol=1e-6, rtol=0)


def test_normalisation_of_every_pixel_value_equals_its_formula():
    ramp = torch.arange(256, dtype=torch.uint8)[None, None, :, None].expand(1, 1, 256, 3)
    inputs = Normalization(CIFAR_MEAN, CIFAR_STD).apply(ramp)
    for channel in range(3):
        exact = (torch.arange(256).double() / 255 - CIFAR_MEAN[channel]) / CIFAR_STD[channel]
        assert (inputs[0, channel, 0].double() - exact).abs().max() < 1e-6


@settings(max_examples=60, deadline=None)
@given(st.tuples(UNIT, UNIT, UNIT), st.tuples(STD, STD, STD))
def test_undo_gives_back_every_pixel_exactly(mean, std):
    ramp = torch.arange(256, dtype=torch.uint8)[None, None, :, None].expand(1, 1, 256, 3)
    normalization = Normalization(mean, std)
    assert normalization.undo(normalization.apply(ramp)).equal(ramp)


def test_undo_of_what_no_picture_gives_stays_within_a_pixels_range():
    inputs = torch.tensor([-9.0, 9.0]).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    pixels = Normalization().undo(inputs)
    assert pixels.dtype == torch.uint8 and pixels.shape == (2, 4, 4, 3)
    assert pixels[0].eq(0).all() and pixels[1].eq(255).all()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_shape_type_and_memory_order_of_inputs(count):
    inputs = Normalization().apply(noise(count, 20, 28))
    assert inputs.shape == (count, 3, 20, 28) and inputs.dtype == torch.float32
    assert inputs.is_contiguous(memory_format=torch.channels_last) or count == 0


def test_normalising_leaves_the_images_alone():
    images = noise()
    before = images.clone()
    Normalization().apply(images).zero_()
    assert images.equal(before)


def test_images_that_are_not_contiguous_are_normalised_alike():
    images = noise(4).permute(0, 2, 1, 3)
    assert Normalization().apply(images).equal(Normalization().apply(images.contiguous()))


# --- augmentation


def change(images, augmentation, generator) -> torch.Tensor:
    """Return every image, changed by draws of its own."""
    draws = augmentation.draw(images.shape, torch.arange(len(images)), generator)
    return augmentation.take(images, draws)


def shift_and_flip(images, shift, *, flip, generator) -> torch.Tensor:
    return change(images, Augmentation(flip=flip, shift=shift), generator)


def cut_out(images, side, *, generator) -> torch.Tensor:
    return change(images, Augmentation(cutout=side), generator)


def reflected(position: int, size: int) -> int:
    if position < 0:
        return -position
    return 2 * (size - 1) - position if position >= size else position


def slow_shift_and_flip(images, shift, flip, generator) -> torch.Tensor:
    """Pixel by pixel, with the draws in the same order."""
    count, height, width, _ = images.shape
    down = torch.randint(-shift, shift + 1, (count, 1), generator=generator).flatten().tolist()
    right = torch.randint(-shift, shift + 1, (count, 1), generator=generator).flatten().tolist()
    mirrored = (torch.rand((count, 1), generator=generator) < 0.5).flatten().tolist()
    result = torch.empty_like(images)
    for n in range(count):
        for y in range(height):
            for x in range(width):
                from_x = width - 1 - x if flip and mirrored[n] else x
                row = reflected(y + down[n], height)
                result[n, y, x] = images[n, row, reflected(from_x + right[n], width)]
    return result


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shift", [0, 1, 4, 7])
@pytest.mark.parametrize("size", [(8, 8), (8, 11), (13, 9)])
def test_shift_and_flip_equals_a_slow_reference(size, shift, flip):
    images = noise(10, *size)
    fast = shift_and_flip(images, shift, flip=flip, generator=generator(shift))
    assert fast.equal(slow_shift_and_flip(images, shift, flip, generator(shift)))


def test_no_shift_and_no_flip_is_the_identity():
    assert shift_and_flip(noise(), 0, flip=False, generator=generator()).equal(noise())


def test_a_flip_alone_mirrors_about_half_of_the_images():
    images = noise(400)
    flipped = shift_and_flip(images, 0, flip=True, generator=generator())
    mirrored = [new.equal(old.flip(1)) for new, old in zip(flipped, images, strict=True)]
    untouched = [new.equal(old) for new, old in zip(flipped, images, strict=True)]
    assert all(a != b for a, b in zip(mirrored, untouched, strict=True))
    assert 160 < sum(mirrored) < 240


def test_every_shift_up_to_the_largest_occurs_both_ways():
    marked = torch.zeros(600, 32, 32, 3, dtype=torch.uint8)
    marked[:, 16, 16] = 255
    moved = shift_and_flip(marked, 3, flip=False, generator=generator())
    places = moved[..., 0].flatten(1).argmax(1)
    rows, columns = (places // 32 - 16).tolist(), (places % 32 - 16).tolist()
    assert set(rows) == set(columns) == set(range(-3, 4))
    assert len(set(zip(rows, columns, strict=True))) == 49  # the two are independent


def test_the_border_is_mirrored_without_repeating_its_pixel():
    ramp = torch.arange(8, dtype=torch.uint8)[None, None, :, None].expand(40, 8, 8, 3)
    moved = shift_and_flip(ramp, 3, flip=False, generator=generator())
    rows = {tuple(row) for row in moved[:, 0, :, 0].tolist()}
    assert (3, 4, 5, 6, 7, 6, 5, 4) in rows
    assert (3, 2, 1, 0, 1, 2, 3, 4) in rows


@pytest.mark.parametrize("side", [1, 2, 7, 8, 32])
def test_cut_out_blanks_one_square_and_nothing_else(side):
    images = torch.full((300, 32, 32, 3), 7, dtype=torch.uint8)
    cut = cut_out(images, side, generator=generator())
    blank = cut.eq(128).all(-1)
    assert cut.equal(images.masked_fill(blank[..., None], 128))
    heights, widths = blank.any(2).sum(1), blank.any(1).sum(1)
    assert blank.sum((1, 2)).equal(heights * widths)  # a rectangle
    assert heights.max() == widths.max() == side
    assert heights.min() >= side // 2 if side > 1 else heights.min() == 1
    whole = int((blank.sum((1, 2)) == side * side).sum())
    assert whole / 300 == pytest.approx(((33 - side) / 32) ** 2, abs=0.1)


def test_cut_out_has_its_centre_anywhere():
    cut = cut_out(torch.zeros(20_000, 32, 32, 3, dtype=torch.uint8), 1, generator=generator())
    share = cut[..., 0].eq(128).double().mean(0)
    assert share.min() > 0 and share.max() < 5 / 1024


def test_cut_out_equals_a_slow_reference():
    images, side = noise(30, 12, 9), 5
    draws = generator(3)
    top = torch.randint(0, 12, (30, 1), generator=draws).flatten().tolist()
    left = torch.randint(0, 9, (30, 1), generator=draws).flatten().tolist()
    expected = images.clone()
    for n in range(30):
        y, x = top[n] - 2, left[n] - 2
        expected[n, max(y, 0) : y + side, max(x, 0) : x + side] = 128
    assert cut_out(images, side, generator=generator(3)).equal(expected)


@pytest.mark.parametrize("augmentation", [Augmentation(True, 4, 0), Augmentation(cutout=8)])
def test_augmenting_leaves_the_images_alone(augmentation):
    images = noise()
    change(images, augmentation, generator()).zero_()
    assert images.equal(noise())


def test_augmentation_switched_off_is_the_identity_and_draws_nothing():
    draws = generator()
    before = draws.get_state()
    assert change(noise(), Augmentation(), draws).equal(noise())
    assert draws.get_state().equal(before)


@pytest.mark.parametrize(
    "augmentation", [Augmentation(flip=True), Augmentation(shift=2), Augmentation(cutout=6)]
)
def test_each_augmentation_alone_changes_images(augmentation):
    assert not change(noise(), augmentation, generator()).equal(noise())


@pytest.mark.parametrize(
    "augmentation", [Augmentation(), Augmentation(True, 3), Augmentation(cutout=5)]
)
def test_images_are_taken_from_anywhere_in_a_set(augmentation):
    images, places = noise(9), torch.tensor([7, 2, 2, 8])
    draws = augmentation.draw(images.shape, places, generator())
    assert draws.places.equal(places)
    assert augmentation.take(images, draws).equal(change(images[places], augmentation, generator()))


def test_the_pixels_of_very_large_sets_are_counted_in_64_bits():
    places = torch.tensor([0, 2_999_999])
    draws = Augmentation(flip=True).draw((3_000_000, 32, 32, 3), places, generator())
    assert draws.starts[1, -1] == 2_999_999 * 1024 + 31 * 32


def test_images_of_a_batch_are_changed_differently():
    same = noise(1).expand(16, 32, 32, 3)
    changed = change(same, Augmentation(shift=16, cutout=8), generator())
    assert len({image.numpy().tobytes() for image in changed}) == 16


# --- preprocessing


def test_what_the_network_is_asked_is_not_augmented():
    preprocessing = Preprocessing(augmentation=Augmentation(True, 4, 8))
    assert preprocessing(noise()).equal(Normalization().apply(noise()))


def test_a_config_chooses_normalisation_and_augmentation():
    config = TrainConfig(flip=True, shift=3, cutout=5)
    half = build_preprocessing(config, CIFAR_MEAN, CIFAR_STD)
    assert half.normalization == Normalization(HALF, HALF)
    assert half.augmentation == Augmentation(flip=True, shift=3, cutout=5)
    own = build_preprocessing(config.replace(normalization="dataset"), CIFAR_MEAN, CIFAR_STD)
    assert own.normalization == Normalization(CIFAR_MEAN, CIFAR_STD)
    assert build_preprocessing(TrainConfig(), HALF, HALF) == Preprocessing()


def test_the_largest_augmentation_that_a_config_allows_works():
    config = TrainConfig(flip=True, shift=16, cutout=32)
    augmentation = build_preprocessing(config, HALF, HALF).augmentation
    assert change(noise(), augmentation, generator()).shape == (6, 32, 32, 3)
