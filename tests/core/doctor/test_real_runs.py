"""The doctor on tiny trainings, ill on purpose and healthy: a small ``benchmarks/doctor.py``."""

import pytest

from benchmarks.doctor import evidences
from cifar_core.config import TrainConfig
from cifar_core.data.splits import split_images
from cifar_core.doctor.examination import examine
from cifar_core.doctor.findings import Kind
from cifar_core.doctor.gathering import gather_evidence
from cifar_core.errors import TrainingError
from cifar_core.health_probe import look_at, take_sample
from cifar_core.training import start_training
from cifar_core.worker import work

BASE = {"epochs": 12, "batch_size": 8, "val_size": 24, "device": "cpu"}


def examined(data, **settings):
    config = TrainConfig(**{**BASE, **settings})
    return [
        {finding.kind for finding in examine(evidence) if finding.is_alarm}
        for evidence in evidences(config, data, split_images(data, config))
    ]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Kind.STUCK_AT_CHANCE, {"learning_rate": 0.06}),
        (Kind.RATE_TOO_LOW, {"learning_rate": 3e-6, "epochs": 6}),
        (Kind.DEAD_RELUS, {"learning_rate": 0.5}),
    ],
)
def test_an_ill_run_is_found(tiny_set, kind, settings):
    assert kind in examined(tiny_set, **settings)[-1]


@pytest.mark.parametrize(
    "settings", [{"epochs": 5}, {"optimizer": "sgd", "learning_rate": 0.01, "epochs": 5}]
)
def test_a_healthy_run_raises_no_alarm_at_any_epoch(tiny_set, settings):
    assert not set().union(*examined(tiny_set, **settings))


def test_a_look_counts_answers_and_dead_units(tiny_set):
    import torch

    training = start_training(TrainConfig(**BASE), tiny_set)
    with torch.no_grad():
        training.model.fc1.weight.zero_()
        training.model.fc1.bias.fill_(-1.0)
        training.model.fc2.bias.copy_(torch.tensor([0.0, 5.0, 0.0]))
    sample = take_sample(split_images(tiny_set, training.config).train)
    before = {name: value.clone() for name, value in training.model.state_dict().items()}
    record = look_at(training, sample, epoch=3)
    assert (record.epoch, record.predicted) == (3, (0, sum(record.actual), 0))
    assert [(layer.name, layer.num_units) for layer in record.layers] == [
        ("relu1", 18),
        ("relu2", 64),
    ]
    assert record.layers[1].num_dead == 64 and record.layers[0].num_dead < 18
    assert record.accuracy == pytest.approx(1 / 3, abs=0.02)
    assert all(torch.equal(before[n], v) for n, v in training.model.state_dict().items())
    assert not any(layer._forward_hooks for layer in training.model.modules())


def test_rare_classes_are_among_the_images_looked_at(tiny_set):
    from cifar_core.data.image_set import Subset

    labels = tiny_set.labels[:120]
    rare = (labels == 2).nonzero().squeeze(1)[-4:]
    common = (labels != 2).nonzero().squeeze(1).repeat(40)
    import torch

    sample = take_sample(Subset(tiny_set, torch.cat([common, rare])))
    assert sample.num_stratified == 100
    assert int((sample.images.labels == 2).sum()) == 4


def test_a_run_of_the_worker_leaves_what_the_doctor_needs(store, tiny_config):
    run_id = store.create_run(tiny_config)
    work(store, run_id)
    assert [record.epoch for record in store.health(run_id)] == [1, 2]
    evidence = gather_evidence(store, store.run(run_id))
    assert evidence.has_ended and evidence.num_classes == 3
    assert len(evidence.steps) == 12 and len(evidence.epochs) == 2
    store.delete_metrics_after(run_id, step=6, epoch=2)
    assert [record.epoch for record in store.health(run_id)] == [1]


def test_where_epochs_are_short_only_some_are_looked_at(store, tiny_config):
    run_id = store.create_run(tiny_config.replace(epochs=22))
    work(store, run_id)
    assert [record.epoch for record in store.health(run_id)] == [1, 2, 3, 18, 22]


def test_a_run_that_overflowed_is_told(store, tiny_config):
    settings = {"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0, "epochs": 9}
    run_id = store.create_run(tiny_config.replace(**settings))
    with pytest.raises(TrainingError, match=r"Try a learning rate of 0\.0\d instead of 10"):
        work(store, run_id)
    [finding, *_] = examine(gather_evidence(store, store.run(run_id)))
    assert finding.kind == Kind.NOT_FINITE and finding.change["learning_rate"] < 0.1
