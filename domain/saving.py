"""What a promotion takes off the goods or deliveries of a cart."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.piece import percent_of, rounded
from domain.promotion import (
    AmountOff,
    Amounts,
    Bundle,
    BuyGet,
    FreeDelivery,
    Names,
    Percentage,
    Promotion,
    Selection,
    Threshold,
)
from domain.share import share


class Target(Struct):
    """Pieces of an article, or a delivery, on the way to their price.

    *Units*: ``before`` and ``left`` minor, of all the pieces.
    """

    before: int
    left: int
    quantity: int = 1
    names: Names = frozenset()
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

    def is_of(self, selection: Selection) -> bool:
        """Tell whether a selection means it."""
        return selection.has(self.names)

    def worth(self, pieces: int) -> Fraction:
        """Tell what so many of its pieces cost now."""
        return Fraction(self.left * pieces, self.quantity)


class Gap(Struct, frozen=True):
    """What is missing for a promotion to act, or to act more. *Units*: minor, or pieces."""

    amount: int | None = None
    quantity: int | None = None


class Saving(Struct, frozen=True):
    """What a promotion would take off, by the number of the target, and what it falls short of."""

    parts: Mapping[int, int]
    gap: Gap | None = None

    @property
    def total(self) -> int:
        """All of it. *Units*: minor."""
        return sum(self.parts.values())


_NONE: Mapping[int, int] = {}


def saving(promotion: Promotion, targets: Mapping[int, Target], currency: str) -> Saving:
    """Work out what a promotion takes off the targets that it may act on."""
    effect = promotion.effect
    if isinstance(effect, BuyGet):
        return _buy_get(effect, promotion.selection, targets)
    if isinstance(effect, Bundle):
        return _bundle(effect, targets, effect.prices[currency].minor)
    if isinstance(effect, Threshold):
        return _threshold(effect, targets, currency)
    return Saving(_shared(_amount(effect, targets, currency), targets))


def _amount(
    effect: Percentage | AmountOff | FreeDelivery, targets: Mapping[int, Target], currency: str
) -> int:
    left = sum(each.left for each in targets.values())
    if not isinstance(effect, AmountOff):
        return percent_of(left, effect.percent)
    pieces = sum(each.quantity for each in targets.values()) if effect.each_piece else 1
    return min(effect.amounts[currency].minor * pieces, left)


def _shared(amount: int, targets: Mapping[int, Target]) -> Mapping[int, int]:
    if not amount:
        return _NONE
    parts = share(amount, [each.left for each in targets.values()])
    return {place: part for place, part in zip(targets, parts) if part}


def _threshold(effect: Threshold, targets: Mapping[int, Target], currency: str) -> Saving:
    left = sum(each.left for each in targets.values())
    reached, missing = None, None
    for step in sorted(effect.steps, key=lambda step: step.minimum[currency].minor):
        short = step.minimum[currency].minor - left
        if short > 0:
            missing = Gap(amount=short)
            break
        reached = step
    if reached is None:
        return Saving(_NONE, missing)
    off = _percent_or_amount(reached.percent, reached.amounts, left, currency)
    return Saving(_shared(off, targets), missing)


def _percent_or_amount(
    percent: Decimal | None, amounts: Amounts | None, left: int, currency: str
) -> int:
    if percent is not None:
        return percent_of(left, percent)
    assert amounts is not None, "a step has percent or amounts"
    return min(amounts[currency].minor, left)


def _buy_get(effect: BuyGet, bought: Selection, targets: Mapping[int, Target]) -> Saving:
    buying = {place for place, each in targets.items() if each.is_of(bought)}
    rewarded = effect.reward or bought
    # The cheapest piece first; of equals the one that stands first.
    rewards = sorted(
        (place for place, each in targets.items() if each.is_of(rewarded)),
        key=lambda place: (targets[place].worth(1), place),
    )
    pieces = sum(targets[place].quantity for place in buying)
    most = min(
        pieces // effect.buy,
        sum(targets[place].quantity for place in rewards) // effect.get,
        pieces if effect.times is None else effect.times,
    )
    # What is reduced is not bought as well: the largest number of times for which enough is left.
    least, above = 0, most + 1
    while above - least > 1:
        times = (least + above) // 2
        given = _first(rewards, targets, times * effect.get)
        left = pieces - sum(taken for place, taken in given.items() if place in buying)
        least, above = (times, above) if left >= times * effect.buy else (least, times)
    if not least:
        there = sum(targets[place].quantity for place in buying.union(rewards))
        return Saving(_NONE, Gap(quantity=max(1, effect.buy + effect.get - there)))
    given = _first(rewards, targets, least * effect.get)
    percent = Fraction(effect.percent) / 100
    off = {place: rounded(targets[place].worth(taken) * percent) for place, taken in given.items()}
    return Saving({place: amount for place, amount in off.items() if amount})


def _bundle(effect: Bundle, targets: Mapping[int, Target], price: int) -> Saving:
    columns: list[list[int]] = [[] for _ in effect.parts]
    dearest = sorted(targets, key=lambda place: (-targets[place].worth(1), place))
    for place in dearest:
        for part, column in zip(effect.parts, columns):
            if targets[place].is_of(part.goods):
                column.append(place)
                break
    counts = [sum(targets[place].quantity for place in column) for column in columns]
    times = min(count // part.quantity for part, count in zip(effect.parts, counts))
    if not times:
        short = sum(max(0, part.quantity - have) for part, have in zip(effect.parts, counts))
        return Saving(_NONE, Gap(quantity=short))
    chosen: dict[int, int] = {}
    for part, column in zip(effect.parts, columns):
        chosen |= _first(column, targets, times * part.quantity)
    worth = {place: int(targets[place].worth(pieces)) for place, pieces in chosen.items()}
    off = sum(worth.values()) - times * price
    if off <= 0:
        return Saving(_NONE)
    parts = share(off, list(worth.values()))
    return Saving({place: part for place, part in zip(worth, parts) if part})


def _first(order: Sequence[int], targets: Mapping[int, Target], pieces: int) -> dict[int, int]:
    """Take the first so many pieces, target by target."""
    taken: dict[int, int] = {}
    for place in order:
        if not pieces:
            break
        taken[place] = min(pieces, targets[place].quantity)
        pieces -= taken[place]
    return taken
