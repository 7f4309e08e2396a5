import pytest
import torch

from cifar_core import devices
from cifar_core.devices import autocast, resolve_device
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
