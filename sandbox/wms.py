"""The sandbox's WMS: what lies where, by site code."""

import os
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import wms_form as form
from sandbox.allocation import MAX_REFS, Allocations, Orders, Refs
from sandbox.catalogue import Catalogue, sku
from sandbox.clock import now_ms
from sandbox.directory import ordered, shown
from sandbox.hook import Hook
from sandbox.place import ZONES, sites
from sandbox.scale import Scale
from sandbox.stock import Level, due_at, free_pieces, level_at, levels, observed_at
from sandbox.wire import Reply, Wire

KEY = "sandbox-wms-key"
COUNTRIES = tuple(ZONES)
MAX_ARTICLES = 1_000
MAX_SITES = 100
MAX_AVAILABLE = 20_000


def build(scale: Scale, countries: Sequence[str] = COUNTRIES) -> Wire:
    """The WMS of these countries as an ASGI app."""
    wms = _Wms(scale, countries)
    wms.wire = Wire("wms", wms.app, form.broken)
    return wms.wire


class _Wms:
    wire: Wire

    def __init__(self, scale: Scale, countries: Sequence[str]) -> None:
        now_ms()  # a stopped clock that cannot be read keeps the system from starting
        self._catalogue = Catalogue(scale.styles)
        self._sites = sites(scale.stores)
        # What lies where is drawn by position: each country's WMS has its part of one whole.
        self._served = [site for site in self._sites if site.country in countries]
        self._by_code = {site.code: site for site in self._served}
        self._bearer = f"Bearer {os.environ.get('SANDBOX_WMS_KEY', KEY)}"
        self._levels = lru_cache(maxsize=16_384)(self._read_levels)
        self._free = lru_cache(maxsize=32)(self._read_free)
        self._counted: dict[tuple[str, int], int] = {}
        self._allocations = Allocations()
        self._hook: Hook | None = None
        self.app = Starlette(
            routes=[
                self._route("POST", "/v2/stock/query", self._stock),
                self._route("POST", "/v2/stock/available", self._available),
                self._route("POST", "/v2/allocations", self._allocate),
                self._route("POST", "/v2/allocations/release", self._release),
                self._route("GET", "/v2/sites", self._directory),
                self._route("POST", "/v2/sites/query", self._some_sites),
                self._route("POST", "/v2/sites/search", self._search_sites),
                Route("/_admin/stock", self._count, methods=["PUT"]),
                Route("/_admin/webhook", self._set_hook, methods=["PUT", "DELETE"]),
            ],
            exception_handlers={404: form.missing, 405: form.method},
        )

    def _route(
        self, method: str, path: str, answer: Callable[[Request], Awaitable[Response]]
    ) -> Route:
        async def guarded(request: Request) -> Response:
            try:
                if request.headers.get("authorization") != self._bearer:
                    raise form.RefusedError(401, "unauthorized", "Send a valid bearer key")
                return await answer(request)
            except form.RefusedError as refused:
                return refused.response

        return Route(path, guarded, methods=[method])

    async def _count(self, request: Request) -> Response:
        """Changes how many pieces lie at a site, and tells it where a webhook is set."""
        try:
            count = await form.read(request, form.Count)
        except form.RefusedError as refused:
            return refused.response
        there = [self._sites[level.site].code for level in self._levels(count.article) or ()]
        if count.site not in there:
            return form.problem(422, "unknown-place", "The article does not lie there", sites=there)
        place = self._sites.index(self._by_code[count.site])
        self._counted[count.article, place] = count.qoh
        self._levels.cache_clear()
        told = None
        if self._hook is not None:
            told = await self._hook.tell({"kind": "stock.changed", "articles": [count.article]})
        return Reply({"told": told})

    async def _set_hook(self, request: Request) -> Response:
        try:
            self._hook = await form.read(request, Hook) if request.method == "PUT" else None
        except form.RefusedError as refused:
            return refused.response
        return Reply({"set": self._hook is not None})

    async def _stock(self, request: Request) -> Response:
        body = await form.read(request, form.StockQuery)
        if len(body.articles) > MAX_ARTICLES:
            raise form.RefusedError(
                422, "too-many-articles", "Too many articles in one query",
                detail=f"{len(body.articles)} articles were sent", limit=MAX_ARTICLES,
            )  # fmt: skip
        wanted: frozenset[int] | None = None
        if body.sites is not None:
            unknown = [code for code in body.sites if code not in self._by_code]
            if unknown:
                raise form.RefusedError(
                    422, "unknown-site", "A site of the query does not exist", sites=unknown
                )
            named = set(body.sites)
            wanted = frozenset(n for n, site in enumerate(self._sites) if site.code in named)
        now, late = now_ms(), self.wire.fault.stale_ms
        seen = [observed_at(number, now - late) for number in range(len(self._sites))]
        aside = [self._allocations.at(now, each) for each in seen]
        answer = []
        for article in dict.fromkeys(body.articles):
            found = self._levels(article)
            if found is not None:
                rows = [
                    self._row(
                        level,
                        seen[level.site],
                        now,
                        aside[level.site].get((article, self._sites[level.site].code), 0),
                    )
                    for level in found
                    if wanted is None or level.site in wanted
                ]
                answer.append({"article": article, "stock": rows})
        return Reply({"articles": answer})

    async def _available(self, request: Request) -> Response:
        body = await form.read(request, form.AvailableQuery)
        if body.site not in self._by_code:
            raise form.RefusedError(
                422, "unknown-site", "A site of the query does not exist", sites=[body.site]
            )
        if not 1 <= body.limit <= MAX_AVAILABLE:
            raise form.RefusedError(
                422, "bad-parameter", f"limit lies between 1 and {MAX_AVAILABLE}",
                detail=f"limit was {body.limit}",
            )  # fmt: skip
        position = self._sites.index(self._by_code[body.site])
        seen = observed_at(position, now_ms() - self.wire.fault.stale_ms)
        articles, free = self._left(position, body.site, seen)
        start = bisect_right(articles, body.after)
        page = slice(start, start + body.limit)
        more = start + body.limit < len(articles)
        return Reply(
            {
                "site": body.site,
                "articles": articles[page],
                "free": free[page],
                "next": articles[page][-1] if more else None,
                "asof": seen,
            }
        )

    def _left(self, position: int, site: str, seen: int) -> tuple[list[str], list[int]]:
        """What the site can promise, without what was set aside before the snapshot."""
        articles, free = self._free(position)
        aside = self._allocations.at(now_ms(), seen)
        if not aside:
            return articles, free
        left = [
            (article, pieces - aside.get((article, site), 0))
            for article, pieces in zip(articles, free)
        ]
        left = [each for each in left if each[1] > 0]
        return [article for article, _ in left], [pieces for _, pieces in left]

    async def _allocate(self, request: Request) -> Response:
        body = await form.read(request, Orders)
        if len(body.orders) > MAX_REFS:
            raise form.RefusedError(
                422, "too-many-orders", "Too many orders at once",
                detail=f"{len(body.orders)} orders were sent", limit=MAX_REFS,
            )  # fmt: skip
        now, answer = now_ms(), []
        for order in body.orders:
            aside = self._allocations.at(now)
            free = {
                (row.article, self._sites[level.site].code): free_pieces(level)
                - aside.get((row.article, self._sites[level.site].code), 0)
                for row in order.rows
                for level in self._levels(row.article) or ()
            }
            rows, valid = self._allocations.put(order, free, now)
            answer.append({"ref": order.ref, "rows": rows, "valid": valid})
        return Reply(msgspec.to_builtins({"orders": answer}))

    async def _release(self, request: Request) -> Response:
        body = await form.read(request, Refs)
        self._allocations.release(body.refs)
        return Reply({"refs": body.refs})

    def _read_free(self, position: int) -> tuple[list[str], list[int]]:
        """The articles of which the site can promise some, by number, and how many."""
        site = self._sites[position]
        articles: list[str] = []
        free: list[int] = []
        for index in range(self._catalogue.count):
            style = self._catalogue.style(index)
            for variant in range(style.variants):
                level = level_at(style, variant, position, site)
                pieces = 0 if level is None else free_pieces(level)
                if pieces:
                    articles.append(sku(index, variant))
                    free.append(pieces)
        return articles, free

    def _read_levels(self, article: str) -> tuple[Level, ...] | None:
        found = self._catalogue.find_variant(article)
        if found is None:
            return None
        every = levels(*found, self._sites)
        return tuple(
            level._replace(on_hand=self._counted.get((article, level.site), level.on_hand))
            for level in every
            if self._sites[level.site].code in self._by_code
        )

    def _row(self, level: Level, seen: int, now: int, aside: int) -> dict[str, Any]:
        due = [{"qty": level.due_quantity, "eta": due_at(level, now)}] if level.due_quantity else []
        return {
            "site": self._sites[level.site].code,
            "qoh": level.on_hand,
            "alloc": level.allocated + aside,
            "ss": level.safety,
            "dmg": level.damaged,
            "trn": level.moving,
            "due": due,
            "asof": seen,
        }

    async def _directory(self, request: Request) -> Response:
        asked = request.query_params
        page = form.whole(asked.get("page", "1"), "page", 100_000)
        size = form.whole(asked.get("size", "50"), "size", MAX_SITES)
        kind = asked.get("type")
        if kind not in (None, "S", "W", "L"):
            raise form.RefusedError(
                422, "bad-parameter", "type is S, W or L", detail=f"type was {kind}"
            )
        found = [site for site in self._served if kind in (None, site.kind)]
        rows = [shown(site, now_ms()) for site in found[(page - 1) * size : page * size]]
        return Reply({"page": page, "pages": -(-len(found) // size), "sites": rows})

    async def _some_sites(self, request: Request) -> Response:
        body = await form.read(request, form.SiteQuery)
        if len(body.codes) > MAX_SITES:
            raise form.RefusedError(
                422, "too-many-sites", "Too many sites in one query",
                detail=f"{len(body.codes)} codes were sent", limit=MAX_SITES,
            )  # fmt: skip
        known = [self._by_code.get(code) for code in dict.fromkeys(body.codes)]
        return Reply({"sites": [shown(site, now_ms()) for site in known if site is not None]})

    async def _search_sites(self, request: Request) -> Response:
        body = await form.read(request, form.SiteSearch)
        if not (1 <= body.limit <= MAX_SITES and 0 <= body.offset <= 100_000):
            raise form.RefusedError(
                422, "bad-parameter", f"limit lies between 1 and {MAX_SITES}, offset from 0 on",
                detail=f"limit was {body.limit}, offset {body.offset}",
            )  # fmt: skip
        near = body.near
        if near is not None and not (abs(near.lat) <= 90 and abs(near.lon) <= 180):
            raise form.RefusedError(422, "bad-parameter", "near lies off the globe")
        found = [
            site
            for site in self._served
            if (body.types is None or site.kind in body.types)
            and (body.svc is None or not set(body.svc).isdisjoint(site.services))
        ]
        point = None if near is None else (near.lat, near.lon)
        page = ordered(found, point)[body.offset : body.offset + body.limit]
        rows = [shown(site, now_ms()) for site in page]
        return Reply({"total": len(found), "sites": rows})
