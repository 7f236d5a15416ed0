"""What carts come to, looked up again on every read: each thing once for all carts of a column."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from domain.appraisal import Appraisal, LineAppraisal, appraise
from domain.bundle import Components, Levels, level_of, taken_apart
from domain.cart import Cart, CartLine
from domain.coupon import claims
from domain.delivery import DeliveryGroup
from domain.errors import Failure
from domain.fact import Facts, Goods
from domain.location import Location
from domain.loyalty import LoyaltyAccount
from domain.money import Price
from domain.offer import Offer
from domain.pricing import Allocation, Totals
from domain.problem import CartProblem
from domain.product import Variant
from domain.promotion import AppliedCoupon, AppliedPromotion, MissedPromotion, Names
from domain.reservation import Reservation
from domain.sourcing import with_own
from execution.context import Context
from resolvers.promotion import article_names, committed_offers
from resolvers.stock import levels_and_bundles


async def totals(parents: Sequence[Cart], context: Context) -> list[Totals]:
    """Tell what each cart comes to."""
    return [found.totals for found in await appraisals(parents, context)]


async def is_complete(parents: Sequence[Cart], context: Context) -> list[bool]:
    """Tell whether every line of each cart has a price."""
    return [found.is_complete for found in await appraisals(parents, context)]


async def promotions(
    parents: Sequence[Cart], context: Context
) -> list[tuple[AppliedPromotion, ...]]:
    """Tell which promotions act on each cart."""
    return [found.pricing.applied for found in await appraisals(parents, context)]


async def missed(parents: Sequence[Cart], context: Context) -> list[tuple[MissedPromotion, ...]]:
    """Tell which promotions nearly act on each cart."""
    return [found.pricing.missed for found in await appraisals(parents, context)]


async def coupons(parents: Sequence[Cart], context: Context) -> list[tuple[AppliedCoupon, ...]]:
    """Tell what has become of each cart's coupons."""
    return [found.pricing.coupons for found in await appraisals(parents, context)]


async def problems(parents: Sequence[Cart], context: Context) -> list[tuple[CartProblem, ...]]:
    """Tell what is wrong with each cart."""
    return [found.problems for found in await appraisals(parents, context, stock=True)]


async def price_of_line(parents: Sequence[CartLine], context: Context) -> list[Price | None]:
    """Tell what a piece of each line costs."""
    return [found.unit for found in await _lines(parents, context)]


async def list_price_of_line(parents: Sequence[CartLine], context: Context) -> list[Price | None]:
    """Tell what a piece of each line costs without any reduction."""
    return [found.list_price for found in await _lines(parents, context)]


async def total_of_line(parents: Sequence[CartLine], context: Context) -> list[Price | None]:
    """Tell what each line comes to, with its part of all promotions."""
    return [found.total for found in await _lines(parents, context)]


async def allocations_of_line(
    parents: Sequence[CartLine], context: Context
) -> list[tuple[Allocation, ...]]:
    """Tell what promotions took off each line."""
    return [found.allocations for found in await _lines(parents, context)]


async def is_last_known(parents: Sequence[CartLine], context: Context) -> list[bool]:
    """Tell whether each line's price is one of before, because today's cannot be had."""
    return [found.is_last_known for found in await _lines(parents, context)]


async def problems_of_line(
    parents: Sequence[CartLine], context: Context
) -> list[tuple[CartProblem, ...]]:
    """Tell what is wrong with each line."""
    return [found.problems for found in await _lines(parents, context, stock=True)]


async def total_of_group(parents: Sequence[DeliveryGroup], context: Context) -> list[Price | None]:
    """Tell what each delivery costs after promotions; null while nothing is chosen."""
    found = await appraisals([parent.cart for parent in parents], context)
    return [each.deliveries.get(parent.key) for parent, each in zip(parents, found)]


async def _lines(
    parents: Sequence[CartLine], context: Context, *, stock: bool = False
) -> list[LineAppraisal]:
    found = await appraisals([parent.cart for parent in parents], context, stock=stock)
    return [each.lines[parent.key] for parent, each in zip(parents, found)]


async def appraisals(
    carts: Sequence[Cart], context: Context, *, stock: bool = False
) -> list[Appraisal]:
    """Appraise carts, each once for an operation; ``stock`` where somebody reads problems."""
    kept = context.appraisals
    wanted = {
        (cart.key, cart.version, stock): cart
        for cart in carts
        if (cart.key, cart.version, stock) not in kept
    }
    for cart, facts in await facts_of([*wanted.values()], context, stock=stock):
        kept[cart.key, cart.version, stock] = appraise(cart, facts)
    return [kept[cart.key, cart.version, stock] for cart in carts]


async def facts_of(
    carts: Sequence[Cart],
    context: Context,
    *,
    stock: bool = False,
    also: Sequence[str] = (),
    codes: Sequence[str] = (),
) -> list[tuple[Cart, Facts]]:
    """Look up all that carts are appraised by.

    *Shape*: ``also`` and ``codes`` are SKUs and coupon codes that are about to be added.
    """
    if not carts:
        return []
    skus = list(dict.fromkeys([*(e.sku for cart in carts for e in cart.entries), *also]))
    variants, (levels, bundles), held, tiers, used_up = await asyncio.gather(
        context.loaders.variant_by_sku.load(skus),
        levels_and_bundles(skus if stock else [], context),
        _held(carts if stock else [], context),
        _tiers(carts, context),
        _used_up(carts, codes, context),
    )
    keys = {cart_choice for cart in carts for cart_choice in _places_of(cart)}
    keys |= {
        level.location_key
        for found in levels.values()
        if found is not None and not isinstance(found, Failure)
        for level in found
    }
    places, names, offers = await asyncio.gather(
        _places(sorted(keys) if stock else [], context),
        _names(variants, context),
        asyncio.gather(*(_offers(cart, skus, context) for cart in carts)),
    )
    shelves = {
        cart.key: _with_own(levels, bundles, held.get(cart.key, ())) if stock else {}
        for cart in carts
    }
    return [
        (
            cart,
            Facts(
                goods={
                    sku: Goods(
                        variant=variant,
                        names=names.get(sku, frozenset()),
                        offer=offer,
                        shown=_shown(offer, names.get(sku), cart, context),
                        is_booked=sku in booked,
                        levels=level_of(sku, bundles, shelves[cart.key]),
                    )
                    for sku, variant in zip(skus, variants)
                    for offer in [own[sku]]
                },
                shelves=shelves[cart.key],
                bundles=bundles,
                places=places,
                promotions=context.offering.campaigns.all,
                tier=tiers.get(cart.holder),
                used_up=used_up[cart.key],
                reservations=held.get(cart.key, ()),
                rules=context.rules,
                moment=context.now,
                has_stock=stock,
            ),
        )
        for cart, (own, booked) in zip(carts, offers)
    ]


async def _held(carts: Sequence[Cart], context: Context) -> Mapping[str, Sequence[Reservation]]:
    """Read what is held of each cart; where the store cannot say, nothing counts as the cart's."""
    keys = list({cart.key for cart in carts})
    found = zip(keys, await context.loaders.reservations_by_cart.load(keys))
    return {key: each for key, each in found if each is not None and not isinstance(each, Failure)}


def _with_own(
    levels: Mapping[str, Levels], bundles: Components, reservations: Iterable[Reservation]
) -> Mapping[str, Levels]:
    """Count what is held of a cart among what it can have."""
    held = taken_apart((line for each in reservations for line in each.lines), bundles)
    return {sku: with_own(sku, each, held) for sku, each in levels.items()}


async def _offers(
    cart: Cart, skus: Sequence[str], context: Context
) -> tuple[Mapping[str, Offer | Failure | None], frozenset[str]]:
    """Read the offers where the cart was begun, wherever it is looked at.

    *Shape*: which of them their system did not tell now, but before.
    """
    loaders = context.loaders.at(cart.market, cart.currency, cart.begun.channel)
    asked = await loaders.offer_by_sku.load(skus)
    booked = frozenset(sku for sku, each in zip(skus, asked) if isinstance(each, Failure))
    return await committed_offers(skus, loaders), booked


async def _tiers(carts: Iterable[Cart], context: Context) -> Mapping[str, str | Failure | None]:
    """Read the loyalty tiers of customers, where any promotion asks for one."""
    keys = sorted({cart.holder for cart in carts if not cart.is_guest})
    if not any(each.tiers is not None for each in context.offering.campaigns.all):
        return {}
    found = await context.loaders.loyalty_by_customer.load(keys)
    return {
        key: each.tier if isinstance(each, LoyaltyAccount) else each
        for key, each in zip(keys, found)
    }


async def _used_up(
    carts: Iterable[Cart], codes: Sequence[str], context: Context
) -> Mapping[str, frozenset[str]]:
    """Tell which codes each cart's holder can redeem no more; where nobody can say, none."""
    known = context.offering.campaigns.all
    wanted = {
        cart.key: claims([*(c.code for c in cart.coupons), *codes], known, cart.key, cart.holder)
        for cart in carts
    }
    flat = [claim for some in wanted.values() for claim in some]
    told = dict(zip(flat, await context.loaders.redeemable_by_claim.load(flat)))
    return {
        key: frozenset(claim.code for claim in some if told[claim] is False)
        for key, some in wanted.items()
    }


async def _names(
    variants: Sequence[Variant | Failure | None], context: Context
) -> Mapping[str, Names | Failure]:
    """Tell what promotions may call each variant that is known."""
    known = [each for each in variants if isinstance(each, Variant)]
    return dict(zip((each.sku for each in known), await article_names(known, context)))


def _shown(
    offer: Offer | Failure | None, names: Names | Failure | None, cart: Cart, context: Context
) -> Offer | Failure | None:
    """Let promotions act on a piece by itself, as listings show it."""
    if not isinstance(offer, Offer) or names is None:
        return offer
    if isinstance(names, Failure):
        return names
    ask = replace(
        context.ask, market=cart.market, currency=cart.currency, channel=cart.begun.channel
    )
    return context.offering.campaigns.offer(offer, names, ask, context.now)


async def _places(keys: Sequence[str], context: Context) -> Mapping[str, Location | Failure]:
    found = zip(keys, await context.loaders.location_by_key.load(keys))
    return {key: place for key, place in found if place is not None}


def _places_of(cart: Cart) -> Iterable[str]:
    return (each.location_key for each in cart.choices if each.location_key is not None)
