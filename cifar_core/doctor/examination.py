"""Ask all rules about a run, and say each thing once."""

from collections.abc import Callable

from cifar_core.doctor.evidence import Evidence
from cifar_core.doctor.findings import Finding, Kind, Severity
from cifar_core.doctor.rules_fit import (
    find_overfitting,
    find_still_learning,
    find_underfitting,
    find_validation_better,
)
from cifar_core.doctor.rules_loss import (
    find_exploding,
    find_not_finite,
    find_rate_too_high,
    find_rate_too_low,
    find_stuck_at_chance,
)
from cifar_core.doctor.rules_network import (
    find_class_never_predicted,
    find_dead_relus,
    find_tiny_batches,
)

Rule = Callable[[Evidence], Finding | None]

RULES: dict[Kind, Rule] = {
    Kind.NOT_FINITE: find_not_finite,
    Kind.EXPLODING: find_exploding,
    Kind.STUCK_AT_CHANCE: find_stuck_at_chance,
    Kind.RATE_TOO_HIGH: find_rate_too_high,
    Kind.RATE_TOO_LOW: find_rate_too_low,
    Kind.DEAD_RELUS: find_dead_relus,
    Kind.OVERFITTING: find_overfitting,
    Kind.UNDERFITTING: find_underfitting,
    Kind.TINY_BATCHES: find_tiny_batches,
    Kind.CLASS_NEVER_PREDICTED: find_class_never_predicted,
    Kind.VALIDATION_BETTER: find_validation_better,
    Kind.STILL_LEARNING: find_still_learning,
}
"""In the order in which findings are told."""

_POOR_LEARNING = frozenset({
    Kind.NOT_FINITE, Kind.EXPLODING, Kind.STUCK_AT_CHANCE, Kind.RATE_TOO_HIGH, Kind.RATE_TOO_LOW,
})  # fmt: skip

EXPLAINED_BY: dict[Kind, frozenset[Kind]] = {
    Kind.EXPLODING: frozenset({Kind.NOT_FINITE}),
    Kind.STUCK_AT_CHANCE: frozenset({Kind.NOT_FINITE, Kind.EXPLODING}),
    Kind.RATE_TOO_HIGH: frozenset({Kind.NOT_FINITE, Kind.EXPLODING}),
    Kind.RATE_TOO_LOW: frozenset({Kind.STUCK_AT_CHANCE}),
    Kind.STILL_LEARNING: _POOR_LEARNING,
    Kind.CLASS_NEVER_PREDICTED: _POOR_LEARNING,
    Kind.UNDERFITTING: _POOR_LEARNING | {Kind.DEAD_RELUS},
}
"""Findings that say nothing new beside one of these."""


def examine(evidence: Evidence) -> tuple[Finding, ...]:
    """Return what all rules find, the most serious first, without what another one explains."""
    found = {kind: finding for kind, rule in RULES.items() if (finding := rule(evidence))}
    told = [f for kind, f in found.items() if not EXPLAINED_BY.get(kind, frozenset()) & set(found)]
    order = list(Severity)
    return tuple(sorted(told, key=lambda finding: order.index(finding.severity)))
