"""What a look inside a model shows, as data."""

import io

import numpy as np
import pytest
from PIL import Image

from cifar_core.checkpoint import save_model
from cifar_core.model_info import ModelInfo, info_for_bare_weights
from cifar_core.models.registry import build_model
from dashboard.models_inside import (
    filter_mosaic,
    filter_strip,
    layer_columns,
    look_inside,
    origin_rows,
    receipts,
    settings_rows,
)


def pixels_of(png: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(png)))


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(
        build_model("simple_cnn", 3), ModelInfo(model="simple_cnn", classes=("a", "b", "c")), path
    )
    return path


def test_a_mosaic_has_every_filter_as_sharp_squares_between_transparent_gaps():
    filters = np.random.default_rng(0).random((5, 3, 3, 3))
    picture = pixels_of(filter_mosaic(filters, 3, factor=4, gap=2))
    assert picture.shape == (2 * 14 + 2, 3 * 14 + 2, 4)
    for number, filter in enumerate(filters):
        top, left = 2 + number // 3 * 14, 2 + number % 3 * 14
        square = picture[top : top + 12, left : left + 12]
        assert (square[::4, ::4, :3] == np.rint(filter * 255)).all()
        assert (square[3::4, 3::4, :3] == np.rint(filter * 255)).all()
        assert (square[..., 3] == 255).all()
    assert (picture[:2, ..., 3] == 0).all()
    assert (picture[16:, 30:, 3] == 0).all()


@pytest.mark.parametrize(("name", "filters"), [("simple_cnn", 18), ("vgg", 64), ("resnet18", 64)])
def test_every_network_can_be_looked_into(tmp_path, name, filters):
    path = tmp_path / "model.safetensors"
    network = build_model(name, 10)
    save_model(network, info_for_bare_weights(name, 10), path)
    inside = look_inside(path)
    assert inside.first_weights.shape == (filters, 3, 3, 3)
    columns = layer_columns(inside.layers)
    assert sum(columns["Parameters"]) == sum(p.numel() for p in network.parameters())
    assert columns["Input"][0] == "3 × 32 × 32"
    assert columns["Output"][-1] == "10"


def test_the_strip_of_a_card_shows_nine_filters(model_file):
    strip = filter_strip(str(model_file), model_file.stat().st_mtime_ns)
    assert pixels_of(strip).shape == (21 + 6, 9 * 24 + 3, 4)


def test_a_damaged_file_has_no_strip(tmp_path):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(b"nothing")
    assert filter_strip(str(path), 0) is None


def test_the_origin_leaves_out_what_is_not_known():
    assert set(origin_rows(info_for_bare_weights("simple_cnn", 10))) == {"Classes", "Inputs"}
    assert settings_rows(info_for_bare_weights("simple_cnn", 10)) == {}


def test_the_origin_names_run_data_versions_and_receipts():
    info = (
        ModelInfo(
            model="vgg", classes=("a", "b"), run_id="r", epoch=3, step=1200,
            data={"name": "shades", "fingerprint": "f" * 64}, versions={"torch": "2.13"},
            metrics={"test": {"num_images": 5000}}, weights_sha256="0" * 64,
            config={"epochs": 3, "flip": True},
        )
    )  # fmt: skip
    rows = origin_rows(info)
    assert receipts(info) == {"Weights, sha256": "0" * 64, "Images, sha256": "f" * 64}
    assert rows["Run"] == "r"
    assert rows["Steps"] == "1,200"
    assert rows["Test images"] == "5,000"
    assert rows["Versions"] == "torch 2.13"
    assert rows["Inputs"] == "pixels from 0 to 1, minus 0.5, divided by 0.5"


def test_odd_values_in_a_files_metrics_are_left_out():
    info = ModelInfo(model="vgg", classes=("a", "b"), metrics={"test": {"num_images": "many"}})
    assert "Test images" not in origin_rows(info)
    assert "Test images" not in origin_rows(ModelInfo("vgg", ("a", "b"), metrics={"test": 5}))
