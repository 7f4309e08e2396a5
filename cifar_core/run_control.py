"""What a person asks of a running training, looked at between its steps."""

import logging
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from cifar_core.run_state import RunState
from cifar_core.store import Command, Store
from cifar_core.training import Training

POLL_INTERVAL_S = 0.2
"""A look costs about 0.2 ms; five a second let a stop act well within a second."""

log = logging.getLogger(__name__)


class StopRequested(Exception):
    """The run was asked to stop; raised between two steps."""


class RunControl:
    """Obeys the commands of one run."""

    def __init__(
        self, store: Store, run_id: str, while_paused: Callable[[], None] = lambda: None
    ) -> None:
        """Obey commands for ``run_id``; call ``while_paused`` every few seconds of a pause."""
        self._store, self._run_id, self._while_paused = store, run_id, while_paused
        self._last_poll = 0.0
        self._signalled = False

    def between_steps(self, training: Training, save: Callable[[], None]) -> None:
        """Do what was asked since the last look.

        Args:
            training: its learning rate may be changed.
            save: writes a checkpoint of it as it stands.

        Raises:
            StopRequested: the run is to end here.
        """
        for command in self._due_commands():
            self._obey(command, training, save)
        self._stop_if_signalled()

    def while_preparing(self) -> None:
        """Look for a stop only; other commands wait until there is a training.

        Raises:
            StopRequested: the run is to end here.
        """
        stops = [command for command in self._due_commands() if command.kind == "stop"]
        if stops:
            self._store.mark_applied([c.number for c in stops], 0)
            raise StopRequested
        self._stop_if_signalled()

    @contextmanager
    def signals_as_stop(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM ask for a stop; a second one ends the process at once."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may set handlers; commands work all the same
            return
        before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
        for number in before:
            signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler)
        self._signalled = True

    def _stop_if_signalled(self) -> None:
        if self._signalled:
            raise StopRequested

    def _due_commands(self) -> list[Command]:
        if time.monotonic() - self._last_poll < POLL_INTERVAL_S:
            return []
        self._last_poll = time.monotonic()
        try:
            return self._store.waiting_commands(self._run_id)
        except sqlite3.Error as error:
            log.warning("Commands cannot be read now (%s); training goes on.", error)
            return []

    def _obey(self, command: Command, training: Training, save: Callable[[], None]) -> None:
        step = training.progress.step
        log.info("%s after step %d", command.kind, step)
        if command.kind == "learning_rate" and command.value is not None:
            training.progress.learning_rate = command.value
            # Saved before it is marked: killed in between, the resumed run does it again at this
            # very step, and ends with the same numbers as one that was never interrupted.
            save()
        self._store.mark_applied([command.number], step)
        if command.kind == "stop":
            raise StopRequested
        if command.kind == "pause":
            self._pause(training, save)

    def _pause(self, training: Training, save: Callable[[], None]) -> None:
        training.progress.epoch_seconds += training.speed.elapsed()
        training.speed.restart()
        save()
        self._store.update_run(self._run_id, state=RunState.PAUSED, phase="paused")
        self._wait_for_resume(training)
        self._store.update_run(self._run_id, state=RunState.RUNNING, phase="training")
        training.speed.restart()

    def _wait_for_resume(self, training: Training) -> None:
        step, last_report = training.progress.step, time.monotonic()
        while True:
            self._stop_if_signalled()
            for command in self._store.waiting_commands(self._run_id):
                if command.kind == "learning_rate" and command.value is not None:
                    training.progress.learning_rate = command.value
                self._store.mark_applied([command.number], step)
                if command.kind == "stop":
                    raise StopRequested
                if command.kind == "resume":
                    return
            if time.monotonic() - last_report > 2.0:
                self._store.update_run(self._run_id)  # a heartbeat
                self._while_paused()
                last_report = time.monotonic()
            time.sleep(0.1)
