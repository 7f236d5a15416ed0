"""What a promotion takes off the lines or deliveries of a cart."""

from collections.abc import Sequence

from msgspec import Struct

from domain.piece import percent_of
from domain.promotion import AmountOff, Effect, Promotion
from domain.share import share


class Target(Struct):
    """Pieces of an article, or a delivery, on the way to their price.

    *Units*: ``before`` and ``left`` minor, of all the pieces.
    """

    before: int
    left: int
    quantity: int
    allocations: list[tuple[Promotion, int]] = []

    def take(self, promotion: Promotion, amount: int) -> None:
        """Take an amount off."""
        self.allocations.append((promotion, amount))
        self.left -= amount

    def blocking(self, promotion: Promotion) -> Promotion | None:
        """Find what keeps a promotion from acting here."""
        for other, _ in self.allocations:
            same_group = promotion.group is not None and other.group == promotion.group
            if same_group or not (promotion.combines and other.combines):
                return other
        return None


def target(before: int, quantity: int = 1) -> Target:
    """Begin with the price before any promotion."""
    return Target(before, before, quantity)


Saving = dict[int, int]
"""What a promotion would take off, by the number of the target."""


def parts(effect: Effect, targets: Sequence[Target], currency: str) -> Sequence[int]:
    """Work out what it takes off each of the targets."""
    weights = [each.left for each in targets]
    if not targets:
        return ()
    if isinstance(effect, AmountOff):
        off = effect.amounts[currency].minor
        if effect.each_piece:
            return [min(off * each.quantity, each.left) for each in targets]
        return share(min(off, sum(weights)), weights)
    return share(percent_of(sum(weights), effect.percent), weights)
