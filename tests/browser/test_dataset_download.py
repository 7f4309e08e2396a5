"""Getting CIFAR-10 in a real browser, from a server that takes its time."""

import re

import psutil
import pytest
from playwright.sync_api import expect

from cifar_core.data.download_files import part_of_cifar10
from cifar_core.data.download_sources import CIFAR10_ARCHIVE
from cifar_core.data_jobs import list_jobs
from tests.browser.conftest import App, free_port
from tests.core.data.web import Web

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
SPEED = 1_000_000


@pytest.fixture
def web():
    """A server whose file never ends, at 1 MB a second."""
    server = Web(b"")
    server.start()
    yield server
    server.end()


def slowly(request):
    found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    start, size = int(found[1]) if found else 0, CIFAR10_ARCHIVE.size
    content = f"bytes {start}-{size - 1}/{size}"
    request.begin(206 if found else 200, Content_Length=size - start, Content_Range=content)
    while not request.server.over.wait(0.1):
        request.wfile.write(bytes(SPEED // 10))


@pytest.fixture
def app(store, workspace, web, tmp_path, monkeypatch):
    """A server of its own, which looks for CIFAR-10 at ours."""
    monkeypatch.setenv("CIFAR10_SOURCES", web.serve(slowly))
    server = App(tmp_path / "link", free_port(), tmp_path / "server.log")
    server.serve(workspace.root)
    yield server
    for job in list_jobs(workspace):
        if job.is_active and job.pid:
            psutil.Process(job.pid).kill()
    server.stop()
    assert not server.bad_log_lines(), server.log()


def test_a_download_is_seen_survives_a_reload_and_can_be_cancelled(visit, app, workspace):
    page = visit("/dataset?data=cifar10")
    page.get_by_role("button", name="Get CIFAR-10").click()
    bar, details = page.get_by_role("progressbar"), page.get_by_text(re.compile("MB of 170 MB"))
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile("[3-9][.][0-9] MB of 170 MB .* MB a second"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    page.reload()
    expect(details).to_contain_text("127.0.0.1", timeout=PATIENCE_MS)
    expect(page.get_by_text("Downloading CIFAR-10 · ")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The download was cancelled")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("are here from before")).to_be_visible()
    expect(page.get_by_role("button", name="Get CIFAR-10")).to_be_visible()
    assert part_of_cifar10(workspace) > SPEED
