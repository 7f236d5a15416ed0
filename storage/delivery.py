"""Tells stock systems what is held, after it is held: at least once, in whichever process.

What is to be told stands in the database, written with the hold itself. A row is leased by one
process for longer than a call may take; one that could not be told is tried again, later each
time. What is held stands in any case: the stock system's word only keeps it from counting twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, and_, delete, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.allocation import Allocation, AllocationRequest, Allocator
from domain.ask import Ask
from domain.errors import Failure, SourceRejected
from domain.hold import ReservationLine
from domain.task import beside
from storage.database import Database
from storage.held import Holds
from storage.round import rounds
from storage.table import DELIVERY, HOLD

_EVERY = 1.0
_AT_MOST = 50
_LEASE = timedelta(seconds=60)
_LONGEST = 60.0
_MAX_TRIES = 30
_log = structlog.get_logger("storage")


async def note(
    connection: AsyncConnection,
    database: Database,
    id: UUID,
    systems: Collection[str],
    *,
    is_release: bool,
) -> None:
    """Note, in the transaction that changes a reservation, which systems are to be told of it."""
    rows = [
        {
            "reservation_id": id,
            "system": system,
            "is_release": is_release,
            "version": 1,
            "tries": 0,
            "due_at": datetime.now(UTC),
        }
        for system in sorted(systems)
    ]
    if not rows:
        return
    statement = database.insert(DELIVERY).values(rows)
    await connection.execute(
        # Whoever is telling what was noted before keeps the lease: this is told after it.
        statement.on_conflict_do_update(
            index_elements=[DELIVERY.c.reservation_id, DELIVERY.c.system],
            set_={
                "is_release": statement.excluded.is_release,
                "version": DELIVERY.c.version + 1,
                "tries": 0,
                "due_at": statement.excluded.due_at,
            },
        )
    )


class Deliveries:
    """The one of each process that tells stock systems what is held."""

    def __init__(
        self,
        database: Database,
        holds: Holds,
        allocators: Mapping[str, Allocator],
        ask: Callable[[], Ask],
    ) -> None:
        self._database = database
        self._holds = holds
        self._allocators = allocators
        self._ask = ask

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell while the block runs."""
        async with beside(partial(rounds, "delivery", _EVERY, self._deliver)):
            yield

    async def _deliver(self) -> None:
        while await self.deliver() == _AT_MOST:
            pass

    async def deliver(self) -> int:
        """Tell what is due now; tells how much that was. *Errors*: ``StoreUnavailable``."""
        if not self._allocators:
            return 0
        rows = await self._database.write(self._lease)
        by_system: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            by_system[row.system].append(row)
        await asyncio.gather(*(self._tell(system, found) for system, found in by_system.items()))
        if rows:
            self._holds.forget()
        return len(rows)

    async def _lease(self, connection: AsyncConnection) -> Sequence[Row[Any]]:
        now = datetime.now(UTC)
        due = and_(
            DELIVERY.c.due_at <= now,
            DELIVERY.c.system.in_(self._allocators),
            or_(DELIVERY.c.leased_until.is_(None), DELIVERY.c.leased_until <= now),
        )
        rows = (
            await connection.execute(
                select(DELIVERY)
                .where(due)
                .order_by(DELIVERY.c.due_at)
                .limit(_AT_MOST)
                .with_for_update(skip_locked=True)
            )
        ).all()
        if rows:
            await connection.execute(
                update(DELIVERY).where(_these(rows)).values(leased_until=now + _LEASE)
            )
        return rows

    async def _tell(self, system: str, rows: Sequence[Row[Any]]) -> None:
        allocator = self._allocators[system]
        gone = [row for row in rows if row.is_release]
        wanted = [row for row in rows if not row.is_release]
        done: list[Row[Any]] = []
        try:
            if gone:
                keys = [str(row.reservation_id) for row in gone]
                released = await allocator.released_by_key(keys, self._ask())
                done += [row for row in gone if str(row.reservation_id) in released]
            if wanted:
                done += await self._allocate(allocator, system, wanted)
        except Failure as failure:
            _log.info("delivery", system=system, code=failure.code)
        left = [row for row in rows if row not in done]
        await self._database.write(lambda connection: _settle(connection, done, left))

    async def _allocate(
        self, allocator: Allocator, system: str, rows: Sequence[Row[Any]]
    ) -> list[Row[Any]]:
        ids = [row.reservation_id for row in rows]
        held = await self._database.read(lambda connection: _held(connection, ids, system))
        requests = [
            AllocationRequest(str(id), tuple(lines), ends) for id, (lines, ends) in held.items()
        ]
        answers = await allocator.allocations_by_request(requests, self._ask()) if requests else {}
        found = {key: each for key, each in answers.items() if isinstance(each, Allocation)}
        await self._database.write(lambda connection: _include(connection, list(found.values())))
        for key, each in answers.items():
            if isinstance(each, SourceRejected):
                _log.error("delivery", system=system, reservation=key, detail=each.detail)
        # What holds nothing there any more has nothing to be told; where fewer were set aside than
        # are held, there may be more later.
        whole = {
            each.key
            for each in requests
            if each.key in found and found[each.key].lines == each.lines
        }
        return [
            row
            for row in rows
            if row.reservation_id not in held or str(row.reservation_id) in whole
        ]


async def _held(
    connection: AsyncConnection, ids: Sequence[UUID], system: str
) -> Mapping[UUID, tuple[list[ReservationLine], datetime | None]]:
    rows = await connection.execute(
        select(HOLD).where(
            HOLD.c.reservation_id.in_(ids), HOLD.c.location_key.startswith(f"{system}:")
        )
    )
    found: dict[UUID, tuple[list[ReservationLine], datetime | None]] = {}
    for row in rows:
        lines, _ = found.setdefault(row.reservation_id, ([], row.expires_at))
        lines.append(ReservationLine(row.sku, row.location_key, row.quantity))
    return found


async def _include(connection: AsyncConnection, allocations: Sequence[Allocation]) -> None:
    """Note from when on the system's figures include what is held, and how much it confirms."""
    for each in allocations:
        for line in each.lines:
            await connection.execute(
                update(HOLD)
                .where(
                    HOLD.c.reservation_id == UUID(each.key),
                    HOLD.c.sku == line.sku,
                    HOLD.c.location_key == line.location_key,
                )
                .values(included_from=each.included_from, confirmed=line.quantity)
            )


async def _settle(
    connection: AsyncConnection, done: Sequence[Row[Any]], left: Sequence[Row[Any]]
) -> None:
    """Forget what was told, unless it was changed meanwhile; put off what could not be."""
    for row in done:
        same = and_(_these([row]), DELIVERY.c.version == row.version)
        await connection.execute(delete(DELIVERY).where(same))
    now = datetime.now(UTC)
    for row in left:
        tries = row.tries + 1
        wait = min(_LONGEST, 2.0**tries / 2)
        if tries >= _MAX_TRIES:
            _log.error("delivery", system=row.system, problem="given up; what is held stands")
            await connection.execute(delete(DELIVERY).where(_these([row])))
            continue
        await connection.execute(
            update(DELIVERY)
            .where(_these([row]))
            .values(tries=tries, leased_until=None, due_at=now + timedelta(seconds=wait))
        )
    for row in done:
        await connection.execute(update(DELIVERY).where(_these([row])).values(leased_until=None))


def _these(rows: Sequence[Row[Any]]) -> Any:
    keys = [(row.reservation_id, row.system) for row in rows]
    return tuple_(DELIVERY.c.reservation_id, DELIVERY.c.system).in_(keys)
