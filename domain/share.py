"""Sharing an amount out so that its parts are whole and add up to it."""

from collections.abc import Sequence


def share(amount: int, weights: Sequence[int]) -> list[int]:
    """Share an amount out in proportion to the weights, by largest remainder.

    Each part is the exact share rounded down or up to the next whole unit, never beyond; of equal
    remainders the earlier one is rounded up. Where all weights are zero the parts are even.

    *Errors*: ``ValueError`` for an amount or a weight below zero, and for no weight.
    """
    if amount < 0 or not weights or min(weights) < 0:
        raise ValueError(f"cannot share {amount} over {len(weights)} weights")
    total = sum(weights)
    if not total:
        weights, total = [1] * len(weights), len(weights)
    parts = [amount * weight // total for weight in weights]
    left = amount - sum(parts)
    if left:
        order = sorted(range(len(parts)), key=lambda place: -(amount * weights[place] % total))
        for place in order[:left]:
            parts[place] += 1
    return parts
