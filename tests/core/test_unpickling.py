import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from cifar_core import unpickling
from cifar_core.errors import CheckpointError
from cifar_core.unpickling import read_pickled_tensors

WEIGHTS = {"a.weight": torch.arange(12.0).reshape(3, 4), "a.bias": torch.ones(3)}


def saved(value, **options) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


@pytest.fixture
def in_this_process(monkeypatch, tmp_path):
    """Do what the child does, without its limits: seconds less a file. Return status, sentence."""
    monkeypatch.setattr(unpickling, "_limit_resources", lambda: None)

    def read(content: bytes, capsys) -> tuple[int, str]:
        (tmp_path / "model.pt").write_bytes(content)
        status = unpickling._main(tmp_path / "model.pt", tmp_path / "out.safetensors")
        return status, capsys.readouterr().err.strip()

    return read


@pytest.fixture
def read(in_this_process, capsys, tmp_path):
    """Return the tensors in a file, or the sentence that refuses it."""

    def act(content: bytes) -> dict | str:
        status, sentence = in_this_process(content, capsys)
        assert status in (0, unpickling._REFUSED)
        return load_file(tmp_path / "out.safetensors") if status == 0 else sentence

    return act


def assert_weights(found) -> None:
    assert set(found) == set(WEIGHTS)
    assert all(found[name].equal(WEIGHTS[name]) for name in WEIGHTS)


# --- what is read


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict", "model"])
def test_a_state_dict_is_read_alone_and_from_where_trainers_keep_it(read, key, zipped):
    value = OrderedDict(WEIGHTS) if key is None else {"epoch": 3, key: dict(WEIGHTS), "x": [1]}
    assert_weights(read(saved(value, _use_new_zipfile_serialization=zipped)))


def test_parameters_views_and_tied_tensors_become_plain_tensors(read):
    base = torch.arange(24.0)
    found = read(saved({
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "turned": base[:12].reshape(3, 4).T,
        "part": base[3:5],
        "again": base[3:5],
        "single": torch.tensor(3),
    }))  # fmt: skip
    assert found["parameter"].equal(torch.ones(2)) and not found["parameter"].requires_grad
    assert found["turned"].equal(base[:12].reshape(3, 4).T) and found["turned"].is_contiguous()
    assert found["part"].equal(found["again"]) and found["single"].item() == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64])
def test_number_formats_are_kept(read, dtype):
    found = read(saved({"a": torch.arange(4).to(dtype)}))
    assert found["a"].dtype == dtype and found["a"].tolist() == [0, 1, 2, 3]


# --- what is refused, and how that is said


class RunsCode:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("write", [saved, pickle.dumps])
def test_code_in_a_file_is_refused_and_not_run(read, tmp_path, inside, write):
    evil = RunsCode(tmp_path / "it ran")
    sentence = read(write({**WEIGHTS, "x": evil} if inside else evil))
    assert "could run code and was refused" in sentence
    assert not (tmp_path / "it ran").exists()


def test_a_whole_module_is_refused(read):
    assert "could run code and was refused" in read(saved(torch.nn.Linear(2, 2)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, 2], "holds a list; expected a state_dict"),
        (torch.ones(2), "holds a Tensor; expected a state_dict"),
        (None, "holds a NoneType"),
        ({}, "holds a dict; expected a state_dict"),
        ({"state_dict": {}}, "holds a dict; expected a state_dict"),
        ({"a": {"b": torch.ones(1)}}, "holds a dict under 'a'"),
        ({"a": [torch.ones(1)]}, "holds a list under 'a'"),
        ({"a": 1.5}, "holds a float under 'a'"),
        ({"a": "text"}, "holds a str under 'a'"),
        ({1: torch.ones(1)}, "under 1; expected names that are texts"),
        ({("a", "b"): torch.ones(1)}, "expected names that are texts"),
        ({"a": torch.eye(3).to_sparse()}, "tensor of an unusual kind under 'a'"),
        ({"a": torch.empty(10**12, device="meta")}, "tensor of an unusual kind under 'a'"),
        ({"x" * 10**5: 1}, "holds a int under 'xxx"),
    ],
)  # fmt: skip
def test_what_is_no_state_dict_is_named(read, value, words):
    sentence = read(saved(value))
    assert words in sentence and len(sentence) < 300 and sentence.endswith(".")


def test_too_many_entries_are_refused(read, monkeypatch):
    monkeypatch.setattr(unpickling, "MAX_TENSORS", 5)
    tensors = {f"{i}": torch.ones(1) for i in range(6)}
    assert "holds 6 entries; expected at most 5" in read(saved(tensors))
    assert len(read(saved({f"{i}": torch.ones(1) for i in range(5)}))) == 5


@pytest.mark.filterwarnings("ignore:.*nested tensors is in prototype stage")
def test_nested_tensors_are_refused(read):
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    assert "unusual kind" in read(saved({"a": nested}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantised_tensors_are_refused(read):
    quantised = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)
    assert "unusual kind" in read(saved({"a": quantised}))


@pytest.mark.parametrize("count", [10**6, 8 * 10**8, 10**12])
def test_a_few_bytes_that_claim_much_memory_are_refused_before_it_is_taken(read, count):
    content = saved({"a": torch.ones(1).expand(count)})
    assert len(content) < 2000
    assert "asks for more memory" in read(content)


def zip_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"hello, I am a text file\n" * 100, b"\x80\x02.", b"PK\x03\x04" + b"\0" * 100,
        zip_of(a=b"x"), b"\x80\x02" + b"]" * 100_000 + b".", b"\x80\x02" + b"(" * 10**5 + b".",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", b"<html></html>",
    ],
)  # fmt: skip
def test_what_torch_did_not_write_is_refused(read, content):
    sentence = read(content)
    assert isinstance(sentence, str) and sentence.endswith(".")
    assert "torch.save" in sentence or "refused" in sentence


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_are_refused_or_give_tensors(read, data, zipped):
    content = bytearray(saved(WEIGHTS, _use_new_zipfile_serialization=zipped))
    if data.draw(st.booleans(), "cut"):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
        assert isinstance(read(bytes(content)), str) or zipped is False
    else:
        for _ in range(data.draw(st.integers(1, 5))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        assert read(bytes(content))


@pytest.mark.parametrize("content", [b"", b"\x80", b"PK", b"conv1 = 3", b"\x89PNG\r\n", b"{}"])
def test_what_does_not_even_begin_like_one_starts_no_child(monkeypatch, tmp_path, content):
    monkeypatch.setattr(unpickling, "_run_child", lambda path, target: 1 / 0)
    (tmp_path / "model.pt").write_bytes(content)
    error = ZeroDivisionError if content == b"\x80" else CheckpointError
    with pytest.raises(error, match=r"zero|^model\.pt is not a file written by torch\.save"):
        read_pickled_tensors(tmp_path / "model.pt")


# --- the child


@pytest.fixture
def child(monkeypatch, tmp_path):
    """Let a shell script stand for Python; return the file to read."""

    def script(text: str):
        (tmp_path / "python").write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "python").chmod(0o755)
        monkeypatch.setattr(unpickling.sys, "executable", str(tmp_path / "python"))
        (tmp_path / "model.pt").write_bytes(b"\x80\x02.")
        return tmp_path / "model.pt"

    return script


def test_the_childs_sentence_is_told_with_the_files_name(child):
    path = child(f"echo a warning >&2; echo holds a list. >&2; exit {unpickling._REFUSED}")
    with pytest.raises(CheckpointError, match=r"^model\.pt holds a list\.$"):
        read_pickled_tensors(path)


@pytest.mark.parametrize("end", ["exit 0", "exit 1", "kill -9 $$", "kill -SEGV $$"])
def test_a_child_that_dies_is_told_in_a_sentence(child, end):
    path = child(end)
    with pytest.raises(CheckpointError, match=r"model\.pt could not be read within the limits"):
        read_pickled_tensors(path)


def test_a_child_that_takes_too_long_is_given_up(child, monkeypatch):
    path = child("exec sleep 30")
    monkeypatch.setattr(unpickling, "WALL_SECONDS", 0.3)
    with pytest.raises(CheckpointError, match=r"model\.pt took longer than 0\.3 s"):
        read_pickled_tensors(path)


def test_nothing_is_left_in_the_temporary_folder(child, monkeypatch, tmp_path):
    path = child("exit 1")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(unpickling.tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(CheckpointError):
        read_pickled_tensors(path)
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow
def test_the_real_child_reads_a_state_dict(tmp_path):
    (tmp_path / "model.pt").write_bytes(saved({"state_dict": WEIGHTS}))
    assert_weights(read_pickled_tensors(tmp_path / "model.pt"))


@pytest.mark.slow
def test_the_real_child_runs_no_code(tmp_path):
    (tmp_path / "model.pt").write_bytes(saved({"a": RunsCode(tmp_path / "ran")}))
    with pytest.raises(CheckpointError, match=r"^model\.pt holds Python objects that could run"):
        read_pickled_tensors(tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()


def with_storage_of(content: bytes, count: int) -> bytes:
    """The file, its pickle changed so that the storage of 1000 floats has so many."""
    source, buffer = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("data.pkl"):
                assert data.count(b"M\xe8\x03") >= 2  # the storage's length and the tensor's shape
                data = data.replace(b"M\xe8\x03", b"\x8a\x07" + count.to_bytes(7, "little"))
            target.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("zipped", [True, False])
def test_the_real_child_refuses_a_storage_of_terabytes(tmp_path, zipped):
    content = with_storage_of(saved({"a": torch.ones(1000)}), 2**42)
    if not zipped:
        content = saved({"a": torch.ones(1000)}, _use_new_zipfile_serialization=False)
        content = content.replace(b"M\xe8\x03", b"\x8a\x07" + (2**42).to_bytes(7, "little"))
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"^model\.pt .*(refused|damaged)"):
        read_pickled_tensors(tmp_path / "model.pt")


LIMITED = """
import resource, sys
import torch
from cifar_core import unpickling
unpickling._limit_resources()
assert resource.getrlimit(resource.RLIMIT_CPU)[0] == unpickling.CPU_SECONDS
assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
try:
    torch.empty(unpickling.EXTRA_MEMORY + 2**20, dtype=torch.uint8)
except RuntimeError as error:
    sys.exit(0 if "memory" in str(error) else 2)
sys.exit(1)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_the_limits_hold():
    assert subprocess.run([sys.executable, "-c", LIMITED], check=False).returncode == 0
