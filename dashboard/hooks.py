"""What happens when the server starts and ends, and when a page fails."""

import gc
import importlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
import streamlit as st

from cifar_core import jobs, standby
from cifar_core.run_notes import purge_runs
from dashboard.i18n import _
from dashboard.services import get_store

_IMPORTED_EARLY = ("pandas", "plotly.graph_objects")
"""Plotly looks for pandas among the loaded modules, and stumbles over it while another visitor's
page is just importing it."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Remove what was deleted long ago, and start the runs that an earlier server left in line.

    Runs go on when this server ends; a process that waits for one does not.
    """
    for name in _IMPORTED_EARLY:
        importlib.import_module(name)
    await anyio.to_thread.run_sync(_tidy_up)
    await anyio.to_thread.run_sync(_launch_left_over)
    gc.collect()
    gc.freeze()  # what is imported now never becomes garbage: later collections skip it
    yield
    standby.dismiss_worker()


def _tidy_up() -> None:
    removed = purge_runs(get_store())
    if removed:
        log.info("removed %d runs that were deleted long ago", removed)


def _launch_left_over() -> None:
    for run_id in jobs.launch_queued(get_store()):
        log.info("started run %s, which was in line", run_id)


def show_script_error(error: Exception) -> bool:
    """Say that a page failed; the trace goes to the server's log only.

    Returns:
        True: Streamlit shows nothing of its own.
    """
    log.error("A page failed.", exc_info=error)
    st.error(_("Something went wrong on this page. The server's log says what."))
    return True
