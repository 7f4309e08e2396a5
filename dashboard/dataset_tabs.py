"""Under the grid: how many images each class has, how bright pixels are, what augmentation does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.charts import CONFIG
from dashboard.class_names import class_name
from dashboard.dataset_address import TEST, TRAIN
from dashboard.dataset_augmentation import show_augmentation
from dashboard.dataset_browser import choose_normalization, part_of
from dashboard.dataset_charts import class_figure, ends_leave_plot, pixel_figure
from dashboard.dataset_inspector import channel_names
from dashboard.dataset_statistics import PixelStatistics, count_classes, count_levels
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import count, percent

if TYPE_CHECKING:
    from cifar_core.data.image_set import ImageSet


@st.fragment
def show_tabs(data: ImageSet, source: str) -> None:
    """Draw the three tabs; only the open one is computed.

    Args:
        data: the image set.
        source: its name in a config.
    """
    classes, pixels, augmentation = st.tabs(
        [_("Classes"), _("Pixels"), _("Augmentation")], key="dataset_tab", on_change="rerun"
    )
    if classes.open:
        with classes:
            _show_classes(data)
    if pixels.open:
        with pixels:
            _show_pixels(data)
    if augmentation.open:
        with augmentation:
            show_augmentation(data, source)


def _is_dark() -> bool:
    return st.context.theme.type == "dark"


# --- classes


def _show_classes(data: ImageSet) -> None:
    labels, size = data.labels.numpy(), data.num_classes
    splits = [TRAIN, TEST] if data.num_test else [TRAIN]
    counts = {split: count_classes(labels[part_of(data, split)], size) for split in splits}
    classes = [class_name(name) for name in data.classes]
    balance = _describe_balance(classes, counts[TRAIN])
    st.markdown(plain(balance))
    st.plotly_chart(
        class_figure(
            classes,
            counts,
            {TRAIN: _("Training"), TEST: _("Test")},
            count_title=_("images"),
            dark=_is_dark(),
        ),
        key="dataset_classes_chart",
        config=CONFIG,
        alt=_("Bars: images of each class in the training and the test part. {balance}").format(
            balance=balance
        ),
    )


def _describe_balance(classes: list[str], counts: NDArray[np.int64]) -> str:
    least, most = int(counts.argmin()), int(counts.argmax())
    if counts[least] == counts[most]:
        return _(
            "Every class has {count} training images: the set is balanced, and always naming the "
            "same class would be right in {share} of the cases."
        ).format(count=count(counts[most]), share=percent(1 / len(classes)))
    return _(
        "The set is not balanced: {most} has {most_count} training images, {least} only "
        "{least_count}. Always answering {most} would be right in {share} of the cases."
    ).format(
        most=classes[most],
        least=classes[least],
        most_count=count(counts[most]),
        least_count=count(counts[least]),
        share=percent(counts[most] / counts.sum()),
    )


# --- pixels


@st.cache_data(max_entries=16, show_spinner=False)
def _levels(fingerprint: str, _data: ImageSet) -> NDArray[np.int64]:
    """Return how often each level occurs in the training part, int64 (3, 256)."""
    return count_levels(_data.images[: _data.num_train].numpy())


def _show_pixels(data: ImageSet) -> None:
    from dashboard.dataset_transforms import normalised_levels

    st.markdown(
        _(
            "A stored pixel is a level from 0 to 255 in red, green and blue. Networks learn better "
            "from numbers around 0: normalising subtracts a mean and divides by a standard "
            "deviation."
        )
    )
    normalization = choose_normalization("dataset_pixels_normalization")
    with st.skeleton(height=300):
        histogram = _levels(data.fingerprint, data)
    levels = np.tile(np.arange(256.0), (3, 1))
    raw = PixelStatistics(histogram, levels)
    normalised = PixelStatistics(histogram, normalised_levels(data, normalization))
    left, right = st.columns(2, gap="medium")
    with left:
        _pixel_chart(raw, _("raw level"), "dataset_raw_chart")
    with right:
        _pixel_chart(normalised, _("normalised value"), "dataset_normalised_chart")
    st.table(_pixel_table(raw, normalised))
    note = _("Over all training images. The network gets the normalised values.")
    if ends_leave_plot(raw):
        ends = (histogram[:, 0].sum() + histogram[:, -1].sum()) / histogram.sum()
        note += " " + _(
            "{share} of all pixels are as dark or as bright as can be stored; there the curves "
            "leave the plot."
        ).format(share=percent(ends))
    st.caption(note)


def _pixel_chart(statistics: PixelStatistics, x_title: str, key: str) -> None:
    figure = pixel_figure(
        statistics, channel_names(), x_title=x_title, y_title=_("share of pixels"), dark=_is_dark()
    )
    means = ", ".join(
        _("{channel} mean {mean}").format(channel=name, mean=f"{mean:.3g}")
        for name, mean in zip(channel_names(), statistics.mean, strict=True)
    )
    st.plotly_chart(
        figure,
        key=key,
        config=CONFIG,
        alt=_("Histogram of the {values} in red, green and blue: {means}").format(
            values=x_title, means=means
        ),
    )


def _pixel_table(raw: PixelStatistics, normalised: PixelStatistics) -> dict[str, list[str]]:
    return {
        _("Channel"): channel_names(),
        _("Raw mean"): [f"{value:.1f}" for value in raw.mean],
        _("Raw std"): [f"{value:.1f}" for value in raw.std],
        _("Mean, 0 to 1"): [f"{value / 255:.4f}" for value in raw.mean],
        _("Std, 0 to 1"): [f"{value / 255:.4f}" for value in raw.std],
        _("Normalised mean"): [_signed(value) for value in normalised.mean],
        _("Normalised std"): [f"{value:.3f}" for value in normalised.std],
    }


def _signed(value: float) -> str:
    """Return a number with a true minus sign, and no minus before zero."""
    return f"{value:.3f}".replace("-0.000", "0.000").replace("-", "−")
