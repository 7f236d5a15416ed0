"""What a cart costs: one engine for every channel, pure, in minor units.

1. *On single articles.* Catalogue promotions change the price of a piece, and the change is rounded
   half up per piece: what a list, a detail page and a cart show is one price.
2. *On the cart.* All others follow, each on what those before it have left. What a promotion takes
   off is rounded half up once and shared over its lines by largest remainder, so that it makes no
   difference whether an article stands in one line or in two.
3. *On delivery*, at the end.

Promotions go by priority, highest first; of equal priority those of one group compete, and the one
that takes off most acts. Equals go by key. The order of lines and of promotions plays no part.

*Tax* is taken out of the gross total of each rate once, half up, and shared over the lines and
deliveries of that rate by largest remainder: their nets and taxes add up to the totals exactly.
Delivery is taxed at the rates of the goods it carries, in proportion to what they cost.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from domain.basket import PricingLine, PricingRequest, check
from domain.errors import BadInput
from domain.money import Money, Price
from domain.piece import competition, piece_price, rank
from domain.promotion import (
    AppliedCoupon,
    AppliedPromotion,
    FreeDelivery,
    MissedPromotion,
    MissReason,
    Names,
    Promotion,
    coupon_code,
)
from domain.redemption import code_for, coupons
from domain.saving import Gap, Saving, Target, saving
from domain.share import share
from domain.taxation import at_rates, rates_of, taxed, together

MAX_PROMOTIONS = 500
MAX_MISSED = 20


class Allocation(Struct, frozen=True):
    """What a promotion took off one line or delivery. *Shape*: ``promotion`` is its key."""

    promotion: str
    amount: Money


class Priced(Struct, frozen=True):
    """What a line or delivery costs. *Shape*: ``before`` less allocations is ``total.gross``."""

    key: str
    quantity: int
    before: Money
    allocations: tuple[Allocation, ...]
    total: Price


class Totals(Struct, frozen=True):
    """What all comes to: ``goods`` plus ``delivery`` less ``discounts`` is ``total.gross``."""

    goods: Money
    discounts: Money
    delivery: Money
    total: Price


class Pricing(Struct, frozen=True):
    """A priced cart. *Shape*: lines, deliveries and coupons in the order of the request."""

    lines: tuple[Priced, ...]
    deliveries: tuple[Priced, ...]
    applied: tuple[AppliedPromotion, ...]
    missed: tuple[MissedPromotion, ...]
    coupons: tuple[AppliedCoupon, ...]
    totals: Totals


def price_cart(request: PricingRequest, promotions: Sequence[Promotion]) -> Pricing:
    """Work out what a cart costs.

    *Errors*: ``BadInput`` for a cart beyond the limits, quantities below one, amounts in another
    currency, below zero or beyond ``MAX_MINOR``, and keys that are there twice or not at all.
    """
    check(request)
    if len(promotions) > MAX_PROMOTIONS:
        raise BadInput("promotions", f"{len(promotions)} of them", f"at most {MAX_PROMOTIONS}")
    codes = tuple(dict.fromkeys(coupon_code(each) for each in request.coupons))
    usable = [
        promotion
        for promotion in promotions
        if promotion.is_for(request.channel, request.market, request.currency)
        and promotion.is_in_force(request.market, request.moment)
        and (promotion.coupon is None or code_for(promotion, codes, request) is not None)
    ]
    cart = _Cart(request)
    cart.label([each for each in usable if each.is_catalogue])
    for is_delivery in (False, True):
        acting = [
            each
            for each in usable
            if not each.is_catalogue and isinstance(each.effect, FreeDelivery) is is_delivery
        ]
        for _, competing in groupby(sorted(acting, key=rank), key=competition):
            cart.compete(list(competing))
    return cart.result(codes, promotions)


class _Cart:
    """A cart while promotions act on it: lines of one article and price are one target."""

    def __init__(self, request: PricingRequest) -> None:
        self._request = request
        self._lines = sorted(request.lines, key=_place)
        self._columns = [[*column] for _, column in groupby(self._lines, key=_same)]
        self._articles = [column[0].names for column in self._columns]
        self._deliveries = sorted(request.deliveries, key=lambda each: each.key)
        self._goods = []
        for column, article in zip(self._columns, self._articles):
            pieces = sum(line.quantity for line in column)
            self._goods.append(_target(column[0].unit, pieces, article))
        self._carriages = [Target(each.gross.minor, each.gross.minor) for each in self._deliveries]
        self._by_group: dict[str, Promotion] = {}
        self._missed: dict[str, MissedPromotion] = {}

    def label(self, promotions: Sequence[Promotion]) -> None:
        """Let catalogue promotions change the price of a piece of each line."""
        currency = self._request.currency
        for column, article, goods in zip(self._columns, self._articles, self._goods):
            price = piece_price(article, column[0].unit.gross.minor, currency, promotions)
            for step in price.steps:
                goods.take(step.promotion, step.amount * goods.quantity)
            for promotion, winner in price.lost:
                self._miss(_lost(promotion, winner))

    def compete(self, promotions: Sequence[Promotion]) -> None:
        """Let the one promotion act that takes off most; the others have lost to it."""
        savings: list[tuple[Promotion, Saving]] = []
        for promotion in promotions:
            found = self._saving(promotion)
            if isinstance(found, MissedPromotion):
                self._miss(found)
            elif found is not None:
                if found.gap is not None:
                    self._miss(self._short(promotion, found.gap))
                if found.parts:
                    savings.append((promotion, found))
        if not savings:
            return
        winner, best = max(savings, key=lambda each: each[1].total)
        targets = self._targets(winner)
        for place, amount in best.parts.items():
            targets[place].take(winner, amount)
        if winner.group is not None:
            self._by_group[winner.group] = winner
        for loser, _ in savings:
            if loser is not winner:
                self._miss(_lost(loser, winner))

    def _miss(self, missed: MissedPromotion) -> None:
        self._missed.setdefault(missed.promotion.key, missed)

    def _targets(self, promotion: Promotion) -> list[Target]:
        return self._carriages if isinstance(promotion.effect, FreeDelivery) else self._goods

    def _saving(self, promotion: Promotion) -> Saving | MissedPromotion | None:
        """Work out what it would take off now, or what is missing; None where nothing is meant."""
        meant = [
            place
            for selection in promotion.goods
            for place, each in enumerate(self._articles)
            if selection.has(each)
        ]
        if len(promotion.goods) > 1:
            meant = sorted(set(meant))
        if not meant:
            return None
        targets = self._targets(promotion)
        places = range(len(targets)) if targets is self._carriages else meant
        blocking = [targets[place].blocking(promotion) for place in places]
        free = {place: targets[place] for place, other in zip(places, blocking) if other is None}
        other = self._by_group.get(promotion.group) if promotion.group is not None else None
        if other is None and not free:
            other = next(filter(None, blocking), None)
        if other is not None:
            return _lost(promotion, other)
        missed = self._unmet(promotion, meant)
        return missed or saving(promotion, free, self._request.currency)

    def _short(self, promotion: Promotion, gap: Gap) -> MissedPromotion:
        if gap.amount is None:
            return MissedPromotion(
                promotion=promotion, reason=MissReason.QUANTITY, quantity=gap.quantity
            )
        amount = Money(gap.amount, self._request.currency)
        return MissedPromotion(promotion=promotion, reason=MissReason.AMOUNT, amount=amount)

    def _unmet(self, promotion: Promotion, meant: Sequence[int]) -> MissedPromotion | None:
        if promotion.tiers is not None and self._request.tier not in promotion.tiers:
            tiers = tuple(sorted(promotion.tiers))
            return MissedPromotion(promotion=promotion, reason=MissReason.TIER, tiers=tiers)
        if promotion.minimum is not None:
            wanted = promotion.minimum[self._request.currency].minor
            amount = wanted - sum(self._goods[place].left for place in meant)
            if amount > 0:
                return self._short(promotion, Gap(amount=amount))
        if promotion.minimum_quantity is not None:
            few = promotion.minimum_quantity - sum(self._goods[place].quantity for place in meant)
            if few > 0:
                return self._short(promotion, Gap(quantity=few))
        return None

    def result(self, codes: Sequence[str], promotions: Sequence[Promotion]) -> Pricing:
        """Tell what the cart has come to."""
        currency = self._request.currency
        targets = [*self._line_targets(), *self._carriages]
        by_rate = [
            at_rates(each.left, rates_of(line.unit)) for line, each in zip(self._lines, targets)
        ]
        goods = {line.key: rates for line, rates in zip(self._lines, by_rate)}
        full = {line.key: rates_of(line.unit) for line in self._lines}
        for each, carriage in zip(self._deliveries, self._carriages):
            carried = together([goods[key] for key in each.lines])
            if not any(carried.values()):
                # Goods that cost nothing any more are still taxed at some rate.
                carried = together([full[key] for key in each.lines])
            by_rate.append(at_rates(carriage.left, carried))
        total, prices = taxed(by_rate, currency)
        keys = [
            *((0, line.key) for line in self._lines),
            *((1, each.key) for each in self._deliveries),
        ]
        found = {
            key: Priced(
                key[1], each.quantity, Money(each.before, currency), _taken(each, currency), price
            )
            for key, each, price in zip(keys, targets, prices)
        }
        applied = self._applied([(*key, each) for key, each in zip(keys, targets)], codes)
        names = {each.promotion.key for each in applied}
        missed = [
            each
            for each in self._missed.values()
            # What acted on some goods has lost nothing worth telling on the others.
            if each.promotion.key not in names or each.reason is not MissReason.NOT_COMBINABLE
        ]
        missed.sort(key=lambda each: _stage(each.promotion))
        before = [sum(each.before for each in some) for some in (self._goods, self._carriages)]
        return Pricing(
            lines=tuple(found[0, line.key] for line in self._request.lines),
            deliveries=tuple(found[1, each.key] for each in self._request.deliveries),
            applied=applied,
            missed=tuple(missed[:MAX_MISSED]),
            coupons=coupons(codes, promotions, self._request, applied, missed),
            totals=Totals(
                goods=Money(before[0], currency),
                discounts=Money(sum(before) - total.gross.minor, currency),
                delivery=Money(before[1], currency),
                total=total,
            ),
        )

    def _line_targets(self) -> Iterator[Target]:
        """Share what was taken off an article over its lines."""
        for column, goods in zip(self._columns, self._goods):
            lines = [_target(line.unit, line.quantity) for line in column]
            for promotion, amount in goods.allocations:
                # By what is left of each, so that none can fall below zero.
                for line, part in zip(lines, share(amount, [line.left for line in lines])):
                    if part:
                        line.take(promotion, part)
            yield from lines

    def _applied(
        self, targets: Iterable[tuple[int, str, Target]], codes: Sequence[str]
    ) -> tuple[AppliedPromotion, ...]:
        """Gather what each promotion took off, in the order in which they acted."""
        promotions: dict[str, Promotion] = {}
        amounts: Counter[str] = Counter()
        places: dict[str, tuple[list[str], list[str]]] = {}
        for kind, name, each in targets:
            for promotion, amount in each.allocations:
                key = promotion.key
                promotions[key] = promotion
                amounts[key] += amount
                places.setdefault(key, ([], []))[kind].append(name)
        return tuple(
            AppliedPromotion(
                promotion=promotion,
                amount=Money(amounts[promotion.key], self._request.currency),
                coupon=code_for(promotion, codes, self._request),
                lines=tuple(sorted(places[promotion.key][0])),
                deliveries=tuple(sorted(places[promotion.key][1])),
            )
            for promotion in sorted(promotions.values(), key=_stage)
        )


def _target(unit: Price, quantity: int, names: Names = frozenset()) -> Target:
    before = unit.gross.minor * quantity
    return Target(before, before, quantity, names)


def _place(line: PricingLine) -> tuple[str, int, list[str], str]:
    return *_same(line), line.key


def _same(line: PricingLine) -> tuple[str, int, list[str]]:
    """Tell what two lines have in common that are of one article at one price."""
    return line.sku, line.unit.gross.minor, sorted(line.categories | {line.product_key})


def _stage(promotion: Promotion) -> tuple[int, int, str, str]:
    stage = 0 if promotion.is_catalogue else 2 if isinstance(promotion.effect, FreeDelivery) else 1
    return stage, *rank(promotion)


def _lost(promotion: Promotion, winner: Promotion) -> MissedPromotion:
    return MissedPromotion(promotion=promotion, reason=MissReason.NOT_COMBINABLE, lost_to=winner)


def _taken(target: Target, currency: str) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(promotion.key, Money(amount, currency))
        for promotion, amount in target.allocations
    )
