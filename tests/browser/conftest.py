"""The real server on a free port with an empty workspace, and a real browser to visit it.

``app`` is ``streamlit run streamlit_app.py`` as a newcomer would start it; it fails the test if the
log holds a trace or a warning. ``visit`` opens a page as a new visitor and fails the test if the
browser's console holds an error. ``fake_run`` is a run whose worker is the test itself.

Starting a server costs two seconds, so one serves many tests. Its ``CIFAR_HOME`` is a link that
each test points at an empty folder of its own; every path and cache of the server follows, because
``Workspace.default`` resolves the link whenever it is asked.

A test here that fails is run once more, since a browser, a server and a worker share two cores with
the other tests; the report names every test that needed it (``RERUN``).
"""

import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from cifar_core.config import TrainConfig
from cifar_core.jobs import run_state
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import ACTIVE, RunState
from cifar_core.store import Store

ROOT = Path(__file__).parent.parent.parent
CHROMIUMS = [Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")]
"""Debian's Chromium without the parts that draw windows, for a third of the processor time, and
with them; the first that is installed."""
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_LIMIT_S = 60
expect.set_options(timeout=20_000)
BAD_LOG_LINE = re.compile(r"Traceback|warning|error|exception|deprecat", re.IGNORECASE)


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.flaky(reruns=1))


SERVER_AWAY = re.compile("ERR_CONNECTION|No response received|Is Streamlit still running")
"""What Chromium and Streamlit's page write to the console while the server cannot be reached."""


@dataclass
class App:
    """The server under test; ``home`` is a link to the workspace."""

    home: Path
    port: int
    log_path: Path
    script: Path = ROOT / "streamlit_app.py"
    process: subprocess.Popen | None = None
    _log_start: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def serve(self, home: Path) -> None:
        """Point the server at this workspace, starting it where it is not up; its log begins."""
        link = self.home.with_name("next")
        link.symlink_to(home)
        link.replace(self.home)
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        if not self.is_up():
            self.start()

    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", str(self.script)]
        options = ["--server.port", str(self.port), "--server.headless", "true"]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command + options,
                cwd=ROOT,
                env={**os.environ, "CIFAR_HOME": str(self.home), "PYTHONPATH": str(ROOT),
                     "CIFAR_STANDBY": "0"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log()
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"The server did not start within {START_LIMIT_S} s:\n{self.log()}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server; ``signal.SIGKILL`` as a crash would."""
        self.process.send_signal(number)
        self.process.wait(timeout=30)

    def log(self) -> str:
        """What the server wrote since it was pointed at the present workspace."""
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[self._log_start :].decode(errors="replace")

    def bad_log_lines(self) -> list[str]:
        return [line for line in self.log().splitlines() if BAD_LOG_LINE.search(line)]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """The servers that are up, by the script that they serve."""
    started: dict[Path, App] = {}
    yield started
    for server in started.values():
        if server.is_up():
            server.stop()


@pytest.fixture
def app(home, store, request, servers, tmp_path_factory):
    """The server, answering; with the workspace that ``store`` and ``workspace`` name.

    A test module may name another script to serve as ``APP_SCRIPT``.
    """
    script = getattr(request.module, "APP_SCRIPT", ROOT / "streamlit_app.py")
    if script not in servers:
        folder = tmp_path_factory.mktemp("server")
        servers[script] = App(folder / "home", free_port(), folder / "server.log", script)
    server = servers[script]
    server.serve(home)
    yield server
    end_workers(store)
    assert not server.bad_log_lines(), server.log()


def end_workers(store: Store) -> None:
    """Kill the workers that a test left behind; never this process, which plays one in some."""
    for run in store.runs():
        if run.pid not in (0, os.getpid()) and run_state(run) in ACTIVE:
            psutil.Process(run.pid).kill()


@pytest.fixture(scope="package")
def browser():
    path = next((path for path in CHROMIUMS if path.exists()), None)
    if path is None:
        pytest.skip("There is no Chromium: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(path), args=CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def profiles() -> dict[tuple[str, bool], list[BrowserContext]]:
    """Browser profiles that no test uses just now, by language and whether it is a phone's."""
    return defaultdict(list)


@pytest.fixture
def visit(browser: Browser, app: App, profiles):
    """``visit("/train")`` opens an address of the app as a new visitor and returns the page.

    Each visit has a profile of its own. It is empty but for the program's scripts, which every test
    would otherwise fetch and compile anew. ``size`` is that of the window, ``scheme`` "light" or
    "dark".
    """
    used, problems = [], []

    def open_address(
        address: str = "/", *, size: tuple[int, int] = (1440, 900),
        locale: str = "en-US", scheme: str = "light", phone: bool = False,
    ) -> Page:  # fmt: skip
        free, screen = profiles[locale, phone], {"has_touch": phone, "is_mobile": phone}
        profile = free.pop() if free else browser.new_context(locale=locale, **screen)
        used.append((free, profile))
        page = profile.new_page()
        forget_everything(page, app)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: note_error(message, problems))
        page.goto(app.url + address)
        page.get_by_role("heading", level=1).first.wait_for(timeout=30_000)
        # A click while the page is still being drawn may be forgotten.
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=60_000)
        return page

    yield open_address
    for free, profile in used:
        for page in profile.pages:
            page.close()
        free.append(profile)
    assert not problems


def forget_everything(page: Page, app: App) -> None:
    """Leave of the page's profile only what the browser has fetched and compiled."""
    page.context.clear_cookies()
    stored = {"origin": app.url, "storageTypes": "local_storage,indexeddb,cache_storage"}
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", stored)


def note_error(message: ConsoleMessage, problems: list[str]) -> None:
    """Keep an error of the console, with its address."""
    address = message.location.get("url", "")
    # Asked for /train, Streamlit's page first tries whether the app lives under /train/. That the
    # server cannot be reached is no fault of a page: a test may have stopped it. Nor is a file that
    # cannot be had: a test that wants it notices.
    expected = re.search(r"/\w+/_stcore/|/files/\w+\?lang=", address) or SERVER_AWAY.search(
        message.text
    )
    if message.type == "error" and not expected:
        problems.append(f"{address}: {message.text}")


class FakeRun:
    """A run that "trains" in a thread of the test, at a chosen speed."""

    def __init__(self, store: Store, *, steps_per_epoch: int = 50, epochs: int = 100) -> None:
        config = TrainConfig(epochs=epochs)
        self.store, self.run_id = store, store.create_run(config, launched_by="cli")
        self.steps_per_epoch = steps_per_epoch
        self.step = 0
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.take_over()

    def take_over(self) -> None:
        """Say, as a worker does at its start, that this process carries the run out."""
        self.store.update_run(
            self.run_id, state=RunState.RUNNING, phase="training", pid=os.getpid(),
            process_started=psutil.Process().create_time(), host=socket.gethostname(),
            started_at=time.time(), finished_at=0, steps_per_epoch=self.steps_per_epoch,
        )  # fmt: skip

    def train(self, count: int) -> None:
        """Take so many steps at once."""
        records: list[StepRecord | EpochRecord] = []
        for _ in range(count):
            self.step += 1
            epoch = 1 + (self.step - 1) // self.steps_per_epoch
            loss = 2.3 * math.exp(-self.step / 2000) + 0.05 * (self.step % 7)
            records.append(StepRecord(self.step, epoch, loss, 1e-3, 500.0))
            if self.step % self.steps_per_epoch == 0:
                records.append(
                    EpochRecord(epoch, self.step, loss, 0.5, loss + 0.1, 0.45, 1e-3, 1.0, 60.0)
                )
        self.store.add_metrics(self.run_id, records)

    def start(self, steps_per_s: float = 40) -> None:
        """Take steps in the background, four times a second."""

        def work() -> None:
            while not self._end.wait(0.25):
                self.train(max(1, round(steps_per_s / 4)))

        self._thread = threading.Thread(target=work)
        self._thread.start()

    def pause(self) -> None:
        """Take no more steps."""
        self._end.set()
        if self._thread:
            self._thread.join()
        self._end.clear()
        self._thread = None

    def finish(self, state: RunState = RunState.FINISHED) -> None:
        """End the run."""
        self.pause()
        self.store.update_run(self.run_id, state=state, finished_at=time.time())


@pytest.fixture
def fake_run(store):
    run = FakeRun(store)
    yield run
    run.pause()
