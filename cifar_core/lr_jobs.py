"""Find learning rates in the background: ``python -m cifar_core.lr_jobs SETTINGS``.

A search is a background job (``background``) that stands in no run's way. Its file holds the curve,
so that a page may follow it and finds the result later. Settings that do not matter to the test,
such as the epochs, share a search. Imports no torch before the work begins.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from typing import Any, Self

from cifar_core.background import BackgroundJob, JobFile
from cifar_core.background_work import Reporter, carry_out
from cifar_core.config import TrainConfig
from cifar_core.process import prepare_to_compute
from cifar_core.rate_curve import RatePoint
from cifar_core.workspace import Workspace

UNIMPORTANT = frozenset({
    "learning_rate", "epochs", "schedule", "warmup_epochs", "step_epochs", "step_factor",
    "early_stopping", "keep_weights", "keep_epochs_mb", "test_size",
    "processes",
})  # fmt: skip
"""Settings that change nothing in a range test."""
PREPARING, TESTING = "preparing data", "testing rates"


@dataclass(frozen=True, kw_only=True)
class RateSearch(BackgroundJob):
    """What is known of the last search for some settings.

    Attributes:
        settings: those that matter, as for ``TrainConfig``.
        phase: ``PREPARING`` or ``TESTING``; empty before both. It gives ``done`` its unit: images
            prepared, or rates tested.
        points: of the curve so far.
    """

    settings: dict[str, Any]
    phase: str = ""
    points: tuple[RatePoint, ...] = ()

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """Return what was turned into JSON types; see ``BackgroundJob``."""
        points = tuple(RatePoint(**point) for point in values["points"])
        return super().from_values({**values, "points": points})


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
    settings = important_settings(config)
    file = job_file(workspace, settings)
    search = RateSearch(settings=settings)
    return file.start(search, workspace, "cifar_core.lr_jobs", json.dumps(settings))


def cancel_search(workspace: Workspace, config: TrainConfig) -> None:
    """Ask a search to end; one that has ended stays as it is."""
    job_file(workspace, important_settings(config)).cancel()


def find_search(workspace: Workspace, config: TrainConfig) -> RateSearch | None:
    """Return the last search for these settings in its true state, or None if there was none.

    Raises:
        ConfigError: the data can be no path.
    """
    return job_file(workspace, important_settings(config)).look()


def other_searches(workspace: Workspace, config: TrainConfig) -> list[RateSearch]:
    """Return the searches for other settings that go on now."""
    own = job_file(workspace, important_settings(config)).path
    paths = [path for path in sorted(own.parent.glob("*.json")) if path != own]
    found = [JobFile(path, RateSearch).look() for path in paths]
    return [search for search in found if search and search.is_active]


def job_file(workspace: Workspace, settings: dict[str, Any]) -> JobFile[RateSearch]:
    """Return the file that tells of the last search.

    Args:
        workspace: where it lies.
        settings: of ``important_settings``.
    """
    folder = workspace.root / "learning_rates"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(settings, sort_keys=True)
    key = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
    return JobFile(folder / f"{key}.json", RateSearch)


# --- in the process of the search


def main(text: str) -> int:
    """Carry out a search in this process and write down how that goes.

    Args:
        text: the settings that matter, as JSON.
    """
    prepare_to_compute()
    settings: dict[str, Any] = json.loads(text)
    file = job_file(Workspace.default(), settings)
    return carry_out(file, _search, by_hand=RateSearch(settings=settings))


def _search(search: RateSearch, report: Reporter) -> None:
    from cifar_core.data.sources import open_data  # torch
    from cifar_core.lr_finder import NUM_STEPS, find_learning_rate

    report.say(at_once=True, phase=PREPARING)
    config = TrainConfig.from_dict(search.settings)
    data = open_data(config.data, Workspace.default(), fit=config.fit, progress=report)
    points: list[RatePoint] = []
    for point in find_learning_rate(config, data):
        points.append(point)
        report.say(phase=TESTING, done=len(points), total=NUM_STEPS, points=tuple(points))
    report.say(at_once=True, phase=TESTING, points=tuple(points))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
