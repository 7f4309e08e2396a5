import dataclasses
import math

import pytest
import torch
from torch.nn import functional as F

from cifar_core.config import MODELS, TrainConfig
from cifar_core.data.splits import Splits, split_images
from cifar_core.errors import TrainingError
from cifar_core.records import EpochRecord, Pulse, StepRecord
from cifar_core.schedule import learning_rates
from cifar_core.training import Training, build_loader, start_training, train

CONFIG = TrainConfig(epochs=2, batch_size=16, val_size=24)


def run(config, data) -> tuple[Training, list]:
    training, splits = start_training(config, data), split_images(data, config)
    return training, [r for r in train(training, splits) if not isinstance(r, Pulse)]


def weights(training: Training) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in training.model.state_dict().items()}


def test_records_count_steps_and_epochs(tiny_set):
    _, records = run(CONFIG, tiny_set)
    steps = [r for r in records if isinstance(r, StepRecord)]
    epochs = [r for r in records if isinstance(r, EpochRecord)]
    assert [r.step for r in steps] == list(range(1, 13))
    assert [r.epoch for r in steps] == [1] * 6 + [2] * 6
    assert [(r.epoch, r.step) for r in epochs] == [(1, 6), (2, 12)]
    assert records[6] == epochs[0] and records[-1] == epochs[1]


def test_loss_falls_on_images_learned_by_heart(tiny_set):
    config = CONFIG.replace(epochs=40, train_size=32, learning_rate=3e-3)
    _, records = run(config, tiny_set)
    losses = [r.train_loss for r in records if isinstance(r, EpochRecord)]
    assert losses[0] > 0.9
    assert losses[-1] < 0.1


def test_first_loss_of_ten_classes_is_near_ln_10(tiny_set):
    ten = dataclasses.replace(
        tiny_set, classes=tuple("abcdefghij"), labels=torch.arange(len(tiny_set)) % 10
    )
    _, records = run(CONFIG.replace(epochs=1), ten)
    assert records[0].loss == pytest.approx(math.log(10), abs=0.25)


def test_epoch_loss_is_the_mean_over_images_not_over_batches(tiny_set):
    config = CONFIG.replace(epochs=1, batch_size=40, train_size=90)  # batches of 40, 40 and 10
    _, records = run(config, tiny_set)
    *steps, epoch = records
    expected = (40 * steps[0].loss + 40 * steps[1].loss + 10 * steps[2].loss) / 90
    assert epoch.train_loss == pytest.approx(expected, rel=1e-12)


def test_training_accuracy_counts_each_image_as_it_was_answered(tiny_set):
    config = CONFIG.replace(epochs=2, batch_size=4)  # 24 steps: counted in between, too
    training, splits = start_training(config, tiny_set), split_images(tiny_set, config)
    said, accuracies = [], []
    training.model.register_forward_hook(
        lambda model, _, logits: said.append(logits.argmax(1)) if model.training else None
    )
    for record in train(training, splits):
        if isinstance(record, EpochRecord):
            labels = [b.labels for b in build_loader(training, splits.train).batches(record.epoch)]
            right = torch.cat(said) == torch.cat(labels)
            accuracies.append((record.train_accuracy, int(right.sum()) / len(right)))
            said.clear()
    assert all(counted == expected for counted, expected in accuracies) and len(accuracies) == 2


def test_validation_agrees_with_a_plain_forward_pass(tiny_set):
    config = CONFIG.replace(epochs=1)
    training, records = run(config, tiny_set)
    val = split_images(tiny_set, config).val
    images, labels = val.take(torch.arange(len(val)))
    training.model.eval()
    with torch.no_grad():
        logits = training.model(training.preprocessing(images))
    assert records[-1].val_loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert records[-1].val_accuracy == (logits.argmax(1) == labels).float().mean().item()


def test_same_seed_gives_equal_records_and_weights(tiny_set):
    config = CONFIG.replace(model="vgg", epochs=1, flip=True, shift=2, cutout=4)
    first, records = run(config, tiny_set)
    second, again = run(config, tiny_set)
    assert records == again
    for name, value in weights(first).items():
        assert torch.equal(value, second.model.state_dict()[name]), name


def test_other_seed_gives_other_records(tiny_set):
    _, records = run(CONFIG, tiny_set)
    _, others = run(CONFIG.replace(seed=1), tiny_set)
    assert records != others


def test_draws_of_the_caller_between_steps_change_nothing(tiny_set):
    config = CONFIG.replace(model="vgg", epochs=1)  # vgg has dropout
    _, undisturbed = run(config, tiny_set)
    training, records = start_training(config, tiny_set), []
    for record in train(training, split_images(tiny_set, config)):
        torch.rand(7)
        records.append(record)
    assert [r for r in records if not isinstance(r, Pulse)] == undisturbed


@pytest.mark.parametrize("name", list(MODELS))
def test_draws_are_seeded_for_every_network_that_draws(name, tiny_set):
    training = start_training(CONFIG.replace(model=name), tiny_set)
    before = torch.get_rng_state()
    training.model.train()(training.preprocessing(tiny_set.images[:4]))
    assert training.draws == (not torch.get_rng_state().equal(before))


def test_continuing_after_any_record_gives_the_same_rows(tiny_set):
    splits = split_images(tiny_set, CONFIG)
    training, whole = run(CONFIG, tiny_set)
    continued, records = start_training(CONFIG, tiny_set), []
    while not continued.progress.finished:
        for record in train(continued, splits):  # a new generator for every record
            if not isinstance(record, Pulse):
                records.append(record)
                break
    assert records == whole
    for name, value in weights(training).items():
        assert torch.equal(value, continued.model.state_dict()[name]), name


def test_what_the_test_images_are_makes_no_difference(tiny_set):
    images, labels = tiny_set.images.clone(), tiny_set.labels.clone()
    images[tiny_set.num_train :] = 255 - images[tiny_set.num_train :]
    labels[tiny_set.num_train :] = labels[tiny_set.num_train :].flip(0)
    others = dataclasses.replace(tiny_set, images=images, labels=labels)
    training, records = run(CONFIG, tiny_set)
    same, same_records = run(CONFIG, others)
    assert records == same_records
    assert all(torch.equal(value, weights(same)[name]) for name, value in weights(training).items())


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_step_equals_one_written_by_hand(tiny_set, optimizer):
    config = CONFIG.replace(epochs=1, optimizer=optimizer, weight_decay=0.01, clip_norm=0.5)
    training, splits = start_training(config, tiny_set), split_images(tiny_set, config)
    by_hand = start_training(config, tiny_set)
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    extra = {"momentum": 0.9, "nesterov": True} if optimizer == "sgd" else {}
    plain = kinds[optimizer](by_hand.model.parameters(), lr=1e-3, weight_decay=0.01, **extra)
    from cifar_core.training import build_loader

    batch = next(build_loader(by_hand, splits.train).batches(1))
    loss = F.cross_entropy(by_hand.model(batch.inputs), batch.labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(by_hand.model.parameters(), 0.5)
    plain.step()

    record = next(train(training, splits))
    assert record.loss == pytest.approx(loss.item(), abs=1e-6)
    for name, value in by_hand.model.state_dict().items():
        torch.testing.assert_close(training.model.state_dict()[name], value, atol=1e-6, rtol=1e-5)


def test_learning_rates_follow_the_schedule_that_is_shown_before(tiny_set):
    config = CONFIG.replace(schedule="one_cycle", learning_rate=0.01)
    _, records = run(config, tiny_set)
    taken = [r.learning_rate for r in records if isinstance(r, StepRecord)]
    assert taken == learning_rates(config, 6)


def test_learning_rate_changed_in_between_scales_the_schedule(tiny_set):
    training, splits = start_training(CONFIG, tiny_set), split_images(tiny_set, CONFIG)
    rates = []
    for record in train(training, splits):
        if isinstance(record, StepRecord):
            rates.append(record.learning_rate)
            if record.step == 4:
                training.progress.learning_rate = 5e-4
    assert rates == [1e-3] * 4 + [5e-4] * 8


def test_infinite_loss_ends_with_advice(tiny_set):
    training, splits = start_training(CONFIG, tiny_set), split_images(tiny_set, CONFIG)
    with pytest.raises(
        TrainingError, match=r"nan after step 3 .*0\.0001 instead of 0\.001.*clip_norm"
    ):
        for record in train(training, splits):
            if record.step == 3:
                training.model.get_parameter("fc2.bias").data.fill_(math.inf)
    assert training.progress.step == 3


def test_infinite_validation_loss_ends_with_advice(tiny_set):
    training, splits = start_training(CONFIG, tiny_set), split_images(tiny_set, CONFIG)
    with pytest.raises(TrainingError, match=r"after step 6 .*Try"):
        for record in train(training, splits):
            if isinstance(record, StepRecord) and record.step == 6:  # the last one of the epoch
                training.model.get_parameter("fc2.bias").data.fill_(math.nan)


def test_early_stopping_ends_after_epochs_without_gain(tiny_set):
    config = CONFIG.replace(
        epochs=60, train_size=24, early_stopping=2, learning_rate=0.01, batch_size=8
    )
    meaningless = torch.randint(0, 3, (len(tiny_set),), generator=torch.manual_seed(0))
    training, records = run(config, dataclasses.replace(tiny_set, labels=meaningless))
    losses = [r.val_loss for r in records if isinstance(r, EpochRecord)]
    assert len(losses) < 60
    assert training.progress.finished
    assert min(losses) == losses[-3]


def test_best_epoch_is_the_first_with_the_highest_validation_accuracy(tiny_set):
    training, records = run(CONFIG.replace(epochs=6), tiny_set)
    accuracies = [r.val_accuracy for r in records if isinstance(r, EpochRecord)]
    assert training.progress.best_epoch == 1 + accuracies.index(max(accuracies))


def test_without_validation_images_there_are_no_validation_numbers(tiny_set):
    training, records = run(CONFIG.replace(val_size=0), tiny_set)
    assert records[-1].val_loss is None and records[-1].val_accuracy is None
    assert training.progress.best_epoch == 0


def test_label_smoothing_raises_the_lowest_possible_loss(tiny_set):
    config = CONFIG.replace(epochs=30, train_size=32, learning_rate=3e-3, label_smoothing=0.3)
    _, records = run(config, tiny_set)
    entropy = -(0.8 * math.log(0.8) + 2 * 0.1 * math.log(0.1))  # of the smoothed target, 3 classes
    assert records[-1].train_loss > entropy - 1e-6


def test_bfloat16_learns_as_well(tiny_set):
    config = CONFIG.replace(precision="bfloat16", epochs=6)
    training, records = run(config, tiny_set)
    assert records[-1].train_loss < records[6].train_loss
    assert all(p.dtype == torch.float32 for p in training.model.parameters())


def test_layers_are_in_training_mode_for_steps_and_back_after_validation(tiny_set):
    config = CONFIG.replace(model="vgg", epochs=2, batch_size=48)
    training, splits = start_training(config, tiny_set), split_images(tiny_set, config)
    for record in train(training, splits):
        if isinstance(record, StepRecord):
            assert training.model.training


def test_splits_of_a_run_are_three_sets(tiny_set):
    splits: Splits = split_images(tiny_set, CONFIG)
    parts = [set(s.indices.tolist()) for s in (splits.train, splits.val, splits.test)]
    assert sum(map(len, parts)) == len(parts[0] | parts[1] | parts[2])
