"""The ERP's side of the ports: which of its calls answers which question."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct, field

from adapters._upstream import Upstream
from adapters.sandbox_erp import document, message, notation, price
from adapters.sandbox_erp.call import MAX_PRICES, Erp
from adapters.sandbox_erp.catalogue import Catalogue
from adapters.sandbox_erp.group import Groups
from adapters.sandbox_erp.order import Orders
from adapters.sandbox_erp.price import ORGANISATIONS, Organisation
from domain.ask import Ask
from domain.category import Category
from domain.configuration import ConfigurationError, Problem
from domain.errors import Failure
from domain.facet import FacetQuery, Facets
from domain.filter import ProductQuery, ProductSelection
from domain.offer import Offer
from domain.order import Order, OrderQuery
from domain.page import Page
from domain.price import PriceHistory
from domain.product import Product, Variant
from domain.provenance import PRICE
from domain.secret import Secret


class Adapter:
    """Reads products, offers and orders; one call for up to 200 of them."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        """Which organisation sells in which market, and where the pictures are served."""

        organisations: Annotated[
            dict[str, Organisation],
            Meta(description="Which sales organisation sells in which market, in what, and where."),
        ] = field(default_factory=lambda: dict(ORGANISATIONS))
        media_url: Annotated[
            str, Meta(description="What stands before the path of each picture.")
        ] = ""
        receipts: Annotated[
            str, Meta(description="The system whose receipts the ERP books: the tills.")
        ] = "pos"
        locations: Annotated[
            str, Meta(description="The system whose location ids are the ERP's sites.")
        ] = "wms"

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            raise ConfigurationError([Problem(key, "missing", "the variable with the ERP's key")])
        self._upstream = upstream
        self._erp = Erp(upstream, secret)
        self._catalogue = Catalogue(self._erp, options.organisations, options.media_url)
        self._groups = Groups(self._erp)
        self._organisations = options.organisations
        currencies = {each.code: each.currency for each in options.organisations.values()}
        neighbours = document.Neighbours(options.receipts, options.locations)
        self._orders = Orders(self._erp, currencies, neighbours)

    async def product_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Product | Failure]:
        """Read styles by their numbers."""
        return await self._catalogue.product_by_key(keys, ask)

    async def variant_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants; the ERP answers with their styles, whole."""
        return await self._catalogue.variant_by_sku(skus, ask)

    async def variant_by_gtin(
        self, gtins: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants by their EANs; the ERP answers with their styles, whole."""
        return await self._catalogue.variant_by_gtin(gtins, ask)

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        """Read a page for each query, side by side; the ERP searches one listing at a time."""
        return await self._catalogue.products_by_query(queries, ask)

    async def product_count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask
    ) -> Mapping[ProductSelection, int | Failure]:
        """Count each listing, side by side."""
        return await self._catalogue.product_count_by_query(selections, ask)

    async def facets_by_query(
        self, queries: Sequence[FacetQuery], ask: Ask
    ) -> Mapping[FacetQuery, Facets | Failure]:
        """Count the facets of each listing, side by side."""
        return await self._catalogue.facets_by_query(queries, ask)

    async def category_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Category | Failure]:
        """Read material groups; the ERP has one call for all of them."""
        return await self._groups.category_by_key(keys, ask)

    async def categories_by_parent(
        self, parents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Category | Failure]]:
        """Read what stands below material groups, or at the top."""
        return await self._groups.categories_by_parent(parents, ask)

    async def product_count_by_category(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, int | Failure]:
        """Count the styles in material groups and below."""
        return await self._groups.product_count_by_category(keys, ask)

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer | Failure]:
        """Read the prices of today in the market's sales organisation."""
        call = "offer_by_sku"
        organisation = self._selling(ask)
        if organisation is None:
            return {}  # sold by nobody there

        async def fetch(numbers: Sequence[str]) -> dict[str, Offer | Failure]:
            body = {
                "MATNR": numbers,
                "VKORG": organisation.code,
                "KONWA": ask.currency,
                "PRSDT": notation.day_text(price.today(organisation)),
            }
            kind, places = message.Priced, message.PRICE_ROWS
            rows = await self._erp.rows("PRICES", body, kind, ask, call, places)
            provenance = self._erp.now(PRICE)
            found = self._erp.by_key(
                rows,
                lambda row: (row.matnr,),
                lambda row: price.offer(row, organisation, provenance),
                {number: asked[number] for number in numbers},
                call,
            )
            return {sku: offer for sku, offer in found.items() if offer is not None}

        asked = {notation.long(sku): sku for sku in skus if notation.is_short(sku)}
        parts = await self._upstream.chunked(list(asked), MAX_PRICES, fetch)
        return {sku: offer for part in parts for sku, offer in part.items()}

    async def price_history_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, PriceHistory | Failure]:
        """Read the prices of the last eighteen months in the market's sales organisation."""
        call = "price_history_by_sku"
        organisation = self._selling(ask)
        if organisation is None:
            return {}  # sold by nobody there
        first, last = price.remembered(organisation)

        async def fetch(numbers: Sequence[str]) -> dict[str, PriceHistory | Failure]:
            body = {
                "MATNR": numbers,
                "VKORG": organisation.code,
                "KONWA": ask.currency,
                "DATAB": notation.day_text(first),
                "DATBI": notation.day_text(last),
            }
            kind, places = message.PricedEver, message.PRICE_ROWS
            rows = await self._erp.rows("PRICE_HISTORY", body, kind, ask, call, places)
            provenance = self._erp.now(PRICE)
            return self._erp.by_key(
                rows,
                lambda row: (row.matnr,),
                lambda row: price.history(row, organisation, provenance),
                {number: asked[number] for number in numbers},
                call,
            )

        asked = {notation.long(sku): sku for sku in skus if notation.is_short(sku)}
        parts = await self._upstream.chunked(list(asked), MAX_PRICES, fetch)
        return {sku: history for part in parts for sku, history in part.items()}

    def _selling(self, ask: Ask) -> Organisation | None:
        """The organisation that sells in the market, in the currency asked for."""
        organisation = self._organisations.get(ask.market)
        if organisation is None or organisation.currency != ask.currency:
            return None
        return organisation

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order | Failure]:
        """Read sales orders by their numbers."""
        return await self._orders.order_by_key(keys, ask)

    async def order_by_number(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Order | Failure]:
        """Read sales orders by their numbers, and booked sales by those of their receipts."""
        return await self._orders.order_by_number(numbers, ask)

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read a page for each customer; equal page sizes share a call."""
        return await self._orders.orders_by_customer(queries, ask)
