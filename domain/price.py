"""The history of prices, and the prior price that a reduction must be announced against.

*Source*: Directive 98/6/EC, article 6a (as Directive (EU) 2019/2161 put it in), and the
Commission's guidance on it (2021/C 526/02).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.money import Money, Price
from domain.provenance import Provenance

WINDOW = timedelta(days=30)


class PriceKind(Enum):
    """What a price in the history is."""

    REGULAR = "REGULAR"
    REDUCTION = "REDUCTION"


class PriceEntry(Struct, frozen=True, gc=False, kw_only=True):
    """A price of one piece that was, is or will be in force for a time.

    *Shape*: from ``starts_at`` up to and without ``ends_at`` (None: no end), both in the market's
    own time zone, because thirty days are days of its calendar. ``is_public`` is false for what
    not everybody could buy at: staff's and members' prices, simulated and unreleased ones.
    """

    price: Price
    kind: PriceKind
    starts_at: datetime
    ends_at: datetime | None = None
    is_public: bool = True


class PriceHistory(Struct, frozen=True):
    """All price entries of one variant in one market, channel and currency; in any order."""

    sku: str
    entries: tuple[PriceEntry, ...]
    provenance: Provenance


class PriorPrice(Struct, frozen=True, gc=False, kw_only=True):
    """The lowest public price of the thirty days before a reduction began.

    *Shape*: ``since`` is where those days begin, or where the product was first sold in them;
    ``reduced_at`` where they end: when the reduction began. ``percent_off`` is what may be
    announced: whole percent from the prior price down to the present one, rounded down, and None
    where the present price is not lower.
    """

    price: Price
    since: datetime
    reduced_at: datetime
    percent_off: int | None
    provenance: Provenance | None = None


class _Segment(Struct, gc=False):
    """A stretch of time in which one price was what everybody paid."""

    starts_at: datetime
    ends_at: datetime | None
    price: Price
    is_reduced: bool


def prior_price(
    entries: Iterable[PriceEntry],
    now: datetime,
    present: Money | None = None,
    provenance: Provenance | None = None,
) -> PriorPrice | None:
    """Find the prior price of the reduction in force, or None where nothing may be announced.

    - What counts is what everybody could pay: where a reduction holds, the lowest one, else the
      regular price that began last. Entries that are not public count for nothing.
    - A reduction that deepens step by step without a pause is one reduction, and began with its
      first step (article 6a(5)); where the price rises in between, a new one begins.
    - The thirty days end where the reduction began. A price counts in full if it was in force in
      any part of them, also if it began before they opened.
    - A product that is younger than thirty days has as many days as it was sold.
    - None where there is no reduction, and where no price was public in those days.

    *Shape*: ``present`` is the price that is announced, the history's own where left out.
    """
    segments = _segments(entry for entry in entries if entry.is_public)
    place = next((n for n, each in enumerate(segments) if _holds(each, now)), None)
    if place is None or not segments[place].is_reduced:
        return None
    current = segments[place].price.gross if present is None else present
    while place and _deepens(segments[place - 1], segments[place]):
        place -= 1
    reduced_at = segments[place].starts_at
    opened = reduced_at - WINDOW
    before = [
        each for each in segments[:place] if each.ends_at is not None and each.ends_at > opened
    ]
    if not before:
        return None
    price = min(before, key=lambda each: each.price.gross.minor).price
    return PriorPrice(
        price=price,
        since=max(opened, before[0].starts_at),
        reduced_at=reduced_at,
        percent_off=_percent_off(price.gross, current),
        provenance=provenance,
    )


def _percent_off(prior: Money, current: Money) -> int | None:
    if current.minor >= prior.minor or current.currency != prior.currency:
        return None
    return (prior.minor - current.minor) * 100 // prior.minor


def _holds(segment: _Segment, now: datetime) -> bool:
    return segment.starts_at <= now and (segment.ends_at is None or now < segment.ends_at)


def _deepens(earlier: _Segment, later: _Segment) -> bool:
    return (
        earlier.is_reduced
        and earlier.ends_at == later.starts_at
        and earlier.price.gross.minor >= later.price.gross.minor
    )


def _segments(entries: Iterable[PriceEntry]) -> list[_Segment]:
    """Lay the entries out as the price that everybody paid, stretch by stretch, in order."""
    known = sorted(entries, key=lambda entry: entry.starts_at)
    ends = {entry.ends_at for entry in known if entry.ends_at is not None}
    edges: list[datetime | None] = [*sorted({entry.starts_at for entry in known} | ends)]
    if any(entry.ends_at is None for entry in known):
        edges.append(None)
    segments = []
    for start, end in pairwise(edges):
        assert start is not None, "only the last edge is open"
        segment = _segment(known, start, end)
        if segment is not None:
            segments.append(segment)
    return segments


def _segment(known: Sequence[PriceEntry], start: datetime, end: datetime | None) -> _Segment | None:
    regular: PriceEntry | None = None
    reduction: Price | None = None
    for entry in known:
        if entry.starts_at > start:
            break
        if entry.ends_at is not None and entry.ends_at <= start:
            continue
        if entry.kind is PriceKind.REGULAR:
            # Of two that began together the lower one counts: the claim must hold against both.
            if regular is None or _succeeds(entry, regular):
                regular = entry
        elif reduction is None or entry.price.gross.minor < reduction.gross.minor:
            reduction = entry.price
    if reduction is None:
        return None if regular is None else _Segment(start, end, regular.price, is_reduced=False)
    is_reduced = regular is not None and reduction.gross.minor < regular.price.gross.minor
    return _Segment(start, end, reduction, is_reduced=is_reduced)


def _succeeds(entry: PriceEntry, regular: PriceEntry) -> bool:
    if entry.starts_at != regular.starts_at:
        return entry.starts_at > regular.starts_at
    return entry.price.gross.minor < regular.price.gross.minor


@runtime_checkable
class PriceHistoryPort(Protocol):
    """The system that remembers what was paid."""

    async def price_history_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, PriceHistory | Failure]:
        """Read the histories in the market, channel and currency of ``ask``.

        They reach back at least thirty days before any reduction now in force began, or as far as
        the system remembers; a variant that was never priced there is absent.
        """
        ...
