"""The gateway's own record of prices: what the public could pay when, and what systems asked last.

The *ledger* has every publicly effective price, the gateway's promotions included, for each place
(market, channel, currency) that sells. The *book* has the last offer of each system for each place,
so that a sale can be made at a price that is still valid though the system is down.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.money import Price
from domain.offer import Offer
from domain.price import WINDOW, PriceEntry, PriceKind, PriorPrice, prior_price
from domain.provenance import Provenance
from domain.viewer import Channel


class Place(Struct, frozen=True):
    """Where a price holds."""

    market: str
    channel: Channel
    currency: str

    @classmethod
    def of(cls, ask: Ask) -> "Place":
        """The place that a request means."""
        return cls(ask.market, ask.channel, ask.currency)


class Quote(Struct, frozen=True):
    """A variant's price as it was found: ``asked`` by its system, ``public`` with promotions.

    *Shape*: both None where it is not sold at the place.
    """

    sku: str
    place: Place
    asked: Offer | None
    public: Offer | None
    seen_at: datetime


class LedgerEntry(Struct, frozen=True):
    """What a piece cost from then on, until the next entry; None while it was not sold."""

    starts_at: datetime
    price: Price | None = None
    list_price: Price | None = None


def began(offer: Offer, seen_at: datetime) -> datetime:
    """Tell since when a price that was seen has held, as far as its reductions say."""
    starts = [each.starts_at for each in offer.applied_reductions]
    known = [start for start in starts if start is not None and start <= seen_at]
    return max(known) if known and len(known) == len(starts) else seen_at


def ledger_prior_price(
    ledger: Sequence[LedgerEntry],
    history: Iterable[PriceEntry],
    offer: Offer,
    now: datetime,
    provenance: Provenance | None = None,
) -> PriorPrice | None:
    """Find the prior price of an offer's reduction out of the ledger, and history before it.

    *Shape*: from its first entry on the ledger alone counts, for it knows what the gateway itself
    took off; before, what the system remembers. The offer is in force now whether or not it has
    been written down.
    """
    entries = _with_offer(ledger, offer, now)
    opened = entries[0].starts_at
    earlier = [_until(each, opened) for each in history if each.starts_at < opened]
    return prior_price((*earlier, *_laid_out(entries)), now, offer.price.gross, provenance)


def reaches_back(ledger: Sequence[LedgerEntry], offer: Offer, now: datetime) -> bool:
    """Tell whether the ledger alone has all the days that the prior price is of."""
    if not ledger or ledger[0].starts_at > now - WINDOW:
        return False
    found = ledger_prior_price(ledger, (), offer, now)
    return found is not None and ledger[0].starts_at <= found.reduced_at - WINDOW


def _with_offer(
    ledger: Sequence[LedgerEntry], offer: Offer, now: datetime
) -> Sequence[LedgerEntry]:
    last = ledger[-1] if ledger else None
    if last is not None and last.price is not None and last.price.gross == offer.price.gross:
        return ledger
    start = began(offer, now)
    if last is not None and start <= last.starts_at:
        start = now
    return (*ledger, LedgerEntry(start, offer.price, offer.list_price))


def _laid_out(ledger: Sequence[LedgerEntry]) -> Iterable[PriceEntry]:
    ends: list[datetime | None] = [each.starts_at for each in ledger[1:]]
    for entry, end in zip(ledger, (*ends, None)):
        if entry.price is None or entry.list_price is None:
            continue
        reduced = entry.price.gross.minor < entry.list_price.gross.minor
        yield PriceEntry(
            price=entry.list_price if reduced else entry.price,
            kind=PriceKind.REGULAR,
            starts_at=entry.starts_at,
            ends_at=end,
        )
        if reduced:
            yield PriceEntry(
                price=entry.price,
                kind=PriceKind.REDUCTION,
                starts_at=entry.starts_at,
                ends_at=end,
            )


def _until(entry: PriceEntry, end: datetime) -> PriceEntry:
    if entry.ends_at is not None and entry.ends_at <= end:
        return entry
    return PriceEntry(
        price=entry.price,
        kind=entry.kind,
        starts_at=entry.starts_at,
        ends_at=end,
        is_public=entry.is_public,
    )


@runtime_checkable
class PricePort(Protocol):
    """The gateway's own record of prices, at the place of ``ask``."""

    async def price_ledger_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[LedgerEntry]]:
        """Read what each has cost, from the earliest entry on; what was never seen is absent."""
        ...

    async def booked_offer_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Offer | Failure]:
        """Read the last offer of each variant's system, before the gateway's promotions.

        One whose validity is over is ``PriceExpired``; one that was never seen, or that was not
        sold when it was seen last, is absent. Provenance tells how old it is.
        """
        ...


class PriceRecorder(Protocol):
    """Takes note of prices that were found; never fails and never waits."""

    def note(
        self,
        ask: Ask,
        skus: Sequence[str],
        asked: Sequence[Offer | Failure | None],
        public: Sequence[Offer | Failure | None],
    ) -> None:
        """Note the offers found at the place of ``ask``; None for what is not sold there."""
        ...


class PriceWriter(Protocol):
    """Writes prices down."""

    async def write(self, quotes: Sequence[Quote], seconds: float) -> None:
        """Write the ledger where a price has changed, and the book in any case.

        *Errors*: ``StoreUnavailable``; then nothing was written.
        """
        ...

    async def claim(self, name: str, seconds: float) -> bool:
        """Tell whether this process may do a piece of work that one at a time does, for so long.

        *Errors*: ``StoreUnavailable``.
        """
        ...
