import asyncio
import gc
import logging

import pytest
from streamlit.testing.v1 import AppTest

from cifar_core import jobs, standby
from cifar_core.config import TrainConfig
from cifar_core.run_notes import deleted_runs
from cifar_core.run_state import RunState
from dashboard import hooks


@pytest.fixture
def launched(monkeypatch):
    """The runs that would be started as processes."""
    started: list[str] = []
    monkeypatch.setattr(jobs, "_launch", lambda store, run_id: started.append(run_id))
    return started


async def live_shortly() -> None:
    async with hooks.lifespan(None):
        pass


@pytest.fixture
def _thawed():
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_runs_that_a_server_before_left_in_line_start_with_the_next(store, launched):
    run_id = store.create_run(TrainConfig())
    asyncio.run(live_shortly())
    assert launched == [run_id]


@pytest.mark.usefixtures("_thawed", "launched")
def test_runs_that_were_deleted_long_ago_are_gone_with_the_next_start(store):
    run_id = store.create_run(TrainConfig())
    store.update_run(run_id, state=RunState.FINISHED, finished_at=1.0, deleted_at=1.0)
    asyncio.run(live_shortly())
    assert deleted_runs(store) == []


@pytest.mark.usefixtures("_thawed")
def test_what_is_imported_at_the_start_is_kept_out_of_later_collections(launched):
    before = gc.get_freeze_count()
    asyncio.run(live_shortly())
    assert gc.get_freeze_count() > before
    assert launched == []


def failing_page() -> None:
    from dashboard.hooks import show_script_error

    assert show_script_error(ValueError("secret path /etc/x"))


def test_a_page_that_fails_says_so_and_tells_the_log_why(caplog):
    with caplog.at_level(logging.ERROR):
        app = AppTest.from_function(failing_page).run()
    assert app.error[0].value == "Something went wrong on this page. The server's log says what."
    assert "secret path" in caplog.text


@pytest.mark.usefixtures("_thawed", "launched")
def test_no_process_waits_for_a_run_when_the_server_has_ended(home, monkeypatch):
    monkeypatch.setenv(standby.STANDBY_VARIABLE, "60")
    standby.keep_worker_ready(home)
    waiting = standby._waiting[0]
    asyncio.run(live_shortly())
    assert waiting.poll() is not None
