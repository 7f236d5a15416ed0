"""Tryton 8.2: products, prices, stock, warehouses, customers and orders over its JSON-RPC.

*Source*: docs/tryton.md.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from adapters._upstream import Upstream
from adapters.tryton.customer import Customers
from adapters.tryton.location import Locations
from adapters.tryton.offer import Offers
from adapters.tryton.product import Products
from adapters.tryton.reference import References
from adapters.tryton.rpc import Rpc
from adapters.tryton.sale import Sales
from adapters.tryton.stock import Stocks
from domain.ask import Ask
from domain.availability import StockLevel
from domain.configuration import ConfigurationError, Problem
from domain.customer import Customer, Trait
from domain.deadline import Deadline
from domain.errors import Failure
from domain.filter import ProductQuery, ProductSelection
from domain.location import Location, LocationQuery
from domain.offer import Offer
from domain.order import Order, OrderQuery
from domain.page import Page
from domain.product import Product, Variant
from domain.secret import Secret
from domain.viewer import Channel

_START_SECONDS = 5.0
_SELLING = re.compile(rf"[A-Z]{{2}}(/({'|'.join(each.value for each in Channel)}))?")


class Adapter:
    """Serves product, offer, stock, location, customer and order out of one Tryton database."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
        """What Tryton needs to be told beyond its address and password."""

        database: Annotated[str, Meta(min_length=1, description="The name of Tryton's database.")]
        user: Annotated[
            str,
            Meta(
                min_length=1,
                pattern="^[^:]*$",
                description="The user to sign in as; it belongs to the company whose data counts.",
            ),
        ]
        language: Annotated[
            str,
            Meta(description="The language of the database's own texts, as Tryton codes it."),
        ] = "en"
        price_lists: Annotated[
            dict[str, int],
            Meta(
                description="The id of the price list for each market (PL), or for one channel "
                "of it (PL/POS); elsewhere the list price is the price."
            ),
        ] = {}
        restricted_category: Annotated[
            int | None,
            Meta(
                description="The id of the party category of customers who have had the processing "
                "restricted (GDPR, article 18); without it nobody is restricted."
            ),
        ] = None

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            problem = Problem(key, "missing", "the variable with the password of Tryton's user")
            raise ConfigurationError([problem])
        for each in options.price_lists:
            if not _SELLING.fullmatch(each):
                allowed = "a country such as PL, or one and a channel, such as PL/POS"
                key = f"systems.{upstream.system}.options.price_lists"
                raise ConfigurationError([Problem(key, f"found {each!r}", f"allowed: {allowed}")])
        rpc = Rpc(upstream, options.database, options.user, secret)
        self._references = References(rpc)
        self._products = Products(rpc, self._references, options.language)
        self._offers = Offers(rpc, self._references, options.price_lists)
        self._stocks = Stocks(rpc, self._references)
        self._locations = Locations(rpc, self._references, options.language)
        self._customers = Customers(rpc, self._references, options.restricted_category)
        self._sales = Sales(rpc, self._references)

    async def start(self) -> None:
        """Sign in and read what later calls rest on."""
        ask = Ask(
            deadline=Deadline.after(_START_SECONDS),
            market="",
            currency="",
            language="",
            channel=Channel.WEB,
        )
        await self._references.get(ask, "start")

    async def product_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Product | Failure]:
        """Read products; the key's second part is the id of Tryton's template."""
        return await self._products.by_key(keys, ask, "product_by_key")

    async def variant_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants; the SKU is the code of Tryton's product."""
        return await self._products.variant_by_sku(skus, ask, "variant_by_sku")

    async def variant_by_gtin(
        self, gtins: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants by their identifiers of type EAN, and ISBN."""
        return await self._products.variant_by_gtin(gtins, ask, "variant_by_gtin")

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        """Read one page for each query, side by side; Tryton's lists know no filter but search."""
        return await self._products.by_query(queries, ask, "products_by_query")

    async def product_count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask
    ) -> Mapping[ProductSelection, int | Failure]:
        """Count each listing, side by side."""
        return await self._products.count_by_query(selections, ask, "product_count_by_query")

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer | Failure]:
        """Read prices by the price list of the market and channel."""
        return await self._offers.by_sku(skus, ask, "offer_by_sku")

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel] | Failure]:
        """Read the stock of every warehouse."""
        return await self._stocks.by_sku(skus, ask, "stock_by_sku")

    async def location_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Location | Failure]:
        """Read warehouses; the key's second part is the id of Tryton's location."""
        return await self._locations.by_key(keys, ask, "location_by_key")

    async def locations_by_query(
        self, queries: Sequence[LocationQuery], ask: Ask
    ) -> Mapping[LocationQuery, Page[Location] | Failure]:
        """Read one page of warehouses for each query."""
        return await self._locations.by_query(queries, ask, "locations_by_query")

    async def customer_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Customer | Failure]:
        """Read customers; the key's second part is the id of Tryton's party."""
        return await self._customers.by_key(keys, ask, "customer_by_key")

    async def customers_by_trait(
        self, traits: Sequence[Trait], ask: Ask
    ) -> Mapping[Trait, Sequence[Customer] | Failure]:
        """Find customers by e-mail address, telephone number or name."""
        return await self._customers.by_trait(traits, ask, "customers_by_trait")

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order | Failure]:
        """Read orders; the key's second part is the id of Tryton's sale."""
        return await self._sales.by_key(keys, ask, "order_by_key")

    async def order_by_number(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Order | Failure]:
        """Read orders by the sales' numbers."""
        return await self._sales.by_number(numbers, ask, "order_by_number")

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read a page of each customer's sales, newest first."""
        return await self._sales.by_customer(queries, ask, "orders_by_customer")
