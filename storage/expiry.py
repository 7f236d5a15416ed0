"""Carts whose time is over, swept out with all that hangs on them."""

from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.table import ATTEMPT, CART, CART_CODE, METADATA, SUBJECT

_AT_MOST = 500
_REFERRING = [
    column
    for table in METADATA.sorted_tables
    for column in table.columns
    if any(key.column is SUBJECT.c.id for key in column.foreign_keys)
]


async def sweep_carts(connection: AsyncConnection) -> int:
    """Delete some of the carts whose time is over; tell how many there were.

    A guest's cart takes its guest along: nobody else is kept by that name.
    """
    now = datetime.now(UTC)
    await connection.execute(delete(CART_CODE).where(CART_CODE.c.expires_at <= now))
    # Rows that somebody is changing, or another process is sweeping, are left to them.
    rows = (
        await connection.execute(
            select(CART.c.id, CART.c.subject_id, CART.c.is_guest)
            .where(CART.c.expires_at <= now)
            .limit(_AT_MOST)
            .with_for_update(skip_locked=True)
        )
    ).all()
    await connection.execute(delete(CART).where(CART.c.id.in_([row.id for row in rows])))
    guests = [row.subject_id for row in rows if row.is_guest]
    await connection.execute(delete(ATTEMPT).where(ATTEMPT.c.subject_id.in_(guests)))
    await connection.execute(
        update(SUBJECT)
        .where(SUBJECT.c.id.in_(guests))
        .values(blind=None, wrapped=None, sealed_key=None, shredded_at=now)
    )
    # Where something else is still kept about a guest, it stays, and nobody's.
    kept = [SUBJECT.c.id.not_in(select(column).where(column.in_(guests))) for column in _REFERRING]
    await connection.execute(delete(SUBJECT).where(SUBJECT.c.id.in_(guests), *kept))
    return len(rows)
