import errno
import io
import json
import os
import struct
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

import cifar_core
from cifar_core import checkpoint, files
from cifar_core.checkpoint import (
    hash_weights,
    load_info,
    load_model,
    portable_weights,
    read_header,
    read_tensors,
    save_model,
    write_tensors,
)
from cifar_core.config import MODELS, TrainConfig
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.data.transforms import HALF, Normalization
from cifar_core.errors import CheckpointError
from cifar_core.model_info import HEADER_KEY, ModelInfo
from cifar_core.models.registry import build_model

CLASSES = ("ant", "Bär", "蜂")
INFO = ModelInfo(
    model="simple_cnn",
    classes=CLASSES,
    normalization=Normalization((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)),
    config=TrainConfig().to_dict(),
    metrics={"val_accuracy": 0.5},
    run_id="a-run",
    epoch=2,
    step=40,
)


def network(model="simple_cnn", num_classes=3) -> torch.nn.Module:
    torch.manual_seed(7)
    return build_model(model, num_classes)


@pytest.fixture
def path(tmp_path) -> Path:
    save_model(network(), INFO, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def refusal(path, act=load_model, **options) -> str:
    with pytest.raises(CheckpointError) as caught:
        act(path, **options)
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 2000
    return message


def assert_same_weights(one, two) -> None:
    first, second = one.state_dict(), two.state_dict()
    assert list(first) == list(second)
    assert all(first[name].equal(second[name]) for name in first)


def answers(model) -> torch.Tensor:
    inputs = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model.eval()(inputs)


# --- our own files


@pytest.mark.parametrize("model", MODELS)
def test_a_model_comes_back_with_its_weights_and_its_paper(tmp_path, model):
    original = network(model)
    if model != "simple_cnn":  # statistics that are not the initial ones
        original.train()(torch.randn(8, 3, 32, 32))
    info = ModelInfo(model=model, classes=CLASSES, dropout=0.25)
    written = save_model(original, info, tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors")
    assert_same_weights(loaded.network, original)
    assert loaded.info == written and not loaded.network.training
    assert answers(loaded.network).equal(answers(original))
    assert all(not module.training for module in loaded.network.modules())


def test_what_is_filled_in_when_a_model_is_written(path):
    info = load_info(path)
    assert abs(info.created_at - time.time()) < 60
    assert info.versions["torch"] == str(torch.__version__)
    assert info.versions["cifar_core"] == cifar_core.__version__
    assert (info.classes, info.normalization, info.config) == (
        CLASSES, INFO.normalization, INFO.config,
    )  # fmt: skip
    assert (info.run_id, info.epoch, info.step, info.metrics) == ("a-run", 2, 40, INFO.metrics)


def test_header_and_readable_file_agree(path):
    text = read_header(path)[HEADER_KEY]
    assert path.with_suffix(".json").read_text(encoding="utf-8") == text
    assert json.loads(text)["classes"] == list(CLASSES)
    assert sorted(p.name for p in path.parent.iterdir()) == ["model.json", "model.safetensors"]


def test_the_receipt_is_that_of_the_weights(path):
    model = load_model(path)
    assert model.info.weights_sha256 == hash_weights(portable_weights(model.network))
    assert model.info.weights_sha256 == hash_weights(read_tensors(path)[0])


def test_weights_that_are_not_those_of_the_receipt_are_refused(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "not those that its description was written for" in refusal(path)
    assert load_info(path).classes == CLASSES


def test_the_receipt_depends_on_names_shapes_types_and_every_bit():
    weights = {"a": torch.zeros(2, 3), "b": torch.ones(1, dtype=torch.int64)}
    changes = [
        {"c": weights["a"], "b": weights["b"]},
        {**weights, "a": torch.zeros(3, 2)},
        {**weights, "a": torch.zeros(2, 3, dtype=torch.int32)},
        {**weights, "a": -torch.zeros(2, 3)},
        {"a": weights["a"]},
    ]
    receipts = {hash_weights(w) for w in [weights, *changes]}
    assert len(receipts) == 6
    assert hash_weights(dict(reversed(weights.items()))) == hash_weights(weights)
    assert hash_weights({"a": torch.tensor(3)}) != hash_weights({"a": torch.tensor([3])})


def test_weights_are_written_from_any_memory_order_and_stay_as_they_were(tmp_path):
    original = network().to(memory_format=torch.channels_last)
    before = [p.detach().clone() for p in original.parameters()]
    weights = portable_weights(original)
    assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in weights.values())
    for tensor in weights.values():
        tensor.zero_()
    assert all(p.equal(b) for p, b in zip(original.parameters(), before, strict=True))
    info = save_model(original, INFO, tmp_path / "a.safetensors")
    again = save_model(network(), INFO, tmp_path / "b.safetensors")
    assert info.weights_sha256 == again.weights_sha256


def test_other_programs_can_read_the_file(path):
    from safetensors.torch import load_file

    plain = network()
    plain.load_state_dict(load_file(path))
    assert_same_weights(plain, network())


def test_the_paper_is_read_without_the_weights(path, monkeypatch):
    class HeaderOnly:
        def __init__(self, *args, **kwargs):
            self.file = safe_open(*args, **kwargs)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.__exit__(*error)

        def metadata(self):
            return self.file.metadata()

    safe_open = checkpoint.safe_open
    monkeypatch.setattr(checkpoint, "safe_open", HeaderOnly)
    assert load_info(path).classes == CLASSES
    with pytest.raises(AttributeError, match="keys"):
        load_model(path)


def test_the_paper_of_foreign_weights_is_none(tmp_path, monkeypatch):
    def fail(path):
        raise AssertionError("unpickled")

    monkeypatch.setattr(checkpoint, "read_pickled_tensors", fail)
    torch.save(network().state_dict(), tmp_path / "m.pt")
    save_file(network().state_dict(), tmp_path / "m.safetensors")
    save_file(network().state_dict(), tmp_path / "n.safetensors", metadata={"format": "pt"})
    for name in ("m.pt", "m.safetensors", "n.safetensors"):
        assert load_info(tmp_path / name) is None


def test_a_model_of_ours_is_of_one_network_only(path):
    assert load_model(path, model="simple_cnn").info.model == "simple_cnn"
    assert "holds the network simple_cnn, not vgg" in refusal(path, model="vgg")


# --- writing


def refuse(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("owner", "name"),
    [(os, "fsync"), (Path, "replace"), (checkpoint, "write_atomically"), (Path, "write_bytes")],
)
def test_a_disk_that_refuses_is_a_sentence_and_the_old_model_stays_whole(
    path, monkeypatch, owner, name
):
    old = path.read_bytes()
    monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(CheckpointError, match=r"cannot be written to .*No space left"):
        save_model(network(num_classes=3), INFO, path)
    monkeypatch.undo()
    if owner is not checkpoint and name != "write_bytes":  # those fail after the weights' turn
        assert path.read_bytes() == old
    assert load_model(path).info.classes == CLASSES
    assert sorted(p.name for p in path.parent.iterdir()) == ["model.json", "model.safetensors"]


def test_a_missing_folder_is_a_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be written to"):
        save_model(network(), INFO, tmp_path / "none" / "m.safetensors")
    with pytest.raises(CheckpointError, match="cannot be written to"):
        write_tensors({"a": torch.ones(1)}, {}, tmp_path / "none" / "m.safetensors")


def test_a_failing_write_of_the_tensors_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "sync", refuse)
    with pytest.raises(CheckpointError):
        write_tensors({"a": torch.ones(1)}, {"x": "y"}, tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


# --- bare weights


def save_bare(tensors, path) -> Path:
    if path.suffix == ".safetensors":
        save_file({name: t.contiguous().clone() for name, t in tensors.items()}, path)
    else:
        torch.save(tensors, path)
    return path


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("num_classes", [2, 10])
def test_bare_weights_are_recognised(tmp_path, model, num_classes):
    original = network(model, num_classes)
    loaded = load_model(save_bare(original.state_dict(), tmp_path / "m.safetensors"))
    assert_same_weights(loaded.network, original)
    assert (loaded.info.model, len(loaded.info.classes)) == (model, num_classes)
    assert (loaded.info.classes == CIFAR10_CLASSES) == (num_classes == 10)
    assert loaded.info.normalization == Normalization(HALF, HALF)
    assert loaded.info.config is None and not loaded.network.training


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.pt", "model"])
def test_the_tutorials_model_pt_is_recognised_whatever_its_name(tmp_path, name):
    original = network(num_classes=10)
    loaded = load_model(save_bare(original.state_dict(), tmp_path / name))
    assert_same_weights(loaded.network, original)
    assert loaded.info.classes == CIFAR10_CLASSES


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module."])
def test_prefixes_of_wrapped_networks_are_overlooked(tmp_path, prefix):
    tensors = {prefix + name: tensor for name, tensor in network().state_dict().items()}
    assert_same_weights(
        load_model(save_bare(tensors, tmp_path / "m.safetensors")).network, network()
    )


def test_a_safetensors_file_with_another_ending_is_told_by_its_content(path, tmp_path):
    renamed = path.rename(tmp_path / "model.pt")
    assert load_model(renamed).info.classes == CLASSES
    assert load_info(renamed).classes == CLASSES


@pytest.mark.slow
def test_a_file_of_torch_save_named_safetensors_is_told_by_its_content(tmp_path):
    torch.save(network().state_dict(), tmp_path / "model.safetensors")
    assert_same_weights(load_model(tmp_path / "model.safetensors").network, network())
    assert load_info(tmp_path / "model.safetensors") is None


def test_bare_weights_of_another_network_are_refused_with_its_nearest(tmp_path):
    tensors = dict(network().state_dict())
    tensors["fc9.weight"] = tensors.pop("fc1.weight")
    message = refusal(save_bare(tensors, tmp_path / "m.safetensors"))
    assert message.startswith("m.safetensors: ") and "simple_cnn" in message
    assert "fc1.weight" in message and "fc9.weight" in message


def test_a_forced_network_is_the_only_one_tried(tmp_path):
    bare = save_bare(network().state_dict(), tmp_path / "m.safetensors")
    assert load_model(bare, model="simple_cnn").info.model == "simple_cnn"
    assert "do not fit the network vgg" in refusal(bare, model="vgg")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    tensors = network().state_dict()
    tensors["conv1.bias"][0] = torch.nan
    assert "not a number" in refusal(save_bare(tensors, tmp_path / "m.safetensors"))


# --- damage


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused(path, data):
    content = path.read_bytes()
    header = 8 + struct.unpack("<Q", content[:8])[0]
    keep = data.draw(st.integers(0, header + 20) | st.integers(0, len(content) - 1), "keep")
    cut = path.with_name("cut.safetensors")
    cut.write_bytes(content[:keep])
    for act in (load_model, load_info, read_tensors):
        assert "cut.safetensors" in refusal(cut, act)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_file_with_changed_bytes_is_refused_or_read(path, data):
    content = bytearray(path.read_bytes())
    header = 8 + struct.unpack("<Q", content[:8])[0]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, header) | st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.with_name("changed.safetensors").write_bytes(content)
    try:
        model = load_model(path.with_name("changed.safetensors"))
    except CheckpointError:
        return
    assert all(p.isfinite().all() for p in model.network.parameters())
    model.info.to_json()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(min_size=1, max_size=200))
def test_any_bytes_are_refused(tmp_path, content):
    (tmp_path / "any.safetensors").write_bytes(content)
    refusal(tmp_path / "any.safetensors")


@pytest.mark.parametrize("act", [load_model, load_info, read_tensors])
def test_what_is_no_file_is_refused(tmp_path, act):
    assert "does not exist" in refusal(tmp_path / "none.pt", act)
    assert "is a folder" in refusal(tmp_path, act)
    (tmp_path / "empty.pt").touch()
    assert "empty.pt is empty" in refusal(tmp_path / "empty.pt", act)
    assert "File name too long" in refusal(tmp_path / ("x" * 5000), act)
    os.mkfifo(tmp_path / "pipe")
    assert "does not exist" in refusal(tmp_path / "pipe", act)


def test_a_file_that_may_not_be_read_is_refused(path, monkeypatch):
    def refuse_open(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse_open)
    assert "cannot be read: Permission denied" in refusal(path)


def test_files_above_the_limit_are_refused_before_they_are_read(tmp_path):
    with (tmp_path / "large.pt").open("wb") as file:
        file.truncate(checkpoint.MAX_BYTES + 1)  # takes no room on the disk
    assert "2,147 MB" in refusal(tmp_path / "large.pt")


def test_a_text_file_named_pt_is_refused(tmp_path):
    (tmp_path / "model.pt").write_text("conv1.weight = 3\n" * 50)
    assert "model.pt is not a file written by torch.save" in refusal(tmp_path / "model.pt")


# --- hostile headers


def with_header(path, header, body=None) -> Path:
    """A file with any header, and the tensors of the model or other bytes."""
    content = path.read_bytes()
    if body is None:
        body = content[8 + struct.unpack("<Q", content[:8])[0] :]
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    hostile = path.with_name("hostile.safetensors")
    hostile.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return hostile


def header_of(path) -> dict:
    content = path.read_bytes()
    return json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])


def with_paper(path, **changes) -> Path:
    paper = json.loads(read_header(path)[HEADER_KEY]) | changes
    return with_header(path, header_of(path) | {"__metadata__": {HEADER_KEY: json.dumps(paper)}})


def test_a_rewritten_header_is_read(path):
    assert load_model(with_paper(path, epoch=5)).info.epoch == 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "alexnet"}, "network is 'alexnet'"),
        ({"model": None}, "network is None"),
        ({"classes": "abc"}, "classes"),
        ({"classes": [1, 2, 3]}, "classes"),
        ({"classes": ["a"]}, "classes"),
        ({"classes": ["a", "b"]}, "are for 3 classes; expected 2"),
        ({"classes": ["a", "b", "c", "d"]}, "are for 3 classes; expected 4"),
        ({"model": "vgg"}, "do not fit the network vgg"),
        ({"normalization": {"mean": [0, 0, float("nan")], "std": [1, 1, 1]}}, "normalisation"),
        ({"normalization": {"mean": [0, 0, 0], "std": [1, 1, 0]}}, "normalisation"),
        ({"config": [1, 2]}, "config is a list; expected a table"),
        ({"dropout": 5.0}, "dropout is 5.0"),
        ({"created_at": 10**400}, "created_at"),
        ({"format": 99}, "format 99"),
    ],
)
def test_papers_that_make_no_sense_are_refused(path, changes, words):
    assert words in refusal(with_paper(path, **changes))


def test_a_dropout_that_no_layer_can_have_is_refused_for_a_network_with_dropout(tmp_path):
    info = ModelInfo(model="vgg", classes=CLASSES, dropout=5.0)
    save_model(network("vgg"), info, tmp_path / "m.safetensors")
    assert "dropout is 5.0" in refusal(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    "metadata", [[], "x", {HEADER_KEY: 5}, {HEADER_KEY: None}, {HEADER_KEY: {}}, {"a": ["b"]}]
)
def test_metadata_of_a_wrong_kind_is_refused(path, metadata):
    refusal(with_header(path, header_of(path) | {"__metadata__": metadata}))


@pytest.mark.parametrize("text", ["", "no json", "[" * 100_000, "null", "{}"])
def test_a_paper_that_is_no_json_is_refused(path, text):
    refusal(with_header(path, header_of(path) | {"__metadata__": {HEADER_KEY: text}}))


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (b"\xff" * 50, b""),
        (b"[" * 10_000, b""),
        (b"{}", b""),
        (b"{", b""),
        ({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}, b""),
        ({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}, b"\0" * 64),
        ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"\0" * 4),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}, b"\0" * 4),
        ({"a": {"dtype": "F32", "shape": [0, 2**62, 2**62], "data_offsets": [0, 0]}}, b""),
        ({"a": {"dtype": "F33", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
        ({"a": {"dtype": "F6_E2M3", "shape": [8], "data_offsets": [0, 6]}}, b"\0" * 6),
        ({"\ud800": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
        ({"x" * 10**5: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
    ],
)
def test_headers_that_claim_what_is_not_there_are_refused(path, header, body):
    refusal(with_header(path, header, body))


@pytest.mark.parametrize("length", [0, 1, 2**32, 2**63, 2**64 - 1])
def test_a_header_of_another_length_is_refused(path, length):
    path.write_bytes(struct.pack("<Q", length) + path.read_bytes()[8:])
    refusal(path)
    refusal(path, load_info)


@pytest.mark.parametrize("dtype", ["I32", "U8", "F8_E4M3", "C64", "BOOL", "I64"])
def test_weights_of_a_number_format_that_is_no_fraction_are_refused(path, dtype):
    sizes = {"I32": 4, "U8": 1, "F8_E4M3": 1, "C64": 8, "BOOL": 1, "I64": 8}
    header, end = header_of(path), 0
    for value in header.values():
        if "shape" in value:
            start, count = end, 1
            for length in value["shape"]:
                count *= length
            end = start + count * sizes[dtype]
            value |= {"dtype": dtype, "data_offsets": [start, end]}
    assert "expected dense floating-point" in refusal(with_header(path, header, b"\0" * end))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_in_other_fractions_become_float32(tmp_path, dtype):
    halves = {name: t.to(dtype) for name, t in network().state_dict().items()}
    model = load_model(save_bare(halves, tmp_path / "m.safetensors"))
    assert all(p.dtype == torch.float32 for p in model.network.parameters())
    assert model.network.conv1.bias.equal(halves["conv1.bias"].float())


def test_a_bare_file_keeps_no_link_to_the_disk(tmp_path):
    file = save_bare(network().state_dict(), tmp_path / "m.safetensors")
    model = load_model(file)
    file.write_bytes(b"\0" * file.stat().st_size)
    assert_same_weights(model.network, network())


def test_pickles_reach_nothing_but_the_child(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    torch.save(network().state_dict(), buffer)
    (tmp_path / "m.pt").write_bytes(buffer.getvalue())
    asked = []

    def read(path):
        asked.append(path)
        return network().state_dict()

    monkeypatch.setattr(checkpoint, "read_pickled_tensors", read)
    monkeypatch.setattr(torch, "load", refuse)
    assert_same_weights(load_model(tmp_path / "m.pt").network, network())
    assert asked == [tmp_path / "m.pt"]
