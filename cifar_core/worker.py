"""One run, from its row in the store to its final model: ``python -m cifar_core.worker RUN_ID``.

Joins data, training and store. The same function serves the app's background process and the
command line, so that a run is a run wherever it was started.
"""

import dataclasses
import logging
import sys
import time
import traceback
from dataclasses import dataclass
from typing import Any

import torch

from cifar_core import jobs
from cifar_core.checkpoint import current_versions
from cifar_core.claims import claimed, logged
from cifar_core.data.image_set import ImageSet
from cifar_core.data.sources import open_data
from cifar_core.data.splits import Splits, split_images
from cifar_core.database import BUSY_TIMEOUT_S
from cifar_core.devices import flushed_denormals
from cifar_core.distributed import ALONE, Group, joined, told_of_losses
from cifar_core.errors import WorkbenchError
from cifar_core.evaluation import Evaluation, score_logits
from cifar_core.examples import ExampleWatcher
from cifar_core.following import follow, lead
from cifar_core.forks import describe_start, take_start_weights
from cifar_core.health_probe import HealthProbe
from cifar_core.inference import iterate_logits
from cifar_core.models.registry import count_parameters
from cifar_core.process import keep_freed_memory
from cifar_core.recorder import Recorder
from cifar_core.records import EpochRecord, Metric, Pulse, Record
from cifar_core.run_control import RunControl, StopRequested
from cifar_core.run_files import RunFiles, describe_data
from cifar_core.run_paths import EXAMPLES_FILE
from cifar_core.run_state import ENDED, RunState
from cifar_core.store import RunRow, Store
from cifar_core.training import Training, start_training, train
from cifar_core.training_state import StateHeader, read_state_header, restore_training
from cifar_core.tuning import tuned
from cifar_core.workspace import Workspace

log = logging.getLogger("cifar_core.worker")


class Listener:
    """Is told what a run does; the command line prints it. This one keeps quiet."""

    def phase(self, name: str) -> None:
        """Something else begins: "preparing data", "training", "testing"."""

    def progress(self, done: int, total: int) -> None:
        """So much of the current phase is done."""

    def started(self, training: Training, steps_per_epoch: int) -> None:
        """The training is about to take its next step."""

    def record(self, record: Record) -> None:
        """The training said something."""

    def tested(self, evaluation: Evaluation) -> None:
        """The kept weights were evaluated on the test set."""


@dataclass
class _Work:
    """What the parts of one run share."""

    store: Store
    run: RunRow
    control: RunControl
    recorder: Recorder
    listener: Listener
    group: Group

    def begin_phase(self, name: str) -> None:
        log.info("%s", name)
        self.store.update_run(self.run.run_id, phase=name)
        self.listener.phase(name)

    def report_images(self, done: int, total: int) -> None:
        self.report_preparing(done, total)
        self.recorder.note_preparation(done, total)

    def report_preparing(self, done: int, total: int) -> None:
        self.recorder.flush_if_due()  # the heartbeat
        self.control.while_preparing()
        self.group.hold()
        self.listener.progress(done, total)


def work(
    store: Store, run_id: str, listener: Listener | None = None, group: Group = ALONE
) -> RunState:
    """Carry out a run, or continue it from its last checkpoint.

    Args:
        store: where the run's row is.
        run_id: a run that is queued, starting, or has ended without finishing.
        listener: told what happens.
        group: led by this process; the others ``follow``.

    Returns:
        FINISHED or STOPPED.

    Raises:
        RunError: another process works on this run, or it has finished.
        WorkbenchError: the run failed in a way that has a sentence; it is also in the run's row.
    """
    run = store.run(run_id)
    with claimed(store, run), logged(store, run_id), store.held_open():
        control = RunControl(store, run_id, while_paused=group.hold)
        job = _Work(store, run, control, Recorder(store, run_id), listener or Listener(), group)
        try:
            with control.signals_as_stop(), told_of_losses(group):
                _carry_out(job)
        except StopRequested:
            group.dismiss()
            return _end(job, RunState.STOPPED)
        except WorkbenchError as error:
            _end(job, RunState.FAILED, message=str(error))
            raise
        except BaseException as error:  # recorded, then raised: the one place that may
            log.error("%s", traceback.format_exc())
            _end(job, RunState.FAILED, message=f"{type(error).__name__}: {error}")
            raise
        return _end(job, RunState.FINISHED)


def _carry_out(job: _Work) -> None:
    """Prepare, train, test."""
    job.begin_phase("preparing data")
    config, workspace = job.run.config, job.store.workspace
    data = open_data(config.data, workspace, fit=config.fit, progress=job.report_images)
    splits = split_images(data, config)
    files = RunFiles(job.store.workspace.run_dir(job.run.run_id), job.run.run_id, data)
    training = _open_training(job, files, data)
    lead(training, job.group, data)
    steps_per_epoch = -(-len(splits.train) // config.batch_size)
    examples = ExampleWatcher(job.store, job.run.run_id, splits.val)
    examples.save_pictures(files.run_dir / EXAMPLES_FILE)
    about = _describe(training, data, splits) | {"examples": examples.describe()}
    about |= describe_start(files.run_dir)
    job.store.update_run(job.run.run_id, about=about, steps_per_epoch=steps_per_epoch)
    job.listener.started(training, steps_per_epoch)
    _train(job, training, splits, files, examples)
    _test(job, training, splits, files)
    job.group.dismiss()


def _open_training(job: _Work, files: RunFiles, data: ImageSet) -> Training:
    """Return the training where its last checkpoint left it, or a new one."""
    header = read_state_header(files.resume_path) if files.resume_path.is_file() else None
    if header is None:
        job.store.delete_metrics_after(job.run.run_id, step=0, epoch=1)
        training = start_training(tuned(job.run.config, job.store.workspace), data)
        take_start_weights(training, files.run_dir, data)
        files.keep_start(training)
        return training
    _use_threads(header)
    training = restore_training(files.resume_path, header, data)
    progress = training.progress
    log.info("continues after step %d", progress.step)
    job.store.delete_metrics_after(job.run.run_id, step=progress.step, epoch=progress.epoch)
    job.store.note_resumed(job.run.run_id, progress.step)
    files.repair_best(training, _last_epoch(job))
    return training


def _use_threads(header: StateHeader) -> None:
    """Compute with as many threads as before: another number gives other roundings."""
    if header.num_threads != torch.get_num_threads():
        torch.set_num_threads(header.num_threads)


def _train(
    job: _Work, training: Training, splits: Splits, files: RunFiles, examples: ExampleWatcher
) -> None:
    job.begin_phase("training")
    probe = HealthProbe(job.store, job.run.run_id, splits.train)

    def obey() -> None:
        job.control.between_steps(training, lambda: files.save_state(training))

    def take(record: Record) -> None:
        job.listener.record(record)
        _keep(job, training, record, files)
        examples.look_if_due(training, at_once=isinstance(record, EpochRecord))
        if isinstance(record, EpochRecord):
            probe.look_if_due(training, record.epoch, between=obey)
        obey()

    try:
        for record in train(training, splits):
            take(record)
    except StopRequested:
        job.recorder.flush()
        files.save_at_stop(training, _last_epoch(job))
        raise
    finally:
        job.recorder.flush(patience_s=BUSY_TIMEOUT_S)  # nothing comes after this


def _keep(job: _Work, training: Training, record: Record, files: RunFiles) -> None:
    """Hand a record to the store and write what is due to disk, in this order."""
    if isinstance(record, Pulse):
        job.recorder.flush_if_due()
        return
    job.recorder.add(record)
    if isinstance(record, EpochRecord):
        job.recorder.flush()
        _log_epoch(record)
        files.after_epoch(training, record)
    else:
        files.save_state_if_due(training)


def _test(job: _Work, training: Training, splits: Splits, files: RunFiles) -> None:
    """Evaluate the kept weights on the test set: once, at the end, and nowhere else."""
    job.begin_phase("testing")
    epoch = files.load_kept_weights(training)
    metrics: dict[str, Any] = _metrics_of(job, epoch)
    files.save_final(training, epoch=epoch, metrics=metrics)
    logits = []
    for batch in iterate_logits(
        training.model, splits.test,
        dataclasses.replace(training.preprocessing, views=training.config.views),
        device=training.device, precision=training.config.precision,
    ):  # fmt: skip
        logits.append(batch)
        job.report_preparing(sum(map(len, logits)), len(splits.test))
    evaluation = score_logits(torch.cat(logits), splits.test.labels, splits.test.source.classes)
    result = {**metrics, "test": evaluation.to_dict()}
    files.save_final(training, epoch=epoch, metrics=result)
    job.store.update_run(job.run.run_id, result=result)
    log.info("test accuracy %.4f over %d images", evaluation.accuracy, evaluation.num_images)
    job.listener.tested(evaluation)


def _metrics_of(job: _Work, epoch: int) -> dict[str, Any]:
    records = [r for r in job.store.epochs(job.run.run_id) if r.epoch == epoch]
    kept: dict[str, Any] = {"epoch": epoch}
    for record in records:
        kept |= {
            "train_loss": record.train_loss, "train_accuracy": record.train_accuracy,
            "val_loss": record.val_loss, "val_accuracy": record.val_accuracy,
        }  # fmt: skip
    return kept


def _last_epoch(job: _Work) -> EpochRecord | None:
    return next(iter(reversed(job.store.epochs(job.run.run_id))), None)


def _describe(training: Training, data: ImageSet, splits: Splits) -> dict[str, Any]:
    return {
        "data": describe_data(data),
        "sizes": {"train": len(splits.train), "val": len(splits.val), "test": len(splits.test)},
        "device": str(training.device),
        "threads": torch.get_num_threads(),
        "compute": {"precision": training.config.precision, "layout": training.config.layout},
        "parameters": count_parameters(training.model),
        "versions": current_versions(),
    }


def _log_epoch(record: Metric) -> None:
    assert isinstance(record, EpochRecord)
    val = "" if record.val_accuracy is None else f", validation accuracy {record.val_accuracy:.4f}"
    log.info("epoch %d: training loss %.4f%s", record.epoch, record.train_loss, val)


def _end(job: _Work, state: RunState, message: str = "") -> RunState:
    assert state in ENDED
    log.info("%s %s", state, message)
    job.store.update_run(
        job.run.run_id, state=state, phase="", message=message, finished_at=time.time()
    )
    return state


def main(run_id: str) -> int:
    """Carry out a run in this process, under torchrun as one of several."""
    keep_freed_memory()
    try:
        with flushed_denormals(), joined() as group:
            if group.leads:
                _lead(run_id, group)
            else:
                follow(group, Workspace.default())
        return 0
    except WorkbenchError:
        return 1  # the sentence is in the run's row and log


def _lead(run_id: str, group: Group) -> None:
    """Carry out a run; afterwards start whatever waits in line."""
    store = Store(Workspace.default())
    try:
        work(store, run_id, group=group)
    finally:
        jobs.launch_queued(store)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
