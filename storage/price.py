"""Prices in the database: a ledger that only grows, and a book of what systems asked last."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Row, and_, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import Failure, PriceExpired
from domain.ledger import LedgerEntry, Place, Quote, began
from domain.money import Price
from domain.offer import Offer
from storage.database import Database
from storage.table import LEASE, PRICE_BOOK, PRICE_LEDGER

# Longer than any reduction that is announced goes on deepening.
_REMEMBERED = timedelta(days=800)
_AT_MOST = 20_000
_CLAIMING = 5.0
_OFFER = msgspec.msgpack.Decoder(Offer)
_PRICES = msgspec.msgpack.Decoder(tuple[Price, Price])


class PriceStore:
    """Reads prices in batches and writes them down; ``PricePort`` and ``PriceWriter``.

    *Shape*: an offer whose system says no end is valid for ``validity`` after it was seen.
    """

    def __init__(self, database: Database, validity: timedelta) -> None:
        self._database = database
        self._validity = validity

    async def price_ledger_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[LedgerEntry]]:
        """Read what each has cost, from the earliest entry on; what was never seen is absent."""
        table = PRICE_LEDGER.c

        async def transaction(connection: AsyncConnection) -> Mapping[str, Sequence[LedgerEntry]]:
            found: defaultdict[str, list[LedgerEntry]] = defaultdict(list)
            rows = await connection.execute(
                select(table.sku, table.starts_at, table.prices)
                .where(
                    table.sku.in_(skus),
                    table.market == ask.market,
                    table.channel == ask.channel.value,
                    table.currency == ask.currency,
                    table.starts_at > datetime.now(UTC) - _REMEMBERED,
                )
                .order_by(table.sku, table.starts_at)
                .limit(_AT_MOST)
            )
            for row in rows:
                prices = (None, None) if row.prices is None else _PRICES.decode(row.prices)
                found[row.sku].append(LedgerEntry(row.starts_at, *prices))
            return found

        return await self._database.answer(transaction, ask)

    async def booked_offer_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Offer | Failure]:
        """Read the last offer of each variant's system, before the gateway's promotions."""
        table = PRICE_BOOK.c

        async def transaction(connection: AsyncConnection) -> Mapping[str, Offer | Failure]:
            rows = await connection.execute(
                select(table.sku, table.seen_at, table.offer).where(
                    table.sku.in_(skus),
                    table.market == ask.market,
                    table.channel == ask.channel.value,
                    table.currency == ask.currency,
                    table.offer.is_not(None),
                )
            )
            return {row.sku: self._booked(row.offer, row.seen_at) for row in rows}

        return await self._database.answer(transaction, ask)

    def _booked(self, packed: bytes, seen_at: datetime) -> Offer | Failure:
        offer = _OFFER.decode(packed)
        ends = seen_at + self._validity
        if offer.valid_until is not None:
            ends = min(ends, offer.valid_until)
        if ends <= datetime.now(UTC):
            return PriceExpired("The last known price is not valid any more; try again shortly.")
        provenance = msgspec.structs.replace(
            offer.provenance,
            observed_at=seen_at,
            fallback_reason="The price list as it was when its system was last asked.",
        )
        return msgspec.structs.replace(offer, valid_until=ends, provenance=provenance)

    async def write(self, quotes: Sequence[Quote], seconds: float) -> None:
        """Write the ledger where a price has changed, and the book in any case."""
        # In an order that is the same for every process, so that no two wait for each other.
        last = {_rank(quote): quote for quote in quotes}
        columns: defaultdict[Place, list[Quote]] = defaultdict(list)
        for _, quote in sorted(last.items(), key=itemgetter(0)):
            columns[quote.place].append(quote)

        async def transaction(connection: AsyncConnection) -> None:
            for column in columns.values():
                await self._write(connection, column)

        if columns:
            await self._database.write(transaction, Deadline.after(seconds))

    async def _write(self, connection: AsyncConnection, quotes: Sequence[Quote]) -> None:
        book, place = PRICE_BOOK.c, quotes[0].place
        rows = [
            {
                "sku": quote.sku,
                **_columns(place),
                "seen_at": quote.seen_at,
                "offer": None if quote.asked is None else msgspec.msgpack.encode(quote.asked),
                "gross": None,
                "list_gross": None,
                "since": None,
            }
            for quote in quotes
        ]
        taken = self._database.insert(PRICE_BOOK).values(rows)
        # Whoever writes a row first makes the others wait; what was public before is still there.
        await connection.execute(
            taken.on_conflict_do_update(
                index_elements=[book.sku, book.market, book.channel, book.currency],
                set_={"seen_at": taken.excluded.seen_at, "offer": taken.excluded.offer},
            )
        )
        where = and_(
            book.market == place.market,
            book.channel == place.channel.value,
            book.currency == place.currency,
        )
        known = {
            row.sku: row
            for row in await connection.execute(
                select(book.sku, book.gross, book.list_gross, book.since).where(
                    where, book.sku.in_([quote.sku for quote in quotes])
                )
            )
        }
        changed = [
            entry for quote in quotes if (entry := _entry(quote, known[quote.sku])) is not None
        ]
        if changed:
            await connection.execute(
                update(PRICE_BOOK).where(where, book.sku == bindparam("of")),
                [
                    {
                        "of": each["sku"],
                        "gross": each["gross"],
                        "list_gross": each["list_gross"],
                        "since": each["starts_at"],
                    }
                    for each in changed
                ],
            )
            await connection.execute(
                insert(PRICE_LEDGER),
                [
                    {name: value for name, value in each.items() if name != "list_gross"}
                    for each in changed
                ],
            )

    async def claim(self, name: str, seconds: float) -> bool:
        """Tell whether this process may do a piece of work that one at a time does, for so long."""
        now = datetime.now(UTC)
        until = now + timedelta(seconds=seconds)

        async def transaction(connection: AsyncConnection) -> bool:
            claimed = await connection.execute(
                self._database.insert(LEASE)
                .values(name=name, until=until)
                .on_conflict_do_update(
                    index_elements=[LEASE.c.name],
                    set_={"until": until},
                    where=LEASE.c.until <= now,
                )
            )
            return bool(claimed.rowcount)

        return await self._database.write(transaction, Deadline.after(_CLAIMING))


def _entry(quote: Quote, known: Row[Any, Any, Any, Any]) -> dict[str, Any] | None:
    """Make the ledger's next entry; None where what is public has not changed."""
    public = quote.public
    gross = None if public is None else public.price.gross.minor
    list_gross = None if public is None else public.list_price.gross.minor
    if (known.gross, known.list_gross) == (gross, list_gross):
        return None
    since = quote.seen_at if public is None else began(public, quote.seen_at)
    if known.since is not None and since <= known.since:
        since = max(quote.seen_at, known.since + timedelta(microseconds=1))
    prices = None if public is None else (public.price, public.list_price)
    return {
        "sku": quote.sku,
        **_columns(quote.place),
        "starts_at": since,
        "gross": gross,
        "list_gross": list_gross,
        "prices": None if prices is None else msgspec.msgpack.encode(prices),
    }


def _columns(place: Place) -> dict[str, str]:
    return {"market": place.market, "channel": place.channel.value, "currency": place.currency}


def _rank(quote: Quote) -> tuple[str, str, str, str]:
    place = quote.place
    return place.market, place.channel.value, place.currency, quote.sku
