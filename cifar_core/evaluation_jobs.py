"""Evaluate a network in the background: ``python -m cifar_core.evaluation_jobs PLAN``.

The answers are kept in the workspace under a key made of the weights and of the images, so that the
same question is never computed twice, whoever asks. Each look at test images is counted
(``openings``).

Imports no torch before the work begins.
"""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cifar_core.background import BackgroundJob, JobFile
from cifar_core.background_work import Reporter, carry_out
from cifar_core.openings import note_opening
from cifar_core.process import prepare_to_compute
from cifar_core.workspace import Workspace

if TYPE_CHECKING:
    from cifar_core.answers import Answers
    from cifar_core.checkpoint import Model
    from cifar_core.data.image_set import Subset

VALIDATION, TEST, EXTRA = "validation", "test", "extra"
"""The parts of a plan."""


@dataclass(frozen=True)
class EvaluationPlan:
    """Which network is to answer which images.

    Attributes:
        model_path: of the model file.
        weights: what tells its weights from all others, for example their sha256.
        data: 'builtin', 'cifar10', or the path of a folder or archive; empty for an extra test set.
        fit: how own pictures come to a square.
        fingerprint: of the images.
        part: "validation", "test", or "extra": of an extra test set.
        extra: name of the extra test set.
        seed: of the split; it and the two that follow are as in ``TrainConfig``.
        train_size: images to train on; None is what validation leaves.
        val_size: images for validation; None is a tenth.
    """

    model_path: str
    weights: str
    data: str
    fit: str
    fingerprint: str
    part: str = VALIDATION
    extra: str = ""
    seed: int = 0
    train_size: int | None = None
    val_size: int | None = None

    @property
    def key(self) -> str:
        """Return a name for the result; where the model file lies does not matter."""
        values = {name: value for name, value in asdict(self).items() if name != "model_path"}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:24]


def start_evaluation(workspace: Workspace, plan: EvaluationPlan) -> BackgroundJob:
    """Evaluate in a process of its own, unless one does so already."""
    text = json.dumps(asdict(plan))
    return job_file(workspace, plan).start(
        BackgroundJob(), workspace, "cifar_core.evaluation_jobs", text
    )


def cancel_evaluation(workspace: Workspace, plan: EvaluationPlan) -> None:
    """Ask an evaluation to end; one that has ended stays as it is."""
    job_file(workspace, plan).cancel()


def find_evaluation(workspace: Workspace, plan: EvaluationPlan) -> BackgroundJob | None:
    """Return the last evaluation of a plan in its true state, or None if there was none."""
    return job_file(workspace, plan).look()


def answers_path(workspace: Workspace, plan: EvaluationPlan) -> Path:
    """Return where the answers to a plan are, or would be."""
    return job_file(workspace, plan).path.with_suffix(".safetensors")


def select_images(workspace: Workspace, plan: EvaluationPlan, classes: tuple[str, ...]) -> "Subset":
    """Open the images of a plan; the same plan gives the same ones, in the same order.

    Args:
        workspace: where prepared sets are.
        plan: which images.
        classes: the model's, in the order that the labels of an extra test set shall have.

    Raises:
        DatasetError: they cannot be opened.
        ConfigError: the split asks for more images than there are.
    """
    from cifar_core.config import TrainConfig
    from cifar_core.data.extra_tests import open_extra_test
    from cifar_core.data.image_set import whole
    from cifar_core.data.sources import open_data
    from cifar_core.data.splits import split_images

    if plan.part == EXTRA:
        return whole(open_extra_test(workspace, plan.extra, classes))
    data = open_data(plan.data, workspace, fit=plan.fit)
    config = TrainConfig(
        data=plan.data, fit=plan.fit, seed=plan.seed, batch_size=1,
        train_size=plan.train_size, val_size=plan.val_size,
    )  # fmt: skip
    splits = split_images(data, config)
    return splits.test if plan.part == TEST else splits.val


def job_file(workspace: Workspace, plan: EvaluationPlan) -> JobFile[BackgroundJob]:
    """Return the file that tells of the last evaluation of a plan; its answers lie beside it."""
    folder = workspace.root / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    return JobFile(folder / f"{plan.key}.json", BackgroundJob)


# --- in the process of the evaluation


def evaluate_plan(workspace: Workspace, plan: EvaluationPlan, report: Reporter | None) -> "Answers":
    """Let the network answer, and keep the answers.

    Raises:
        WorkbenchError: the model or the images cannot be read, or do not fit each other.
    """
    import torch

    from cifar_core.answers import Answers, save_answers
    from cifar_core.checkpoint import load_model
    from cifar_core.devices import resolve_device
    from cifar_core.inference import compute_logits
    from cifar_core.metrics import check_logits

    device = resolve_device("auto")
    model = load_model(Path(plan.model_path))
    subset = select_images(workspace, plan, model.info.classes)
    _check_classes(model, subset)
    if plan.part == TEST:
        note_opening(workspace, plan.fingerprint, plan.weights)
    logits = compute_logits(
        model.network.to(device), subset, model.info.preprocessing,
        device=device, progress=report,
    )  # fmt: skip
    check_logits(logits, subset.source.num_classes)
    answers = Answers(logits, subset.labels.to(torch.int64), subset.indices.to(torch.int64))
    save_answers(answers, answers_path(workspace, plan))
    return answers


def _check_classes(model: "Model", subset: "Subset") -> None:
    from cifar_core.errors import DatasetError

    expected, found = model.info.classes, subset.source.classes
    # A bare state_dict carries no class names: its numbers are taken as the set's.
    if len(expected) != len(found) or (model.info.config is not None and expected != found):
        raise DatasetError(
            f"The model's classes are {', '.join(expected)[:200]}; {subset.source.name} has "
            f"{', '.join(found)[:200]}. Expected the same names in the same order."
        )


def main(text: str) -> int:
    """Carry out an evaluation in this process.

    Args:
        text: the plan as JSON.
    """
    prepare_to_compute()
    workspace, plan = Workspace.default(), EvaluationPlan(**json.loads(text))

    def work(job: BackgroundJob, report: Reporter) -> None:
        evaluate_plan(workspace, plan, report)

    return carry_out(job_file(workspace, plan), work, by_hand=BackgroundJob())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
