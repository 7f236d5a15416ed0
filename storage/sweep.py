"""Sweeps what is over: holds that count no more, reservations that nobody asks about, carts.

What is over counts nowhere from its last moment on; sweeping only keeps the tables small. Every
process sweeps, and leaves to another what that one has just taken.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import and_, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.reservation import ReservationState
from domain.task import beside
from storage.database import Database
from storage.expiry import sweep_carts
from storage.round import rounds
from storage.table import HOLD, RESERVATION, SHELF

_EVERY = 30.0
_AT_MOST = 500
_BATCHES = 20
# Longer than two clocks differ: somebody may be extending what is over by ours.
_GRACE = timedelta(minutes=1)
_KEPT = timedelta(days=30)
_SHELF_KEPT = timedelta(days=1)
_log = structlog.get_logger("storage")

Step = Callable[[AsyncConnection], Awaitable[int]]


class Sweep:
    """Looks for what is over, now and then, in batches that hold up nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep while the block runs."""
        async with beside(partial(rounds, "sweep", _EVERY, self.sweep)):
            yield

    async def sweep(self) -> int:
        """Sweep once; tells how many rows were swept. *Errors*: ``StoreUnavailable``."""
        swept = 0
        for step in (_expire, _forget, _clear, sweep_carts):
            for _ in range(_BATCHES):
                found = await self._database.write(step)
                swept += found
                if found < _AT_MOST:
                    break
        return swept


async def _expire(connection: AsyncConnection) -> int:
    """End reservations whose time is over, and let go what was held for them."""
    over = and_(
        RESERVATION.c.state == ReservationState.HELD.value,
        RESERVATION.c.expires_at <= datetime.now(UTC) - _GRACE,
    )
    some = select(RESERVATION.c.id).where(over).limit(_AT_MOST).with_for_update(skip_locked=True)
    ids = (await connection.scalars(some)).all()
    if ids:
        await connection.execute(delete(HOLD).where(HOLD.c.reservation_id.in_(ids)))
        await connection.execute(
            update(RESERVATION)
            .where(RESERVATION.c.id.in_(ids))
            .values(state=ReservationState.EXPIRED.value, origin=None)
        )
    return len(ids)


async def _forget(connection: AsyncConnection) -> int:
    """Delete reservations that ended long ago, with their lines."""
    ended = and_(
        RESERVATION.c.state.in_((ReservationState.RELEASED.value, ReservationState.EXPIRED.value)),
        RESERVATION.c.expires_at <= datetime.now(UTC) - _KEPT,
    )
    some = select(RESERVATION.c.id).where(ended).limit(_AT_MOST).with_for_update(skip_locked=True)
    swept = await connection.execute(delete(RESERVATION).where(RESERVATION.c.id.in_(some)))
    return swept.rowcount


async def _clear(connection: AsyncConnection) -> int:
    """Delete shelves that nothing is held on and whose snapshot nobody may use any more."""
    held = exists().where(HOLD.c.sku == SHELF.c.sku, HOLD.c.location_key == SHELF.c.location_key)
    old = and_(SHELF.c.observed_at <= datetime.now(UTC) - _SHELF_KEPT, ~held)
    rows = (
        await connection.execute(
            select(SHELF.c.sku, SHELF.c.location_key)
            .where(old)
            .limit(_AT_MOST)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for row in rows:
        here = and_(SHELF.c.sku == row.sku, SHELF.c.location_key == row.location_key)
        await connection.execute(delete(SHELF).where(here))
    return len(rows)
