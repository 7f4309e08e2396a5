"""Find learning rates in the background: ``python -m cifar_core.lr_jobs KEY``.

A search is a process of its own, like a run: it outlives the page and the server, stands in no
run's way, and can be cancelled. What it says of itself, curve included, is one JSON file in the
workspace, replaced as a whole, so that a page may look at any time, and finds the result later.
Settings that do not matter to the test, such as the epochs, share a search.

Imports no torch before ``main``, so that watching is light.
"""

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
from filelock import FileLock

from cifar_core.config import TrainConfig
from cifar_core.data_job_records import ACTIVE, JobState, conclude_state
from cifar_core.errors import WorkbenchError
from cifar_core.files import write_atomically
from cifar_core.jobs import process_exists
from cifar_core.rate_curve import RatePoint
from cifar_core.threads import let_threads_sleep
from cifar_core.workspace import Workspace

UNIMPORTANT = frozenset({
    "learning_rate", "epochs", "schedule", "warmup_epochs", "step_epochs", "step_factor",
    "early_stopping", "keep_weights", "keep_epochs_mb", "test_size",
})  # fmt: skip
"""Settings that change nothing in a range test."""
PREPARING, TESTING = "preparing data", "testing rates"
REPORT_INTERVAL_S = 0.3
"""Between two written changes of the progress."""

log = logging.getLogger("cifar_core.lr_jobs")

_children: list[subprocess.Popen[bytes]] = []
"""Searches that this process started: kept so that ended ones can be reaped."""


class _CancelError(BaseException):
    """Raised by the signal that asks for an end; nothing on the way may mistake it for an error."""


@dataclass(frozen=True)
class RateSearch:
    """What is known of the last search for some settings.

    Attributes:
        settings: those that matter, as for ``TrainConfig``.
        state: as last written, or as concluded by ``find_search``.
        phase: ``PREPARING`` or ``TESTING``; empty before both.
        done: images prepared, or rates tested.
        total: of the same; 0 while not known.
        points: of the curve so far.
        message: the sentence of the error, where there was one.
        cancel_requested: whether somebody asked for an end.
        pid: of the process; 0 where there is none yet.
        process_started: when that process began, in seconds since 1970; 0 where not known.
        started_at: when the search was asked for, in seconds since 1970.
    """

    settings: dict[str, Any]
    state: JobState
    phase: str = ""
    done: int = 0
    total: int = 0
    points: tuple[RatePoint, ...] = ()
    message: str = ""
    cancel_requested: bool = False
    pid: int = 0
    process_started: float = 0.0
    started_at: float = 0.0

    @property
    def is_active(self) -> bool:
        """Whether a process works on it, or is about to."""
        return self.state in ACTIVE

    @property
    def share(self) -> float:
        """How much of the phase is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


def important_settings(config: TrainConfig) -> dict[str, Any]:
    """Return the settings that a range test depends on, its data path absolute.

    Raises:
        ConfigError: the data can be no path.
    """
    values = config.with_absolute_data().to_dict()
    return {name: value for name, value in values.items() if name not in UNIMPORTANT}


def start_search(workspace: Workspace, config: TrainConfig) -> RateSearch:
    """Search in a process of its own, unless one does so for these settings already.

    Raises:
        ConfigError: the data can be no path.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    record = _Record.of(workspace, config)
    with record.lock:  # of two clicks, one finds what the other started
        known = record.look()
        if known is not None and known.is_active:
            return known
        settings = important_settings(config)
        record.write(RateSearch(settings, JobState.STARTING, started_at=time.time()))
        child = _launch(workspace, record)
        _children.append(child)
        return record.update(pid=child.pid, process_started=_start_of(child.pid))


def cancel_search(workspace: Workspace, config: TrainConfig) -> None:
    """Ask a search to end; one that has ended stays as it is."""
    record = _Record.of(workspace, config)
    with record.lock:
        search = record.look()
        if search is None or not search.is_active:
            return
        record.update(cancel_requested=True)
        if process_exists(search.pid, search.process_started):
            with contextlib.suppress(psutil.NoSuchProcess):  # it may just have ended
                psutil.Process(search.pid).terminate()


def find_search(workspace: Workspace, config: TrainConfig) -> RateSearch | None:
    """Return the last search for these settings in its true state, or None if there was none.

    Raises:
        ConfigError: the data can be no path.
    """
    return _Record.of(workspace, config).look()


def other_searches(workspace: Workspace, config: TrainConfig) -> list[RateSearch]:
    """Return the searches for other settings that go on now."""
    own = _Record.of(workspace, config).path
    found = [_Record(p).look() for p in sorted(own.parent.glob("*.json")) if p != own]
    return [search for search in found if search and search.is_active]


@dataclass(frozen=True)
class _Record:
    """The file in which a search is described; its writers hold the lock."""

    path: Path

    @classmethod
    def of(cls, workspace: Workspace, config: TrainConfig) -> "_Record":
        text = json.dumps(important_settings(config), sort_keys=True)
        return cls.named(workspace, hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16])

    @classmethod
    def named(cls, workspace: Workspace, key: str) -> "_Record":
        folder = workspace.root / "learning_rates"
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder / f"{key}.json")

    @property
    def lock(self) -> FileLock:
        return FileLock(self.path.with_suffix(".lock"))

    def read(self) -> RateSearch | None:
        """Return what is written; None where nothing is, or nothing that this version knows."""
        try:
            values = json.loads(self.path.read_bytes())
            values["state"] = JobState(values["state"])
            values["points"] = tuple(RatePoint(*point) for point in values["points"])
            return RateSearch(**values)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def look(self) -> RateSearch | None:
        """Return what is true: what is written, checked against the process."""
        search = self.read()
        if search is None:
            return None
        alive = search.is_active and process_exists(search.pid, search.process_started)
        state = conclude_state(search, has_process=alive, now=time.time())
        if state != search.state and self.read() != search:
            return self.look()  # it told its end, or began anew, between the two looks
        return dataclasses.replace(search, state=state)

    def write(self, search: RateSearch) -> None:
        values = {f.name: getattr(search, f.name) for f in dataclasses.fields(search)}
        values["points"] = [dataclasses.astuple(point) for point in search.points]
        write_atomically(self.path, json.dumps(values).encode())

    def update(self, **changes: Any) -> RateSearch:
        search = self.read()
        assert search is not None, "only a started search is updated"
        search = dataclasses.replace(search, **changes)
        self.write(search)
        return search


def _launch(workspace: Workspace, record: _Record) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    environment["CIFAR_HOME"] = str(workspace.root)
    with record.path.with_suffix(".log").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "cifar_core.lr_jobs", record.path.stem],
            cwd=Path(__file__).resolve().parent.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _start_of(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:  # ended at once; the reader finds out
        return 0.0


# --- in the process of the search


def main(key: str) -> int:
    """Carry out the search that was written down, in this process."""
    let_threads_sleep()
    workspace = Workspace.default()
    record = _Record.named(workspace, key)
    signal.signal(signal.SIGTERM, _raise_cancel)
    try:
        with _ending_told(record):
            _search(workspace, record)
    except (WorkbenchError, _CancelError):
        return 1  # both are written down
    return 0


def _search(workspace: Workspace, record: _Record) -> None:
    from cifar_core.data.sources import open_data  # torch
    from cifar_core.lr_finder import NUM_STEPS, find_learning_rate

    with record.lock:
        pid = os.getpid()
        search = record.update(
            state=JobState.RUNNING, phase=PREPARING, pid=pid, process_started=_start_of(pid)
        )
    if search.cancel_requested:
        raise _CancelError
    config, reporter = TrainConfig.from_dict(search.settings), _Reporter(record)
    data = open_data(config.data, workspace, fit=config.fit, progress=reporter.prepared)
    points: list[RatePoint] = []
    for point in find_learning_rate(config, data):
        points.append(point)
        reporter.say(phase=TESTING, done=len(points), total=NUM_STEPS, points=tuple(points))
    with record.lock:
        record.update(phase=TESTING, points=tuple(points))


class _Reporter:
    """Writes progress down, not too often; a full disk stops no search for that."""

    def __init__(self, record: _Record) -> None:
        self._record, self._last = record, 0.0

    def prepared(self, done: int, total: int) -> None:
        self.say(phase=PREPARING, done=done, total=total)

    def say(self, **changes: Any) -> None:
        if time.monotonic() - self._last < REPORT_INTERVAL_S:
            return
        self._last = time.monotonic()
        with contextlib.suppress(OSError), self._record.lock:
            self._record.update(**changes)


@contextlib.contextmanager
def _ending_told(record: _Record) -> Iterator[None]:
    try:
        yield
    except _CancelError:
        _end(record, JobState.CANCELLED)
        raise
    except WorkbenchError as error:
        _end(record, JobState.FAILED, str(error))
        raise
    except BaseException as error:  # written down, then raised, as in the worker
        log.error("%s", traceback.format_exc())
        _end(record, JobState.FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        _end(record, JobState.FINISHED)


def _end(record: _Record, state: JobState, message: str = "") -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second click must not end the ending
    with record.lock:
        record.update(state=state, message=message)


def _raise_cancel(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _CancelError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
