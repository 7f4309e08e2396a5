"""The Train page for its tests: opened without processes, and what it shows."""

import os
import socket
import time
from pathlib import Path

import psutil
from streamlit.testing.v1 import AppTest

from cifar_core import cost, jobs
from cifar_core.config import FIELDS
from cifar_core.records import EpochRecord, StepRecord
from cifar_core.run_state import RunState

ROOT = Path(__file__).parent.parent.parent

OTHER = {
    "data": "cifar10", "fit": "stretch", "model": "vgg", "epochs": 3, "learning_rate": 0.05,
    "batch_size": 17, "optimizer": "sgd", "momentum": 0.5, "nesterov": False, "weight_decay": 5e-4,
    "schedule": "one_cycle", "warmup_epochs": 1.5, "step_epochs": 2, "step_factor": 0.5,
    "label_smoothing": 0.1, "dropout": 0.25, "flip": True, "shift": 4, "cutout": 8,
    "normalization": "dataset", "clip_norm": 1.0, "early_stopping": 2, "keep_weights": "last",
    "keep_epochs_mb": 150, "views": "mirror_shift",
    "train_size": 1000, "val_size": 30, "test_size": 10, "seed": 7, "device": "cpu", "processes": 2,
    "precision": "bfloat16", "layout": "contiguous",
}  # fmt: skip
"""Every setting with a value that is not its default."""


def without_processes(monkeypatch) -> list[str]:
    """Let nothing be measured or trained; return the runs that the page starts: only rows."""
    runs = []

    def launch(store, run_id):
        play_worker(store, run_id)
        runs.append(run_id)

    monkeypatch.setattr(cost, "start_measuring", lambda workspace, config: False)
    monkeypatch.setattr(jobs, "_launch", launch)
    return runs


def open_train_page(locale: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard/frame.py"), default_timeout=30)
    app.query_params["lang"] = locale
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("../pages/2_Train.py").run()
    assert not app.exception
    return app


def play_worker(store, run_id: str, **columns) -> None:
    """Say of a run what its worker would: the worker is this process."""
    process = psutil.Process()
    store.update_run(run_id, **{
        "state": RunState.RUNNING, "phase": "training", "pid": os.getpid(),
        "process_started": process.create_time(), "host": socket.gethostname(),
        "steps_per_epoch": 10, "started_at": time.time() - 60, "finished_at": 0, **columns,
    })  # fmt: skip


def train_some(store, run_id: str, *, epochs: int = 2) -> None:
    records = [
        StepRecord(step, 1 + (step - 1) // 10, 2.0 / step, 1e-3, 640.0)
        for step in range(1, 10 * epochs + 5)
    ]
    records += [
        EpochRecord(epoch, 10 * epoch, 1.0, 0.5, 1.1, 0.4 + epoch / 100, 1e-3, 6.4, 60.0)
        for epoch in range(1, epochs + 1)
    ]
    store.add_metrics(run_id, records)


def text(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.subheader, app.title, app.error, app.warning)
    words = [element.value for kind in kinds for element in kind]
    words += [f"{metric.label} {metric.value}" for metric in app.metric]
    words += [f"{bar.text} {bar.value}" for bar in app.progress]
    return "\n".join(words)


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


def settings_of(app: AppTest) -> dict:
    return {field: app.session_state[f"train_{field}"] for field in FIELDS}


def linked(app: AppTest) -> dict[str, str]:
    return {name: app.query_params[name] for name in FIELDS if name in app.query_params}
