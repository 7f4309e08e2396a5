"""Evaluate a network in the background: ``python -m cifar_core.evaluation_jobs KEY``.

The answers are kept in the workspace under a key made of the weights and of the images, so that the
same question is never computed twice, whoever asks. Each look at test images is counted: the more
often one chooses by the test set, the less it tells.

Imports no torch before the work begins.
"""

import hashlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from cifar_core.background import BackgroundJob, JobFile, Reporter, carry_out
from cifar_core.store import Store
from cifar_core.threads import let_threads_sleep
from cifar_core.workspace import Workspace

if TYPE_CHECKING:
    from cifar_core.answers import Answers
    from cifar_core.checkpoint import Model
    from cifar_core.data.image_set import Subset

VALIDATION, TEST, EXTRA = "validation", "test", "extra"
PARTS = (VALIDATION, TEST, EXTRA)

_OPENINGS = "test-openings.jsonl"


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
    file = _job_file(workspace, plan.key)
    return file.start("cifar_core.evaluation_jobs", asdict(plan), workspace)


def cancel_evaluation(workspace: Workspace, plan: EvaluationPlan) -> None:
    """Ask an evaluation to end; one that has ended stays as it is."""
    _job_file(workspace, plan.key).cancel()


def find_evaluation(workspace: Workspace, plan: EvaluationPlan) -> BackgroundJob | None:
    """Return the last evaluation of a plan in its true state, or None if there was none."""
    return _job_file(workspace, plan.key).look()


def answers_path(workspace: Workspace, plan: EvaluationPlan) -> Path:
    """Return where the answers to a plan are, or would be."""
    return _job_file(workspace, plan.key).path.with_suffix(".safetensors")


@dataclass(frozen=True)
class Openings:
    """How often the test images of a set were looked at: in all, and for one network."""

    total: int
    by_model: int


def count_openings(
    workspace: Workspace, fingerprint: str, *, weights: str = "", run_id: str = ""
) -> Openings:
    """Return how often test images of a set were looked at: by finished runs, and since by people.

    Args:
        workspace: of the runs and the evaluations.
        fingerprint: of the image set.
        weights: of the network in question, as in ``EvaluationPlan``.
        run_id: the run that the network comes from, if it is one of this workspace.
    """
    tested = [run for run in Store(workspace).runs() if "test" in run.result]
    runs = [r for r in tested if r.about.get("data", {}).get("fingerprint") == fingerprint]
    later = [found for found in _noted_openings(workspace) if found[0] == fingerprint]
    own = sum(run.run_id == run_id for run in runs)
    own += sum(bool(weights) and found[1] == weights for found in later)
    return Openings(len(runs) + len(later), own)


def note_opening(workspace: Workspace, fingerprint: str, weights: str) -> None:
    """Write down that the test images of a set are looked at.

    Args:
        workspace: where that is counted.
        fingerprint: of the image set.
        weights: of the network, as in ``EvaluationPlan``.
    """
    line = {"fingerprint": fingerprint, "weights": weights, "at": time.time()}
    path = _folder(workspace) / _OPENINGS
    with FileLock(path.with_suffix(".lock")), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


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


def _folder(workspace: Workspace) -> Path:
    folder = workspace.root / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _job_file(workspace: Workspace, key: str) -> JobFile:
    return JobFile(_folder(workspace) / f"{key}.json")


def _noted_openings(workspace: Workspace) -> list[tuple[str, str]]:
    """Return fingerprint and weights of each opening that was written down."""
    try:
        lines = (_folder(workspace) / _OPENINGS).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            values = json.loads(line)
            found.append((str(values["fingerprint"]), str(values["weights"])))
        except (ValueError, KeyError, TypeError):  # a line that a power cut left unfinished
            continue
    return found


# --- in the process of the evaluation


def evaluate_plan(workspace: Workspace, plan: EvaluationPlan, report: Reporter | None) -> "Answers":
    """Let the network answer, and keep the answers.

    Raises:
        WorkbenchError: the model or the images cannot be read, or do not fit each other.
    """
    import torch

    from cifar_core.answers import Answers, save_answers
    from cifar_core.checkpoint import load_model
    from cifar_core.data.transforms import Preprocessing
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
        model.network.to(device), subset, Preprocessing(model.info.normalization),
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


def main(key: str) -> int:
    """Carry out the evaluation that was written down, in this process."""
    let_threads_sleep()
    workspace = Workspace.default()

    def work(asked: dict[str, Any], report: Reporter) -> None:
        evaluate_plan(workspace, EvaluationPlan(**asked), report)

    return carry_out(_job_file(workspace, key), work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
