import time

import psutil
import pytest

from cifar_core import background, lr_jobs
from cifar_core.background import JobFile, JobState
from cifar_core.config import DEFAULTS


@pytest.fixture(autouse=True)
def _no_search_outlives_its_test():
    yield
    for child in background._children:
        child.kill()
        child.wait(30)
    background._children.clear()


@pytest.fixture
def no_process(monkeypatch):
    """What would be launched: nothing, but the record believes that this process does it."""
    launched = []

    class Child:
        pid = psutil.Process().pid

        def poll(self):
            return None

        def kill(self):
            """Not this process."""

        def wait(self, timeout):
            """It is still needed."""

    def launch(file, workspace, module, settings):
        launched.append(settings)
        return Child()

    monkeypatch.setattr(JobFile, "_launch", launch)
    return launched


def job_file(workspace, config):
    return lr_jobs.job_file(workspace, lr_jobs.important_settings(config))


def wait_until_ended(workspace, config):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        search = lr_jobs.find_search(workspace, config)
        if not search.is_active:
            return search
        time.sleep(0.05)
    pytest.fail(f"still {search.state}")


@pytest.mark.slow
def test_a_search_leaves_its_curve_in_the_workspace(workspace, tiny_config):
    assert lr_jobs.find_search(workspace, tiny_config) is None
    started = lr_jobs.start_search(workspace, tiny_config)
    assert started.is_active
    search = wait_until_ended(workspace, tiny_config)
    assert search.state == JobState.FINISHED and search.phase == lr_jobs.TESTING
    assert len(search.points) > 20 and not search.message
    other_epochs = tiny_config.replace(epochs=9, learning_rate=0.5, schedule="cosine")
    assert lr_jobs.find_search(workspace, other_epochs) == search
    assert lr_jobs.find_search(workspace, tiny_config.replace(batch_size=8)) is None


@pytest.mark.slow
def test_a_search_can_be_cancelled(workspace, tiny_config):
    config = tiny_config.replace(model="resnet18", batch_size=96)
    lr_jobs.start_search(workspace, config)
    while not lr_jobs.find_search(workspace, config).phase:
        time.sleep(0.05)
    lr_jobs.cancel_search(workspace, config)
    assert wait_until_ended(workspace, config).state == JobState.CANCELLED


def test_two_clicks_start_one_search_and_others_are_told_apart(workspace, tiny_config, no_process):
    for _ in range(2):
        lr_jobs.start_search(workspace, tiny_config)
    assert len(no_process) == 1
    assert not lr_jobs.other_searches(workspace, tiny_config)
    [other] = lr_jobs.other_searches(workspace, tiny_config.replace(seed=1))
    assert other.settings == lr_jobs.important_settings(tiny_config)


def test_a_search_whose_process_is_gone_counts_as_crashed(workspace, tiny_config, no_process):
    lr_jobs.start_search(workspace, tiny_config)
    record = job_file(workspace, tiny_config)
    record.update(process_started=1.0)
    assert lr_jobs.find_search(workspace, tiny_config).state == JobState.CRASHED


def test_an_error_is_kept_as_a_sentence(workspace, tiny_config, no_process):
    config = tiny_config.replace(batch_size=5000)
    lr_jobs.start_search(workspace, config)
    assert lr_jobs.main(no_process[0]) == 1
    search = lr_jobs.find_search(workspace, config)
    assert search.state == JobState.FAILED and "batch_size is 5000" in search.message


def test_a_damaged_record_counts_as_none(workspace, tiny_config, no_process):
    lr_jobs.start_search(workspace, tiny_config)
    job_file(workspace, tiny_config).path.write_text('{"state": "odd"}')
    assert lr_jobs.find_search(workspace, tiny_config) is None


def test_all_settings_but_those_of_the_course_of_a_run_matter():
    assert set(DEFAULTS) > lr_jobs.UNIMPORTANT
    assert not {"model", "data", "batch_size", "optimizer", "momentum"} & lr_jobs.UNIMPORTANT
