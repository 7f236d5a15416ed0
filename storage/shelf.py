"""Shelves in the database: one SKU at one location each, with all that is held there.

Whoever wants to hold something writes the shelf's row first, which makes everybody else wait, and
only then counts what is held: so that no two can take the last piece, in however many processes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.availability import StockLevel
from domain.hold import Held, Place, with_held
from domain.identity import external_id
from domain.provenance import STOCK, Provenance
from storage.database import Database
from storage.table import HOLD, SHELF

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Shelves:
    """Reads and locks shelves within one transaction."""

    def __init__(self, connection: AsyncConnection, database: Database) -> None:
        self._connection = connection
        self._database = database

    async def look(
        self, places: Iterable[Place], seen: Iterable[StockLevel]
    ) -> Mapping[Place, StockLevel]:
        """Read what the newest snapshot says of each place, with all that is held against it."""
        wanted = sorted(set(places))
        levels = {(level.sku, level.location_key): level for level in seen}
        found = await self._read(wanted, None) if wanted else {}
        for place, held in found.items():
            level = levels.get(place)
            shelf = held.shelf
            if level is not None and (
                shelf is None or level.provenance.observed_at > shelf.provenance.observed_at
            ):
                held.shelf = level
        return {place: each.level() for place, each in found.items() if each.shelf is not None}

    async def lock(
        self, places: Iterable[Place], seen: Iterable[StockLevel], apart_from: str | None = None
    ) -> Mapping[Place, StockLevel]:
        """Read the shelves so that nobody else can hold anything there until this ends."""
        wanted = sorted(set(places))
        if not wanted:
            return {}
        await self._lock(wanted, seen)
        found = await self._read(wanted, apart_from)
        return {place: each.level() for place, each in found.items() if each.shelf is not None}

    async def _lock(self, places: Sequence[Place], seen: Iterable[StockLevel]) -> None:
        """Write the row of each place, in one order that is everybody's, and thereby lock it.

        What is older than what is known changes nothing; a place that nothing is known of gets a
        row that says so, for there must be one to lock.
        """
        levels = {(level.sku, level.location_key): level for level in seen}
        rows = [_shelf(place, levels.get(place)) for place in places]
        statement = self._database.insert(SHELF).values(rows)
        newer = statement.excluded
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[SHELF.c.sku, SHELF.c.location_key],
                set_={
                    "on_hand": newer.on_hand,
                    "allocated": newer.allocated,
                    "safety_stock": newer.safety_stock,
                    "observed_at": newer.observed_at,
                },
                where=newer.observed_at > SHELF.c.observed_at,
            )
        )

    async def _read(self, places: Sequence[Place], apart_from: str | None) -> dict[Place, "_Shelf"]:
        """Read the rows of some places, and what is held there, in one statement."""
        same = and_(HOLD.c.sku == SHELF.c.sku, HOLD.c.location_key == SHELF.c.location_key)
        if apart_from is not None:
            same = and_(same, HOLD.c.reservation_id != UUID(apart_from))
        holds = (HOLD.c.quantity, HOLD.c.expires_at, HOLD.c.included_from)
        rows = await self._connection.execute(
            select(SHELF, *holds).outerjoin_from(SHELF, HOLD, same).where(_among(SHELF, places))
        )
        found = {place: _Shelf() for place in places}
        for row in rows:
            shelf = found.get((row.sku, row.location_key))
            if shelf is not None:
                shelf.add(row)
        return found


class _Shelf:
    """A row of the table, and what is held against it."""

    def __init__(self) -> None:
        self.shelf: StockLevel | None = None
        self._held: list[Held] = []

    def add(self, row: Row[Any]) -> None:
        """Take one row of the shelf joined with its holds."""
        if self.shelf is None and row.observed_at > _NEVER:
            system = external_id(row.location_key).system
            self.shelf = StockLevel(
                sku=row.sku,
                location_key=row.location_key,
                on_hand=row.on_hand,
                allocated=row.allocated,
                safety_stock=row.safety_stock,
                provenance=Provenance(system, row.observed_at, STOCK),
            )
        if row.quantity is not None:
            self._held.append(held_of(row))

    def level(self) -> StockLevel:
        """Tell what can still be promised there."""
        assert self.shelf is not None, "asked only of what is known"
        return with_held(self.shelf, self._held, datetime.now(UTC))


def _among(table: Table, places: Iterable[Place]) -> ColumnElement[bool]:
    """Find the rows of some places, and perhaps of others with the same SKUs and locations."""
    skus, locations = zip(*places)
    return and_(table.c.sku.in_(set(skus)), table.c.location_key.in_(set(locations)))


def _shelf(place: Place, level: StockLevel | None) -> dict[str, Any]:
    sku, location_key = place
    return {
        "sku": sku,
        "location_key": location_key,
        "on_hand": level.on_hand if level else 0,
        "allocated": level.allocated if level else 0,
        # What one channel may not sell, another may.
        "safety_stock": level.safety_stock - level.held_back if level else 0,
        # A stamp from the future would keep out every figure until then.
        "observed_at": min(level.provenance.observed_at, datetime.now(UTC)) if level else _NEVER,
    }


def held_of(row: Row[Any]) -> Held:
    """Read what is held off a row."""
    return Held(row.sku, row.location_key, row.quantity, row.expires_at, row.included_from)
