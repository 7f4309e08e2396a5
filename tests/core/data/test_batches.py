import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.data import batches
from cifar_core.data.batches import BatchLoader
from cifar_core.data.image_set import ImageSet, Subset
from cifar_core.data.transforms import Augmentation, Preprocessing

CPU = torch.device("cpu")
AUGMENTED = Preprocessing(augmentation=Augmentation(flip=True, shift=4, cutout=8))


def numbered(count: int) -> Subset:
    """Images whose pixels and label all say which one it is, backwards in a larger set."""
    numbers = torch.arange(2 * count)
    pixels = (numbers % 250).to(torch.uint8)
    data = ImageSet(
        images=pixels[:, None, None, None].expand(-1, 32, 32, 3).contiguous(),
        labels=numbers,
        num_train=2 * count,
        classes=("a",),
        name="numbered",
        drawn=False,
        fingerprint="",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )
    return Subset(data, numbers.flip(0)[:count])


def noise(count: int) -> Subset:
    subset = numbered(count)
    generator = torch.Generator().manual_seed(1)
    shape = subset.source.images.shape
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    subset.source.images.copy_(images)
    return subset


def loader(subset, batch_size=8, seed=0, preprocessing=AUGMENTED) -> BatchLoader:
    return BatchLoader(subset, preprocessing, batch_size, seed, CPU)


def seen_labels(batches) -> list[int]:
    return torch.cat([batch.labels for batch in batches]).tolist()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 2**31 - 1), st.integers(1, 1000))
def test_an_epoch_shows_every_image_exactly_once(count, batch_size, seed, epoch):
    subset = numbered(count)
    own = loader(subset, batch_size, seed, Preprocessing())
    batches = list(own.batches(epoch))
    assert sorted(seen_labels(batches)) == sorted(subset.labels.tolist())
    assert len(batches) == len(own) and [b.number for b in batches] == list(range(len(own)))
    assert all(len(b.labels) == batch_size for b in batches[:-1])
    assert len(batches[-1].labels) == (count % batch_size or min(count, batch_size))
    for batch in batches:  # an image and its label stay together
        pixels = ((batch.inputs * 0.5 + 0.5) * 255).round()
        assert pixels.amin((1, 2, 3)).equal((batch.labels % 250).float())
        assert pixels.amax((1, 2, 3)).equal((batch.labels % 250).float())


@pytest.mark.parametrize("start", range(8))
def test_starting_in_the_middle_gives_the_tail_of_the_whole_epoch_bit_for_bit(start):
    own = loader(noise(50))  # six batches of 8 and one of 2
    whole = list(own.batches(3))
    tail = list(own.batches(3, start=start))
    assert len(whole) == 7 and len(tail) == 7 - start
    for batch, expected in zip(tail, whole[start:], strict=True):
        assert batch.number == expected.number
        assert batch.labels.equal(expected.labels) and batch.inputs.equal(expected.inputs)


@pytest.mark.parametrize("preprocessing", [AUGMENTED, Preprocessing()])
def test_how_many_pixels_are_moved_together_changes_nothing(preprocessing, monkeypatch):
    monkeypatch.setattr(batches, "GROUP_SIZE", 16)
    own, found = loader(noise(50), preprocessing=preprocessing), []
    for together in (1, 32, 10_000):
        monkeypatch.setattr(batches, "MOVED_TOGETHER", together)
        found.append(list(own.batches(2)))
    for others in found[1:]:
        for batch, expected in zip(others, found[0], strict=True):
            assert batch.number == expected.number
            assert batch.labels.equal(expected.labels) and batch.inputs.equal(expected.inputs)


def test_batches_depend_on_nothing_but_seed_epoch_and_number():
    subset = noise(40)
    expected = list(loader(subset).batches(2))
    own = loader(subset)
    first = own.batches(1)
    next(first)
    torch.manual_seed(99)
    torch.rand(10)
    again = [next(second) for second in [own.batches(2)] for _ in range(5)]
    for batch, other in zip(again, expected, strict=True):
        assert batch.inputs.equal(other.inputs)


def test_loading_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    list(loader(noise(20)).batches(1))
    assert torch.get_rng_state().equal(before)


def test_epochs_and_seeds_have_orders_of_their_own():
    subset = numbered(60)
    orders = {
        tuple(seen_labels(loader(subset, seed=seed).batches(epoch)))
        for seed in range(5)
        for epoch in range(1, 6)
    }
    assert len(orders) == 25


def test_an_image_is_augmented_anew_in_every_epoch_and_batch():
    one = noise(1)
    views = [next(loader(one, 1).batches(epoch)).inputs for epoch in range(1, 12)]
    assert len({view.numpy().tobytes() for view in views}) == 11
    same = Subset(one.source, one.indices.repeat(12))  # the same image twelve times
    views = [batch.inputs for batch in loader(same, 1).batches(1)]
    assert len({view.numpy().tobytes() for view in views}) == 12


def test_order_does_not_depend_on_the_augmentation_nor_on_the_batch_size():
    subset = noise(40)
    plain = seen_labels(loader(subset, 8, preprocessing=Preprocessing()).batches(1))
    assert plain == seen_labels(loader(subset, 8).batches(1))
    assert plain == seen_labels(loader(subset, 7).batches(1))


def test_inputs_are_float32_in_channels_last_order():
    batch = next(loader(noise(20)).batches(1))
    assert batch.inputs.shape == (8, 3, 32, 32) and batch.inputs.dtype == torch.float32
    assert batch.inputs.is_contiguous(memory_format=torch.channels_last)
    assert batch.labels.dtype == torch.int64


def test_the_stored_images_stay_as_they_are():
    subset = noise(20)
    before = subset.source.images.clone()
    for batch in loader(subset).batches(1):
        batch.inputs.zero_()
    for batch in loader(subset, preprocessing=Preprocessing()).batches(1):
        batch.inputs.zero_()
    assert subset.source.images.equal(before)


def test_batches_before_the_start_are_not_computed(monkeypatch):
    monkeypatch.setattr(batches, "GROUP_SIZE", 8)
    monkeypatch.setattr(batches, "MOVED_TOGETHER", 8)
    taken = []
    take = Augmentation.take
    monkeypatch.setattr(
        Augmentation,
        "take",
        lambda self, *args: taken.append(len(args[1].places)) or take(self, *args),
    )
    next(loader(noise(50)).batches(1, start=4))
    assert taken == [8]


def test_an_image_is_mirrored_in_every_second_epoch_and_half_of_them_at_a_time():
    subset = noise(60)
    own = loader(subset, 16, preprocessing=Preprocessing(augmentation=Augmentation(flip=True)))
    plain = {int(label): Preprocessing()(image[None])[0]
             for image, label in zip(*subset.take(torch.arange(60)), strict=True)}  # fmt: skip

    def mirrored_in(epoch: int) -> set[int]:
        seen = [pair for batch in own.batches(epoch)
                for pair in zip(batch.inputs, batch.labels.tolist(), strict=True)]  # fmt: skip
        assert all(x.equal(plain[n]) or x.equal(plain[n].flip(2)) for x, n in seen)
        return {n for x, n in seen if not x.equal(plain[n])}

    first, second, third = (mirrored_in(epoch) for epoch in (1, 2, 3))
    assert first | second == set(plain) and not first & second
    assert first == third and 15 < len(first) < 45


def test_images_and_labels_are_brought_to_a_device_once_and_prepared_there(monkeypatch):
    elsewhere = torch.device("meta")  # computes shapes only, and refuses to mix devices
    brought, to = [], torch.Tensor.to

    def spy(tensor, *args, **kwargs):
        if elsewhere in args and len(tensor) == 100:  # the whole set; the subset has 50
            brought.append(tensor)
        return to(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "to", spy)
    own = BatchLoader(noise(50), AUGMENTED, 8, 0, elsewhere)
    for batch in [*own.batches(1), *own.batches(2)]:
        assert batch.inputs.device == batch.labels.device == elsewhere
        assert batch.inputs.shape[1:] == (3, 32, 32)
    assert len(brought) == 2
