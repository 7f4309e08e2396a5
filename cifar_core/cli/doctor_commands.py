"""``lr-find`` and ``doctor``: what learning rate to take, and what is wrong with a run."""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import astuple
from io import StringIO
from pathlib import Path
from typing import Any

from cifar_core.cli.config_options import given_values
from cifar_core.cli.output import print_json, progress_bar
from cifar_core.config import TrainConfig
from cifar_core.config_files import read_config_values
from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.data.sources import open_data
from cifar_core.doctor.examination import examine
from cifar_core.doctor.findings import Finding
from cifar_core.doctor.gathering import gather_evidence
from cifar_core.doctor.texts import TEXTS, written
from cifar_core.errors import ConfigError
from cifar_core.files import write_atomically
from cifar_core.rate_curve import RatePoint, suggest_rates
from cifar_core.store import Store
from cifar_core.workspace import Workspace


def run_lr_find(options: argparse.Namespace) -> int:
    """Run a range test and print what it suggests."""
    from cifar_core.lr_finder import NUM_STEPS, find_learning_rate  # torch

    values = read_config_values(Path(options.config)) if options.config else {}
    config = TrainConfig.from_dict({**values, **given_values(options)}).with_absolute_data()
    out = _checked_out(options.out)
    with progress_bar("preparing images", quiet=options.json) as told:
        data = open_data(config.data, Workspace.default(), fit=config.fit, progress=told)
    points: list[RatePoint] = []
    with progress_bar("testing rates", quiet=options.json) as told:
        for point in find_learning_rate(config, data):
            points.append(point)
            told(len(points), NUM_STEPS)
    if out is not None:
        _write_csv(points, out)
    _print_suggestion(points, config, as_json=options.json)
    return 0


def _checked_out(text: str | None) -> Path | None:
    if text is None:
        return None
    out = Path(text)
    if out.is_dir() or not out.parent.is_dir():
        raise ConfigError(f"--out is {text}; expected a file name in a folder that exists.")
    return out


def _write_csv(points: Sequence[RatePoint], out: Path) -> None:
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["learning_rate", "loss", "smoothed_loss"])
    rows.writerows(astuple(point) for point in points)
    write_atomically(out, text.getvalue().encode())


def _print_suggestion(points: Sequence[RatePoint], config: TrainConfig, *, as_json: bool) -> None:
    found = suggest_rates(points, config)
    if as_json:
        print_json({
            "type": "learning_rate", "advised": found.advised,
            "steepest": found.steepest, "valley": found.valley,
            "rates": [p.rate for p in points], "losses": [p.loss for p in points],
            "smoothed": [p.smoothed for p in points],
        })  # fmt: skip
    elif found.advised is None or found.valley is None:
        print(f"The loss fell at none of the {len(points)} rates tried; nothing can be suggested.")
    else:
        print(f"Suggested learning rate: {found.advised:.2g}")
        print(f"Careful choice:          {found.valley:.2g} (in the middle of the descent)")
        print(f"The loss falls fastest at {found.steepest:.2g}.")


def run_doctor(options: argparse.Namespace) -> int:
    """Print what the doctor finds in a run."""
    store = Store(Workspace.default())
    run = store.run(options.run_id)
    findings = examine(gather_evidence(store, run))
    classes = run.about.get("data", {}).get("classes", CIFAR10_CLASSES)
    for finding in findings:
        if options.json:
            print_json(_as_dict(finding))
        else:
            _print_finding(finding, classes)
    if not findings and not options.json:
        print("Nothing found: the run looks healthy so far.")
    return 0


def _as_dict(finding: Finding) -> dict[str, Any]:
    return {
        "type": "finding",
        "kind": str(finding.kind),
        "severity": str(finding.severity),
        "numbers": dict(finding.numbers),
        "change": dict(finding.change),
    }


def _print_finding(finding: Finding, classes: Sequence[str]) -> None:
    text = TEXTS[finding.kind]
    print(f"{finding.severity}: {text.title}. {text.sentence.format(**written(finding, classes))}")
    if finding.change:
        flags = " ".join(_flag(name, value) for name, value in finding.change.items())
        print(f"  Try: python -m cifar_core train ... {flags}")


def _flag(name: str, value: Any) -> str:
    """Return a setting as an option of ``train``."""
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    if isinstance(value, float):
        return f"--{flag} {value:g}"
    return f"--{flag} {'none' if value is None else value}"
