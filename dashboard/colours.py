"""Every colour that a figure uses; the theme's own are in ``.streamlit/config.toml``."""

TRAIN, VALIDATION, TEST = "#3B5BDB", "#E8590C", "#2B8A3E"
TRAIN_DARK, VALIDATION_DARK, TEST_DARK = "#7C93F5", "#FF922B", "#51CF66"
"""The same three on a dark background."""

CLASSES = (
    "#689FFC", "#831535", "#F3AF04", "#DD713C", "#BB3104",
    "#7F5C82", "#B0C0AC", "#9E8BA1", "#2F36AA", "#4D6DD7",
)  # fmt: skip
"""Ten colours that a colour-blind reader can tell apart, on white as on the dark background.

Found by a search for the ten colours whose smallest distance in OKLab is largest, as seen with full
colour vision and without each of the three kinds of cones (Machado, Oliveira and Fernandes 2009);
``tests/dashboard/test_colours.py`` computes the distances again.
"""


def split_colour(split: str, *, dark: bool = False) -> str:
    """Return the colour of "train", "validation" or "test"."""
    light_and_dark = {
        "train": (TRAIN, TRAIN_DARK),
        "validation": (VALIDATION, VALIDATION_DARK),
        "test": (TEST, TEST_DARK),
    }
    return light_and_dark[split][dark]


def class_colour(label: int) -> str:
    """Return the colour of a class by its number; the eleventh has that of the first."""
    return CLASSES[label % len(CLASSES)]
