"""Runs that start from the weights of another one."""

import pytest
import torch

from cifar_core import jobs, run_files
from cifar_core.checkpoint import load_model
from cifar_core.errors import CheckpointError
from cifar_core.models.registry import build_model
from cifar_core.run_paths import epoch_path
from cifar_core.worker import Listener, work


class KilledError(BaseException):
    pass


class KillAt(Listener):
    """Ends a run as a kill would, after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def record(self, record) -> None:
        if getattr(record, "step", 0) >= self.step:
            raise KilledError


@pytest.fixture
def parent(store, tiny_config):
    """The model file of a finished run of one epoch."""
    run_id = store.create_run(tiny_config.replace(epochs=1))
    work(store, run_id)
    return store.workspace.run_dir(run_id) / "final.safetensors"


@pytest.fixture
def fork(store, tiny_config, parent, monkeypatch):
    """``fork()`` puts a run in line that starts from ``parent``; its id."""
    monkeypatch.setattr(jobs, "launch_queued", lambda store: [])
    return lambda **changes: jobs.start_run(
        store, tiny_config.replace(epochs=1, **changes), start_from=parent
    )


def weights(store, run_id: str) -> dict[str, torch.Tensor]:
    path = store.workspace.run_dir(run_id) / "final.safetensors"
    return load_model(path).network.state_dict()


def test_it_begins_with_the_weights_of_the_other_run_and_says_so(store, fork, parent):
    run_id = fork()
    work(store, run_id)
    begun = load_model(epoch_path(store.workspace.run_dir(run_id), 0)).network.state_dict()
    origin = load_model(parent)
    assert all(torch.equal(begun[n], w) for n, w in origin.network.state_dict().items())
    assert store.run(run_id).about["origin"] == {
        "run_id": origin.info.run_id, "epoch": 1, "weights_sha256": origin.info.weights_sha256,
    }  # fmt: skip
    assert store.steps(run_id)[0].loss < 1.09  # ln 3 is 1.099: it has learned something already


def test_killed_and_resumed_it_ends_the_same(store, fork, monkeypatch):
    straight, broken = fork(), fork()
    work(store, straight)
    monkeypatch.setattr(run_files, "MIN_INTERVAL_S", 0.0)
    monkeypatch.setattr(run_files, "SAVING_SHARE", 1e9)
    with pytest.raises(KilledError):
        work(store, broken, KillAt(3))
    work(store, broken)
    assert store.steps(broken) == store.steps(straight)
    ended, expected = weights(store, broken), weights(store, straight)
    assert all(torch.equal(ended[name], expected[name]) for name in expected)


def test_another_network_is_refused_in_a_sentence(store, fork):
    run_id = fork(model="speed_cnn")
    with pytest.raises(
        CheckpointError, match="is the network simple_cnn; the run trains speed_cnn"
    ):
        work(store, run_id)
    assert "simple_cnn" in store.run(run_id).message


def test_bare_weights_for_another_number_of_classes_are_refused(store, tiny_config, tmp_path):
    path = tmp_path / "model.pt"
    torch.save(build_model("simple_cnn", 10).state_dict(), path)
    run_id = store.create_run(tiny_config)
    (store.workspace.run_dir(run_id) / "start.safetensors").write_bytes(path.read_bytes())
    with pytest.raises(CheckpointError, match="same classes in the same order"):
        work(store, run_id)


def test_a_model_that_vanished_leaves_no_run(store, tiny_config, tmp_path):
    with pytest.raises(FileNotFoundError):
        jobs.start_run(store, tiny_config, start_from=tmp_path / "gone.safetensors")
    assert store.runs() == []
