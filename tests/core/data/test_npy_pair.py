import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifar_core.data import npy_pair
from cifar_core.data.npy_pair import find_pair, is_npy, read_pair
from cifar_core.errors import DatasetError

CLASSES = ("cat", "dog", "frog")
IMAGES = np.arange(4 * 32 * 32 * 3, dtype=np.uint8).reshape(4, 32, 32, 3)
LABELS = np.array([2, 0, 1, 0], np.int32)


@pytest.fixture
def pair(tmp_path):
    paths = tmp_path / "cifar10.1_v6_data.npy", tmp_path / "cifar10.1_v6_labels.npy"
    np.save(paths[0], IMAGES)
    np.save(paths[1], LABELS)
    return paths


def refusal(*paths):
    with pytest.raises(DatasetError) as caught:
        read_pair(*paths, CLASSES)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_images_and_labels_are_read_in_either_order(pair):
    for first, second in (pair, pair[::-1]):
        raw = read_pair(first, second, CLASSES)
        assert np.array_equal(raw.images, IMAGES) and raw.labels.tolist() == [2, 0, 1, 0]
        assert (raw.classes, raw.labels.dtype) == (CLASSES, np.int64)
        assert raw.name == "CIFAR-10.1 v6"


def test_one_of_the_two_finds_the_other(pair):
    assert find_pair(pair[0]) == find_pair(pair[1]) == pair
    pair[1].unlink()
    with pytest.raises(DatasetError, match="expected the other one beside it"):
        find_pair(pair[0])


def test_numpy_files_are_told_by_their_beginning(pair, tmp_path):
    assert is_npy(pair[0]) and not is_npy(tmp_path) and not is_npy(tmp_path / "none")


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (IMAGES.astype(np.float32), "holds float32 of shape"),
        (IMAGES[:, :, :, :1], "expected images uint8"),
        (IMAGES[:0], "holds 0 entries"),
        (IMAGES[:3], "3 images, but .* 4 labels"),
        (LABELS, "are no pair"),
        (np.array(["a", "b"]), "expected images uint8"),
        (np.array([{"code": "run me"}], object), "holds object of shape"),
    ],
)
def test_what_are_no_images_is_refused(pair, images, sentence):
    np.save(pair[0], images, allow_pickle=True)
    with pytest.raises(DatasetError, match=sentence):
        read_pair(*pair, CLASSES)


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [-1, 0, 0, 0]])
def test_labels_outside_the_classes_are_refused(pair, labels):
    np.save(pair[1], np.array(labels))
    assert "expected 0 to 2 for 3 classes" in refusal(*pair)


def header(shape: str, version: bytes = b"\x01\x00") -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".encode()
    text = text.ljust(117) + b"\n"
    length = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no numpy file",
        header("(10**30, 32, 32, 3)"),
        header("(1000000000000, 32, 32, 3)"),
        header("(-4, 32, 32, 3)"),
        header("(90000, 32, 32, 3)"),
        header("(4, 32, 32, 3)", b"\x09\x00"),
        header("(4, 32, 32, 3), 'x': 1"),
        header("(4, 32, 32, 3)") + IMAGES.tobytes() + b"more",
        header("(4, 32, 32, 3)") + IMAGES.tobytes()[:-1],
        b"\x93NUMPY\x01\x00\xff\xff" + b"[" * 65535,
    ],
)
def test_a_file_that_lies_is_refused_before_memory_is_taken(pair, content, monkeypatch):
    monkeypatch.setattr(np.lib.format, "read_array", lambda *a, **k: pytest.fail("it was read"))
    pair[0].write_bytes(content)
    refusal(*pair)


def test_too_many_images_are_refused(pair, monkeypatch):
    monkeypatch.setattr(npy_pair, "MAX_IMAGES", 3)
    assert "holds 4 entries; expected 1 to 3" in refusal(*pair)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("pair")
    buffer = io.BytesIO()
    np.save(buffer, IMAGES[:1])
    content = bytearray(buffer.getvalue())
    for position in data.draw(st.lists(st.integers(0, 127), max_size=6)):
        content[position] = data.draw(st.integers(0, 255))
    (folder / "a_data.npy").write_bytes(content)
    np.save(folder / "a_labels.npy", LABELS[:1])
    try:
        raw = read_pair(folder / "a_data.npy", folder / "a_labels.npy", CLASSES)
    except DatasetError:
        return
    assert raw.images.shape == (1, 32, 32, 3)
