"""Do two networks differ, or did chance? McNemar's test on the images where only one is right."""

import math
from dataclasses import asdict, dataclass

from torch import Tensor

SIGNIFICANT_BELOW = 0.05
"""A difference that chance alone gives more rarely than this is called one."""


@dataclass(frozen=True)
class Disagreement:
    """How two networks did on the same images.

    Attributes:
        both_right: images that both recognise.
        only_first: images that only the first recognises.
        only_second: images that only the second recognises.
        both_wrong: images that neither recognises.
        p_value: how often chance alone would tilt those that only one recognises at least as far to
            one side, were the networks equally good; 0 to 1.
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    p_value: float

    def to_dict(self) -> dict[str, float]:
        """Return plain JSON types."""
        return asdict(self)


def compare_answers(first_right: Tensor, second_right: Tensor) -> Disagreement:
    """Compare two networks on the same images.

    Args:
        first_right: bool (N,), where the first network is right.
        second_right: bool (N,), likewise, of the same images in the same order.
    """
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    return Disagreement(
        both_right=int((first_right & second_right).sum()),
        only_first=only_first,
        only_second=only_second,
        both_wrong=int((~first_right & ~second_right).sum()),
        p_value=mcnemar_p_value(only_first, only_second),
    )


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    Were both networks equally good, each image that only one of them recognises would be a fair
    coin. The sum is exact, whole numbers throughout: no approximation for few images.

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions
    or percentages", Psychometrika 12 (1947), in its exact binomial form.
    """
    tosses, fewer = only_first + only_second, min(only_first, only_second)
    if only_first == only_second:
        return 1.0
    ways, term = 0, 1
    for heads in range(fewer + 1):
        ways += term
        term = term * (tosses - heads) // (heads + 1)
    # Both numbers may have thousands of digits, too many for a float: divide as logarithms.
    return min(1.0, math.exp(math.log(2 * ways) - tosses * math.log(2)))
