"""The process of a background job: it says how far it is and, whatever happens, how it ended.

Who starts and watches it is in ``background``.
"""

import contextlib
import logging
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from cifar_core.background import J, JobFile, JobState, start_of
from cifar_core.errors import WorkbenchError

REPORT_INTERVAL_S = 0.25
"""Between two written changes of the progress."""

log = logging.getLogger("cifar_core.background")


class _CancelError(BaseException):
    """Raised by the signal that asks for an end; nothing on the way may mistake it for an error."""


class Reporter:
    """Writes progress down, not too often; a full disk ends no job for that."""

    def __init__(self, file: JobFile[Any]) -> None:
        self._file, self._last = file, 0.0

    def __call__(self, done: int, total: int) -> None:
        """Say that so much of so much is done, where that is due."""
        self.say(done=done, total=total)

    def say(self, *, at_once: bool = False, **changes: Any) -> None:
        """Change fields of the job, where that is due or must be ``at_once``."""
        now = time.monotonic()
        if at_once or now - self._last >= REPORT_INTERVAL_S:
            self._last = 0.0 if at_once else now  # what follows a change of phase is told as well
            with contextlib.suppress(OSError), self._file.lock:
                self._file.update(**changes)


def carry_out(file: JobFile[J], work: Callable[[J, Reporter], None], by_hand: J) -> int:
    """Do what was asked, in this process, and write down how that goes.

    Args:
        file: of the job.
        work: gets what was asked; SIGTERM ends it wherever it is.
        by_hand: what is asked where nobody started a job: somebody ran the module in a shell.

    Returns:
        The exit status.
    """
    signal.signal(signal.SIGTERM, _raise_cancel)
    try:
        with _ending_told(file):
            work(_claim(file, by_hand), Reporter(file))
    except (WorkbenchError, _CancelError):
        return 1  # both are written down
    return 0


def _claim(file: JobFile[J], by_hand: J) -> J:
    """Write that this process does it."""
    pid = os.getpid()
    with file.lock:
        known = file.read()
        if known is None or not known.is_active:
            file.write(by_hand)
            file.update(started_at=time.time())
        job = file.update(state=JobState.RUNNING, pid=pid, process_started=start_of(pid))
    if job.cancel_requested:
        raise _CancelError
    return job


@contextlib.contextmanager
def _ending_told(file: JobFile[Any]) -> Iterator[None]:
    try:
        yield
    except _CancelError:
        _end(file, JobState.CANCELLED)
        raise
    except WorkbenchError as error:
        _end(file, JobState.FAILED, str(error))
        raise
    except BaseException as error:  # written down, then raised, as in the worker
        log.error("%s", traceback.format_exc())
        _end(file, JobState.FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        _end(file, JobState.FINISHED)


def _end(file: JobFile[Any], state: JobState, message: str = "") -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second click must not end the ending
    with file.lock:
        file.update(state=state, message=message, finished_at=time.time())


def _raise_cancel(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _CancelError
