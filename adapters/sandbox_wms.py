"""The sandbox's WMS: stock by site, and the directory of sites."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from msgspec import Struct

from adapters._body import Whole, exact
from adapters._outcome import Rejected
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.availability import StockLevel, Supply
from domain.configuration import ConfigurationError, Problem
from domain.identity import external_id
from domain.location import Address, GeoPoint, Location, LocationKind
from domain.provenance import PLACE, STOCK, Provenance
from domain.secret import Secret

_MAX_ARTICLES = 500
_MAX_SITES = 100
# Longer than any article number or site code: what a caller sends beyond it is nobody's.
_MAX_KEY = 40

_KINDS = {"S": LocationKind.STORE, "W": LocationKind.WAREHOUSE, "L": LocationKind.LOCKER}
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
    due: list[_Due] = []


class _Article(Struct, frozen=True):
    article: str
    stock: list[_Row]


class _Articles(Struct, frozen=True):
    articles: list[_Article]


class _Addr(Struct, frozen=True):
    street: str
    zip: str
    city: str
    ctry: str


class _Site(Struct, frozen=True):
    code: str
    type: str
    name: str
    addr: _Addr
    lat: str
    lon: str


class _Sites(Struct, frozen=True):
    sites: list[_Site]


class _Problem(Struct, frozen=True):
    type: str
    title: str


class Adapter:
    """Reads stock and locations; one call for up to 500 SKUs, whatever the number of sites."""

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

        async def fetch(articles: Sequence[str]) -> dict[str, tuple[StockLevel, ...]]:
            answer = await self._upstream.read(
                "POST",
                "/v2/stock/query",
                ask=ask,
                call=call,
                decode=_Articles,
                json={"articles": articles},
                headers=self._headers,
                explain=_explain,
            )
            with self._upstream.contract(call):
                return self._levels(answer)

        plausible = [sku for sku in skus if 0 < len(sku) <= _MAX_KEY]
        parts = await self._upstream.chunked(plausible, _MAX_ARTICLES, fetch)
        return {sku: levels for part in parts for sku, levels in part.items()}

    async def location_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Location]:
        """Read sites by their codes."""
        call = "location_by_key"

        async def fetch(codes: Sequence[str]) -> list[Location]:
            answer = await self._upstream.read(
                "POST",
                "/v2/sites/query",
                ask=ask,
                call=call,
                decode=_Sites,
                json={"codes": codes},
                headers=self._headers,
                explain=_explain,
            )
            provenance = Provenance(self._upstream.system, datetime.now(UTC), PLACE)
            with self._upstream.contract(call):
                return [self._location(site, provenance) for site in answer.sites]

        own = [
            found.id for found in map(external_id, keys) if found.system == self._upstream.system
        ]
        codes = [code for code in own if 0 < len(code) <= _MAX_KEY]
        parts = await self._upstream.chunked(codes, _MAX_SITES, fetch)
        return {location.key: location for part in parts for location in part}

    def _levels(self, answer: _Articles) -> dict[str, tuple[StockLevel, ...]]:
        # A site takes one snapshot of all its articles, so a batch has few distinct stamps.
        stamps: dict[int, Provenance] = {}
        keys: dict[str, str] = {}
        found = {}
        for article in answer.articles:
            levels = []
            for row in article.stock:
                provenance = stamps.get(row.asof)
                if provenance is None:
                    provenance = stamps[row.asof] = Provenance(
                        self._upstream.system, _moment(row.asof), STOCK
                    )
                key = keys.get(row.site)
                if key is None:
                    key = keys[row.site] = f"{self._upstream.system}:{row.site}"
                if row.alloc < 0 or row.ss < 0:
                    raise ValueError("allocated and safety stock cannot be below zero")
                levels.append(
                    StockLevel(
                        sku=article.article,
                        location_key=key,
                        on_hand=row.qoh,
                        allocated=row.alloc,
                        safety_stock=row.ss,
                        incoming=tuple(map(_supply, row.due)),
                        provenance=provenance,
                    )
                )
            found[article.article] = tuple(levels)
        return found

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
            provenance=provenance,
        )


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
