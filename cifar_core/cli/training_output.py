"""What a training in the foreground prints: a bar on a terminal, lines in a pipe, or JSON."""

import sys
from typing import Any

from tqdm import tqdm

from cifar_core.cli.output import print_json
from cifar_core.config import TrainConfig
from cifar_core.evaluation import Evaluation, format_evaluation
from cifar_core.records import EpochRecord, Pulse, Record, StepRecord, record_to_dict
from cifar_core.training import Training
from cifar_core.worker import Listener


class JsonPrinter(Listener):
    """One JSON object a line for each record."""

    def __init__(self, run_id: str) -> None:
        """Print for one run."""
        print_json({"type": "run", "run_id": run_id})

    def phase(self, name: str) -> None:
        """Print what begins."""
        print_json({"type": "phase", "phase": name})

    def record(self, record: Record) -> None:
        """Print a record; signs of life are left out."""
        if not isinstance(record, Pulse):
            print_json(record_to_dict(record))

    def tested(self, evaluation: Evaluation) -> None:
        """Leave the test result to the closing line."""

    def close(self) -> None:
        """Nothing is open."""


class LinePrinter(Listener):
    """A line every so many steps and one for each epoch, for logs and pipes."""

    def __init__(self, config: TrainConfig, run_id: str, print_every: int) -> None:
        """Print for one run."""
        self._config, self._every = config, max(0, print_every)
        self._losses: list[float] = []
        print(f"Run {run_id}", flush=True)

    def phase(self, name: str) -> None:
        """Print what begins."""
        print(f"{name} ...", flush=True)

    def record(self, record: Record) -> None:
        """Print the running loss now and then, and every epoch."""
        if isinstance(record, EpochRecord):
            self._losses.clear()
            print(epoch_line(record, self._config.epochs), flush=True)
        elif isinstance(record, StepRecord) and self._every:
            self._losses.append(record.loss)
            if record.step % self._every == 0:
                mean = sum(self._losses) / len(self._losses)
                self._losses.clear()
                speed = f"{record.images_per_s:,.0f} images/s"
                print(f"  step {record.step}: training loss {mean:.4f}, {speed}", flush=True)

    def tested(self, evaluation: Evaluation) -> None:
        """Print the test result."""
        print(format_evaluation(evaluation), flush=True)

    def close(self) -> None:
        """Nothing is open."""


class TerminalPrinter(Listener):
    """A progress bar an epoch, and a line that stays when it ends."""

    def __init__(self, config: TrainConfig, run_id: str) -> None:
        """Print for one run."""
        self._config, self._steps = config, 0
        self._bar: Any = None
        print(f"Run {run_id}. Ctrl-C stops it and keeps what was learned.")

    def started(self, training: Training, steps_per_epoch: int) -> None:
        """Learn how long an epoch is."""
        self._steps = steps_per_epoch

    def record(self, record: Record) -> None:
        """Move the bar, or replace it by the epoch's line."""
        if isinstance(record, EpochRecord):
            self.close()
            print(epoch_line(record, self._config.epochs))
        elif isinstance(record, Pulse):
            self._open(record.epoch).set_postfix_str(f"validating {record.done}/{record.total}")
        else:
            self._move(record)

    def tested(self, evaluation: Evaluation) -> None:
        """Print the test result."""
        print(format_evaluation(evaluation))

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _move(self, record: StepRecord) -> None:
        bar = self._open(record.epoch)
        text = f"loss {record.loss:.4f}, {record.images_per_s:,.0f} images/s"
        bar.set_postfix_str(text, refresh=False)
        bar.update(record.step - (record.epoch - 1) * self._steps - bar.n)

    def _open(self, epoch: int) -> Any:
        if self._bar is None:
            text = f"epoch {epoch}/{self._config.epochs}"
            self._bar = tqdm(total=self._steps, desc=text, unit=" steps", leave=False,
                             file=sys.stderr)  # fmt: skip
        return self._bar


def epoch_line(record: EpochRecord, epochs: int) -> str:
    """Return one epoch in a line."""
    parts = [
        f"epoch {record.epoch}/{epochs}",
        f"training loss {record.train_loss:.4f}, accuracy {record.train_accuracy:.2%}",
    ]
    if record.val_loss is not None and record.val_accuracy is not None:
        parts.append(f"validation loss {record.val_loss:.4f}, accuracy {record.val_accuracy:.2%}")
    parts.append(f"{record.seconds:.1f} s")
    if record.eta_s > 0:
        parts.append(f"about {duration(record.eta_s)} left")
    return " | ".join(parts).replace("%", " %")


def duration(seconds: float) -> str:
    """Return a time as people say it: "45 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
