"""Train on from a run's weights: a new run, with other settings where one likes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cifar_core import jobs
from cifar_core.config import FIELDS
from cifar_core.errors import RunError
from cifar_core.run_paths import MODEL_FILES, kept_epochs
from cifar_core.run_summaries import RunSummary
from dashboard.i18n import _
from dashboard.services import get_store
from dashboard.train_labels import run_label


def checkpoints(run_dir: Path) -> dict[str, Path]:
    """Return the weights that a run still has, by a name: final, best, last, or an epoch's number.

    Args:
        run_dir: of the run.
    """
    models = {Path(name).stem: run_dir / name for name in MODEL_FILES}
    found = {name: path for name, path in models.items() if path.is_file()}
    return found | {str(epoch): path for epoch, path in kept_epochs(run_dir).items()}


def fork_form(summary: RunSummary, attempt: Callable[[Callable[[], object]], None]) -> None:
    """Draw the choice of weights, epochs and learning rate, and the button that starts the run.

    Args:
        summary: of the run whose weights they are.
        attempt: does something in a callback and tells what goes wrong.
    """
    found = checkpoints(get_store().workspace.run_dir(summary.run.run_id))
    if not found:
        st.caption(_("This run has kept no weights."))
        return
    names = {
        "final": _("The final model"),
        "best": _("The best epoch"),
        "last": _("The last epoch"),
    }
    st.markdown(
        _("A new run that begins with the weights of this one, and the same other settings.")
    )
    chosen = st.selectbox(
        _("Weights"), list(found), key="runs_fork_from",
        format_func=lambda name: names.get(name) or _("After epoch {number}").format(number=name),
    )  # fmt: skip
    config = summary.run.config
    epochs = st.number_input(
        _("Epochs"), 1, int(FIELDS["epochs"].high or 1), config.epochs, key="runs_fork_epochs"
    )
    rate = st.number_input(
        _("Learning rate"), 1e-8, FIELDS["learning_rate"].high, config.learning_rate / 2,
        format="%g", key="runs_fork_rate",
    )  # fmt: skip
    st.button(
        _("Train on"), key="runs_fork", type="primary", on_click=attempt,
        args=(lambda: _start(summary, found[chosen], int(epochs), float(rate)),),
    )  # fmt: skip


def _start(summary: RunSummary, weights: Path, epochs: int, rate: float) -> None:
    config = summary.run.config
    config = config.replace(
        epochs=epochs, learning_rate=float(f"{rate:.6g}"),
        warmup_epochs=min(config.warmup_epochs, epochs),
    )  # fmt: skip
    name = _("{run}, trained on").format(run=run_label(summary.run))
    try:
        jobs.start_run(get_store(), config, name=name, start_from=weights)
    except OSError as error:
        raise RunError(f"The weights cannot be copied: {error.strerror}.") from error
