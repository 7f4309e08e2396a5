import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from cifar_core import background, data_jobs
from cifar_core.background import START_LIMIT_S, JobFile, JobState, conclude_state
from cifar_core.data import download_sources
from cifar_core.data.download_files import part_of_cifar10
from cifar_core.data.sources import is_ready
from cifar_core.data_jobs import (
    DataJob,
    cancel_preparing,
    find_job,
    job_file,
    list_jobs,
    log_tail,
    start_preparing,
)
from cifar_core.errors import DatasetError
from tests.core.data.web import Web, silent_after, status, well

LIMIT_S = 60


def wait_for(condition):
    deadline = time.monotonic() + LIMIT_S
    while not (result := condition()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)
    return result


def wait_for_end(workspace, data):
    def ended():
        job = find_job(workspace, data)
        return job if job and not job.is_active else None

    return wait_for(ended)


@pytest.fixture(autouse=True)
def _leave_no_process(workspace):
    yield
    for job in list_jobs(workspace):
        if job.is_active and job.pid not in (0, os.getpid()):
            psutil.Process(job.pid).kill()
    for child in background._children:
        child.wait(LIMIT_S)


def written_job(workspace, data="builtin", **fields):
    """A preparation that this very process seems to carry out."""
    fields = {
        "state": JobState.RUNNING,
        "pid": os.getpid(),
        "process_started": psutil.Process().create_time(),
        "started_at": time.time(),
        **fields,
    }
    job_file(workspace, data, "crop").write(DataJob(data=data, fit="crop", **fields))


# --- whole preparations, in a process of their own


def test_a_preparation_ends_with_a_set_that_is_ready(workspace, tiny_folder):
    job = start_preparing(workspace, str(tiny_folder))
    assert job.is_active
    job = wait_for_end(workspace, str(tiny_folder))
    assert (job.state, job.message) == (JobState.FINISHED, "")
    assert job.finished_at >= job.started_at > 0
    assert is_ready(str(tiny_folder), workspace)


def test_a_source_that_cannot_be_read_gives_its_sentence(workspace, tmp_path):
    (tmp_path / "empty").mkdir()
    start_preparing(workspace, str(tmp_path / "empty"))
    job = wait_for_end(workspace, str(tmp_path / "empty"))
    assert job.state == JobState.FAILED
    assert "too few class folders" in job.message


def test_a_cancelled_preparation_tells_how_far_it_was_and_leaves_nothing_behind(workspace):
    start_preparing(workspace, "builtin")
    wait_for(lambda: find_job(workspace, "builtin").done > 0)
    running = find_job(workspace, "builtin")
    assert running.state == JobState.RUNNING
    assert 0 < running.share < 1
    cancel_preparing(workspace, "builtin")
    assert wait_for_end(workspace, "builtin").state == JobState.CANCELLED
    left = {path.name for path in workspace.data_dir.iterdir()}
    assert not any(name.endswith(".tmp") or name.startswith("builtin") for name in left)


def test_a_killed_preparation_is_recognised_and_can_be_started_again(workspace, tiny_folder):
    start_preparing(workspace, "builtin")
    job = wait_for(lambda: (j := find_job(workspace, "builtin")).done and j)
    os.kill(job.pid, signal.SIGKILL)
    assert wait_for_end(workspace, "builtin").state == JobState.CRASHED
    again = start_preparing(workspace, "builtin")
    assert again.is_active
    assert again.pid != job.pid


def test_many_starts_at_once_start_one(workspace, monkeypatch):
    launched = []

    def launch(*args):
        time.sleep(0.05)  # so that the others come in between
        launched.append(args)
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])

    monkeypatch.setattr(JobFile, "_launch", launch)
    jobs = []
    threads = [
        threading.Thread(target=lambda: jobs.append(start_preparing(workspace, "builtin")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(launched) == 1
    assert len({job.pid for job in jobs}) == 1


def test_watching_imports_no_torch(home):
    code = "import sys, cifar_core.data_jobs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- in this process


def test_the_name_of_a_source_does_not_depend_on_the_working_directory(
    workspace, tmp_path, monkeypatch
):
    written_job(workspace, str(tmp_path / "pets"))
    monkeypatch.chdir(tmp_path)
    assert find_job(workspace, "pets") == find_job(workspace, str(tmp_path / "pets")) is not None
    assert find_job(workspace, "elsewhere") is None


@pytest.mark.parametrize("data", ["a\0b", "~nobody-of-this-name/x"])
def test_what_can_be_no_path_is_refused(workspace, data):
    with pytest.raises(DatasetError, match="cannot be a path"):
        start_preparing(workspace, data)


def test_a_preparation_started_by_hand_is_written_down(workspace, tiny_folder, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    assert data_jobs.main(str(tiny_folder), "crop") == 0
    assert find_job(workspace, str(tiny_folder)).state == JobState.FINISHED


def test_an_unforeseen_error_is_written_down_and_raised(workspace, tiny_folder, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)

    def fail(*args, **options):
        raise MemoryError("no room")

    monkeypatch.setattr("cifar_core.data.sources.open_data", fail)
    with pytest.raises(MemoryError):
        data_jobs.main(str(tiny_folder), "crop")
    job = find_job(workspace, str(tiny_folder))
    assert (job.state, job.message) == (JobState.FAILED, "MemoryError: no room")


def test_a_request_to_cancel_that_came_before_the_process_ends_it(workspace, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    written_job(workspace, state=JobState.STARTING, pid=0, cancel_requested=True)
    assert data_jobs.main("builtin", "crop") == 1
    assert find_job(workspace, "builtin").state == JobState.CANCELLED


def test_what_has_ended_is_not_cancelled(workspace):
    written_job(workspace, state=JobState.FINISHED)
    cancel_preparing(workspace, "builtin")
    assert find_job(workspace, "builtin").state == JobState.FINISHED
    cancel_preparing(workspace, "cifar10")
    assert find_job(workspace, "cifar10") is None


def test_a_reused_pid_is_no_sign_of_life(workspace):
    written_job(workspace, process_started=psutil.Process().create_time() - 500)
    assert find_job(workspace, "builtin").state == JobState.CRASHED


def test_an_end_written_between_two_looks_is_believed(workspace, monkeypatch):
    written_job(workspace)

    def exists_no_more(pid, started):
        written_job(workspace, state=JobState.FINISHED)
        return False

    monkeypatch.setattr("cifar_core.background.process_exists", exists_no_more)
    assert find_job(workspace, "builtin").state == JobState.FINISHED


def test_jobs_are_listed_the_latest_first(workspace):
    written_job(workspace, "builtin", started_at=100.0)
    written_job(workspace, "/pets", started_at=200.0)
    assert [job.data for job in list_jobs(workspace)] == ["/pets", "builtin"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "dancing"}', '{"data": "x"}'])
def test_a_damaged_record_counts_as_none(workspace, content):
    written_job(workspace)
    job_file(workspace, "builtin", "crop").path.write_text(content)
    assert find_job(workspace, "builtin") is None
    assert list_jobs(workspace) == []


def test_the_end_of_the_log_is_kept(workspace):
    assert log_tail(workspace, "builtin") == ""
    job_file(workspace, "builtin", "crop").log_path.write_text("x" * 9000 + "the end\n")
    assert log_tail(workspace, "builtin").endswith("the end")
    assert len(log_tail(workspace, "builtin")) < 5000


@pytest.mark.parametrize(
    ("job", "has_process", "silent_s", "expected"),
    [
        ({"state": JobState.RUNNING, "pid": 5}, True, 999, JobState.RUNNING),
        ({"state": JobState.RUNNING, "pid": 5}, False, 1, JobState.CRASHED),
        (
            {"state": JobState.RUNNING, "pid": 5, "cancel_requested": True},
            False, 1, JobState.CANCELLED,
        ),
        ({"state": JobState.STARTING}, False, 1, JobState.STARTING),
        ({"state": JobState.STARTING}, False, START_LIMIT_S + 1, JobState.CRASHED),
        ({"state": JobState.FINISHED, "pid": 5}, False, 999, JobState.FINISHED),
        ({"state": JobState.FAILED, "pid": 5}, False, 999, JobState.FAILED),
    ],
)  # fmt: skip
def test_the_true_state_follows_from_record_and_process(job, has_process, silent_s, expected):
    described = DataJob(data="builtin", fit="crop", started_at=1000.0, **job)
    assert conclude_state(described, has_process=has_process, now=1000.0 + silent_s) == expected


# --- CIFAR-10, which comes from the web


@pytest.fixture
def web(monkeypatch):
    """A server, and a small file that the program takes for the archive of CIFAR-10."""
    server = Web(b"cifar" * 60_000)
    size, md5 = len(server.content), hashlib.md5(server.content).hexdigest()
    known = dataclasses.replace(download_sources.CIFAR10_ARCHIVE, size=size, md5=md5, room=0)
    monkeypatch.setattr("cifar_core.data.download.CIFAR10_ARCHIVE", known)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    server.start()
    yield server
    server.end()


def test_preparing_cifar10_downloads_it_first(workspace, web, monkeypatch):
    monkeypatch.setenv("CIFAR10_SOURCES", web.serve(well))
    jobs = []

    def read(data, place, **options):
        jobs.append(find_job(place, data))
        options["progress"](1, 2)

    monkeypatch.setattr("cifar_core.data.sources.open_data", read)
    assert data_jobs.main("cifar10", "crop") == 0
    assert (workspace.data_dir / "cifar-10-python.tar.gz").read_bytes() == web.content
    assert not jobs[0].downloading
    assert jobs[0].phase_started_at >= jobs[0].started_at > 0
    job = find_job(workspace, "cifar10")
    assert (job.state, job.done, job.total) == (JobState.FINISHED, 1, 2)


def test_a_download_that_fails_gives_its_sentence(workspace, web, monkeypatch):
    monkeypatch.setenv("CIFAR10_SOURCES", web.serve(status(404)))
    assert data_jobs.main("cifar10", "crop") == 1
    job = find_job(workspace, "cifar10")
    assert job.state == JobState.FAILED
    assert "127.0.0.1 answered 404" in job.message


def test_a_download_can_be_cancelled_and_keeps_what_has_arrived(workspace, monkeypatch):
    server = Web(bytes(170_498_071))
    server.start()
    monkeypatch.setenv("CIFAR10_SOURCES", server.serve(silent_after(300_000)))
    start_preparing(workspace, "cifar10")
    wait_for(lambda: part_of_cifar10(workspace) == 300_000)
    job = find_job(workspace, "cifar10")
    assert (job.downloading, job.total, job.source) == (True, 170_498_071, "127.0.0.1")
    cancel_preparing(workspace, "cifar10")
    assert wait_for_end(workspace, "cifar10").state == JobState.CANCELLED
    server.end()
    assert part_of_cifar10(workspace) == 300_000
