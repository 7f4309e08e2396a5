"""Hands a run's records to the store in small batches, and never lets the store end a training."""

import contextlib
import logging
import sqlite3
import time

from cifar_core.records import Metric
from cifar_core.store import Store

FLUSH_INTERVAL_S = 0.25
"""A transaction costs about a millisecond; four a second keep the curve moving for under 1 %."""

RETRY_INTERVAL_S = 5.0
PATIENCE_S = 0.5
"""A locked store costs a training at most this much of every ``RETRY_INTERVAL_S``."""

NOTE_INTERVAL_S = 0.5
"""Between two notes of how far the preparation of the images is."""

log = logging.getLogger(__name__)


class Recorder:
    """The only writer of one run's metrics."""

    def __init__(self, store: Store, run_id: str) -> None:
        """Write to the rows of ``run_id``."""
        self._store, self._run_id = store, run_id
        self._waiting: list[Metric] = []
        self._last_flush = self._last_note = 0.0
        self._failing = False

    def add(self, record: Metric) -> None:
        """Keep a record; it reaches the store within about ``FLUSH_INTERVAL_S``."""
        self._waiting.append(record)
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Write what waits, and the heartbeat, where the last write is long enough ago."""
        interval = RETRY_INTERVAL_S if self._failing else FLUSH_INTERVAL_S
        if time.monotonic() - self._last_flush >= interval:
            self.flush()

    def note_preparation(self, done: int, total: int) -> None:
        """Let the run's row say how many images are prepared, not too often.

        It stands under ``about["preparing"]`` until the training begins.
        """
        if time.monotonic() - self._last_note < NOTE_INTERVAL_S:
            return
        self._last_note = time.monotonic()
        # Only a progress bar stands still where the store refuses; the next note may get through.
        with contextlib.suppress(sqlite3.Error):
            about = {"preparing": {"done": done, "total": total}}
            self._store.update_run(self._run_id, about=about)

    def flush(self, *, patience_s: float = PATIENCE_S) -> bool:
        """Write what waits; where the store refuses (locked, disk full), keep it and try later.

        Args:
            patience_s: how long to wait for another writer.

        Returns:
            Whether everything is in the store now.
        """
        try:
            self._store.add_metrics(self._run_id, self._waiting, patience_s=patience_s)
        except sqlite3.Error as error:
            if not self._failing:
                log.warning("The metrics cannot be stored now (%s); training goes on.", error)
            self._failing = True
            return False
        finally:
            self._last_flush = time.monotonic()
        if self._failing:
            log.info("The metrics are stored again; none is lost.")
        self._failing = False
        self._waiting.clear()
        return True
