"""The WMS's words into the domain's.

Every function here raises ``ValueError`` or ``LookupError`` for data that makes no sense.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from adapters._body import exact
from adapters.sandbox_wms import message
from domain.allocation import Allocation
from domain.availability import StockLevel, Supply
from domain.hold import ReservationLine
from domain.location import Address, GeoPoint, Location, LocationKind, LocationService
from domain.opening import OpeningHours, Span, SpecialDay
from domain.promise import Handover
from domain.provenance import STOCK, Provenance

_KINDS = {"S": LocationKind.STORE, "W": LocationKind.WAREHOUSE, "L": LocationKind.LOCKER}
TYPES = {kind: letter for letter, kind in _KINDS.items()}
_SERVICES = {
    "PU": LocationService.COLLECT,
    "KB": LocationService.KERBSIDE,
    "LK": LocationService.LOCKER,
    "SH": LocationService.SHIPPING,
    "RT": LocationService.RETURNS,
    "AL": LocationService.ALTERATIONS,
    "GW": LocationService.GIFT_WRAP,
}
CODES = {service: code for code, service in _SERVICES.items()}
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS = 946_684_800_000  # the year 2000: a stamp in seconds would lie before it
_LAST_MS = 4_102_444_800_000


class Levels:
    """Translates the rows of one answer: a site takes one snapshot of all its articles."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._stamps: dict[int, Provenance] = {}
        self._keys: dict[str, str] = {}

    def __call__(self, article: message.Article) -> tuple[StockLevel, ...]:
        """Translate what every site holds of an article."""
        sku = article.article
        return tuple([self._level(sku, row) for row in article.stock])

    def _level(self, sku: str, row: message.Row) -> StockLevel:
        provenance = self._stamps.get(row.asof)
        if provenance is None:
            provenance = self._stamps[row.asof] = Provenance(self._system, moment(row.asof), STOCK)
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


def pieces(there: message.Available) -> dict[str, int]:
    """Translate what a site can promise: how many of each article."""
    if any(free < 1 for free in there.free):
        raise ValueError("what is available is at least a piece")
    return dict(zip(there.articles, there.free, strict=True))


def allocation(order: message.Order, system: str) -> Allocation:
    """Translate what was set aside."""
    if any(row.qty < 0 for row in order.rows):
        raise ValueError("less than nothing is set aside")
    return Allocation(
        key=order.ref,
        lines=tuple(
            ReservationLine(row.article, f"{system}:{row.site}", row.qty) for row in order.rows
        ),
        included_from=moment(order.valid),
    )


def location(site: message.Site, provenance: Provenance) -> Location:
    """Translate a site."""
    addr = site.addr
    return Location(
        key=f"{provenance.system}:{site.code}",
        name=site.name,
        kind=_KINDS[site.type],
        address=Address(
            lines=(addr.street,), postal_code=addr.zip, city=addr.city, country=addr.ctry
        ),
        coordinates=_point(site.lat, site.lon),
        hours=OpeningHours(
            site.tz,
            tuple(_spans(site.hours[day]) for day in _WEEK),
            tuple(SpecialDay(each.date, _spans(each.hours), each.name) for each in site.special),
        ),
        services=tuple(_SERVICES[code] for code in site.svc if code in _SERVICES),
        handover=_handover(site.prep, site.keep),
        provenance=provenance,
    )


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


def _supply(due: message.Due) -> Supply:
    if due.qty <= 0:
        raise ValueError("a delivery brings at least one piece")
    return Supply(due.qty, moment(due.eta))


def moment(milliseconds: int) -> datetime:
    """Read a time. *Units*: milliseconds since 1970."""
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
