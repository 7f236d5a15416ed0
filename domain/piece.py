"""What one piece costs after the promotions that act on single articles.

An offer and a line of a cart come to their price here, and so cannot differ.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from msgspec import Struct

from domain.promotion import AmountOff, Names, Percentage, Promotion


class Step(Struct, frozen=True):
    """What one promotion takes off a piece. *Units*: minor."""

    promotion: Promotion
    amount: int


class PiecePrice(Struct, frozen=True):
    """A piece's price, how it came about, and which promotions lost to which."""

    minor: int
    steps: tuple[Step, ...] = ()
    lost: tuple[tuple[Promotion, Promotion], ...] = ()


def rank(promotion: Promotion) -> tuple[int, str, str]:
    """Order promotions: by priority, highest first, then so that competitors stand together."""
    return -promotion.priority, promotion.group or "", promotion.key


def competition(promotion: Promotion) -> tuple[int, str]:
    """Tell which promotions compete: those of one priority and group; one without, with none."""
    return -promotion.priority, promotion.group or f"\0{promotion.key}"


def rounded(amount: Fraction) -> int:
    """Round an amount of at least zero half up to the whole minor unit."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def percent_of(minor: int, percent: Decimal) -> int:
    """Take so many percent of an amount, rounded half up; exact for any amount."""
    part, whole = percent.as_integer_ratio()
    whole *= 100
    return (2 * minor * part + whole) // (2 * whole)


def piece_price(
    article: Names, minor: int, currency: str, promotions: Iterable[Promotion]
) -> PiecePrice:
    """Let catalogue promotions act on a piece, each on what those before it have left.

    *Shape*: ``promotions`` are catalogue promotions for this place and moment, in any order.
    """
    meant = [each for each in promotions if each.selection.has(article)]
    if not meant:
        return PiecePrice(minor)
    left, steps, lost = minor, list[Step](), list[tuple[Promotion, Promotion]]()
    for _, competing in groupby(sorted(meant, key=rank), key=competition):
        candidates = list(competing)
        winner = _blocking(candidates[0], steps)
        if winner is None:
            step = max(
                (
                    Step(each, _off(each, left, currency))
                    for each in candidates
                    if each.combines or not steps
                ),
                key=lambda step: step.amount,
                default=None,
            )
            if step is not None and step.amount:
                steps.append(step)
                left -= step.amount
                winner = step.promotion
            elif step is None and steps:
                winner = steps[-1].promotion
        if winner is not None:
            lost += [(each, winner) for each in candidates if each is not winner]
    return PiecePrice(left, tuple(steps), tuple(lost))


def _blocking(promotion: Promotion, steps: Sequence[Step]) -> Promotion | None:
    """Find the promotion that keeps a whole competition away."""
    for step in steps:
        same_group = promotion.group is not None and step.promotion.group == promotion.group
        if same_group or not step.promotion.combines:
            return step.promotion
    return None


def _off(promotion: Promotion, minor: int, currency: str) -> int:
    effect = promotion.effect
    if isinstance(effect, Percentage):
        return percent_of(minor, effect.percent)
    assert isinstance(effect, AmountOff), "other effects act on no single piece"
    return min(effect.amounts[currency].minor, minor)
