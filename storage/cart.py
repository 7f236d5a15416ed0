"""Carts in the database: each is one sealed document, beside what carts are looked for by."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.cart import Cart, CartQuery, CartState
from domain.errors import Failure, StoreUnavailable
from domain.page import Page
from storage.database import Database
from storage.seal import Seal
from storage.subject import Subject, Subjects
from storage.table import CART, CART_SECRET, SUBJECT
from storage.writer import Writer

_HELD = "cart secret"
_FORMAT = msgspec.msgpack.Decoder(Cart)


class CartReader:
    """Reads carts in batches; implements ``CartPort``."""

    def __init__(self, database: Database, seal: Seal, subjects: Subjects) -> None:
        self._database = database
        self._seal = seal
        self._subjects = subjects

    async def carts_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Cart]]:
        """Read each customer's active carts, the last changed first; without any: absent."""

        async def transaction(connection: AsyncConnection) -> Mapping[str, Sequence[Cart]]:
            found = await self._subjects.find(connection, keys)
            people = {subject.id: subject for subject in found.values()}
            which = CART.c.subject_id.in_(people) & (CART.c.state == CartState.ACTIVE.value)
            columns: defaultdict[str, list[Cart]] = defaultdict(list)
            carts = await self._load(connection, which, people)
            for each in sorted(carts, key=_recency, reverse=True):
                columns[each.holder].append(each)
            return columns

        return await self._database.answer(transaction, ask)

    async def cart_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Cart]:
        """Read carts by their own key; unknown and expired ones are absent."""
        ids = [known for key in keys if (known := cart_id(key)) is not None]

        async def transaction(connection: AsyncConnection) -> Mapping[str, Cart]:
            return {each.key: each for each in await self._load(connection, CART.c.id.in_(ids))}

        return await self._database.answer(transaction, ask)

    async def carts_by_query(
        self, queries: Sequence[CartQuery], ask: Ask
    ) -> Mapping[CartQuery, Page[Cart] | Failure]:
        """Read one page of active carts with goods in them for each query, longest idle last."""
        places = {query: _place_after(query) for query in queries}

        async def transaction(
            connection: AsyncConnection,
        ) -> Mapping[CartQuery, Page[Cart] | Failure]:
            return {
                query: place
                if isinstance(place, Failure)
                else await self._page(connection, query, place)
                for query, place in places.items()
            }

        return await self._database.answer(transaction, ask)

    async def _page(
        self, connection: AsyncConnection, query: CartQuery, after: tuple[datetime, UUID] | None
    ) -> Page[Cart]:
        where = query.where
        which = [
            CART.c.state == CartState.ACTIVE.value,
            CART.c.currency == query.currency,
            CART.c.pieces > 0,
            CART.c.expires_at > datetime.now(UTC),
            SUBJECT.c.wrapped.is_not(None),
        ]
        if where.changed_before is not None:
            which.append(CART.c.updated_at < where.changed_before)
        if where.changed_since is not None:
            which.append(CART.c.updated_at >= where.changed_since)
        if where.min_value is not None:
            which.append(CART.c.value >= where.min_value)
        if where.is_guest is not None:
            which.append(CART.c.is_guest == where.is_guest)
        if query.holders is not None:
            found = await self._subjects.find(connection, list(query.holders))
            which.append(CART.c.subject_id.in_([each.id for each in found.values()]))
        if after is not None:
            moment, id = after
            same = (CART.c.updated_at == moment) & (CART.c.id < id)
            which.append((CART.c.updated_at < moment) | same)
        rows = (
            await connection.execute(
                select(CART)
                .join(SUBJECT, SUBJECT.c.id == CART.c.subject_id)
                .where(*which)
                .order_by(CART.c.updated_at.desc(), CART.c.id.desc())
                .limit(query.page.first + 1)
            )
        ).all()
        shown = rows[: query.page.first]
        people = await self._subjects.read(connection, {row.subject_id for row in shown})
        return Page(
            tuple(opened(row, people[row.subject_id], self._seal) for row in shown),
            tuple(f"{row.updated_at.isoformat()} {row.id}" for row in shown),
            has_next=len(rows) > len(shown),
        )

    async def cart_by_secret(self, secrets: Sequence[str], ask: Ask) -> Mapping[str, Cart]:
        """Read guests' carts by a secret that holds them; unknown secrets are absent."""
        digests = {self._seal.blind(_HELD, secret): secret for secret in secrets}

        async def transaction(connection: AsyncConnection) -> Mapping[str, Cart]:
            rows = await connection.execute(
                select(CART_SECRET).where(CART_SECRET.c.digest.in_(digests))
            )
            held = {row.cart_id: digests[row.digest] for row in rows}
            carts = await self._load(connection, CART.c.id.in_(held))
            return {held[UUID(each.key)]: each for each in carts}

        return await self._database.answer(transaction, ask)

    async def _load(
        self,
        connection: AsyncConnection,
        which: ColumnElement[bool],
        people: Mapping[UUID, Subject] | None = None,
    ) -> list[Cart]:
        lasting = CART.c.expires_at > datetime.now(UTC)
        rows = (await connection.execute(select(CART).where(which, lasting))).all()
        if people is None:
            people = await self._subjects.read(connection, {row.subject_id for row in rows})
        return [
            opened(row, people[row.subject_id], self._seal)
            for row in rows
            if row.subject_id in people
        ]


class CartWriter(Writer):
    """Changes carts within one transaction; implements ``CartChanges``.

    Whoever changes a cart locks its person first and then the cart, so that no two of them ever
    wait for each other.
    """

    async def count(self, customer_key: str) -> int:
        """Count a customer's active carts, keeping others from adding one meanwhile."""
        subject = await self._people.know(customer_key)
        counted = await self._connection.scalar(
            select(func.count())
            .select_from(CART)
            .where(
                CART.c.subject_id == subject.id,
                CART.c.state == CartState.ACTIVE.value,
                CART.c.expires_at > datetime.now(UTC),
            )
        )
        return counted or 0

    async def read(self, key: str, secret: str | None = None) -> tuple[Cart | None, bool]:
        """Read a cart, keeping others from changing it, and tell whether ``secret`` holds it."""
        id = cart_id(key)
        if id is None:
            return None, False
        whose = select(CART.c.subject_id).where(CART.c.id == id)
        known = await self._subjects.read_any(self._connection, whose)
        if known is None:
            return None, False
        subject = await self._people.know(known.customer_key)
        # First the lock, then the reading: what is read is what the last one who had it left.
        row = (
            await self._connection.execute(
                select(CART)
                .where(CART.c.id == id, CART.c.expires_at > datetime.now(UTC))
                .with_for_update(key_share=True)
            )
        ).one_or_none()
        if row is None:
            return None, False
        if row.subject_id != subject.id:
            raise StoreUnavailable("The cart was being changed elsewhere; try again shortly.")
        is_held = False
        if secret is not None:
            digest = self._seal.blind(_HELD, secret)
            is_held = (
                await self._connection.scalar(
                    select(CART_SECRET.c.cart_id).where(CART_SECRET.c.digest == digest)
                )
                == id
            )
        return opened(row, subject, self._seal), is_held

    async def create(self, cart: Cart) -> None:
        """Write a new cart."""
        subject = await self._people.know(cart.holder)
        await self._connection.execute(
            insert(CART).values(
                id=UUID(cart.key),
                subject_id=subject.id,
                is_guest=cart.is_guest,
                created_at=cart.begun.at,
                **self._columns(cart, subject),
            )
        )

    async def hold(self, cart: Cart, secret: str) -> bool:
        """Let a secret hold a cart; False where it holds another one already."""
        digest, id = self._seal.blind(_HELD, secret), UUID(cart.key)
        await self._connection.execute(
            self._database.insert(CART_SECRET)
            .values(digest=digest, cart_id=id, created_at=datetime.now(UTC))
            .on_conflict_do_nothing(index_elements=[CART_SECRET.c.digest])
        )
        found = await self._connection.scalar(
            select(CART_SECRET.c.cart_id).where(CART_SECRET.c.digest == digest)
        )
        return found == id

    async def save(self, cart: Cart) -> None:
        """Write a cart that was read in the same transaction."""
        subject = await self._people.know(cart.holder)
        await self._connection.execute(
            update(CART).where(CART.c.id == UUID(cart.key)).values(**self._columns(cart, subject))
        )

    async def newest(self, customer_key: str, market: str, currency: str) -> str | None:
        """Tell the key of the active cart that a customer changed last in a market and currency."""
        subject = await self._people.know(customer_key)
        rows = await self._connection.execute(
            select(CART)
            .where(
                CART.c.subject_id == subject.id,
                CART.c.state == CartState.ACTIVE.value,
                CART.c.currency == currency,
                CART.c.expires_at > datetime.now(UTC),
            )
            .order_by(CART.c.updated_at.desc(), CART.c.id.desc())
        )
        carts = (opened(row, subject, self._seal) for row in rows)
        return next((cart.key for cart in carts if cart.market == market), None)

    def _columns(self, cart: Cart, subject: Subject) -> dict[str, Any]:
        plain = msgspec.msgpack.encode(cart)
        return {
            "state": cart.state.value,
            "version": cart.version,
            "currency": cart.currency,
            "value": cart.value,
            "pieces": cart.quantity,
            "sealed": self._seal.seal(subject.data_key, plain, _place(cart.key)),
            "updated_at": cart.changed.at,
            "expires_at": cart.expires_at,
        }


def opened(row: Row[Any], subject: Subject, seal: Seal) -> Cart:
    """Open a cart's row."""
    return _FORMAT.decode(seal.open(subject.data_key, row.sealed, _place(str(row.id))))


def cart_id(key: str) -> UUID | None:
    """Read a cart's key; None for what is none."""
    try:
        return UUID(key)
    except ValueError:
        return None


def _place_after(query: CartQuery) -> tuple[datetime, UUID] | Failure | None:
    """Read the place behind which a page begins; the failure for what is none of ours."""
    if query.page.after is None:
        return None
    moment, _, id = query.page.after.partition(" ")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(id)
    except (ValueError, OverflowError):
        return query.page.refused()


def _recency(cart: Cart) -> tuple[datetime, str]:
    return cart.changed.at, cart.key


def _place(key: str) -> str:
    return f"cart.sealed {key}"
