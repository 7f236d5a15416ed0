"""Mutations carried out once: the outcome is written in the same transaction as the change.

The attempt's row is claimed first. A twin in another process then waits at the same row, for the
database's own lock: it sees the outcome once the first has committed, and does the work itself if
the first has not. Twins in one process wait for the first one's task and need no connection.
"""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.attempt import Attempt, Changes, Work
from domain.deadline import Deadline
from domain.errors import StoreUnavailable
from domain.outcome import IdempotencyMismatch, Outcome
from storage.cart import CartWriter
from storage.case import CaseWriter
from storage.coupon import CouponWriter
from storage.database import Database
from storage.handoff import HandOffWriter
from storage.held import Holds
from storage.merge import MergeWriter
from storage.reservation import ReservationWriter
from storage.seal import Seal
from storage.subject import People, Subjects
from storage.table import ATTEMPT
from storage.wishlist import WishlistWriter

T = TypeVar("T", bound=Outcome)

_KEPT = timedelta(hours=24)
_PURGE_EVERY = timedelta(minutes=1)
_PURGE_AT_MOST = 500
_OTHER_INPUT = (
    "This idempotencyKey was used before with other input, or in another market or currency; "
    "make a new key for a new wish."
)


class _UndoneError(Exception):
    """Carries an outcome that changed nothing out of the transaction that it undoes."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class OnceOnly:
    """Carries out mutations, each once; implements ``Attempts``."""

    def __init__(
        self,
        database: Database,
        seal: Seal,
        subjects: Subjects,
        holds: Holds,
        told: Collection[str],
    ) -> None:
        self._database = database
        self._seal = seal
        self._subjects = subjects
        self._holds = holds
        self._told = told
        self._under_way: dict[bytes, tuple[bytes, asyncio.Task[Any]]] = {}
        self._purged_at = datetime.min.replace(tzinfo=UTC)

    async def once(self, attempt: Attempt, kind: type[T], work: Work[T], ask: Ask) -> T:
        """Carry out ``work`` in one transaction, unless a twin already has or is about to."""
        scope, digest = self._scope(attempt), self._seal.blind("input", attempt.input)
        while (under_way := self._under_way.get(scope)) is not None:
            first_digest, task = under_way
            done, _ = await asyncio.wait({task}, timeout=ask.deadline.remaining())
            if not done:
                raise StoreUnavailable("The same mutation is still under way; try again shortly.")
            if first_digest == digest:
                return cast("T", _result(task))
        ask.calls["store"] += 1
        task = asyncio.create_task(
            self._carry_out(scope, digest, attempt.mutation, kind, work, ask.deadline)
        )
        self._under_way[scope] = digest, task
        task.add_done_callback(lambda done: self._leave(scope, done))
        # Whoever leaves, leaves the task alone: a change that has begun ends whole.
        await asyncio.wait({task})
        return cast("T", _result(task))

    def _leave(self, scope: bytes, task: asyncio.Task[Any]) -> None:
        del self._under_way[scope]
        if not task.cancelled():
            task.exception()

    async def _carry_out(
        self,
        scope: bytes,
        digest: bytes,
        mutation: str,
        kind: type[T],
        work: Work[T],
        deadline: Deadline,
    ) -> T:
        held: list[ReservationWriter] = []

        async def transaction(connection: AsyncConnection) -> T:
            now = datetime.now(UTC)
            await self._purge(connection, now)
            claim = {
                "mutation": mutation,
                "input": digest,
                "subject_id": None,
                "outcome": b"",
                "created_at": now,
                "expires_at": now + _KEPT,
            }
            claimed = await connection.execute(
                self._database.insert(ATTEMPT)
                .values(scope=scope, **claim)
                # One whose day is over counts as none.
                .on_conflict_do_update(
                    index_elements=[ATTEMPT.c.scope], set_=claim, where=ATTEMPT.c.expires_at <= now
                )
            )
            if not claimed.rowcount:
                return await self._first(connection, scope, digest, kind)
            people = People(connection, self._subjects)
            parts = (connection, self._database, self._seal, self._subjects, people)
            reservation = ReservationWriter(*parts, told=self._told)
            held.append(reservation)
            changes = Changes(
                wishlist=WishlistWriter(*parts),
                reservation=reservation,
                case=CaseWriter(*parts),
                cart=CartWriter(*parts),
                merge=MergeWriter(*parts),
                handoff=HandOffWriter(*parts),
                coupon=CouponWriter(*parts),
            )
            outcome = await work(changes)
            if outcome.user_errors:
                raise _UndoneError(outcome)
            await self._keep(connection, scope, outcome, people)
            return outcome

        try:
            return await self._database.write(transaction, deadline)
        except _UndoneError as undone:
            return cast("T", undone.outcome)
        finally:
            if any(each.has_changed for each in held):
                self._holds.forget()

    async def _first(
        self, connection: AsyncConnection, scope: bytes, digest: bytes, kind: type[T]
    ) -> T:
        row = (await connection.execute(select(ATTEMPT).where(ATTEMPT.c.scope == scope))).one()
        if row.input != digest:
            mismatch = IdempotencyMismatch(message=_OTHER_INPUT, path=("input", "idempotencyKey"))
            return kind(user_errors=(mismatch,))
        key = self._seal.own_key
        if row.subject_id is not None:
            subject = (await self._subjects.read(connection, [row.subject_id])).get(row.subject_id)
            assert subject is not None, "shredding a person takes their attempts along"
            key = subject.data_key
        plain = self._seal.open(key, row.outcome, _place(scope))
        return msgspec.msgpack.decode(plain, type=kind)

    async def _keep(
        self, connection: AsyncConnection, scope: bytes, outcome: Outcome, people: People
    ) -> None:
        key, subject_id = self._seal.own_key, None
        if outcome.subject is not None:
            subject = await people.know(outcome.subject)
            key, subject_id = subject.data_key, subject.id
        await connection.execute(
            update(ATTEMPT)
            .where(ATTEMPT.c.scope == scope)
            .values(
                subject_id=subject_id,
                outcome=self._seal.seal(key, msgspec.msgpack.encode(outcome), _place(scope)),
            )
        )

    async def _purge(self, connection: AsyncConnection, now: datetime) -> None:
        """Forget, now and then, attempts whose day is over."""
        if now - self._purged_at < _PURGE_EVERY:
            return
        self._purged_at = now
        # Rows that another process is purging are left to it.
        some = (
            select(ATTEMPT.c.scope)
            .where(ATTEMPT.c.expires_at <= now)
            .limit(_PURGE_AT_MOST)
            .with_for_update(skip_locked=True)
        )
        await connection.execute(delete(ATTEMPT).where(ATTEMPT.c.scope.in_(some)))

    def _scope(self, attempt: Attempt) -> bytes:
        parts = (attempt.client, attempt.subject, attempt.mutation, attempt.key)
        return self._seal.blind("attempt", msgspec.msgpack.encode(parts))


def _result(task: asyncio.Task[T]) -> T:
    if task.cancelled():
        raise StoreUnavailable("The gateway is stopping; try again shortly.")
    return task.result()


def _place(scope: bytes) -> str:
    return f"attempt {scope.hex()}"
