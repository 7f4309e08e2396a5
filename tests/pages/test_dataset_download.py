"""CIFAR-10 on the Dataset page where no copy of it is on this machine."""

import os
import time
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from cifar_core import background
from cifar_core.background import JobState
from cifar_core.data_jobs import DataJob, find_job, job_file

ROOT = Path(__file__).parent.parent.parent
NOWHERE = "http://127.0.0.1:9/cifar-10-python.tar.gz"
LIMIT_S = 60


@pytest.fixture
def open_page(workspace):
    """Open the page at CIFAR-10."""

    def run(**params: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=60)
        app.query_params.update({"data": "cifar10", **params})
        app.run()
        app.switch_page("../pages/1_Dataset.py").run()
        assert not app.exception
        return app

    return run


def text(app: AppTest) -> str:
    return "\n".join(e.value for e in [*app.markdown, *app.caption]).replace("\\", "")


def write_job(workspace, **fields):
    """A download that this very process seems to carry out."""
    fields = {
        "state": JobState.RUNNING, "pid": os.getpid(), "started_at": time.time(),
        "process_started": psutil.Process().create_time(), "downloading": True,
        "done": 42_600_000, "total": 170_400_000, "source": "zenodo.org", "bytes_per_s": 2e6,
        "told_at": time.time(), **fields,
    }  # fmt: skip
    job = DataJob(data="cifar10", fit="crop", **fields)
    job_file(workspace, "cifar10", "crop").write(job)


def wait_for_end(workspace):
    deadline = time.monotonic() + LIMIT_S
    while find_job(workspace, "cifar10").is_active:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for child in background._children:
        child.wait(LIMIT_S)


def test_before_the_click_it_says_how_much_comes_from_where_and_where_to(open_page, workspace):
    (workspace.data_dir / "cifar-10-python.tar.gz.part").write_bytes(bytes(2_000_000))
    app = open_page()
    assert "170 MB" in text(app)
    assert app.code[-1].value == str(workspace.data_dir)
    assert "`www.cs.toronto.edu` · `zenodo.org`" in text(app)
    assert "2.0 MB of 170 MB are here from before" in text(app)
    assert find_job(workspace, "cifar10") is None


def test_a_running_download_tells_how_far_it_is(open_page, workspace):
    write_job(workspace)
    app = open_page()
    assert app.get("progress")[0].proto.text == "Downloading CIFAR-10 · 25 %"
    assert "42.6 MB of 170 MB · 2.0 MB a second · about 1 min 4 s left · from `zenodo.org`" in text(
        app
    )
    assert "the download goes on" in text(app)
    write_job(workspace, told_at=time.time() - 10)
    assert "42.6 MB of 170 MB · waiting for data … · from `zenodo.org`" in text(app.run())
    write_job(workspace, source="", bytes_per_s=0)
    assert "42.6 MB of 170 MB · another process downloads it" in text(app.run())
    write_job(workspace, downloading=False, done=0, total=0, phase_started_at=time.time())
    app.run()
    assert app.get("progress")[0].proto.text == "Unpacking and checking CIFAR-10 …"
    assert "42.6 MB" not in text(app)


def test_it_speaks_chinese(open_page, workspace):
    write_job(workspace)
    app = open_page(lang="zh")
    assert app.get("progress")[0].proto.text == "正在下载 CIFAR-10 · 25 %"
    assert "42.6 MB / 170 MB · 每秒 2.0 MB" in text(app)
    message = (
        "cifar-10-python.tar.gz could not be downloaded: a.org answered 404; then b.org cut the "
        "connection. Try again later, copy the file into /x yourself, or use the built-in set."
    )
    write_job(workspace, state=JobState.FAILED, message=message)
    said = app.run().error[0].value.replace("\\", "")
    assert "a.org 返回了 404；然后 b.org 断开了连接" in said
    assert "下载大小为 170 MB" in text(app)


def test_what_stopped_a_download_is_told_beside_the_offer(open_page, workspace):
    write_job(workspace, state=JobState.CANCELLED)
    app = open_page()
    assert "The download was cancelled; what has arrived of it is kept." in text(app)
    write_job(workspace, pid=0, started_at=1.0)
    app.run()
    assert "ended without saying why" in app.error[0].value
    assert app.button("dataset_download")


def test_the_click_starts_a_download_and_its_end_is_told(open_page, workspace, monkeypatch):
    monkeypatch.setenv("CIFAR10_SOURCES", NOWHERE)
    app = open_page()
    app.button("dataset_download").click().run()
    wait_for_end(workspace)
    assert "seems to be offline" in app.run().error[0].value


def test_a_wrong_address_in_the_environment_is_told_before_the_click(open_page, monkeypatch):
    monkeypatch.setenv("CIFAR10_SOURCES", "/mnt/cifar-10-python.tar.gz")
    assert "no address of a file on the web" in open_page().error[0].value


def test_a_damaged_copy_can_be_downloaded_again(open_page, workspace, monkeypatch):
    monkeypatch.setenv("CIFAR10_SOURCES", NOWHERE)
    (workspace.data_dir / "cifar-10-python.tar.gz").write_bytes(b"half of it")
    app = open_page()
    assert "dataset_download_again" not in [button.key for button in app.button]
    write_job(workspace, state=JobState.FAILED, message="It cannot be unpacked.")
    app.run().button("dataset_download_again").click().run()
    wait_for_end(workspace)
    assert "0 kB of 170 MB are here from before" in text(app.run())
    assert (workspace.data_dir / "cifar-10-python.tar.gz.part").read_bytes() == b"half of it"
    assert app.button("dataset_download")
