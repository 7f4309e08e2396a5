"""Rules about the course of the training loss: broken, stuck, too fast, too slow."""

import math
from typing import Any

from cifar_core.doctor.evidence import Evidence
from cifar_core.doctor.findings import Finding, Kind, Severity
from cifar_core.usual_rates import rate_after_overflow

EXPLODED = 3.0
"""Times the chance loss; a network that knows nothing has a loss of 1."""
BLOWN_UP = 10.0
"""Likewise: a peak from which a network may never have come back."""
PEAK = 1.35
"""A start that jumps above this many times the chance loss: the first steps were too large."""
STUCK = 0.04
"""Share of the chance loss by which one that is stuck may differ from it."""
FALLING = -4.0
"""A trend below it is no noise."""
HIGH, LOW = 4.0, 0.12
"""Times the usual rate, above or below which a rate is suspect."""
WORSE = 1.12
"""Loss at the end, as a multiple of the smallest window before it, that is no noise."""
LITTLE_FALL, GOOD_FALL = 0.3, 0.6
"""Share of the chance loss by which the loss has fallen: below the first a run has learned little,
above the second much."""


def find_not_finite(evidence: Evidence) -> Finding | None:
    """Find a loss that is infinite or not a number."""
    broken = [s.step for s in evidence.steps if not math.isfinite(s.loss)]
    if not broken and not evidence.ended_not_finite:
        return None
    step = broken[0] if broken else (evidence.steps[-1].step + 1 if evidence.steps else 1)
    numbers = {"step": float(step), "rate": evidence.rate}
    change = {"learning_rate": rate_after_overflow(evidence.rate, evidence.config)}
    return Finding(Kind.NOT_FINITE, Severity.SERIOUS, numbers, change)


def find_exploding(evidence: Evidence) -> Finding | None:
    """Find a loss far above what knowing nothing costs: now, or before and never overcome."""
    if len(evidence.losses) < 2:
        return None
    chance, recent, peak = evidence.chance_loss, evidence.recent_loss, evidence.peak_loss
    if recent < EXPLODED * chance and (peak < BLOWN_UP * chance or _fall(evidence) > STUCK):
        return None
    numbers = {"peak": peak, "chance": chance, "rate": evidence.rate}
    return Finding(Kind.EXPLODING, Severity.SERIOUS, numbers, gentler(evidence))


def find_stuck_at_chance(evidence: Evidence) -> Finding | None:
    """Find a loss that has stayed at, or come back to, ln(classes): answers without knowledge."""
    if not evidence.has_settled:
        return None
    chance = evidence.chance_loss
    late = evidence.windows[-3:]
    if any(abs(loss - chance) > STUCK * chance for loss in late):
        return None
    if evidence.trend < FALLING:
        return None  # slow, but on its way: the rate is too low
    numbers = {"loss": evidence.recent_loss, "chance": chance, "classes": evidence.num_classes}
    change = higher_rate(evidence) if _is_low(evidence) else gentler(evidence)
    return Finding(Kind.STUCK_AT_CHANCE, Severity.SERIOUS, numbers, change)


def find_rate_too_high(evidence: Evidence) -> Finding | None:
    """Find steps that are too large: a jump at the start, or a loss that rises or stays high."""
    if not evidence.has_settled:
        return None
    suspect = evidence.rate >= HIGH * evidence.usual_rate
    jumped = evidence.peak_loss > PEAK * evidence.chance_loss and not _is_low(evidence)
    best = min(evidence.windows)
    rises = evidence.windows[-1] > max(WORSE * best, best + STUCK * evidence.chance_loss)
    limit = GOOD_FALL if jumped and suspect else LITTLE_FALL if jumped or suspect else 0.0
    if _fall(evidence) > limit and not (rises and suspect):
        return None
    if not (jumped or suspect):
        return None
    numbers = {
        "rate": evidence.rate, "peak": evidence.peak_loss, "loss": evidence.recent_loss,
        "chance": evidence.chance_loss,
    }  # fmt: skip
    return Finding(Kind.RATE_TOO_HIGH, Severity.WARNING, numbers, gentler(evidence))


def find_rate_too_low(evidence: Evidence) -> Finding | None:
    """Find a loss that falls steadily and far too slowly, at a rate far below the usual one."""
    if not evidence.has_settled:
        return None
    if not _is_low(evidence) or _fall(evidence) > LITTLE_FALL:
        return None
    if evidence.peak_loss > PEAK * evidence.chance_loss:
        return None
    numbers = {
        "rate": evidence.rate, "fall": _fall(evidence) * evidence.chance_loss,
        "loss": evidence.recent_loss, "steps": float(evidence.steps[-1].step),
    }  # fmt: skip
    return Finding(Kind.RATE_TOO_LOW, Severity.WARNING, numbers, higher_rate(evidence))


def _fall(evidence: Evidence) -> float:
    """Return how far the loss is below ln(classes), as a share of it."""
    return 1 - evidence.recent_loss / evidence.chance_loss


def _is_low(evidence: Evidence) -> bool:
    return evidence.rate <= LOW * evidence.usual_rate


def gentler(evidence: Evidence) -> dict[str, Any]:
    """Return smaller steps: the usual rate or a third; of a small rate, shorter gradients."""
    if _is_low(evidence) and evidence.config.clip_norm is None:
        return {"clip_norm": 1.0}
    too_high = evidence.rate >= HIGH * evidence.usual_rate
    return _rounded(evidence.usual_rate if too_high else 0.3 * evidence.rate)


def higher_rate(evidence: Evidence) -> dict[str, Any]:
    """Return the usual rate."""
    return _rounded(evidence.usual_rate)


def _rounded(rate: float) -> dict[str, Any]:
    """Return a rate as a person would write it, within its bounds."""
    return {"learning_rate": float(f"{min(rate, 10.0):.1g}")}
