import itertools

import pytest

from cifar_core.run_state import (
    ACTIVE,
    ENDED,
    RESUMABLE,
    STALLED_AFTER_S,
    START_LIMIT_S,
    RunState,
    Vitals,
    conclude_state,
)

S = RunState
GONE_S = STALLED_AFTER_S * 4
"""Silence after which a process on another machine is given up."""

SILENCES = (-3600.0, 0.0, STALLED_AFTER_S, STALLED_AFTER_S + 0.1, START_LIMIT_S, 1e4, 1e9)


def conclude(state, launched=True, process=True, elsewhere=False, silent=0.0) -> RunState:
    return conclude_state(Vitals(state, launched, process, elsewhere, silent))


def test_every_state_has_its_place():
    assert frozenset(S) == ENDED | ACTIVE | {S.QUEUED}
    assert not ENDED & ACTIVE and ENDED - {S.FINISHED} == RESUMABLE


@pytest.mark.parametrize("state", [S.QUEUED, S.FINISHED, S.STOPPED, S.FAILED, S.CRASHED])
def test_states_that_claim_no_process_are_believed(state):
    for vitals in itertools.product((True, False), (True, False), (True, False), SILENCES):
        assert conclude(state, *vitals) == state


@pytest.mark.parametrize("state", [S.STARTING, S.RUNNING, S.PAUSED])
@pytest.mark.parametrize(
    ("process", "elsewhere", "silent", "expected"),
    [
        # a process of this machine
        (True, False, 0.0, None),
        (True, False, -3600.0, None),  # a clock that was set back
        (True, False, STALLED_AFTER_S, None),
        (True, False, STALLED_AFTER_S + 0.1, S.STALLED),
        (True, False, 1e9, S.STALLED),  # never dead while it exists
        (False, False, 0.0, S.CRASHED),  # never alive when it does not
        (False, False, 1e9, S.CRASHED),
        # a process of another machine, of which only the heartbeat is known
        (False, True, 0.0, None),
        (False, True, STALLED_AFTER_S, None),
        (False, True, STALLED_AFTER_S + 0.1, S.STALLED),
        (False, True, GONE_S - 0.1, S.STALLED),
        (False, True, GONE_S, S.CRASHED),
        (False, True, 1e9, S.CRASHED),
    ],
)
def test_states_that_claim_a_process_are_checked(state, process, elsewhere, silent, expected):
    assert conclude(state, True, process, elsewhere, silent) == (expected or state)


@pytest.mark.parametrize("state", [S.RUNNING, S.PAUSED])
@pytest.mark.parametrize("silent", SILENCES)
def test_a_running_state_without_a_process_number_is_a_crash(state, silent):
    assert conclude(state, launched=False, process=False, silent=silent) == S.CRASHED


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_launch_without_a_process_yet_has_some_time(elsewhere):
    for silent, expected in [
        (0.0, S.STARTING), (START_LIMIT_S, S.STARTING), (START_LIMIT_S + 0.1, S.CRASHED),
    ]:  # fmt: skip
        assert conclude(S.STARTING, False, False, elsewhere, silent) == expected


def test_the_full_table():
    table = itertools.product(S, (True, False), (True, False), (True, False), SILENCES)
    for state, launched, process, elsewhere, silent in table:
        found = conclude(state, launched, process, elsewhere, silent)
        assert found in {state, S.CRASHED, S.STALLED}
        if found == S.CRASHED != state:
            assert not process or not launched
        if found != state:
            assert state in ACTIVE


def test_states_are_texts_that_a_table_can_hold():
    assert f"{S.RUNNING}" == "running" and S("crashed") is S.CRASHED
