"""The files of one run: what to resume from, and the models it hands out.

``resume.safetensors`` is the truth: the whole training between two steps. ``last``, ``best`` and
``final`` are models made from it. A run killed between two of these writes is repaired when it
resumes.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from cifar_core.checkpoint import current_versions, load_info, load_model, save_model
from cifar_core.data.image_set import ImageSet
from cifar_core.epoch_weights import forget_epochs, keep_epoch
from cifar_core.errors import CheckpointError
from cifar_core.files import remove_temporary_files
from cifar_core.model_info import ModelInfo
from cifar_core.records import EpochRecord
from cifar_core.run_paths import RESUME_FILE
from cifar_core.training import Training
from cifar_core.training_state import describe_training, save_training

MIN_INTERVAL_S = 10.0
SAVING_SHARE = 0.02
"""At most this share of the time goes into saving in the middle of epochs."""

log = logging.getLogger(__name__)


@dataclass
class RunFiles:
    """Writes the files of one run."""

    run_dir: Path
    run_id: str
    data: ImageSet
    _last_save: float = 0.0
    _save_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Sweep up what a killed process left half written."""
        remove_temporary_files(self.run_dir)
        self._last_save = time.monotonic()

    @property
    def resume_path(self) -> Path:
        """The training state."""
        return self.run_dir / RESUME_FILE

    def save_state(self, training: Training) -> None:
        """Write the training as it stands."""
        began = time.monotonic()
        header = describe_training(
            training, run_id=self.run_id, data=self.data, versions=current_versions()
        )
        save_training(training, self.resume_path, header)
        self._last_save = time.monotonic()
        self._save_seconds = self._last_save - began

    def save_state_if_due(self, training: Training) -> None:
        """Write the training state in the middle of an epoch, not too often; a full disk waits."""
        interval = max(MIN_INTERVAL_S, self._save_seconds / SAVING_SHARE)
        if time.monotonic() - self._last_save >= interval:
            self._last_save = time.monotonic()
            self._try(lambda: self.save_state(training))

    def keep_start(self, training: Training) -> None:
        """Keep the weights before the first step; a run that begins anew has no past."""
        forget_epochs(self.run_dir)
        self._try(lambda: self._keep_epoch(training, None))

    def after_epoch(self, training: Training, record: EpochRecord) -> None:
        """Write the training state, then the last model, then the best where this epoch is it.

        The epoch's own weights go first: a kill before the state is written repeats the epoch, and
        writes the same ones again.
        """
        self._try(lambda: self._keep_epoch(training, record))
        self._try(lambda: self.save_state(training))
        self._try(lambda: self._save_model("last", training.model, training, record))
        if training.progress.best_epoch == record.epoch:
            self._try(lambda: self._save_model("best", training.model, training, record))

    def repair_best(self, training: Training, record: EpochRecord | None) -> None:
        """Write the best model again where a kill came between the state and the model."""
        progress = training.progress
        at_epoch_end = progress.batch == 0 and progress.best_epoch == progress.epoch - 1
        if record is None or not at_epoch_end or not progress.best_epoch:
            return
        path = self.run_dir / "best.safetensors"
        written = load_info(path) if path.is_file() else None
        if written is None or written.step != record.step:
            self._save_model("best", training.model, training, record)

    def save_at_stop(self, training: Training, record: EpochRecord | None) -> None:
        """Write all that is needed to use the model now and to resume later."""
        self.save_state(training)
        self._save_model("last", training.model, training, record)

    def load_kept_weights(self, training: Training) -> int:
        """Put the weights that the config asks to keep into the network; return their epoch."""
        progress = training.progress
        last_epoch = progress.epoch - 1
        if training.config.keep_weights == "last" or progress.best_epoch in (0, last_epoch):
            return last_epoch
        best = load_model(self.run_dir / "best.safetensors")
        training.model.load_state_dict(best.network.state_dict())
        return best.info.epoch

    def save_final(
        self, training: Training, *, epoch: int, metrics: Mapping[str, Any]
    ) -> ModelInfo:
        """Write the model that the run hands out."""
        info = self._info(training.model, training, None)
        info = replace(info, epoch=epoch, metrics=dict(metrics))
        return save_model(training.model, info, self.run_dir / "final.safetensors")

    def _keep_epoch(self, training: Training, record: EpochRecord | None) -> None:
        info = replace(
            self._info(training.model, training, record), epoch=record.epoch if record else 0
        )
        keep_epoch(self.run_dir, training.model, info, training.config.keep_epochs_mb)

    def _save_model(
        self, name: str, network: nn.Module, training: Training, record: EpochRecord | None
    ) -> None:
        info = self._info(network, training, record)
        save_model(network, info, self.run_dir / f"{name}.safetensors")

    def _info(
        self, network: nn.Module, training: Training, record: EpochRecord | None
    ) -> ModelInfo:
        metrics = {}
        if record is not None:
            metrics = {
                "epoch": record.epoch,
                "train_loss": record.train_loss, "train_accuracy": record.train_accuracy,
                "val_loss": record.val_loss, "val_accuracy": record.val_accuracy,
            }  # fmt: skip
        return ModelInfo(
            model=training.config.model,
            classes=self.data.classes,
            normalization=training.preprocessing.normalization,
            dropout=training.config.dropout,
            config=training.config.to_dict(),
            metrics=metrics,
            data=describe_data(self.data),
            run_id=self.run_id,
            epoch=record.epoch if record else training.progress.epoch,
            step=training.progress.step,
        )

    def _try(self, save: Any) -> None:
        """Save; a full disk is told in the log and does not end the training."""
        try:
            save()
        except (CheckpointError, OSError) as error:
            log.warning("%s Training goes on.", error)


def describe_data(data: ImageSet) -> dict[str, Any]:
    """Return what a model's paper and a run's row say of the images."""
    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "classes": list(data.classes),
        "num_train": data.num_train,
        "num_test": data.num_test,
        "drawn": data.drawn,
    }
