"""People, as the store knows them: by a blind index, each with a key that seals their data."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from storage.database import Database
from storage.seal import Seal
from storage.table import ATTEMPT, SUBJECT

_KIND = "subject"


class Subject(Struct, frozen=True):
    """A person whose data can be read; ``customer_key`` is their key in domain's words."""

    id: UUID
    customer_key: str
    data_key: bytes


class People:
    """The people of one transaction: each is locked and read once, however often they are named."""

    def __init__(self, connection: AsyncConnection, subjects: "Subjects") -> None:
        self._connection = connection
        self._subjects = subjects
        self._known: dict[str, Subject] = {}

    async def know(self, customer_key: str) -> Subject:
        """Find a person or make them known, and keep others from doing anything with them."""
        known = self._known.get(customer_key)
        if known is None:
            known = await self._subjects.know(self._connection, customer_key)
            self._known[customer_key] = known
        return known


class Subjects:
    """Finds people, makes them known, and makes what is kept about them unreadable."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def find(
        self, connection: AsyncConnection, customer_keys: Iterable[str]
    ) -> Mapping[str, Subject]:
        """Find people by customer key; who is unknown or shredded is absent."""
        blinds = [self._seal.blind(_KIND, key) for key in customer_keys]
        return {
            each.customer_key: each
            for each in (await self._select(connection, SUBJECT.c.blind.in_(blinds))).values()
        }

    async def read(
        self, connection: AsyncConnection, ids: Iterable[UUID]
    ) -> Mapping[UUID, Subject]:
        """Read people by id; who is shredded is absent."""
        return await self._select(connection, SUBJECT.c.id.in_(set(ids)))

    async def read_any(
        self, connection: AsyncConnection, ids: Select[tuple[UUID]]
    ) -> Subject | None:
        """Read the person whose id a query gives; None for none, and for who is shredded."""
        found = await self._select(connection, SUBJECT.c.id.in_(ids))
        return next(iter(found.values()), None)

    async def know(self, connection: AsyncConnection, customer_key: str) -> Subject:
        """Find a person or make them known, and keep others from doing anything with them."""
        blind = self._seal.blind(_KIND, customer_key)
        locked = select(SUBJECT).where(SUBJECT.c.blind == blind).with_for_update(key_share=True)
        row = (await connection.execute(locked)).one_or_none()
        if row is None:
            await self._add(connection, customer_key, blind)
            row = (await connection.execute(locked)).one()
        return self._open(row)

    async def shred(self, connection: AsyncConnection, customer_keys: Iterable[str]) -> int:
        """Destroy people's keys, and with them all that is sealed; tell how many there were."""
        blinds = [self._seal.blind(_KIND, key) for key in customer_keys]
        ids = (
            await connection.scalars(
                select(SUBJECT.c.id).where(SUBJECT.c.blind.in_(blinds)).with_for_update()
            )
        ).all()
        await connection.execute(delete(ATTEMPT).where(ATTEMPT.c.subject_id.in_(ids)))
        await connection.execute(
            update(SUBJECT)
            .where(SUBJECT.c.id.in_(ids))
            .values(blind=None, wrapped=None, sealed_key=None, shredded_at=datetime.now(UTC))
        )
        return len(ids)

    async def _add(self, connection: AsyncConnection, customer_key: str, blind: bytes) -> None:
        subject_id = uuid7()
        key, wrapped = self._seal.new_key(subject_id.bytes)
        await connection.execute(
            self._database.insert(SUBJECT)
            .values(
                id=subject_id,
                blind=blind,
                wrapped=wrapped,
                sealed_key=self._seal.seal(key, customer_key, _place(subject_id)),
                created_at=datetime.now(UTC),
            )
            .on_conflict_do_nothing(index_elements=[SUBJECT.c.blind])
        )

    async def _select(
        self, connection: AsyncConnection, which: ColumnElement[bool]
    ) -> dict[UUID, Subject]:
        rows = await connection.execute(
            select(SUBJECT).where(which, SUBJECT.c.wrapped.is_not(None))
        )
        return {row.id: self._open(row) for row in rows}

    def _open(self, row: Row[Any]) -> Subject:
        key = self._seal.unwrap(row.id.bytes, row.wrapped)
        customer_key = self._seal.open(key, row.sealed_key, _place(row.id)).decode()
        return Subject(row.id, customer_key, key)


def _place(subject_id: UUID) -> str:
    return f"subject {subject_id}"
