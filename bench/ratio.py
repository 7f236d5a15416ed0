"""How much one side costs beside another: by rounds, in which they take turns."""

import math
import statistics
from collections.abc import Mapping, Sequence

from msgspec import Struct


class Ratio(Struct, frozen=True):
    """What one side costs beside another, and the quartiles that half of the rounds lie between."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def typical(costs: Sequence[float]) -> float:
    """Give the geometric mean of the rounds: the ratio of two is the mean of the rounds' ratios."""
    return math.exp(statistics.fmean(map(math.log, costs)))


def paired(own: Sequence[float], other: Sequence[float]) -> Ratio:
    """Compare what two sides cost in the same rounds."""
    found = [mine / theirs for mine, theirs in zip(own, other, strict=True)]
    return Ratio(typical(found), *_quartiles(found))


def compared(own: Mapping[int, float], other: Mapping[int, float]) -> Ratio | None:
    """Compare two sides in the rounds that both took part in; None where there are none."""
    both = [number for number in own if number in other]
    if not both:
        return None
    return paired([own[each] for each in both], [other[each] for each in both])


def excess(
    own: Mapping[int, float], less: Mapping[int, float], other: Mapping[int, float]
) -> Ratio | None:
    """Compare what one side costs more than a second to what a third costs."""
    rounds = [number for number in own if number in less and number in other]
    if not rounds:
        return None
    whole, part, measure = ([side[each] for each in rounds] for side in (own, less, other))
    found = [(one - two) / three for one, two, three in zip(whole, part, measure)]
    value = (typical(whole) - typical(part)) / typical(measure)
    return Ratio(value, *_quartiles(found))


def _quartiles(found: Sequence[float]) -> tuple[float, float]:
    if len(found) < 2:
        return found[0], found[0]
    low, _, high = statistics.quantiles(found, method="inclusive")
    return low, high
