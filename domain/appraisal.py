"""What a cart comes to now: its prices looked up again, and what has become wrong with it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from domain.basket import PricingDelivery, PricingLine, PricingRequest
from domain.cart import Cart, Rules
from domain.delivery import groups, misplaced
from domain.demand import shortages
from domain.entry import DeliveryChoice, Entry, SeenPrice
from domain.errors import Failure
from domain.fact import Facts
from domain.money import Money, Price
from domain.pricing import Allocation, Pricing, Totals, price_cart
from domain.problem import (
    CartProblem,
    Degraded,
    DeliveryGoneProblem,
    Fix,
    NotSoldHereProblem,
    PriceChangedProblem,
    PromotionLostProblem,
    ReservationExpiringProblem,
    SourceDegradedProblem,
)
from domain.product import Variant
from domain.promotion import CouponState, Names

_SOON = timedelta(minutes=5)
_NONE: Names = frozenset()
_WORDS = {
    Degraded.PRICE: "The price cannot be looked up at the moment; it is the one last known.",
    Degraded.STOCK: "What is in stock cannot be looked up at the moment.",
    Degraded.PRODUCT: "The product cannot be looked up at the moment.",
    Degraded.LOCATION: "The place cannot be looked up at the moment.",
    Degraded.LOYALTY: "The loyalty tier cannot be looked up; its promotions do not act.",
}


class LineAppraisal(Struct, frozen=True, kw_only=True):
    """What a line comes to. *Shape*: no price where none is known, now or from before."""

    unit: Price | None = None
    list_price: Price | None = None
    total: Price | None = None
    allocations: tuple[Allocation, ...] = ()
    is_last_known: bool = False
    problems: tuple[CartProblem, ...] = ()


class Appraisal(Struct, frozen=True, kw_only=True):
    """What a cart comes to. *Shape*: ``is_complete`` where every line has a price."""

    pricing: Pricing
    lines: Mapping[str, LineAppraisal]
    deliveries: Mapping[str, Price]
    problems: tuple[CartProblem, ...]

    @property
    def totals(self) -> Totals:
        """What all comes to."""
        return self.pricing.totals

    @property
    def is_complete(self) -> bool:
        """Whether every line has a price."""
        return all(line.unit is not None for line in self.lines.values())


def appraise(cart: Cart, facts: Facts) -> Appraisal:
    """Price a cart anew, and look for what is wrong with it."""
    prices = {entry.key: _price(entry, facts) for entry in cart.entries}
    pricing = _priced(cart, facts, prices)
    priced = {line.key: line for line in pricing.lines}
    short = shortages(cart, facts.shelves, facts.bundles, facts.places)
    lines: dict[str, LineAppraisal] = {}
    problems = [*_of_promotions(cart, facts, pricing, prices)]
    if facts.has_stock:
        problems += _of_delivery(cart, facts)
        problems += _of_reservations(facts)
    if isinstance(facts.tier, Failure):
        problems.append(_degraded(Degraded.LOYALTY))
    for entry in cart.entries:
        seen, is_last_known = prices[entry.key]
        found = priced.get(entry.key)
        own = (*_of_line(entry, facts), *short.get(entry.key, ()))
        problems += own
        lines[entry.key] = LineAppraisal(
            unit=seen.price if seen else None,
            list_price=seen.list_price if seen else None,
            total=found.total if found else None,
            allocations=found.allocations if found else (),
            is_last_known=is_last_known,
            problems=own,
        )
    return Appraisal(
        pricing=pricing,
        lines=lines,
        deliveries={each.key: each.total for each in pricing.deliveries},
        problems=tuple(problems),
    )


def noted(cart: Cart, before: Cart, facts: Facts) -> Cart:
    """Note in a cart that is changed what its goods cost, where that was not known, and what acts.

    Later reads tell what has become of both. What had been lost ``before`` the change stays noted,
    so that it goes on being told until it is accepted: nothing else takes note of it.
    """
    entries = tuple(
        entry if entry.seen is not None else replace(entry, seen=facts.seen(entry.sku))
        for entry in cart.entries
    )
    prices = {entry.key: _price(entry, facts) for entry in entries}
    acts = [each.promotion.key for each in _priced(cart, facts, prices).applied]
    if cart.promotions:
        had = {entry.key: _price(entry, facts) for entry in before.entries}
        acted = {each.promotion.key for each in _priced(before, facts, had).applied}
        acts += [key for key in cart.promotions if key not in acted and key not in acts]
    return replace(cart, entries=entries, promotions=tuple(acts))


def coupon_states(cart: Cart, facts: Facts) -> Mapping[str, CouponState]:
    """Tell what becomes of each coupon of a cart."""
    prices = {entry.key: _price(entry, facts) for entry in cart.entries}
    return {each.code: each.state for each in _priced(cart, facts, prices).coupons}


def accepted(cart: Cart, facts: Facts) -> Cart:
    """Take the prices and promotions of this moment for those that were seen."""
    return replace(
        cart,
        promotions=(),
        entries=tuple(
            replace(entry, seen=facts.seen(entry.sku) or entry.seen) for entry in cart.entries
        ),
    )


def _price(entry: Entry, facts: Facts) -> tuple[SeenPrice | None, bool]:
    """Find what a piece costs; where nobody can say, what it cost when it was last seen."""
    goods = facts.goods.get(entry.sku)
    if goods is None or isinstance(goods.offer, Failure):
        return entry.seen, True
    return facts.seen(entry.sku), goods.is_booked


def _priced(
    cart: Cart, facts: Facts, prices: Mapping[str, tuple[SeenPrice | None, bool]]
) -> Pricing:
    lines = []
    for entry in cart.entries:
        seen, _ = prices[entry.key]
        if seen is None or seen.unit.gross.currency != cart.currency:
            continue
        goods = facts.goods.get(entry.sku)
        variant = goods.variant if goods else None
        lines.append(
            PricingLine(
                key=entry.key,
                sku=entry.sku,
                product_key=variant.product_key if isinstance(variant, Variant) else "",
                categories=goods.names if goods and not isinstance(goods.names, Failure) else _NONE,
                quantity=entry.quantity,
                unit=seen.unit,
                list_price=seen.list_price,
            )
        )
    known = {line.key for line in lines}
    deliveries = []
    for group in groups(cart):
        carried = tuple(line.key for line in group.lines if line.key in known)
        gross = _carriage(group.choice, cart, facts.rules)
        if carried and gross is not None:
            deliveries.append(PricingDelivery(group.key, carried, gross))
    request = PricingRequest(
        lines=tuple(lines),
        deliveries=tuple(deliveries),
        coupons=tuple(each.code for each in cart.coupons),
        used_up=facts.used_up,
        tier=None if isinstance(facts.tier, Failure) else facts.tier,
        # Where a cart is looked at changes nothing in what it costs.
        channel=cart.begun.channel,
        market=cart.market,
        currency=cart.currency,
        moment=facts.moment,
    )
    return price_cart(request, facts.promotions)


def _carriage(choice: DeliveryChoice | None, cart: Cart, rules: Rules) -> Money | None:
    method = rules.delivery.get(choice.method) if choice else None
    if method is None or method.market != cart.market or cart.currency not in method.price:
        return None
    return method.gross(cart.currency)


def _of_line(entry: Entry, facts: Facts) -> Iterable[CartProblem]:
    goods = facts.goods.get(entry.sku)
    removal = Fix(mutation="cartLinesRemove", line=entry.key)
    if goods is None:
        return
    if goods.variant is None or (goods.offer is None and not isinstance(goods.variant, Failure)):
        message = "This is not sold here, or not any more."
        yield NotSoldHereProblem(message=message, line=entry.key, fixes=(removal,), sku=entry.sku)
        return
    if isinstance(goods.variant, Failure):
        yield _degraded(Degraded.PRODUCT, entry.key)
    if goods.is_booked or isinstance(goods.offer, Failure) or isinstance(goods.shown, Failure):
        yield _degraded(Degraded.PRICE, entry.key)
    now, before = facts.seen(entry.sku), entry.seen
    if now and before and now.price.gross != before.price.gross:
        yield PriceChangedProblem(
            message="A piece costs something else than when it was put into the cart.",
            line=entry.key,
            fixes=(Fix(mutation="cartPricesAccept"), removal),
            sku=entry.sku,
            before=before.price.gross,
            now=now.price.gross,
        )


def _of_promotions(
    cart: Cart,
    facts: Facts,
    pricing: Pricing,
    prices: Mapping[str, tuple[SeenPrice | None, bool]],
) -> Iterable[CartProblem]:
    for coupon in pricing.coupons:
        if coupon.state is not CouponState.APPLIED:
            yield PromotionLostProblem(
                message="This coupon takes nothing off the cart as it is.",
                fixes=(Fix(mutation="cartCouponsRemove", code=coupon.code),),
                promotion=coupon.promotion,
                code=coupon.code,
                state=coupon.state,
            )
    if any(is_last_known for _, is_last_known in prices.values()):
        # Prices that are not today's tell nothing of what acts today.
        return
    acting = {each.promotion.key for each in pricing.applied}
    told = {each.promotion.key for each in pricing.coupons if each.promotion}
    known = {each.key: each for each in facts.promotions}
    for key in cart.promotions:
        if key not in acting and key not in told:
            message = "A promotion that acted when the cart was last changed acts no more."
            fixes = (Fix(mutation="cartPricesAccept"),)
            yield PromotionLostProblem(message=message, fixes=fixes, promotion=known.get(key))


def _of_delivery(cart: Cart, facts: Facts) -> Iterable[CartProblem]:
    for group in groups(cart):
        choice = group.choice
        if choice is None:
            continue
        is_gone = _carriage(choice, cart, facts.rules) is None
        if choice.location_key is not None:
            place = facts.places.get(choice.location_key)
            if isinstance(place, Failure):
                yield _degraded(Degraded.LOCATION)
            elif misplaced(choice.mode, place) is not None:
                is_gone = True
        if is_gone:
            yield DeliveryGoneProblem(
                message="The chosen way of delivery is not offered any more; choose another.",
                fixes=tuple(
                    Fix(mutation="cartDeliverySelect", line=line.key) for line in group.lines
                ),
                group=group.key,
            )


def _of_reservations(facts: Facts) -> Iterable[CartProblem]:
    for each in facts.reservations:
        if each.expires_at - facts.moment <= _SOON:
            message = "The goods are held for a few minutes more; go on, or extend it."
            fixes = (Fix(mutation="reservationExtend"),)
            yield ReservationExpiringProblem(
                message=message, fixes=fixes, expires_at=each.expires_at
            )


def _degraded(what: Degraded, line: str | None = None) -> SourceDegradedProblem:
    return SourceDegradedProblem(message=_WORDS[what], line=line, what=what)
