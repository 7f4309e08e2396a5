"""What the Train page says of a run, in sentences."""

from cifar_core.run_state import RunState
from dashboard.i18n import _
from dashboard.markdown import plain
from dashboard.numbers import count, duration, percent
from dashboard.sentences import translated
from dashboard.train_labels import about
from dashboard.train_view import RunView


def progress_words(view: RunView) -> str:
    """Return where a run is, or was when it ended: "Epoch 3 of 8, step 1,204 of 2,504"."""
    if not view.total_steps:
        return ""
    words = _("Epoch {epoch} of {epochs}, step {step} of {steps}")
    if not view.is_live:
        words = _("Epoch {epoch} of {epochs}, step {step} of {steps}, in {time}")
    return words.format(
        epoch=count(view.epoch),
        epochs=count(view.run.config.epochs),
        step=count(view.num_steps),
        steps=count(view.total_steps),
        time=duration(view.seconds),
    )


def time_words(view: RunView) -> str:
    """Return what stands beside the progress bar: how long it will take, or why that is open."""
    if view.eta_s is not None:
        left = _("about {time} left").format(time=about(view.eta_s))
        if view.run.config.early_stopping is not None:
            left = _("at most {time} left").format(time=about(view.eta_s))
        return left
    if view.run.phase == "testing":
        return _("every image of the test set is looked at once")
    if view.state == RunState.QUEUED:
        return _("it starts when a place is free")
    if view.state == RunState.PAUSED:
        return _("paused; nothing is lost")
    if view.state == RunState.STALLED:
        return _("no sign of life for a while; it may go on by itself")
    if view.state == RunState.RUNNING and not view.is_described:
        done, total = view.images_prepared
        words = _("the images are prepared first, once: {done} of {total}")
        if not total:
            return _("the images are opened")
        return words.format(done=count(done), total=count(total))
    return _("a few seconds until the first step")


def end_words(view: RunView) -> str:
    """Return how an ended run ended, in a sentence or two."""
    return {
        RunState.FINISHED: _finished,
        RunState.STOPPED: _stopped,
        RunState.FAILED: _failed,
        RunState.CRASHED: _crashed,
    }[view.state](view)


def _finished(view: RunView) -> str:
    test = view.run.result.get("test")
    if not test:
        return _("It ended without a test.")
    sentence = _(
        "**{accuracy}** of {count} test images are recognised (95 % interval {low} to {high}), "
        "with the weights of epoch {epoch}."
    )
    return sentence.format(
        accuracy=percent(test["accuracy"]),
        count=count(test["num_images"]),
        low=percent(test["accuracy_low"]),
        high=percent(test["accuracy_high"]),
        epoch=count(view.run.result["epoch"]),
    )


def _stopped(view: RunView) -> str:
    if not view.num_steps:
        return _("It was stopped before its first step.")
    words = _("It was stopped after step {step}.").format(step=count(view.num_steps))
    if view.has_model:
        words += " " + _("What it had learned is kept as a model.")
    return words + " " + _went_on(view)


def _failed(view: RunView) -> str:
    return plain(translated(view.run.message)) or _(
        "It failed without saying why; its log may tell."
    )


def _crashed(view: RunView) -> str:
    words = _(
        "Its process is gone: it was killed, the memory was full, or the computer was restarted."
    )
    return words + " " + _went_on(view)


def _went_on(view: RunView) -> str:
    if view.has_checkpoint:
        return _("Resume goes on from its last checkpoint.")
    return _("There is no checkpoint yet; Resume begins again.")
