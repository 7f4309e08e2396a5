"""Read what the doctor looks at from the store."""

from cifar_core.data.image_set import CIFAR10_CLASSES
from cifar_core.doctor.evidence import Evidence
from cifar_core.jobs import run_state
from cifar_core.run_state import ENDED, RunState
from cifar_core.store import RunRow, Store

NOT_FINITE_WORDS = "The loss became "
"""How the sentence of ``training`` begins that ends a run whose loss is no number."""
MAX_STEPS = 2000


def gather_evidence(store: Store, run: RunRow) -> Evidence:
    """Return a run as the doctor sees it; takes some milliseconds.

    Args:
        store: of the run.
        run: its row.
    """
    last = store.last_step(run.run_id)
    every = max(1, (last.step if last else 0) // MAX_STEPS)
    state, data = run_state(run), run.about.get("data", {})
    changed = [c.value for c in store.commands(run.run_id)
               if c.kind == "learning_rate" and c.applied_step is not None]  # fmt: skip
    return Evidence(
        config=run.config,
        num_classes=len(data.get("classes", CIFAR10_CLASSES)),
        steps=store.steps(run.run_id, every=every),
        epochs=store.epochs(run.run_id),
        health=store.health(run.run_id),
        has_ended=state in ENDED,
        ended_not_finite=state == RunState.FAILED and run.message.startswith(NOT_FINITE_WORDS),
        learning_rate=next((value for value in reversed(changed) if value), 0.0),
        num_train_available=_available(run),
    )


def _available(run: RunRow) -> int:
    """Return how many training images there are beside those for validation; 0 if not known."""
    total: int = run.about.get("data", {}).get("num_train", 0)
    num_val: int = run.about.get("sizes", {}).get("val", 0)
    return max(0, total - num_val)
