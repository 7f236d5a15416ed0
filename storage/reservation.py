"""Reservations in the database: what was asked for, what is held for it, and on which shelves.

A shelf is one SKU at one location. Whoever wants to hold something there writes its row first,
which makes everybody else wait, and only then counts what is held: so that no two can take the
last piece, in however many processes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.availability import StockLevel
from domain.hold import Held, Place, ReservationLine, with_held
from domain.identity import external_id
from domain.provenance import STOCK, Provenance
from domain.reservation import Reservation, ReservationState
from domain.viewer import Channel
from storage.database import Database
from storage.seal import Seal
from storage.subject import People, Subject, Subjects
from storage.table import HOLD, RESERVATION, RESERVATION_LINE, SHELF

# What is counted for staff beside the calls to the retailer's systems.
_SYSTEM = "store"
_ORIGIN = "reservation origin"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class ReservationReader:
    """Reads reservations in batches; implements ``ReservationPort``."""

    def __init__(self, database: Database, subjects: Subjects) -> None:
        self._database = database
        self._subjects = subjects

    async def reservations_by_holder(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Reservation]]:
        """Read what runs for each holder, the newest first; a holder without any is absent."""
        now = datetime.now(UTC)

        async def transaction(connection: AsyncConnection) -> Mapping[str, Sequence[Reservation]]:
            found = await self._subjects.find(connection, keys)
            people = {subject.id: subject for subject in found.values()}
            which = and_(RESERVATION.c.subject_id.in_(people), _runs(now))
            columns: defaultdict[str, list[Reservation]] = defaultdict(list)
            for each in await _load(connection, which, people):
                columns[each.holder].append(each)
            return columns

        ask.calls[_SYSTEM] += 1
        return await self._database.read(transaction, ask.deadline)

    async def reservations_by_cart(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Reservation]]:
        """Read what runs for each cart, the newest first; a cart without any is absent."""
        ids = [known for key in keys if (known := _uuid(key)) is not None]
        which = and_(RESERVATION.c.cart_id.in_(ids), _runs(datetime.now(UTC)))

        async def transaction(connection: AsyncConnection) -> Mapping[str, Sequence[Reservation]]:
            columns: defaultdict[str, list[Reservation]] = defaultdict(list)
            for each in await self._found(connection, which):
                assert each.cart_key is not None, "found by its cart"
                columns[each.cart_key].append(each)
            return columns

        ask.calls[_SYSTEM] += 1
        return await self._database.read(transaction, ask.deadline)

    async def reservation_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Reservation]:
        """Read reservations by their own key, ended ones as well; unknown keys are absent."""
        ids = [known for key in keys if (known := _uuid(key)) is not None]
        now = datetime.now(UTC)

        async def transaction(connection: AsyncConnection) -> Mapping[str, Reservation]:
            found = await self._found(connection, RESERVATION.c.id.in_(ids))
            return {each.key: each.at(now) for each in found}

        ask.calls[_SYSTEM] += 1
        return await self._database.read(transaction, ask.deadline)

    async def _found(
        self, connection: AsyncConnection, which: ColumnElement[bool]
    ) -> list[Reservation]:
        """Load reservations, whosever they are."""
        rows = await connection.execute(select(RESERVATION.c.subject_id).where(which))
        people = await self._subjects.read(connection, set(rows.scalars()))
        return await _load(connection, which, people)


class ReservationWriter:
    """Changes reservations within one transaction; implements ``ReservationChanges``.

    ``has_changed`` tells whether anything is held that was not, or the other way round.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        database: Database,
        seal: Seal,
        subjects: Subjects,
        people: People,
    ) -> None:
        self._connection = connection
        self._database = database
        self._seal = seal
        self._subjects = subjects
        self._people = people
        self.has_changed = False

    async def running(self, holder: str) -> Sequence[Reservation]:
        """Read what runs for a holder, keeping others from adding to it meanwhile."""
        subject = await self._people.know(holder)
        which = and_(RESERVATION.c.subject_id == subject.id, _runs(datetime.now(UTC)))
        return await _load(self._connection, which, {subject.id: subject})

    async def read(self, key: str) -> Reservation | None:
        """Read a reservation, keeping others from changing it meanwhile."""
        id = _uuid(key)
        if id is None:
            return None
        one = RESERVATION.c.id == id
        subject_id = await self._connection.scalar(select(RESERVATION.c.subject_id).where(one))
        known = await self._subjects.read(self._connection, [subject_id] if subject_id else [])
        if subject_id is None or subject_id not in known:
            return None
        await self._people.know(known[subject_id].customer_key)
        # First the lock, then the reading: what is read is what the last one who had it left.
        await self._connection.execute(
            select(RESERVATION.c.id).where(one).with_for_update(key_share=True)
        )
        return next(iter(await _load(self._connection, one, known)), None)

    async def held(self, key: str) -> Sequence[Held]:
        """Read what is held for a reservation."""
        rows = await self._connection.execute(
            select(HOLD).where(HOLD.c.reservation_id == UUID(key))
        )
        return [_held(row) for row in rows]

    async def shelves(
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

    async def running_from(self, origin: str) -> int:
        """Count what runs for guests from one place, keeping others from adding to it."""
        digest = self._seal.blind(_ORIGIN, origin)
        if self._connection.dialect.name == "postgresql":
            # There is no row to lock; on SQLite whoever writes is alone anyway.
            number = int.from_bytes(digest[:8], signed=True)
            await self._connection.execute(select(func.pg_advisory_xact_lock(number)))
        which = and_(RESERVATION.c.origin == digest, _runs(datetime.now(UTC)))
        counted = select(func.count()).select_from(RESERVATION).where(which)
        return await self._connection.scalar(counted) or 0

    async def create(self, reservation: Reservation, origin: str | None = None) -> None:
        """Write a new reservation, for which nothing is held yet."""
        subject = await self._people.know(reservation.holder)
        id = UUID(reservation.key)
        await self._connection.execute(
            insert(RESERVATION).values(
                id=id,
                subject_id=subject.id,
                channel=reservation.channel.value,
                created_at=reservation.created_at,
                origin=None if origin is None else self._seal.blind(_ORIGIN, origin),
                cart_id=None if reservation.cart_key is None else UUID(reservation.cart_key),
                **_columns(reservation),
            )
        )
        await self._connection.execute(
            insert(RESERVATION_LINE), [_line(id, line) for line in reservation.lines]
        )

    async def hold(self, reservation: Reservation, lines: Sequence[ReservationLine]) -> None:
        """Hold pieces for a reservation, on shelves that are locked."""
        self.has_changed = True
        ends = {"reservation_id": UUID(reservation.key), "expires_at": reservation.expires_at}
        await self._connection.execute(
            insert(HOLD), [_line(UUID(reservation.key), line) | ends for line in lines]
        )

    async def save(self, reservation: Reservation) -> None:
        """Write a reservation that was read; one that has ended holds nothing any more."""
        id = UUID(reservation.key)
        self.has_changed = True
        await self._connection.execute(
            update(RESERVATION).where(RESERVATION.c.id == id).values(**_columns(reservation))
        )
        mine = HOLD.c.reservation_id == id
        if reservation.state is ReservationState.HELD:
            await self._connection.execute(
                update(HOLD).where(mine).values(expires_at=reservation.expires_at)
            )
        elif reservation.state is ReservationState.COMMITTED:
            await self._connection.execute(update(HOLD).where(mine).values(expires_at=None))
        else:
            await self._connection.execute(delete(HOLD).where(mine))


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
            self._held.append(_held(row))

    def level(self) -> StockLevel:
        """Tell what can still be promised there."""
        assert self.shelf is not None, "asked only of what is known"
        return with_held(self.shelf, self._held, datetime.now(UTC))


async def _load(
    connection: AsyncConnection, which: ColumnElement[bool], people: Mapping[UUID, Subject]
) -> list[Reservation]:
    newest = (RESERVATION.c.created_at.desc(), RESERVATION.c.id.desc())
    rows = (await connection.execute(select(RESERVATION).where(which).order_by(*newest))).all()
    lines: defaultdict[UUID, list[ReservationLine]] = defaultdict(list)
    if rows:
        found = await connection.execute(
            select(RESERVATION_LINE)
            .where(RESERVATION_LINE.c.reservation_id.in_([row.id for row in rows]))
            .order_by(RESERVATION_LINE.c.sku, RESERVATION_LINE.c.location_key)
        )
        for line in found:
            lines[line.reservation_id].append(
                ReservationLine(line.sku, line.location_key, line.quantity)
            )
    return [
        Reservation(
            key=str(row.id),
            holder=people[row.subject_id].customer_key,
            lines=tuple(lines[row.id]),
            state=ReservationState(row.state),
            channel=Channel(row.channel),
            created_at=row.created_at,
            expires_at=row.expires_at,
            cart_key=None if row.cart_id is None else str(row.cart_id),
        )
        for row in rows
        if row.subject_id in people
    ]


def _runs(now: datetime) -> ColumnElement[bool]:
    return and_(RESERVATION.c.state == ReservationState.HELD.value, RESERVATION.c.expires_at > now)


def _among(table: Table, places: Iterable[Place]) -> ColumnElement[bool]:
    """Find the rows of some places, and perhaps of others with the same SKUs and locations."""
    skus, locations = zip(*places)
    return and_(table.c.sku.in_(set(skus)), table.c.location_key.in_(set(locations)))


def _columns(reservation: Reservation) -> dict[str, Any]:
    return {"state": reservation.state.value, "expires_at": reservation.expires_at}


def _line(id: UUID, line: ReservationLine) -> dict[str, Any]:
    return {
        "reservation_id": id,
        "sku": line.sku,
        "location_key": line.location_key,
        "quantity": line.quantity,
    }


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


def _held(row: Row[Any]) -> Held:
    return Held(row.sku, row.location_key, row.quantity, row.expires_at, row.included_from)


def _uuid(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
