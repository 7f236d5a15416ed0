"""The sandbox's WMS: stock by site, and the directory of sites."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from adapters._body import Whole, exact
from adapters._outcome import Rejected
from adapters._row import Shape, fetch_rows
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.assortment import MAX_SKUS, Assortment
from domain.availability import StockLevel, Supply
from domain.configuration import ConfigurationError, Problem
from domain.errors import BadInput, SourceRejected
from domain.identity import external_id
from domain.location import (
    Address,
    GeoPoint,
    Location,
    LocationKind,
    LocationQuery,
    LocationService,
)
from domain.opening import OpeningHours, Span, SpecialDay
from domain.page import Page
from domain.promise import Handover
from domain.provenance import PLACE, STOCK, Provenance
from domain.secret import Secret

_MAX_ARTICLES = 1_000
_MAX_SITES = 100
# Longer than any article number or site code: what a caller sends beyond it is nobody's.
_MAX_KEY = 40

_KINDS = {"S": LocationKind.STORE, "W": LocationKind.WAREHOUSE, "L": LocationKind.LOCKER}
_TYPES = {kind: letter for letter, kind in _KINDS.items()}
_SERVICES = {
    "PU": LocationService.COLLECT,
    "KB": LocationService.KERBSIDE,
    "LK": LocationService.LOCKER,
    "SH": LocationService.SHIPPING,
    "RT": LocationService.RETURNS,
    "AL": LocationService.ALTERATIONS,
    "GW": LocationService.GIFT_WRAP,
}
_CODES = {service: code for code, service in _SERVICES.items()}
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS = 946_684_800_000  # the year 2000: a stamp in seconds would lie before it
_LAST_MS = 4_102_444_800_000


class _Due(Struct, frozen=True):
    qty: Whole
    eta: int


class _Row(Struct, frozen=True):
    site: str
    qoh: Whole
    alloc: Whole
    ss: Whole
    asof: int
    dmg: Whole
    trn: Whole
    due: list[_Due] = []


class _Article(Struct, frozen=True):
    article: str
    stock: list[_Row]


class _Available(Struct, frozen=True):
    site: str
    articles: list[str]
    free: list[Whole]
    next: str | None
    asof: int


class _Addr(Struct, frozen=True):
    street: str
    zip: str
    city: str
    ctry: str


class _Special(Struct, frozen=True):
    date: date
    hours: str | None
    name: str | None = None


class _Site(Struct, frozen=True):
    code: str
    type: str
    name: str
    addr: _Addr
    lat: str
    lon: str
    tz: str
    hours: dict[str, str | None]
    svc: list[str]
    prep: int | None
    keep: int | None
    special: list[_Special] = []


class _Found(Struct, frozen=True):
    total: Whole
    sites: list[_Site]


class _Notice(Struct, frozen=True):
    kind: str
    articles: list[str]


class _Problem(Struct, frozen=True):
    type: str
    title: str


_ARTICLES = Shape(("articles",), _Article, "article")
_SITES = Shape(("sites",), _Site, "code")


class _Levels:
    """Translates the rows of one answer: a site takes one snapshot of all its articles."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._stamps: dict[int, Provenance] = {}
        self._keys: dict[str, str] = {}

    def __call__(self, article: _Article) -> tuple[StockLevel, ...]:
        return tuple(self._level(article.article, row) for row in article.stock)

    def _level(self, sku: str, row: _Row) -> StockLevel:
        provenance = self._stamps.get(row.asof)
        if provenance is None:
            provenance = self._stamps[row.asof] = Provenance(self._system, _moment(row.asof), STOCK)
        key = self._keys.get(row.site)
        if key is None:
            key = self._keys[row.site] = f"{self._system}:{row.site}"
        if min(row.alloc, row.ss, row.dmg, row.trn) < 0:
            raise ValueError("only what is on hand can be below zero")
        return StockLevel(
            sku=sku,
            location_key=key,
            on_hand=row.qoh,
            allocated=row.alloc,
            safety_stock=row.ss,
            damaged=row.dmg,
            in_transit=row.trn,
            incoming=tuple(map(_supply, row.due)) if row.due else (),
            provenance=provenance,
        )


class Adapter:
    """Reads stock and locations; one call for up to 1,000 SKUs, whatever the number of sites."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        """The system needs no settings beyond its address and key."""

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:  # noqa: ARG002
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            raise ConfigurationError([Problem(key, "missing", "the variable with the WMS's key")])
        self._upstream = upstream
        self._headers = {"Authorization": f"Bearer {secret.reveal()}"}

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel]]:
        """Read every site's stock of each SKU; the WMS's articles are the SKUs themselves."""
        call = "stock_by_sku"

        async def fetch(articles: Sequence[str]) -> Mapping[str, Any]:
            rows = await fetch_rows(
                self._upstream,
                "POST",
                "/v2/stock/query",
                ask=ask,
                call=call,
                rows=_ARTICLES,
                asked=articles,
                json={"articles": articles},
                headers=self._headers,
                explain=_explain,
            )
            return rows.translate(_Levels(self._upstream.system))

        plausible = [sku for sku in skus if 0 < len(sku) <= _MAX_KEY]
        parts = await self._upstream.chunked(plausible, _MAX_ARTICLES, fetch)
        return {sku: levels for part in parts for sku, levels in part.items()}

    async def skus_by_location(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Assortment]:
        """Read what each site can promise any of; the WMS is asked site by site."""
        call = "skus_by_location"

        async def fetch(codes: Sequence[str]) -> Assortment | None:
            try:
                answer = await self._upstream.read(
                    "POST",
                    "/v2/stock/available",
                    ask=ask,
                    call=call,
                    decode=_Available,
                    json={"site": codes[0], "limit": MAX_SKUS},
                    headers=self._headers,
                    explain=_explain,
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
                    pieces=_pieces(answer),
                    is_complete=answer.next is None,
                    provenance=Provenance(self._upstream.system, _moment(answer.asof), STOCK),
                )

        found = await self._upstream.chunked(self._codes(keys), 1, fetch)
        return {each.location_key: each for each in found if each is not None}

    async def location_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Location]:
        """Read sites by their codes."""
        call = "location_by_key"

        async def fetch(codes: Sequence[str]) -> Mapping[str, Any]:
            rows = await fetch_rows(
                self._upstream,
                "POST",
                "/v2/sites/query",
                ask=ask,
                call=call,
                rows=_SITES,
                asked=codes,
                json={"codes": codes},
                headers=self._headers,
                explain=_explain,
            )
            provenance = Provenance(self._upstream.system, datetime.now(UTC), PLACE)
            return rows.translate(lambda site: self._location(site, provenance))

        parts = await self._upstream.chunked(self._codes(keys), _MAX_SITES, fetch)
        system = self._upstream.system
        return {f"{system}:{code}": found for part in parts for code, found in part.items()}

    async def locations_by_query(
        self, queries: Sequence[LocationQuery], ask: Ask
    ) -> Mapping[LocationQuery, Page[Location]]:
        """Read a page of sites for each query, side by side; the WMS sorts them."""
        distinct = list(dict.fromkeys(queries))
        offsets = {query: _offset(query.page.after) for query in distinct}

        async def fetch(chunk: Sequence[LocationQuery]) -> Page[Location]:
            return await self._page(chunk[0], offsets[chunk[0]], ask)

        return dict(zip(distinct, await self._upstream.chunked(distinct, 1, fetch)))

    async def _page(self, query: LocationQuery, offset: int, ask: Ask) -> Page[Location]:
        call, body = "locations_by_query", {"offset": offset, "limit": query.page.first}
        if query.kind is not None and query.kind not in _TYPES:
            return Page((), (), has_next=False, total=0)
        near = query.near and {"lat": query.near.latitude, "lon": query.near.longitude}
        answer = await self._upstream.read(
            "POST",
            "/v2/sites/search",
            ask=ask,
            call=call,
            decode=_Found,
            json={
                **body,
                "near": near,
                "types": query.kind and [_TYPES[query.kind]],
                "svc": query.service and [_CODES[query.service]],
            },
            headers=self._headers,
            explain=_explain,
        )
        provenance = Provenance(self._upstream.system, datetime.now(UTC), PLACE)
        with self._upstream.contract(call):
            if answer.total < 0 or len(answer.sites) > query.page.first:
                raise ValueError("found more sites than were asked for, or less than none")
            places = tuple(self._location(site, provenance) for site in answer.sites)
        last = offset + len(places)
        cursors = tuple(map(str, range(offset + 1, last + 1)))
        return Page(places, cursors, bool(places) and last < answer.total, answer.total)

    def _codes(self, keys: Sequence[str]) -> list[str]:
        """The WMS's site codes among the keys."""
        own = [each.id for each in map(external_id, keys) if each.system == self._upstream.system]
        return [code for code in own if 0 < len(code) <= _MAX_KEY]

    def changed_skus(self, body: bytes) -> Sequence[str]:
        """Read the articles of a notice. *Errors*: ``ValueError`` for what is not one."""
        notice = msgspec.json.decode(body, type=_Notice)
        if notice.kind != "stock.changed":
            raise ValueError("a notice of another kind")
        return [sku for sku in notice.articles if 0 < len(sku) <= _MAX_KEY]

    def _location(self, site: _Site, provenance: Provenance) -> Location:
        addr = site.addr
        return Location(
            key=f"{self._upstream.system}:{site.code}",
            name=site.name,
            kind=_KINDS[site.type],
            address=Address(
                lines=(addr.street,), postal_code=addr.zip, city=addr.city, country=addr.ctry
            ),
            coordinates=_point(site.lat, site.lon),
            hours=OpeningHours(
                site.tz,
                tuple(_spans(site.hours[day]) for day in _WEEK),
                tuple(
                    SpecialDay(each.date, _spans(each.hours), each.name) for each in site.special
                ),
            ),
            services=tuple(_SERVICES[code] for code in site.svc if code in _SERVICES),
            handover=_handover(site.prep, site.keep),
            provenance=provenance,
        )


def _pieces(answer: _Available) -> dict[str, int]:
    if any(free < 1 for free in answer.free):
        raise ValueError("what is available is at least a piece")
    return dict(zip(answer.articles, answer.free, strict=True))


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 6):
        raise BadInput("after", cursor, "a cursor of this list")
    return int(cursor)


@lru_cache(maxsize=256)
def _spans(hours: str | None) -> tuple[Span, ...]:
    """Read "0900-1300,1400-1800"; None is a day on which it is closed."""
    if hours is None:
        return ()
    return tuple(_span(part) for part in hours.split(","))


def _span(text: str) -> Span:
    opens, dash, closes = text.partition("-")
    if not (dash and len(opens) == len(closes) == 4 and (opens + closes).isascii()):
        raise ValueError("opening hours are not written as 0900-2100")
    start, end = (int(each[:2]) * 60 + int(each[2:]) for each in (opens, closes))
    return Span(start, end if end > start else end + 1_440)


def _handover(prep: int | None, keep: int | None) -> Handover | None:
    if prep is None or keep is None:
        return None
    return Handover(timedelta(minutes=prep), keep)


def _supply(due: _Due) -> Supply:
    if due.qty <= 0:
        raise ValueError("a delivery brings at least one piece")
    return Supply(due.qty, _moment(due.eta))


def _moment(milliseconds: int) -> datetime:
    if not _FIRST_MS <= milliseconds <= _LAST_MS:
        raise ValueError("a time is not in milliseconds since 1970")
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _point(latitude: str, longitude: str) -> GeoPoint | None:
    if not latitude and not longitude:
        return None
    north, east = exact(Decimal(latitude)), exact(Decimal(longitude))
    if abs(north) > 90 or abs(east) > 180:
        raise ValueError("coordinates are off the globe")
    return GeoPoint(float(north), float(east))


def _explain(answer: Rejected) -> str:
    problem = msgspec.json.decode(answer.body, type=_Problem)
    return f"{problem.title} ({problem.type})"
