"""Reservations in the database: what was asked for, and what is held for it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.availability import StockLevel
from domain.hold import Held, Place, ReservationLine, Shortfall
from domain.identity import external_id
from domain.reservation import Reservation, ReservationState
from domain.viewer import Channel
from storage.database import Database
from storage.delivery import note
from storage.seal import Seal
from storage.shelf import Shelves, held_of
from storage.subject import People, Subject, Subjects
from storage.table import HOLD, RESERVATION, RESERVATION_LINE
from storage.writer import Writer

_ORIGIN = "reservation origin"


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

        return await self._database.answer(transaction, ask)

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

        return await self._database.answer(transaction, ask)

    async def reservation_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Reservation]:
        """Read reservations by their own key, ended ones as well; unknown keys are absent."""
        ids = [known for key in keys if (known := _uuid(key)) is not None]
        now = datetime.now(UTC)

        async def transaction(connection: AsyncConnection) -> Mapping[str, Reservation]:
            found = await self._found(connection, RESERVATION.c.id.in_(ids))
            return {each.key: each.at(now) for each in found}

        return await self._database.answer(transaction, ask)

    async def _found(
        self, connection: AsyncConnection, which: ColumnElement[bool]
    ) -> list[Reservation]:
        """Load reservations, whosever they are."""
        rows = await connection.execute(select(RESERVATION.c.subject_id).where(which))
        people = await self._subjects.read(connection, set(rows.scalars()))
        return await _load(connection, which, people)


class ReservationWriter(Writer):
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
        told: Collection[str] = (),
    ) -> None:
        super().__init__(connection, database, seal, subjects, people)
        self._shelves = Shelves(connection, database)
        self._told = told
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
        return [held_of(row) for row in rows]

    async def shelves(
        self, places: Iterable[Place], seen: Iterable[StockLevel]
    ) -> Mapping[Place, StockLevel]:
        """Read what the newest snapshot says of each place, with all that is held against it."""
        return await self._shelves.look(places, seen)

    async def lock(
        self, places: Iterable[Place], seen: Iterable[StockLevel], apart_from: str | None = None
    ) -> Mapping[Place, StockLevel]:
        """Read the shelves so that nobody else can hold anything there until this ends."""
        return await self._shelves.lock(places, seen, apart_from)

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
        await self._note(reservation, lines)

    async def save(self, reservation: Reservation) -> None:
        """Write a reservation that was read; one that has ended holds nothing any more."""
        id = UUID(reservation.key)
        self.has_changed = True
        await self._connection.execute(
            update(RESERVATION).where(RESERVATION.c.id == id).values(**_columns(reservation))
        )
        mine = HOLD.c.reservation_id == id
        held = await self.held(reservation.key)
        await self._note(reservation, held)
        if reservation.state is ReservationState.HELD:
            await self._connection.execute(
                update(HOLD).where(mine).values(expires_at=reservation.expires_at)
            )
        else:
            await self._connection.execute(delete(HOLD).where(mine))

    async def _note(self, reservation: Reservation, held: Iterable[ReservationLine | Held]) -> None:
        """Note what the stock systems that can set goods aside are to be told."""
        systems = {external_id(each.location_key).system for each in held}
        is_over = reservation.state is not ReservationState.HELD
        to_tell = systems.intersection(self._told)
        id = UUID(reservation.key)
        await note(self._connection, self._database, id, to_tell, is_release=is_over)


async def _load(
    connection: AsyncConnection, which: ColumnElement[bool], people: Mapping[UUID, Subject]
) -> list[Reservation]:
    newest = (RESERVATION.c.created_at.desc(), RESERVATION.c.id.desc())
    rows = (await connection.execute(select(RESERVATION).where(which).order_by(*newest))).all()
    lines: defaultdict[UUID, list[ReservationLine]] = defaultdict(list)
    lacking: defaultdict[UUID, list[Shortfall]] = defaultdict(list)
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
        short = await connection.execute(
            select(HOLD)
            .where(
                HOLD.c.reservation_id.in_([row.id for row in rows]),
                HOLD.c.confirmed < HOLD.c.quantity,
            )
            .order_by(HOLD.c.sku, HOLD.c.location_key)
        )
        for each in short:
            lacking[each.reservation_id].append(
                Shortfall(each.sku, each.location_key, each.quantity, each.confirmed)
            )
    return [
        Reservation(
            key=str(row.id),
            holder=people[row.subject_id].customer_key,
            lines=tuple(lines[row.id]),
            shortfalls=tuple(lacking[row.id]),
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


def _columns(reservation: Reservation) -> dict[str, Any]:
    return {"state": reservation.state.value, "expires_at": reservation.expires_at}


def _line(id: UUID, line: ReservationLine) -> dict[str, Any]:
    return {
        "reservation_id": id,
        "sku": line.sku,
        "location_key": line.location_key,
        "quantity": line.quantity,
    }


def _uuid(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
