"""Delivery of a cart: its groups, how each could come, and how it is to."""

from collections.abc import Sequence

from domain.cart import Cart, CartOutcome
from domain.delivery import (
    CartDeliverySelect,
    DeliveryGroup,
    check_select,
    groups,
    misplaced,
    new_choice,
    refused,
    with_delivery,
)
from domain.entry import Touch
from domain.errors import BadInput, Failure
from domain.fact import Facts
from domain.identity import node_key
from domain.location import GeoPoint, Location, LocationQuery, LocationService, geo_point
from domain.option import DeliveryOption, Stock, options
from domain.outcome import Notice, UserError
from domain.page import PageRequest
from execution.context import Context
from resolvers.appraisal import facts_of
from resolvers.cart import change

_MAX_OPTIONS = 10


def groups_of_cart(
    parents: Sequence[Cart],
    context: Context,  # noqa: ARG001
) -> list[tuple[DeliveryGroup, ...]]:
    """Tell which lines of each cart come together."""
    return [groups(parent) for parent in parents]


async def location_of_group(
    parents: Sequence[DeliveryGroup], context: Context
) -> list[Location | Failure | None]:
    """Find where the customer comes to."""
    keys = list({parent.location_key for parent in parents if parent.location_key is not None})
    found = dict(zip(keys, await context.loaders.location_by_key.load(keys)))
    return [found[parent.location_key] if parent.location_key else None for parent in parents]


async def options_of_group(
    parents: Sequence[DeliveryGroup],
    context: Context,
    near: GeoPoint | None = None,
    first: int = 3,
) -> list[tuple[DeliveryOption, ...] | Failure]:
    """Tell how each group could come. *Errors*: ``BadInput`` for a point or a number."""
    if not 1 <= first <= _MAX_OPTIONS:
        raise BadInput("first", first, f"1 to {_MAX_OPTIONS}")
    point = None if near is None else geo_point(near, "near")
    query = LocationQuery(PageRequest(first), point, service=LocationService.LOCKER)
    page = await context.loaders.locations_by_query.load_one(query)
    if isinstance(page, Failure):
        context.do_without(page)
        page = None
    lockers = [each for each in page.items if isinstance(each, Location)] if page else []
    carts = {parent.cart.key: parent.cart for parent in parents}
    facts = {
        cart.key: each for cart, each in await facts_of([*carts.values()], context, stock=True)
    }
    return [
        options(parent, _stock(facts[parent.cart.key]), lockers, point, context.rules, first)
        for parent in parents
    ]


async def select(
    parents: Sequence[object], context: Context, input: CartDeliverySelect
) -> list[CartOutcome]:
    """Choose how lines come. *Errors*: ``BadInput``; ``NotFound`` for no cart of theirs."""
    address = check_select(input)
    location_key = None
    if input.location is not None:
        _, location_key = node_key(input.location, "input.location", "Location")
    place = await context.loaders.location_by_key.load_one(location_key) if location_key else None
    notices: tuple[Notice, ...] = ()
    if isinstance(place, Failure):
        message = "The place could not be looked up at the moment and is taken as it was named."
        notices = (Notice("LOCATION_UNCHECKED", message),)

    def edit(cart: Cart, touched: Touch, _: Facts) -> Cart | UserError:
        methods = context.rules.delivery
        wrong = refused(input, methods, cart.market, cart.currency, address)
        if wrong is not None:
            return wrong
        method = methods[input.method]
        if method.mode.is_at_a_place and not isinstance(place, Failure):
            wrong = misplaced(method.mode, place)
        choice = new_choice(input, method, location_key, address, touched)
        return wrong or with_delivery(
            cart, choice, input.lines, input.expected_version, touched, context.rules
        )

    return [await change(context, "cartDeliverySelect", input, edit, notices)] * len(parents)


def _stock(facts: Facts) -> Stock:
    made = {sku: goods.levels for sku, goods in facts.goods.items()}
    return Stock({**facts.shelves, **made}, facts.bundles, facts.places, facts.moment)
