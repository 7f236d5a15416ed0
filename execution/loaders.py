"""Every loader of an operation, named after the port's method that it batches for."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, cast

from msgspec.structs import replace

from domain.ask import Ask
from domain.campaign import NO_CAMPAIGNS, Campaigns
from domain.category import Category
from domain.customer import Customer, Trait, TraitKind
from domain.errors import Failure
from domain.interaction import Interaction
from domain.location import Location
from domain.offer import Offer
from domain.order import Order
from domain.page import Page
from domain.partial import Partial, missing_of
from domain.port import NOTHING_OWNED, OwnPorts, Ports
from domain.product import Product, Variant
from domain.viewer import Channel
from execution.loader import Batches, Fetch, K, Loader, V

T = TypeVar("T")


class Batched(Generic[K, V]):
    """Makes an operation's loader of one port's method when it is first asked for.

    *Shape*: ``fetch`` finds the method among the operation's ports; ``keep`` sees every value that
    arrives; ``of`` as ``Loader`` has it.
    """

    def __init__(
        self,
        fetch: Callable[["Loaders"], Fetch[K, V]],
        keep: Callable[["Loaders", V], None] | None = None,
        of: type | None = None,
    ) -> None:
        self._fetch = fetch
        self._keep = keep
        self._of = of
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, loaders: "Loaders", owner: type) -> Loader[K, V]:
        """Make the loader; from then on it is found before this is asked."""
        keep = None if self._keep is None else partial(self._keep, loaders)
        made = loaders.open(self._fetch(loaders), keep, self._of)
        vars(loaders)[self._name] = made
        return made


def _whole(items: Iterable[T | Failure]) -> Iterator[T]:
    """Leave out what could not be read; it is nobody's to remember."""
    return (each for each in items if not isinstance(each, Failure))


def _keep_categories(loaders: "Loaders", categories: Sequence[Category | Failure]) -> None:
    loaders.category_by_key.prime({each.key: each for each in _whole(categories)})


def _keep_customers(loaders: "Loaders", customers: Sequence[Customer]) -> None:
    loaders.customer_by_key.prime({each.key: each for each in customers})
    for customer in customers:
        _keep_customer(loaders, customer)


def _keep_customer(loaders: "Loaders", customer: Customer) -> None:
    others = (Trait(TraitKind.EXTERNAL, key) for key in customer.identities[1:])
    loaders.customers_by_trait.prime(dict.fromkeys(others, (customer,)))


def _keep_orders(loaders: "Loaders", page: Page[Order]) -> None:
    loaders.order_by_key.prime({each.key: each for each in _whole(page.items)})


def _keep_order(loaders: "Loaders", order: Order) -> None:
    loaders.order_by_key.prime({order.key: order})


def _keep_style(loaders: "Loaders", variant: Variant) -> None:
    if variant.style is not None:
        loaders.product_by_key.prime({variant.style.key: variant.style})


def _keep_variant(loaders: "Loaders", variant: Variant) -> None:
    loaders.variant_by_sku.prime({variant.sku: variant})
    _keep_style(loaders, variant)


def _keep_page(loaders: "Loaders", page: Page[Product]) -> None:
    products = {each.key: each for each in _whole(page.items)}
    loaders.product_by_key.prime(products)
    variants = (each for product in products.values() for each in product.variants)
    loaders.variant_by_sku.prime({each.sku: each for each in variants})


def _keep_places(loaders: "Loaders", page: Page[Location]) -> None:
    loaders.location_by_key.prime({each.key: each for each in _whole(page.items)})


def _keep_product(loaders: "Loaders", product: Product) -> None:
    loaders.variant_by_sku.prime({each.sku: each for each in product.variants})


def _with(
    column: Sequence[Customer] | Failure, whole: Mapping[str, Customer | Failure | None]
) -> Sequence[Customer] | Failure:
    """Put what was read anew in place; a failure is that of all, for nobody is left out."""
    if isinstance(column, Failure):
        return column
    read: list[Customer] = []
    for customer in column:
        anew = whole.get(customer.key, customer)
        if isinstance(anew, Failure):
            return anew
        if anew is not None:
            read.append(anew)
    return Partial(read, missing) if (missing := missing_of(column)) else read


# By these it is found out whose a person's object is, and whether it may be worked with. Of an
# order all but the payments belongs together.
_ALWAYS: Mapping[type, frozenset[str]] = {
    Customer: frozenset({"identities", "is_restricted"}),
    Order: frozenset(Order.__struct_fields__) - {"payments"},
}
# What a variant costs depends on where its product stands, also if nobody reads that.
_OF_GOODS: Mapping[type, frozenset[str]] = {
    Product: frozenset({"category"}),
    Variant: frozenset({"category_key"}),
}


class Loaders:
    """The loaders of one operation; whoever made it closes it."""

    def __init__(
        self,
        ports: Ports,
        ask: Ask,
        own: OwnPorts = NOTHING_OWNED,
        campaigns: Campaigns = NO_CAMPAIGNS,
    ) -> None:
        self.ports = ports
        self._always = {**_ALWAYS, **(_OF_GOODS if campaigns.name_goods else {})}
        self.own = own
        self._ask = ask
        self._batches = Batches()
        self._opened: list[Loader[Any, Any]] = []
        self._reads: Mapping[type, frozenset[str]] = {}
        self._most: Mapping[type, frozenset[str]] = {}
        self._least: frozenset[str] | None = None
        self._near: frozenset[str] = frozenset()
        self._elsewhere: dict[tuple[str, str, Channel], Loaders] = {}

    products_by_query = Batched(
        lambda its: its.ports.product.products_by_query, _keep_page, of=Product
    )
    product_count_by_query = Batched(lambda its: its.ports.product.product_count_by_query)
    facets_by_query = Batched(lambda its: its.ports.facet.facets_by_query)
    category_by_key = Batched(lambda its: its.ports.category.category_by_key)
    categories_by_parent = Batched(
        lambda its: its.ports.category.categories_by_parent, _keep_categories
    )
    product_count_by_category = Batched(lambda its: its.ports.category.product_count_by_category)
    product_by_key = Batched(
        lambda its: its.ports.product.product_by_key, _keep_product, of=Product
    )
    variant_by_gtin = Batched(
        lambda its: its.ports.product.variant_by_gtin, _keep_variant, of=Variant
    )
    variant_by_sku = Batched(lambda its: its.ports.product.variant_by_sku, _keep_style, of=Variant)
    offer_by_sku = Batched(lambda its: its.ports.offer.offer_by_sku, of=Offer)
    price_history_by_sku = Batched(lambda its: its.ports.price_history.price_history_by_sku)
    stock_by_sku = Batched(lambda its: its.ports.stock.stock_by_sku)
    skus_by_location = Batched(lambda its: its.ports.assortment.skus_by_location)
    location_by_key = Batched(lambda its: its.ports.location.location_by_key)
    locations_by_query = Batched(lambda its: its.ports.location.locations_by_query, _keep_places)
    customer_by_key = Batched(lambda its: its.customers, _keep_customer, of=Customer)
    loyalty_by_customer = Batched(lambda its: its.ports.loyalty.loyalty_by_customer)
    loyalty_by_key = Batched(lambda its: its.ports.loyalty.loyalty_by_key)
    order_by_key = Batched(lambda its: its.ports.order.order_by_key, of=Order)
    orders_by_customer = Batched(
        lambda its: its.ports.order.orders_by_customer, _keep_orders, of=Order
    )
    order_by_number = Batched(lambda its: its.ports.order.order_by_number, _keep_order, of=Order)
    customers_by_trait = Batched(lambda its: its.customers_found, _keep_customers, of=Customer)
    ledger_by_account = Batched(lambda its: its.ports.loyalty.ledger_by_account)
    interactions_by_customer = Batched(
        lambda its: its.ports.interaction.interactions_by_customer, of=Interaction
    )
    shipment_by_tracking = Batched(lambda its: its.ports.shipment.shipment_by_tracking)
    open_cases_by_agent = Batched(lambda its: its.own.case.open_cases_by_agent)
    wishlists_by_customer = Batched(lambda its: its.own.wishlist.wishlists_by_customer)
    wishlist_by_key = Batched(lambda its: its.own.wishlist.wishlist_by_key)
    carts_by_customer = Batched(lambda its: its.own.cart.carts_by_customer)
    redeemable_by_claim = Batched(lambda its: its.own.coupon.redeemable_by_claim)
    price_ledger_by_sku = Batched(lambda its: its.own.price.price_ledger_by_sku)
    booked_offer_by_sku = Batched(lambda its: its.own.price.booked_offer_by_sku)
    cart_by_key = Batched(lambda its: its.own.cart.cart_by_key)
    carts_by_query = Batched(lambda its: its.own.cart.carts_by_query)
    cart_by_secret = Batched(lambda its: its.own.cart.cart_by_secret)
    wishlist_by_link = Batched(lambda its: its.own.wishlist.wishlist_by_link)
    reservations_by_holder = Batched(lambda its: its.own.reservation.reservations_by_holder)
    reservations_by_cart = Batched(lambda its: its.own.reservation.reservations_by_cart)
    reservation_by_key = Batched(lambda its: its.own.reservation.reservation_by_key)

    def at(self, market: str, currency: str, channel: Channel) -> "Loaders":
        """Give the loaders of another place, which end with these."""
        ask, place = self._ask, (market, currency, channel)
        if place == (ask.market, ask.currency, ask.channel):
            return self
        if place not in self._elsewhere:
            there = replace(ask, market=market, currency=currency, channel=channel)
            self._elsewhere[place] = Loaders(self.ports, there, self.own)
        return self._elsewhere[place]

    def open(
        self, fetch: Fetch[K, V], keep: Callable[[V], None] | None, of: type | None
    ) -> Loader[K, V]:
        """Make a loader that ends with the operation."""
        made = Loader(fetch, self._ask, self._batches, keep)
        if of is not None and of in self._reads:
            made.narrow(self._reads[of] | self._always.get(of, frozenset()))
        self._opened.append(made)
        return made

    async def customers(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Customer | Failure]:
        """Read customers, of those who are not near only what anybody may see of them."""
        read: Any = self.ports.customer.customer_by_key
        far = [key for key in keys if key not in self._near]
        if self._least is None or not far:
            return cast("Mapping[str, Customer | Failure]", await read(keys, ask))
        least = replace(ask, fields=self._least)
        near = [key for key in keys if key in self._near]
        if not near:
            return cast("Mapping[str, Customer | Failure]", await read(far, least))
        one, other = await asyncio.gather(read(near, ask), read(far, least))
        return {**one, **other}

    async def customers_found(
        self, traits: Sequence[Trait], ask: Ask
    ) -> Mapping[Trait, Sequence[Customer] | Failure]:
        """Find customers: whoever is near is read again by their key, with all that is seen.

        Who is looked for is not known before they are found; so of strangers who have the trait
        no more is read than anybody may see of them.
        """
        read: Any = self.ports.customer.customers_by_trait
        if self._least is None or not self._near:
            return cast("Mapping[Trait, Sequence[Customer] | Failure]", await read(traits, ask))
        found: Mapping[Trait, Sequence[Customer] | Failure]
        found = await read(traits, replace(ask, fields=self._least))
        keys = {each.key for column in _whole(found.values()) for each in column} & self._near
        if not keys:
            return found
        whole = dict(zip(keys, await self.customer_by_key.load(list(keys))))
        return {trait: _with(column, whole) for trait, column in found.items()}

    def narrow(self, reads: Mapping[type, frozenset[str]]) -> None:
        """Tell the ports which attributes of each domain class this operation will read."""
        self._reads = self._most = reads

    def keep_apart(self, near: frozenset[str], reads: Mapping[type, frozenset[str]]) -> None:
        """Read of customers other than these no more than what is seen without any condition."""
        self._least = reads.get(Customer, frozenset()) | _ALWAYS[Customer]
        self.draw_near(near)

    def draw_near(self, near: frozenset[str]) -> None:
        """Read of these customers, and of no others, all that the operation reads of any.

        What was read of customers before is forgotten: it may be less, or more.
        """
        if self._least is None:
            return
        self._near = near
        self._reads = self._most if near else {**self._most, Customer: self._least}
        self.forget("customer_by_key", "customers_by_trait")

    def forget(self, *names: str) -> None:
        """Let these loaders ask anew."""
        for name in names:
            vars(self).pop(name, None)

    def give_up(self) -> None:
        """End what is under way: whoever waits for it is told that the time is over."""
        self._batches.close()
        for loaders in self._elsewhere.values():
            loaders.give_up()

    def close(self) -> None:
        """End the batches that are still under way."""
        self._batches.close()
        for loader in self._opened:
            loader.close()
        for loaders in self._elsewhere.values():
            loaders.close()
