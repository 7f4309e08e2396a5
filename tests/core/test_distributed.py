"""One training in several processes: shares of a batch, and real groups under torchrun."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifar_core import jobs
from cifar_core.distributed import ALONE, Group, joined
from cifar_core.run_state import RunState
from cifar_core.worker import work


@given(count=st.integers(1, 600), size=st.integers(1, 9))
def test_the_shares_of_a_batch_are_all_of_it_and_each_image_weighs_the_same(count, size):
    shares = [Group(rank, size).share_of(count) for rank in range(size)]
    images = [range(count)[share.places] for share in shares if share.weight]
    assert [place for part in images for place in part] == list(range(count))
    for share in shares:
        if share.weight:
            part = len(range(count)[share.places])
            assert share.weight == pytest.approx(float(Fraction(part * size, count)))
        else:
            assert len(range(count)[share.places]) == 1  # all take part in the exchange


def test_without_torchrun_there_is_no_group(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined() as group:
        assert group is ALONE and group.leads


def torchrun(config, *more: str) -> subprocess.Popen[str]:
    settings = [
        "--data", config.data, "--epochs", str(config.epochs), "--val-size", "24",
        "--model", config.model,
        "--batch-size", str(config.batch_size), "--keep-weights", "last",
        "--precision", "float32", "--layout", "contiguous",
    ]  # fmt: skip
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.Popen(
        [*launcher, *more, "--nproc-per-node", "2", "-m", "cifar_core", "train", *settings],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def losses(store, run_id: str) -> list[float]:
    assert [record.step for record in store.steps(run_id)] == list(
        range(1, len(store.steps(run_id)) + 1)
    )
    return [record.loss for record in store.steps(run_id)]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("model", "rounding"), [("simple_cnn", 1e-4), ("speed_cnn", 3e-3)])
def test_two_processes_follow_the_curve_of_one(model, rounding, store, tiny_config):
    # 15: the shares are uneven, in whole batches and in the last one
    config = tiny_config.replace(
        model=model, batch_size=15, precision="float32", layout="contiguous"
    )
    alone = store.create_run(config)
    work(store, alone)
    group = torchrun(config)
    said, _ = group.communicate(timeout=150)
    assert group.returncode == 0, said
    together = next(row.run_id for row in store.runs() if row.run_id != alone)
    assert store.run(together).state == RunState.FINISHED
    assert losses(store, together) == pytest.approx(losses(store, alone), abs=rounding)
    for one, two in zip(store.epochs(alone), store.epochs(together), strict=True):
        assert two.val_loss == pytest.approx(one.val_loss, abs=rounding)
        assert two.train_accuracy == pytest.approx(one.train_accuracy)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_run_of_two_processes_that_the_app_starts_can_be_stopped_and_resumed(store, tiny_config):
    config = tiny_config.replace(epochs=500, processes=2, precision="float32", layout="contiguous")
    run_id = jobs.start_run(store, config)
    wait_for(lambda: len(store.steps(run_id)) > 3)
    jobs.request(store, run_id, "stop")
    [launcher] = jobs._children
    assert launcher.wait(60) == 0
    row, stopped = store.run(run_id), store.last_step(run_id)
    assert row.state == RunState.STOPPED and stopped.step < 3000
    jobs.resume_run(store, run_id)
    wait_for(lambda: store.last_step(run_id).step > stopped.step)
    jobs.request(store, run_id, "stop")
    [launcher] = jobs._children
    assert launcher.wait(60) == 0
    losses(store, run_id)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("leader", [True, False])
def test_after_a_lost_process_the_group_goes_on_from_the_last_checkpoint(
    leader, store, tiny_config
):
    config = tiny_config.replace(epochs=40, precision="float32", layout="contiguous")
    group = torchrun(config, "--max-restarts", "1")
    wait_for(lambda: any(len(store.epochs(row.run_id)) >= 2 for row in store.runs()))
    assert group.poll() is None
    run = store.runs()[0]
    workers = psutil.Process(group.pid).children()
    lost = next(worker for worker in workers if (worker.pid == run.pid) == leader)
    os.kill(lost.pid, signal.SIGKILL)
    said, _ = group.communicate(timeout=200)
    assert group.returncode == 0, said
    assert [row.run_id for row in store.runs()] == [run.run_id]
    assert store.run(run.run_id).state == RunState.FINISHED
    assert len(store.epochs(run.run_id)) == 40

    alone = store.create_run(config)
    work(store, alone)
    found = losses(store, run.run_id)
    assert len(found) == len(losses(store, alone))
    assert found[:30] == pytest.approx(losses(store, alone)[:30], abs=1e-3)
