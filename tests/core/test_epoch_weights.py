import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cifar_core.checkpoint import load_model
from cifar_core.epoch_weights import epochs_to_keep, forget_epochs, keep_epoch
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.run_paths import epoch_path, kept_epochs
from cifar_core.run_state import RunState
from cifar_core.worker import Listener, work

SIZE_MB = 1.2
"""Of a simple_cnn's weights, about."""


@given(newest=st.integers(0, 1000), capacity=st.integers(2, 90))
def test_the_first_and_the_newest_epoch_are_kept_and_the_room_is_never_exceeded(newest, capacity):
    kept = epochs_to_keep(newest, capacity)
    assert {0, newest} <= kept and len(kept) <= capacity
    if newest:
        assert kept - {newest} <= epochs_to_keep(newest - 1, capacity)  # none is wanted back


def test_what_is_kept_is_spread_evenly():
    assert epochs_to_keep(5, 10) == {0, 1, 2, 3, 4, 5}
    assert epochs_to_keep(20, 6) == {0, 4, 8, 12, 16, 20}
    assert epochs_to_keep(21, 6) == {0, 8, 16, 21}
    assert epochs_to_keep(9, 2) == {0, 9}


def test_each_epoch_is_a_model_and_the_older_ones_are_thinned_out(tmp_path):
    network = build_model("simple_cnn", 3)
    for epoch in range(6):
        with torch.no_grad():
            network.fc2.bias.fill_(epoch)
        info = ModelInfo(model="simple_cnn", classes=("a", "b", "c"), epoch=epoch)
        keep_epoch(tmp_path, network, info, room_mb=int(4 * SIZE_MB))
    assert list(kept_epochs(tmp_path)) == [0, 4, 5]
    model = load_model(epoch_path(tmp_path, 4))
    assert model.info.epoch == 4
    assert torch.equal(model.network.fc2.bias, torch.full((3,), 4.0))
    forget_epochs(tmp_path)
    assert kept_epochs(tmp_path) == {}


@pytest.mark.parametrize("room_mb", [0, 1, 2])
def test_where_not_even_two_fit_none_is_kept(tmp_path, room_mb):
    info = ModelInfo(model="simple_cnn", classes=("a", "b", "c"))
    keep_epoch(tmp_path, build_model("simple_cnn", 3), info, room_mb)
    assert list(tmp_path.iterdir()) == []


def test_files_of_other_names_are_no_epochs(tmp_path):
    (tmp_path / "epochs").mkdir()
    for name in ("epoch-0002.safetensors", "epoch-x.safetensors", "epoch-1.safetensors", "other"):
        (tmp_path / "epochs" / name).touch()
    assert list(kept_epochs(tmp_path)) == [2]


class Killed(BaseException):
    pass


class KillBeforeStep(Listener):
    def __init__(self, step):
        self.step = step

    def record(self, record):
        if getattr(record, "loss", None) is not None and record.step == self.step:
            raise Killed


def weights_of(store, run_id):
    files = kept_epochs(store.workspace.run_dir(run_id))
    return {epoch: load_model(path).info.weights_sha256 for epoch, path in files.items()}


def test_a_run_keeps_its_start_and_every_epoch_the_same_after_an_interruption(store, tiny_config):
    whole = store.create_run(tiny_config)
    assert work(store, whole) == RunState.FINISHED
    expected = weights_of(store, whole)
    assert list(expected) == [0, 1, 2] and len(set(expected.values())) == 3
    run_dir = store.workspace.run_dir(whole)
    assert load_model(run_dir / "final.safetensors").info.weights_sha256 == expected[2]
    interrupted = store.create_run(tiny_config)
    with pytest.raises(Killed):
        work(store, interrupted, KillBeforeStep(9))
    work(store, interrupted)
    assert weights_of(store, interrupted) == expected


def test_a_run_keeps_none_where_the_settings_say_so(store, tiny_config):
    run_id = store.create_run(tiny_config.replace(keep_epochs_mb=0, epochs=1))
    work(store, run_id)
    assert kept_epochs(store.workspace.run_dir(run_id)) == {}
