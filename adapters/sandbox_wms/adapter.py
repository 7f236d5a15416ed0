"""The WMS's side of the ports: which of its calls answers which question."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from adapters._query import Queries
from adapters._row import by_key, told
from adapters._upstream import Upstream
from adapters.sandbox_wms import message
from adapters.sandbox_wms.translation import (
    CODES,
    TYPES,
    Levels,
    allocation,
    location,
    moment,
    pieces,
)
from domain.allocation import Allocation, AllocationRequest
from domain.ask import Ask
from domain.assortment import MAX_SKUS, Assortment
from domain.availability import StockLevel
from domain.configuration import ConfigurationError, Problem
from domain.errors import Failure, SourceRejected
from domain.identity import external_id
from domain.location import (
    Location,
    LocationQuery,
)
from domain.page import Page, PageRequest
from domain.provenance import PLACE, STOCK, Provenance
from domain.secret import Secret

_BASE = "/v2"
_MAX_ARTICLES = 1_000
_MAX_SITES = 100
_MAX_ORDERS = 100
# Longer than any article number or site code: what a caller sends beyond it is nobody's.
_MAX_KEY = 40


class Adapter:
    """Reads stock and locations; one call for up to 1,000 SKUs, whatever the number of sites."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        """The system needs no settings beyond its address and key."""

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:  # noqa: ARG002
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            raise ConfigurationError([Problem(key, "missing", "the variable with the WMS's key")])
        self._upstream = upstream
        headers = {"Authorization": f"Bearer {secret.reveal()}"}
        self._queries = Queries(upstream, _BASE, headers, message.explain)

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel] | Failure]:
        """Read every site's stock of each SKU; the WMS's articles are the SKUs themselves."""
        call = "stock_by_sku"

        async def fetch(articles: Sequence[str]) -> Mapping[str, Sequence[StockLevel] | Failure]:
            answer = await self._queries.read(
                call,
                "stock/query",
                {"articles": articles},
                message.Articles,
                ask,
                message.ARTICLE_ROWS,
            )
            system = self._upstream.system
            rows, levels = answer.articles, Levels(system)
            return by_key(system, call, rows, lambda row: (row.article,), levels, articles)

        plausible = [sku for sku in skus if 0 < len(sku) <= _MAX_KEY]
        parts = await self._upstream.chunked(plausible, _MAX_ARTICLES, fetch)
        return {sku: levels for part in parts for sku, levels in part.items()}

    async def skus_by_location(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Assortment]:
        """Read what each site can promise any of; the WMS is asked site by site."""
        call = "skus_by_location"

        async def fetch(codes: Sequence[str]) -> Assortment | None:
            try:
                answer = await self._queries.read(
                    call,
                    "stock/available",
                    {"site": codes[0], "limit": MAX_SKUS},
                    message.Available,
                    ask,
                )
            except SourceRejected as refused:
                if "unknown-site" in refused.detail:
                    return None
                raise
            with self._upstream.contract(call):
                if answer.site != codes[0]:
                    raise ValueError("the answer is about another site")
                return Assortment(
                    location_key=f"{self._upstream.system}:{answer.site}",
                    pieces=pieces(answer),
                    is_complete=answer.next is None,
                    provenance=Provenance(self._upstream.system, moment(answer.asof), STOCK),
                )

        found = await self._upstream.chunked(self._codes(keys), 1, fetch)
        return {each.location_key: each for each in found if each is not None}

    async def allocations_by_request(
        self, requests: Sequence[AllocationRequest], ask: Ask
    ) -> Mapping[str, Allocation | Failure]:
        """Set goods aside, many requests in one call; the reference keeps each from doubling."""
        call = "allocations_by_request"

        async def fetch(
            chunk: Sequence[AllocationRequest],
        ) -> Mapping[str, Allocation | Failure]:
            answer = await self._queries.read(
                call,
                "allocations",
                {"orders": [_order(each) for each in chunk]},
                message.Orders,
                ask,
            )
            with self._upstream.contract(call):
                return {
                    order.ref: allocation(order, self._upstream.system) for order in answer.orders
                }

        parts = await self._upstream.chunked(requests, _MAX_ORDERS, fetch)
        return {key: each for part in parts for key, each in part.items()}

    async def released_by_key(self, keys: Sequence[str], ask: Ask) -> frozenset[str]:
        """Let goods go; the WMS forgets a reference it does not know all the same."""

        async def fetch(chunk: Sequence[str]) -> Sequence[str]:
            answer = await self._queries.read(
                "released_by_key", "allocations/release", {"refs": chunk}, message.Released, ask
            )
            return answer.refs

        parts = await self._upstream.chunked(keys, _MAX_ORDERS, fetch)
        return frozenset(key for part in parts for key in part)

    async def location_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Location | Failure]:
        """Read sites by their codes."""
        call = "location_by_key"

        async def fetch(codes: Sequence[str]) -> Mapping[str, Location | Failure]:
            answer = await self._queries.read(
                call, "sites/query", {"codes": codes}, message.Sites, ask, message.SITE_ROWS
            )
            return by_key(
                self._upstream.system,
                call,
                answer.sites,
                lambda site: (site.code,),
                self._located(),
                codes,
            )

        parts = await self._upstream.chunked(self._codes(keys), _MAX_SITES, fetch)
        system = self._upstream.system
        return {f"{system}:{code}": found for part in parts for code, found in part.items()}

    async def locations_by_query(
        self, queries: Sequence[LocationQuery], ask: Ask
    ) -> Mapping[LocationQuery, Page[Location] | Failure]:
        """Read a page of sites for each query, side by side; the WMS sorts them."""

        async def page(query: LocationQuery) -> Page[Location]:
            return await self._page(query, _offset(query.page), ask)

        return await self._upstream.each(queries, page)

    async def _page(self, query: LocationQuery, offset: int, ask: Ask) -> Page[Location]:
        call, body = "locations_by_query", {"offset": offset, "limit": query.page.first}
        if query.kind is not None and query.kind not in TYPES:
            return Page((), (), has_next=False, total=0)
        near = query.near and {"lat": query.near.latitude, "lon": query.near.longitude}
        answer = await self._queries.read(
            call,
            "sites/search",
            {
                **body,
                "near": near,
                "types": query.kind and [TYPES[query.kind]],
                "svc": query.service and [CODES[query.service]],
            },
            message.Found,
            ask,
            message.SITE_ROWS,
        )
        with self._upstream.contract(call):
            if answer.total < 0 or len(answer.sites) > query.page.first:
                raise ValueError("found more sites than were asked for, or less than none")
        rows = told(
            self._upstream.system, call, answer.sites, lambda site: (site.code,), self._located()
        )
        places = tuple(place for _, place in rows)
        last = offset + len(places)
        cursors = tuple(map(str, range(offset + 1, last + 1)))
        return Page(places, cursors, bool(places) and last < answer.total, answer.total)

    def _codes(self, keys: Sequence[str]) -> list[str]:
        """The WMS's site codes among the keys."""
        own = [each.id for each in map(external_id, keys) if each.system == self._upstream.system]
        return [code for code in own if 0 < len(code) <= _MAX_KEY]

    def changed_skus(self, body: bytes) -> Sequence[str]:
        """Read the articles of a notice. *Errors*: ``ValueError`` for what is not one."""
        notice = msgspec.json.decode(body, type=message.Notice)
        if notice.kind != "stock.changed":
            raise ValueError("a notice of another kind")
        return [sku for sku in notice.articles if 0 < len(sku) <= _MAX_KEY]

    def _located(self) -> Callable[[message.Site], Location]:
        provenance = Provenance(self._upstream.system, datetime.now(UTC), PLACE)
        return lambda site: location(site, provenance)


def _offset(page: PageRequest) -> int:
    cursor = page.after
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 6):
        raise page.refused()
    return int(cursor)


def _order(request: AllocationRequest) -> dict[str, object]:
    until = request.expires_at
    return {
        "ref": request.key,
        "rows": [
            {
                "article": line.sku,
                "site": external_id(line.location_key).id,
                "qty": line.quantity,
            }
            for line in request.lines
        ],
        "until": None if until is None else int(until.timestamp() * 1_000),
    }
