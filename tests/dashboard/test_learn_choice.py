import torch

from cifar_core.data.image_set import Subset
from dashboard.learn_choice import NUM_CHOICES, draw_choices
from dashboard.learn_overfitting import overfit_config, sizes_for


def test_the_pictures_to_choose_from_show_every_class(tiny_set):
    learned = Subset(tiny_set, torch.arange(60, 120))
    places = draw_choices(learned, 0)
    assert len(set(places)) == NUM_CHOICES
    assert learned.labels[places].bincount().tolist() == [5, 5, 5]
    assert places == draw_choices(learned, 0) != draw_choices(learned, 1)


def test_there_may_be_few_pictures(tiny_set):
    assert sorted(draw_choices(Subset(tiny_set, torch.arange(4)), 0)) == [0, 1, 2, 3]


def test_training_sizes_leave_room_for_validation():
    assert sizes_for(50_000) == [100, 300, 1000, 3000]
    assert sizes_for(120) == [96]
    for total in (2, 120, 700, 12_000):
        for size in sizes_for(total):
            config = overfit_config("builtin", total, size, augment=True)
            assert config.train_size + config.val_size <= total
            assert config.batch_size <= size


def test_augmentation_is_a_choice():
    assert overfit_config("builtin", 12_000, 100, augment=True).flip
    assert not overfit_config("builtin", 12_000, 100, augment=False).shift
