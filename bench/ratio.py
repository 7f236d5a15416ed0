"""How much one side costs beside another: by rounds, in which they take turns."""

import statistics
from collections.abc import Sequence

from msgspec import Struct


class Ratio(Struct, frozen=True):
    """The median of the rounds' own ratios, and the quartiles that half of them lie between."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def paired(own: Sequence[float], other: Sequence[float]) -> Ratio:
    """Compare what two sides cost in the same rounds."""
    found = [mine / theirs for mine, theirs in zip(own, other, strict=True)]
    low, middle, high = statistics.quantiles(found, method="inclusive") if found[1:] else found * 3
    return Ratio(middle, low, high)
