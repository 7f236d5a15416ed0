"""Wish lists in the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.viewer import Channel
from domain.wishlist import SharedWishlist, SharedWishlistLine, Wishlist, WishlistLine
from storage.database import Database
from storage.seal import Seal
from storage.subject import Subject, Subjects
from storage.table import SUBJECT, WISHLIST, WISHLIST_LINE
from storage.writer import Writer

_LINK = "wishlist link"


class WishlistReader:
    """Reads wish lists in batches; implements ``WishlistPort``."""

    def __init__(self, database: Database, seal: Seal, subjects: Subjects) -> None:
        self._database = database
        self._seal = seal
        self._subjects = subjects

    async def wishlists_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Wishlist]]:
        """Read each customer's lists, newest first; a customer without any is absent."""

        async def transaction(connection: AsyncConnection) -> Mapping[str, Sequence[Wishlist]]:
            found = await self._subjects.find(connection, keys)
            people = {subject.id: subject for subject in found.values()}
            lists = await _load(
                connection, self._seal, WISHLIST.c.subject_id.in_(people), people=people
            )
            columns: defaultdict[str, list[Wishlist]] = defaultdict(list)
            for each in sorted(lists, key=lambda each: (each.created_at, each.key), reverse=True):
                columns[each.customer_key].append(each)
            return columns

        return await self._database.answer(transaction, ask)

    async def wishlist_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Wishlist]:
        """Read lists by their own key; unknown keys are absent."""
        ids = [known for key in keys if (known := _uuid(key)) is not None]

        async def transaction(connection: AsyncConnection) -> Mapping[str, Wishlist]:
            lists = await _load(
                connection, self._seal, WISHLIST.c.id.in_(ids), subjects=self._subjects
            )
            return {each.key: each for each in lists}

        return await self._database.answer(transaction, ask)

    async def wishlist_by_link(
        self, secrets: Sequence[str], ask: Ask
    ) -> Mapping[str, SharedWishlist]:
        """Read lists by the secret of their link; unknown secrets are absent."""
        blinds = {self._seal.blind(_LINK, secret): secret for secret in secrets}

        async def transaction(connection: AsyncConnection) -> Mapping[str, SharedWishlist]:
            rows = (
                await connection.execute(
                    select(WISHLIST.c.id, WISHLIST.c.link, WISHLIST.c.updated_at)
                    .join(SUBJECT, SUBJECT.c.id == WISHLIST.c.subject_id)
                    # Who was erased shows nothing any more, by no link.
                    .where(WISHLIST.c.link.in_(blinds), SUBJECT.c.wrapped.is_not(None))
                )
            ).all()
            lines = await _lines(connection, [row.id for row in rows])
            return {
                blinds[row.link]: SharedWishlist(
                    lines=tuple(
                        SharedWishlistLine(line.sku, line.quantity) for line in lines[row.id]
                    ),
                    updated_at=row.updated_at,
                )
                for row in rows
            }

        return await self._database.answer(transaction, ask)


class WishlistWriter(Writer):
    """Changes wish lists within one transaction; implements ``WishlistChanges``."""

    async def count(self, customer_key: str) -> int:
        """Count a customer's lists, keeping others from adding one meanwhile."""
        subject = await self._people.know(customer_key)
        counted = await self._connection.scalar(
            select(func.count()).select_from(WISHLIST).where(WISHLIST.c.subject_id == subject.id)
        )
        return counted or 0

    async def read(self, key: str) -> Wishlist | None:
        """Read a list, keeping others from changing it meanwhile."""
        list_id = _uuid(key)
        if list_id is None:
            return None
        # First the lock, then the reading: what is read is what the last one who had it left.
        await self._connection.execute(
            select(WISHLIST.c.id).where(WISHLIST.c.id == list_id).with_for_update(key_share=True)
        )
        found = await _load(
            self._connection, self._seal, WISHLIST.c.id == list_id, subjects=self._subjects
        )
        return next(iter(found), None)

    async def create(self, wishlist: Wishlist) -> None:
        """Write a new list."""
        subject = await self._people.know(wishlist.customer_key)
        list_id = UUID(wishlist.key)
        await self._connection.execute(
            insert(WISHLIST).values(
                id=list_id,
                subject_id=subject.id,
                created_at=wishlist.created_at,
                **self._columns(wishlist, subject),
            )
        )
        await self._write_lines(list_id, wishlist.lines, subject)

    async def save(self, wishlist: Wishlist) -> None:
        """Write a list that was read in the same transaction."""
        subject = await self._people.know(wishlist.customer_key)
        list_id = UUID(wishlist.key)
        await self._connection.execute(
            update(WISHLIST)
            .where(WISHLIST.c.id == list_id)
            .values(**self._columns(wishlist, subject))
        )
        await self._connection.execute(
            delete(WISHLIST_LINE).where(WISHLIST_LINE.c.wishlist_id == list_id)
        )
        await self._write_lines(list_id, wishlist.lines, subject)

    async def link(self, wishlist: Wishlist, secret: str) -> None:
        """Let a secret show the list, instead of any before."""
        await self._connection.execute(
            update(WISHLIST)
            .where(WISHLIST.c.id == UUID(wishlist.key))
            .values(link=self._seal.blind(_LINK, secret))
        )

    def _columns(self, wishlist: Wishlist, subject: Subject) -> dict[str, Any]:
        name = self._seal.seal(subject.data_key, wishlist.name, _name_place(UUID(wishlist.key)))
        return {
            "sealed_name": name,
            "version": wishlist.version,
            "updated_at": wishlist.updated_at,
        }

    async def _write_lines(
        self, list_id: UUID, lines: Sequence[WishlistLine], subject: Subject
    ) -> None:
        if not lines:
            return
        rows = [
            {
                "wishlist_id": list_id,
                "sku": line.sku,
                "position": position,
                "quantity": line.quantity,
                "sealed_note": None
                if line.note is None
                else self._seal.seal(subject.data_key, line.note, _note_place(list_id, line.sku)),
                "channel": line.channel.value,
                "added_at": line.added_at,
            }
            for position, line in enumerate(lines)
        ]
        await self._connection.execute(insert(WISHLIST_LINE), rows)


async def _load(
    connection: AsyncConnection,
    seal: Seal,
    which: ColumnElement[bool],
    *,
    people: Mapping[UUID, Subject] | None = None,
    subjects: Subjects | None = None,
) -> list[Wishlist]:
    rows = (await connection.execute(select(WISHLIST).where(which))).all()
    if people is None:
        assert subjects is not None
        people = await subjects.read(connection, {row.subject_id for row in rows})
    rows = [row for row in rows if row.subject_id in people]
    lines = await _lines(connection, [row.id for row in rows])
    return [_wishlist(row, lines[row.id], people[row.subject_id], seal) for row in rows]


async def _lines(
    connection: AsyncConnection, ids: Iterable[UUID]
) -> defaultdict[UUID, list[Row[Any]]]:
    columns: defaultdict[UUID, list[Row[Any]]] = defaultdict(list)
    wanted = list(ids)
    if wanted:
        statement = (
            select(WISHLIST_LINE)
            .where(WISHLIST_LINE.c.wishlist_id.in_(wanted))
            .order_by(WISHLIST_LINE.c.wishlist_id, WISHLIST_LINE.c.position)
        )
        for row in await connection.execute(statement):
            columns[row.wishlist_id].append(row)
    return columns


def _wishlist(row: Row[Any], lines: Sequence[Row[Any]], subject: Subject, seal: Seal) -> Wishlist:
    key = subject.data_key
    return Wishlist(
        key=str(row.id),
        customer_key=subject.customer_key,
        name=seal.open(key, row.sealed_name, _name_place(row.id)).decode(),
        lines=tuple(
            WishlistLine(
                sku=line.sku,
                quantity=line.quantity,
                note=None
                if line.sealed_note is None
                else seal.open(key, line.sealed_note, _note_place(row.id, line.sku)).decode(),
                channel=Channel(line.channel),
                added_at=line.added_at,
            )
            for line in lines
        ),
        version=row.version,
        is_shared=row.link is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _name_place(list_id: UUID) -> str:
    return f"wishlist.name {list_id}"


def _note_place(list_id: UUID, sku: str) -> str:
    return f"wishlist_line.note {list_id} {sku}"


def _uuid(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None
