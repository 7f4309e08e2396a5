"""What each layer makes of a picture: its feature maps as small blue pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cifar_core.library import ModelEntry
from dashboard.activation_colours import colour_values
from dashboard.class_names import class_name
from dashboard.i18n import _
from dashboard.last_picture import LookedAt
from dashboard.markdown import plain
from dashboard.models_graph_layout import kind_title
from dashboard.models_inside import look_inside
from dashboard.models_layer_words import layer_meaning
from dashboard.models_picture import choose_picture
from dashboard.models_tiles import PictureTile, colour_legend, tile_grid
from dashboard.pictures import enlarge_png
from dashboard.services import get_model

LAYER = "models_layer"
"""In the session: the layer whose maps are shown."""
_ALIKE, _OWN = "alike", "own"
_PER_PAGE, _FEW = 64, 20
_SIDE, _LARGE_SIDE, _SQUARE = 64, 96, 32
_MOST_SQUARES = 128

Floats = NDArray[np.float32]


def show_feature_maps(entry: ModelEntry) -> None:
    """Draw the choice of picture and layer, and the maps.

    Raises:
        CheckpointError: the model cannot be read.
    """
    picture = choose_picture(entry)
    if picture is None:
        return
    maps = maps_of(entry.path, picture.image)
    kinds = {node.name: node.kind for node in look_inside(entry.path).graph}
    choice, seen = st.columns([3, 1], vertical_alignment="bottom")
    with choice:
        layer, scale = _choose_layer(maps, kinds), _choose_scale()
    with seen:
        _show_picture(picture)
    st.markdown(layer_meaning(kinds.get(layer, "")))
    _show_maps(maps[layer], layer, alike=scale == _ALIKE, classes=_answers_of(entry, maps, layer))


def maps_of(path: Path, image: NDArray[np.uint8]) -> dict[str, Floats]:
    """Return what each layer makes of a picture, in the order in which they run.

    Args:
        path: of the model.
        image: uint8 (32, 32, 3).

    Returns:
        float32 (channels, h, w), or (n,) where a layer's result has no places.

    Raises:
        CheckpointError: the model cannot be read.
    """
    get_model(path)  # raises outside of the cache
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return _maps_of(str(path), path.stat().st_mtime_ns, digest, image)


@st.cache_resource(max_entries=4, show_spinner=False)
def _maps_of(path: str, mtime_ns: int, digest: str, _image: NDArray[np.uint8]) -> dict[str, Floats]:
    import torch

    from cifar_core.explanation import feature_maps

    model = get_model(Path(path))
    inputs = model.info.normalization.apply(torch.from_numpy(_image)[None])
    maps = feature_maps(model.network, inputs)
    return {name: _plain_shape(values[0].numpy()) for name, values in maps.items()}


def _plain_shape(values: Floats) -> Floats:
    """Return maps of a single place as a row of numbers."""
    return values if values.ndim == 3 and values.shape[1:] != (1, 1) else values.reshape(-1)


def _choose_layer(maps: dict[str, Floats], kinds: dict[str, str]) -> str:
    def title(name: str) -> str:
        shape = " × ".join(str(size) for size in maps[name].shape)
        return f"{name} · {kind_title(kinds.get(name, ''))} · {shape}"

    if st.session_state.get(LAYER) not in maps:
        st.session_state[LAYER] = next(iter(maps))
    return str(
        st.selectbox(_("Layer"), list(maps), format_func=title, key=LAYER, persist_state="session")
    )


def _choose_scale() -> str:
    names = {_ALIKE: _("All alike"), _OWN: _("Each map its own")}
    return str(
        st.segmented_control(
            _("Brightness"), list(names), format_func=names.__getitem__, default=_ALIKE,
            required=True, key="models_map_scale",
            help=_(
                "All alike: one scale for the layer, so that a dark map is really silent. Its own: "
                "the pattern of every map, however weak."
            ),
        )
    )  # fmt: skip


def _show_picture(picture: LookedAt) -> None:
    truth = class_name(picture.truth) if picture.truth else ""
    caption = " · ".join(filter(None, [picture.name, truth]))
    st.image(enlarge_png(picture.image, 4), width=128, caption=plain(caption), alt=caption)


def _answers_of(entry: ModelEntry, maps: dict[str, Floats], layer: str) -> tuple[str, ...]:
    """Return the classes where a layer's numbers are the network's answers."""
    if layer != next(reversed(maps)) or len(entry.classes) != maps[layer].size:
        return ()
    return tuple(class_name(name) for name in entry.classes)


def _show_maps(values: Floats, layer: str, *, alike: bool, classes: tuple[str, ...]) -> None:
    low, high = float(values.min()), float(values.max())
    if values.ndim == 1:
        st.html(_number_legend(low, high))
        st.html(_squares(values, low, high, classes))
        return
    st.html(_number_legend(low, high) if alike else _own_legend())
    num_pages = -(-len(values) // _PER_PAGE)
    current = 1
    if num_pages > 1:
        current = st.pagination(num_pages, key=f"models_maps_page_{layer}")
    first = (current - 1) * _PER_PAGE
    tiles = []
    for number, one in enumerate(values[first : first + _PER_PAGE], start=first + 1):
        ends = (low, high) if alike else (float(one.min()), float(one.max()))
        text = _("Map {number}: {low} to {high}")
        name = text.format(number=number, low=f"{one.min():.3g}", high=f"{one.max():.3g}")
        tiles.append(PictureTile(colour_values(one, *ends), name, str(number)))
    side = _LARGE_SIDE if len(values) <= _FEW else _SIDE
    label = _("{count} feature maps of the layer {layer}")
    st.html(tile_grid(tiles, side, label.format(count=len(values), layer=layer)))


def _squares(values: Floats, low: float, high: float, classes: tuple[str, ...]) -> str:
    """Return numbers without places: a square each, or one picture where they are very many."""
    colours = colour_values(values, low, high)
    label = _("{count} numbers as squares").format(count=len(values))
    if len(values) > _MOST_SQUARES:
        width = 64
        padded = np.zeros((-(-len(values) // width) * width, 3), np.uint8)
        padded[: len(values)] = colours
        return tile_grid([PictureTile(padded.reshape(-1, width, 3), label)], 6 * width, label)
    tiles = [
        PictureTile(
            colours[place][None, None],
            _("Number {number}: {value}").format(number=place + 1, value=f"{value:.3g}"),
            f"{classes[place]} {value:.1f}" if classes else "",
        )
        for place, value in enumerate(values)
    ]
    return tile_grid(tiles, 2 * _SQUARE if classes else _SQUARE, label)


def _number_legend(low: float, high: float) -> str:
    zero = -low / (high - low) if low < 0 < high else None
    ends = (_("{value} lowest"), _("{value} highest"))
    return colour_legend(
        (ends[0].format(value=f"{low:.3g}"), ends[1].format(value=f"{high:.3g}")), zero
    )


def _own_legend() -> str:
    return colour_legend((_("lowest of each map"), _("highest of each map")))
