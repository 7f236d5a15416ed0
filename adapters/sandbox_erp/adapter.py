"""The ERP's side of the ports: which of its calls answers which question."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct, field

from adapters._upstream import Upstream, whole
from adapters.sandbox_erp import article, document, message, price
from adapters.sandbox_erp.price import ORGANISATIONS, Organisation
from domain.ask import Ask
from domain.configuration import ConfigurationError, Problem
from domain.errors import BadInput, Failure
from domain.identity import external_id
from domain.offer import Offer
from domain.order import Order, OrderQuery
from domain.page import Page, PageRequest
from domain.product import Product, ProductQuery, Variant
from domain.provenance import CATALOGUE, ORDER, PRICE, Lifetime, Provenance
from domain.secret import Secret

T = TypeVar("T")

# Orders by customer number, and how many there are in all.
_Ordered = dict[str, tuple[list[Order], int]]
# A page size, and the how-manieth call with it.
_Round = tuple[int, int]

_BASE = "/sap/zretail"
_MAX_KEYS = 200
_MAX_SKIP = 10_000_000


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

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            raise ConfigurationError([Problem(key, "missing", "the variable with the ERP's key")])
        self._upstream = upstream
        self._headers = {"APIKey": secret.reveal()}
        self._organisations = options.organisations
        self._currencies = {each.code: each.currency for each in options.organisations.values()}
        self._media_url = options.media_url.rstrip("/")

    async def product_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Product]:
        """Read styles by their numbers."""
        numbers = [local for local in self._own(keys) if message.is_short(local)]
        products = await self._products("product_by_key", "SATNR", numbers, ask)
        return {product.key: product for product in products}

    async def variant_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        """Read variants; the ERP answers with their styles, whole."""
        numbers = [sku for sku in skus if message.is_short(sku)]
        products = await self._products("variant_by_sku", "MATNR", numbers, ask)
        found = {variant.sku: variant for product in products for variant in product.variants}
        return {sku: found[sku] for sku in numbers if sku in found}

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        """Read a page for each query, side by side; the ERP lists one page at a time."""

        async def fetch(query: ProductQuery) -> Page[Product]:
            return await self._page(query, _offsets(query.page, 1)[0], ask)

        return await self._upstream.each(queries, fetch)

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer]:
        """Read the prices of today in the market's sales organisation."""
        call = "offer_by_sku"
        organisation = self._organisations.get(ask.market)
        if organisation is None or organisation.currency != ask.currency:
            return {}  # sold by nobody there

        async def fetch(numbers: Sequence[str]) -> list[Offer]:
            body = {
                "MATNR": numbers,
                "VKORG": organisation.code,
                "KONWA": ask.currency,
                "PRSDT": message.day_text(price.today(organisation)),
            }
            rows = await self._rows(call, "PRICES", body, message.Priced, ask)
            provenance = self._now(PRICE)
            with self._upstream.contract(call):
                read = (price.offer(row, organisation, provenance) for row in rows)
                return [offer for offer in read if offer is not None]

        numbers = [message.long(sku) for sku in skus if message.is_short(sku)]
        parts = await self._upstream.chunked(numbers, _MAX_KEYS, fetch)
        return {offer.sku: offer for part in parts for offer in part}

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order]:
        """Read sales orders by their numbers."""
        call = "order_by_key"

        async def fetch(numbers: Sequence[str]) -> list[Order]:
            body = {"VBELN": numbers}
            rows = await self._rows(call, "ORDERS_BY_VBELN", body, message.Document, ask)
            return self._orders(call, rows)

        numbers = [local for local in self._own(keys) if document.is_order_number(local)]
        parts = await self._upstream.chunked(numbers, _MAX_KEYS, fetch)
        return {order.key: order for part in parts for order in part}

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order] | Failure]:
        """Read a page for each customer; equal page sizes share a call.

        A customer may have several numbers in the ERP: a cursor is how far the page has come in
        the orders of each of them.
        """
        found: dict[OrderQuery, Page[Order] | Failure] = {}
        wanted: dict[OrderQuery, dict[str, int]] = {}
        for query in queries:
            try:
                wanted[query] = self._wanted(query)
            except BadInput as failure:
                found[query] = failure
        # Two pages of one customer cannot share a call: it takes one offset for each number.
        rounds: dict[_Round, dict[str, int]] = {}
        places: dict[tuple[OrderQuery, str], _Round] = {}
        for query, offsets in wanted.items():
            for number, offset in offsets.items():
                turn = 0
                while (
                    rounds.setdefault((query.page.first, turn), {}).setdefault(number, offset)
                    != offset
                ):
                    turn += 1
                places[query, number] = (query.page.first, turn)

        async def fetch(each: _Round) -> _Ordered:
            return await self._ordered(each[0], rounds[each], ask)

        answers = await self._upstream.each(list(rounds), fetch)
        for query, offsets in wanted.items():
            parts: list[tuple[list[Order], int]] = []
            for number in offsets:
                answer = answers[places[query, number]]
                if isinstance(answer, Failure):
                    found[query] = answer
                    break
                parts.append(answer.get(number, ([], 0)))
            else:
                found[query] = _merge(query.page.first, offsets, parts)
        return found

    def _wanted(self, query: OrderQuery) -> dict[str, int]:
        """The customer's numbers here, and how many orders of each come before the page."""
        numbers = [n for n in self._own(query.identities) if document.is_customer_number(n)]
        distinct = list(dict.fromkeys(numbers))
        return dict(zip(distinct, _offsets(query.page, len(distinct))))

    async def _products(
        self, call: str, field_name: str, numbers: Sequence[str], ask: Ask
    ) -> list[Product]:
        languages = article.languages(ask.language)

        async def fetch(chunk: Sequence[str]) -> list[Product]:
            body = {field_name: [message.long(number) for number in chunk], "SPRAS": languages}
            answer = await self._upstream.read(
                "POST",
                f"{_BASE}/ARTICLE_BY_{field_name}",
                ask=ask,
                call=call,
                decode=message.Envelope[message.Articles],
                json=body,
                headers=self._headers,
                explain=message.explain,
            )
            with self._upstream.contract(call):
                return self._read_articles(answer.d, languages)

        parts = await self._upstream.chunked(numbers, _MAX_KEYS, fetch)
        return [product for part in parts for product in part]

    async def _page(self, query: ProductQuery, skip: int, ask: Ask) -> Page[Product]:
        call = "products_by_query"
        languages = article.languages(ask.language)
        parameters = [
            ("$top", str(query.page.first)),
            ("$skip", str(skip)),
            ("SPRAS", ",".join(languages)),
        ]
        if query.search:
            parameters.append(("search", query.search))
        answer = await self._upstream.read(
            "GET",
            f"{_BASE}/ARTICLES",
            ask=ask,
            call=call,
            decode=message.Envelope[message.Articles],
            query=parameters,
            headers=self._headers,
            explain=message.explain,
        )
        with self._upstream.contract(call, "__count"):
            total = whole(int(answer.d.count or ""))
        with self._upstream.contract(call):
            products = self._read_articles(answer.d, languages)
        last = skip + len(products)
        cursors = tuple(map(str, range(skip + 1, last + 1)))
        return Page(tuple(products), cursors, last < total and bool(products), total)

    def _read_articles(self, answer: message.Articles, languages: tuple[str, ...]) -> list[Product]:
        reader = article.Reader(answer.names, languages, self._media_url, self._now(CATALOGUE))
        return [reader.product(row) for row in answer.results]

    async def _ordered(self, first: int, offsets: Mapping[str, int], ask: Ask) -> _Ordered:
        call = "orders_by_customer"

        async def fetch(numbers: Sequence[str]) -> _Ordered:
            skips = {number: offsets[number] for number in numbers if offsets[number]}
            body = {"KUNNR": numbers, "TOP": first, "SKIP": skips}
            rows = await self._rows(call, "ORDERS_BY_KUNNR", body, message.Ordered, ask)
            return {row.kunnr: (self._orders(call, row.vbak), row.anzahl) for row in rows}

        parts = await self._upstream.chunked(list(offsets), _MAX_KEYS, fetch)
        return {number: found for part in parts for number, found in part.items()}

    def _orders(self, call: str, rows: Sequence[message.Document]) -> list[Order]:
        provenance = self._now(ORDER)
        with self._upstream.contract(call):
            return [document.order(row, self._currencies, provenance) for row in rows]

    async def _rows(
        self, call: str, name: str, body: Mapping[str, Any], kind: type[T], ask: Ask
    ) -> list[T]:
        answer = await self._upstream.read(
            "POST",
            f"{_BASE}/{name}",
            ask=ask,
            call=call,
            decode=message.Envelope[message.Results[kind]],  # type: ignore[valid-type]
            json=body,
            headers=self._headers,
            explain=message.explain,
        )
        rows: list[T] = answer.d.results
        return rows

    def _own(self, keys: Sequence[str]) -> list[str]:
        """The ERP's numbers among the keys; keys of other systems are not the ERP's to see."""
        found = map(external_id, keys)
        return [each.id for each in found if each.system == self._upstream.system]

    def _now(self, lifetime: Lifetime) -> Provenance:
        return Provenance(self._upstream.system, datetime.now(UTC), lifetime)


def _offsets(page: PageRequest, count: int) -> list[int]:
    """How far a cursor has come in each of so many lists. *Errors*: ``BadInput``."""
    if page.after is None:
        return [0] * count
    parts = page.after.split(".")
    proper = all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts)
    if not proper or len(parts) != count or any(int(part) > _MAX_SKIP for part in parts):
        raise page.refused()
    return [int(part) for part in parts]


def _merge(
    first: int, offsets: Mapping[str, int], lists: Sequence[tuple[list[Order], int]]
) -> Page[Order]:
    """Take the newest of several lists that are each ordered newest first."""
    reached = list(offsets.values())
    heads = [0] * len(lists)
    items: list[Order] = []
    cursors: list[str] = []
    while len(items) < first:
        left = [n for n, (orders, _) in enumerate(lists) if heads[n] < len(orders)]
        if not left:
            break
        newest = max(left, key=lambda n: lists[n][0][heads[n]].placed_at)
        items.append(lists[newest][0][heads[newest]])
        heads[newest] += 1
        reached[newest] += 1
        cursors.append(".".join(map(str, reached)))
    total = sum(count for _, count in lists)
    return Page(tuple(items), tuple(cursors), bool(items) and sum(reached) < total, total)
