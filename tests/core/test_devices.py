import subprocess
import sys

import pytest
import torch

from cifar_core import devices
from cifar_core.devices import autocast, flushed_denormals, resolve_device
from cifar_core.errors import ConfigError


@pytest.fixture
def machine(monkeypatch):
    """Pretend a machine with so many GPUs of each kind."""

    def pretend(cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(devices, "_has_mps", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(0, False, "cpu"), (0, True, "mps"), (2, False, "cuda"), (1, True, "cuda")],
)
def test_auto_takes_the_best_there_is(machine, cuda, mps, expected):
    machine(cuda, mps)
    assert resolve_device("auto") == torch.device(expected)


@pytest.mark.parametrize("name", ["cpu", "cpu:0", "cuda", "cuda:0", "cuda:1", "mps", "mps:0"])
def test_devices_that_the_machine_has(machine, name):
    machine(2, True)
    assert resolve_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cpu:1", "cuda", "cuda:0", "mps", "cuda:7"])
def test_devices_that_the_machine_lacks_are_refused(machine, name):
    machine()
    with pytest.raises(ConfigError) as caught:
        resolve_device(name)
    assert repr(name) in str(caught.value) and "1 cpu, 0 cuda, 0 mps" in str(caught.value)


@pytest.mark.parametrize("name", ["cuda:2", "cuda:99"])
def test_numbers_beyond_the_last_gpu_are_refused(machine, name):
    machine(2)
    with pytest.raises(ConfigError, match="2 cuda"):
        resolve_device(name)


@pytest.mark.parametrize(
    "name",
    ["cpu:", "cpu:a", "cpu:-1", "cpu: 0", "cpu:0:0", "cpu:²", "cpu:٠", "cuda:" + "9" * 5000,
     "auto:1", "auto:", "tpu", "", ":", "meta", "CPU"],
)  # fmt: skip
def test_what_is_no_device_is_refused_in_a_sentence(machine, name):
    machine(1, True)
    with pytest.raises(ConfigError) as caught:
        resolve_device(name)
    assert "device is " in str(caught.value) and len(str(caught.value)) < 300


def test_leading_zeros_are_no_trouble(machine):
    machine(2)
    assert resolve_device("cuda:01") == torch.device("cuda", 1)


def test_autocast_computes_in_the_precision_asked_for():
    a = torch.randn(4, 4)
    with autocast(torch.device("cpu"), "bfloat16"):
        assert (a @ a).dtype == torch.bfloat16
    with autocast(torch.device("cpu"), "float32"):
        assert (a @ a).dtype == torch.float32


def tiny() -> float:
    return float(torch.tensor(1e-38) * 0.1)


def test_numbers_that_are_too_small_count_as_zero_meanwhile_and_only_then():
    assert tiny() > 0
    with flushed_denormals():
        assert tiny() == 0
        with flushed_denormals():
            pass
        assert tiny() == 0
    assert tiny() > 0


TINY_IN_ALL_THREADS = """
import torch
from cifar_core import standby_worker
from cifar_core.devices import flushed_denormals
torch.set_num_threads(2)
{first}
with flushed_denormals():
    print(int((torch.full((10**6,), 1e-38) * 0.1).count_nonzero()))
"""


@pytest.mark.parametrize("first", ["", "standby_worker.meet_kernels()"])
def test_so_they_do_in_every_thread_that_computes_also_after_waiting(first):
    code = TINY_IN_ALL_THREADS.format(first=first)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


@pytest.mark.parametrize("entry", ["worker", "training_command"])
def test_a_process_that_trains_has_them_count_as_zero_from_the_start(entry, home, monkeypatch):
    from cifar_core import worker
    from cifar_core.cli import training_command

    seen = []
    module = {"worker": worker, "training_command": training_command}[entry]
    monkeypatch.setattr(module, "_lead", lambda *args: seen.append(tiny()) or 0)
    assert (worker.main("run") if entry == "worker" else training_command.run_train(None)) == 0
    assert seen == [0.0] and tiny() > 0
