import pytest

from dashboard.predict_examples import NUM_EXAMPLES, draw_positions, picture_at


def test_examples_are_different_test_images_and_the_same_for_the_same_draw():
    drawn = draw_positions(100, 150, 3)
    assert len(set(drawn)) == NUM_EXAMPLES
    assert all(100 <= position < 150 for position in drawn)
    assert draw_positions(100, 150, 3) == drawn
    assert draw_positions(100, 150, 4) != drawn


@pytest.mark.parametrize(
    ("num_train", "total", "expected"), [(100, 103, {100, 101, 102}), (2, 2, {0, 1})]
)
def test_a_small_set_gives_what_it_has(num_train, total, expected):
    assert set(draw_positions(num_train, total, 0)) == expected


def test_an_image_comes_with_its_true_class(tiny_set):
    picture = picture_at(tiny_set, 124)
    assert picture.truth == tiny_set.classes[int(tiny_set.labels[124])]
    assert (picture.seen["crop"] == tiny_set.images[124].numpy()).all()
