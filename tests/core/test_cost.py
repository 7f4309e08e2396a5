import socket
import time

import pytest
import torch

from cifar_core import cost
from cifar_core.config import TrainConfig
from cifar_core.data.split_sizes import SplitSizes
from cifar_core.records import EpochRecord
from cifar_core.worker import work

SIZES = SplitSizes(train=1_000, val=0, test=0)


def add_epoch(store, run_id, *, seconds, epoch=1):
    store.add_metrics(
        run_id, [EpochRecord(epoch, epoch * 16, 1.0, 0.5, 1.0, 0.5, 1e-3, seconds, 0.0)]
    )


def finished_run(store, config, *, seconds, host=None, train=1_000, val=0):
    run_id = store.create_run(config)
    sizes = {"train": train, "val": val, "test": 10}
    store.update_run(run_id, about={"sizes": sizes}, host=host or socket.gethostname())
    add_epoch(store, run_id, seconds=seconds)
    return run_id


def test_the_last_smaller_batch_counts_as_a_step():
    assert cost.count_steps(TrainConfig(epochs=3, batch_size=64), SIZES) == 3 * 16


def test_time_grows_with_images_and_epochs_and_shrinks_with_speed():
    one = cost.estimate_seconds(TrainConfig(epochs=1), SIZES, 100.0)
    assert one == pytest.approx(cost.START_S + 10)
    assert cost.estimate_seconds(TrainConfig(epochs=4), SIZES, 200.0) == cost.START_S + 20
    with_val = SplitSizes(1_000, 500, 500)
    assert cost.estimate_seconds(TrainConfig(epochs=1), with_val, 100.0) > one


def test_a_run_tells_the_speed_of_the_next_one(store):
    config = TrainConfig(epochs=5)
    assert cost.find_speed(store, config) is None
    finished_run(store, config, seconds=10)
    assert cost.find_speed(store, config.replace(epochs=9, seed=3)) == pytest.approx(100)


def test_the_newest_run_counts(store):
    finished_run(store, TrainConfig(), seconds=10)
    finished_run(store, TrainConfig(), seconds=5)
    assert cost.find_speed(store, TrainConfig()) == pytest.approx(200)


@pytest.mark.parametrize(
    "other",
    [{"model": "vgg"}, {"batch_size": 8}, {"precision": "bfloat16"}, {"device": "cpu"},
     {"flip": True}, {"processes": 2}],
)  # fmt: skip
def test_a_run_with_other_costs_says_nothing(store, other):
    finished_run(store, TrainConfig(**other), seconds=10)
    assert cost.find_speed(store, TrainConfig()) is None


def test_a_run_on_another_machine_says_nothing(store):
    finished_run(store, TrainConfig(), seconds=10, host="elsewhere")
    assert cost.find_speed(store, TrainConfig()) is None


def test_the_estimate_fits_the_run_it_came_from(store):
    run_id = finished_run(store, TrainConfig(epochs=1), seconds=10, train=900, val=100)
    speed = cost.find_speed(store, TrainConfig())
    sizes = SplitSizes(train=900, val=100, test=0)
    estimate = cost.estimate_seconds(store.run(run_id).config, sizes, speed)
    assert estimate == pytest.approx(cost.START_S + 10)


def test_measuring_takes_real_steps_and_leaves_the_draws_alone():
    import torch

    before = torch.get_rng_state()
    speed = cost.measure_speed(TrainConfig(batch_size=4, cutout=4), seconds=0.0)
    assert 1 < speed < 1e6
    assert torch.equal(before, torch.get_rng_state())


def test_a_measurement_is_kept_and_shared_by_settings_that_cost_the_same(workspace, capsys):
    config = TrainConfig(batch_size=4)
    assert cost.known_device(workspace) is None
    assert cost.main('{"batch_size": 4, "device": "auto"}') == 0
    assert cost.read_measurement(workspace, config.replace(epochs=99, seed=5)) > 1
    assert cost.read_measurement(workspace, config.replace(model="vgg")) is None
    assert cost.known_device(workspace) in ("cpu", "cuda", "mps")
    assert cost.known_gpus(workspace) == torch.cuda.device_count()


def test_a_device_that_is_missing_is_told_in_a_sentence(workspace, capsys):
    assert cost.main('{"device": "cuda:99"}') == 1
    assert "this machine has" in capsys.readouterr().err
    assert cost.read_measurement(workspace, TrainConfig(device="cuda:99")) is None


def test_a_damaged_answer_counts_as_none(workspace):
    cost.main('{"batch_size": 4}')
    for path in workspace.speeds_dir.glob("*.json"):
        path.write_text("[]")
    assert cost.read_measurement(workspace, TrainConfig(batch_size=4)) is None
    assert cost.known_device(workspace) is None
    assert cost.known_gpus(workspace) == 0


@pytest.mark.slow
def test_one_process_measures_however_often_it_is_asked_for(workspace):
    config = TrainConfig(batch_size=4)
    for _ in range(3):
        assert cost.start_measuring(workspace, config)
    assert cost.start_measuring(workspace, config.replace(batch_size=5))
    [child] = cost._children
    assert child.wait(120) == 0
    assert cost.read_measurement(workspace, config) > 1
    assert cost.read_measurement(workspace, config.replace(batch_size=5)) is None


def test_a_failed_measurement_is_not_repeated_at_once(workspace, monkeypatch):
    started, later = [], time.time()

    class Failed:
        def poll(self):
            return 1

    def launch(*arguments):
        started.append(arguments)
        return Failed()

    monkeypatch.setattr(cost, "_launch", launch)
    monkeypatch.setattr(cost, "_children", [])
    monkeypatch.setattr(cost.time, "time", lambda: later)
    assert cost.start_measuring(workspace, TrainConfig())
    later += 100
    assert not cost.start_measuring(workspace, TrainConfig())
    assert len(started) == 1
    later += 1000
    assert cost.start_measuring(workspace, TrainConfig())
    assert len(started) == 2


def test_a_real_run_gives_a_speed(store, tiny_config):
    config = tiny_config.replace(epochs=1)
    work(store, store.create_run(config))
    assert cost.find_speed(store, config) > 1
