"""Merges of carts in the database."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, update

from domain.cart import Cart
from domain.merge import Merge
from storage.cart import cart_id
from storage.table import CART_MERGE
from storage.writer import Writer

_FORMAT = msgspec.msgpack.Decoder(Merge)


class MergeWriter(Writer):
    """Reads and writes merges within one transaction; implements ``MergeChanges``."""

    async def read(self, key: str) -> Merge | None:
        """Read a merge."""
        id = cart_id(key)
        if id is None:
            return None
        row = (
            await self._connection.execute(select(CART_MERGE).where(CART_MERGE.c.id == id))
        ).one_or_none()
        return None if row is None else await self._open(row)

    async def last_of(self, source: Cart) -> Merge | None:
        """Read the merge that a cart went into last, unless it was undone."""
        row = (
            await self._connection.execute(
                select(CART_MERGE)
                .where(CART_MERGE.c.source_id == UUID(source.key))
                .order_by(CART_MERGE.c.merged_at.desc(), CART_MERGE.c.id.desc())
                .limit(1)
            )
        ).one_or_none()
        if row is None or row.undone_at is not None:
            return None
        return await self._open(row)

    async def save(self, merge: Merge) -> None:
        """Write a merge, new or changed."""
        subject = await self._people.know(merge.holder)
        sealed = self._seal.seal(subject.data_key, msgspec.msgpack.encode(merge), _place(merge.key))
        undone_at = merge.undone.at if merge.undone else None
        id = UUID(merge.key)
        changed = await self._connection.execute(
            update(CART_MERGE)
            .where(CART_MERGE.c.id == id)
            .values(sealed=sealed, undone_at=undone_at)
        )
        if not changed.rowcount:
            await self._connection.execute(
                self._database.insert(CART_MERGE).values(
                    id=id,
                    source_id=UUID(merge.source.key),
                    target_id=UUID(merge.target_key),
                    subject_id=subject.id,
                    sealed=sealed,
                    merged_at=merge.merged.at,
                    undone_at=undone_at,
                )
            )

    async def _open(self, row: Row[Any]) -> Merge | None:
        known = await self._subjects.read(self._connection, [row.subject_id])
        subject = known.get(row.subject_id)
        if subject is None:
            return None
        return _FORMAT.decode(self._seal.open(subject.data_key, row.sealed, _place(str(row.id))))


def _place(key: str) -> str:
    return f"cart_merge.sealed {key}"
