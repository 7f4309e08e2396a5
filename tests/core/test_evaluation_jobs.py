import os
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from cifar_core import background, openings
from cifar_core.answers import load_answers
from cifar_core.background import JobState
from cifar_core.checkpoint import load_model, save_model
from cifar_core.data.sources import open_data
from cifar_core.data.splits import split_images
from cifar_core.data.transforms import Preprocessing
from cifar_core.errors import DatasetError
from cifar_core.evaluation_jobs import (
    TEST,
    EvaluationPlan,
    answers_path,
    cancel_evaluation,
    evaluate_plan,
    find_evaluation,
    job_file,
    select_images,
    start_evaluation,
)
from cifar_core.inference import compute_logits
from cifar_core.model_info import ModelInfo
from cifar_core.models.registry import build_model
from cifar_core.openings import count_openings, note_opening


@pytest.fixture(autouse=True)
def _no_job_outlives_its_test():
    yield
    for child in background._children:
        child.kill()
        child.wait(30)
    background._children.clear()


@pytest.fixture
def plan(store, workspace, tiny_config, tiny_folder):
    """A network of the tiny folder, and its own validation images."""
    images = open_data(str(tiny_folder), workspace)
    run_id = store.create_run(tiny_config)
    path = workspace.run_dir(run_id) / "final.safetensors"
    info = ModelInfo("simple_cnn", images.classes, config=tiny_config.to_dict(), run_id=run_id)
    info = save_model(build_model("simple_cnn", 3), info, path)
    return EvaluationPlan(
        str(path), info.weights_sha256, str(tiny_folder), "crop", images.fingerprint,
        val_size=tiny_config.val_size,
    )  # fmt: skip


def test_validation_images_are_those_of_the_models_own_split(workspace, plan, tiny_config):
    subset = select_images(workspace, plan, ())
    splits = split_images(subset.source, tiny_config)
    assert torch.equal(subset.indices, splits.val.indices)
    test = select_images(workspace, replace(plan, part=TEST), ())
    assert sorted(test.indices.tolist()) == list(range(120, 150))


def test_answers_are_those_of_the_network_and_are_kept(workspace, plan):
    evaluate_plan(workspace, plan, None)
    kept = load_answers(answers_path(workspace, plan))
    model, subset = load_model(path := _path(plan)), select_images(workspace, plan, ())
    expected = compute_logits(
        model.network, subset, Preprocessing(model.info.normalization), device=torch.device("cpu")
    )
    torch.testing.assert_close(kept.logits, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(kept.positions, subset.indices)
    moved = replace(plan, model_path=str(path.with_name("elsewhere.safetensors")))
    assert answers_path(workspace, moved) == answers_path(workspace, plan)
    assert answers_path(workspace, replace(plan, weights="other")) != answers_path(workspace, plan)
    assert answers_path(workspace, replace(plan, seed=1)) != answers_path(workspace, plan)


def _path(plan):
    return Path(plan.model_path)


def test_only_looks_at_test_images_are_counted(workspace, store, plan):
    assert count_openings(workspace, plan.fingerprint).total == 0
    evaluate_plan(workspace, plan, None)
    assert count_openings(workspace, plan.fingerprint).total == 0
    evaluate_plan(workspace, replace(plan, part=TEST), None)
    note_opening(workspace, plan.fingerprint, "another network")
    note_opening(workspace, "another set", plan.weights)
    run = store.runs()[0]
    store.update_run(run.run_id, result={"test": {}},
                     about={"data": {"fingerprint": plan.fingerprint}})  # fmt: skip
    with openings._path(workspace).open("a") as file:
        file.write('{"fingerpr')
    found = count_openings(workspace, plan.fingerprint, weights=plan.weights, run_id=run.run_id)
    assert (found.total, found.by_model) == (3, 2)


def test_images_of_other_classes_are_refused(workspace, plan):
    info = ModelInfo("simple_cnn", ("dark", "red", "blue"), config={"data": "x"})
    save_model(build_model("simple_cnn", 3), info, _path(plan))
    with pytest.raises(DatasetError, match="same names"):
        evaluate_plan(workspace, plan, None)


def wait_until_ended(workspace, plan):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        job = find_evaluation(workspace, plan)
        if not job.is_active:
            return job
        time.sleep(0.05)
    pytest.fail(f"still {job.state}")


@pytest.mark.slow
def test_a_job_leaves_its_answers_and_a_second_start_finds_the_first(workspace, plan):
    assert find_evaluation(workspace, plan) is None
    started = start_evaluation(workspace, plan)
    assert start_evaluation(workspace, plan).pid == started.pid
    job = wait_until_ended(workspace, plan)
    assert job.state == JobState.FINISHED and not job.message
    assert len(load_answers(answers_path(workspace, plan))) == 24


@pytest.mark.slow
def test_a_job_can_be_cancelled_and_one_that_fails_says_why(workspace, plan):
    start_evaluation(workspace, plan)
    cancel_evaluation(workspace, plan)
    assert wait_until_ended(workspace, plan).state == JobState.CANCELLED
    assert load_answers(answers_path(workspace, plan)) is None
    gone = replace(plan, data=plan.data + "-gone")
    start_evaluation(workspace, gone)
    job = wait_until_ended(workspace, gone)
    assert job.state == JobState.FAILED and "does not exist" in job.message


def test_a_job_whose_process_is_gone_has_crashed(workspace, plan, monkeypatch):
    class Child:
        pid = os.getpid()
        poll = kill = staticmethod(lambda: None)
        wait = staticmethod(lambda timeout: None)

    monkeypatch.setattr(background.JobFile, "_launch", lambda *_: Child())
    assert start_evaluation(workspace, plan).is_active
    assert find_evaluation(workspace, plan).state == JobState.STARTING
    file = job_file(workspace, plan)
    file.update(process_started=psutil.Process().create_time() - 100)
    assert find_evaluation(workspace, plan).state == JobState.CRASHED
