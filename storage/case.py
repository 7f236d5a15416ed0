"""Cases in the database; reason and agent are sealed under the customer's key."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.case import MAX_OPEN_CASES, Case, Verification
from domain.viewer import Purpose
from storage.database import Database
from storage.seal import Seal
from storage.subject import Subject, Subjects
from storage.table import ASSIST_CASE
from storage.writer import Writer

_AGENT = "case agent"


class CaseReader:
    """Reads cases in batches; implements ``CasePort``."""

    def __init__(self, database: Database, seal: Seal, subjects: Subjects) -> None:
        self._database = database
        self._seal = seal
        self._subjects = subjects

    async def open_cases_by_agent(
        self, agents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Case]]:
        """Read each agent's open cases, newest first; an agent without any is absent."""
        blinds = [self._seal.blind(_AGENT, agent) for agent in agents]

        async def transaction(connection: AsyncConnection) -> Mapping[str, Sequence[Case]]:
            which = and_(ASSIST_CASE.c.agent.in_(blinds), _is_open(datetime.now(UTC)))
            columns: defaultdict[str, list[Case]] = defaultdict(list)
            for case in await _load(connection, self._seal, self._subjects, which):
                columns[case.agent].append(case)
            return {agent: cases[:MAX_OPEN_CASES] for agent, cases in columns.items()}

        return await self._database.answer(transaction, ask)


class CaseWriter(Writer):
    """Changes cases within one transaction; implements ``CaseChanges``."""

    async def open_of(self, agent: str, now: datetime) -> Sequence[Case]:
        """Read an agent's open cases, newest first."""
        which = and_(ASSIST_CASE.c.agent == self._seal.blind(_AGENT, agent), _is_open(now))
        return await _load(self._connection, self._seal, self._subjects, which)

    async def read(self, key: str) -> Case | None:
        """Read a case, keeping others from changing it meanwhile."""
        try:
            which = ASSIST_CASE.c.id == UUID(key)
        except ValueError:
            return None
        # First the lock, then the reading: what is read is what the last one who had it left.
        await self._connection.execute(
            select(ASSIST_CASE.c.id).where(which).with_for_update(key_share=True)
        )
        found = await _load(self._connection, self._seal, self._subjects, which)
        return next(iter(found), None)

    async def add(self, case: Case) -> None:
        """Write a new case."""
        subject, id = await self._people.know(case.customer_key), UUID(case.key)
        key = subject.data_key
        await self._connection.execute(
            insert(ASSIST_CASE).values(
                id=id,
                subject_id=subject.id,
                agent=self._seal.blind(_AGENT, case.agent),
                sealed_agent=self._seal.seal(key, case.agent, _place(id, "agent")),
                sealed_reason=self._seal.seal(key, case.reason, _place(id, "reason")),
                purpose=case.purpose.value,
                verification=case.verification.value,
                opened_at=case.opened_at,
                expires_at=case.expires_at,
                closed_at=case.closed_at,
            )
        )

    async def end(self, case: Case) -> None:
        """Write the end of a case."""
        await self._connection.execute(
            update(ASSIST_CASE)
            .where(ASSIST_CASE.c.id == UUID(case.key))
            .values(closed_at=case.closed_at)
        )


def _is_open(now: datetime) -> ColumnElement[bool]:
    return and_(ASSIST_CASE.c.closed_at.is_(None), ASSIST_CASE.c.expires_at > now)


async def _load(
    connection: AsyncConnection, seal: Seal, subjects: Subjects, which: ColumnElement[bool]
) -> list[Case]:
    newest = (ASSIST_CASE.c.opened_at.desc(), ASSIST_CASE.c.id.desc())
    rows = (await connection.execute(select(ASSIST_CASE).where(which).order_by(*newest))).all()
    people = await subjects.read(connection, {row.subject_id for row in rows}) if rows else {}
    # A case about somebody who was erased opens nothing.
    return [_case(row, people[row.subject_id], seal) for row in rows if row.subject_id in people]


def _case(row: Row[Any], subject: Subject, seal: Seal) -> Case:
    key = subject.data_key
    return Case(
        key=str(row.id),
        customer_key=subject.customer_key,
        agent=seal.open(key, row.sealed_agent, _place(row.id, "agent")).decode(),
        purpose=Purpose(row.purpose),
        reason=seal.open(key, row.sealed_reason, _place(row.id, "reason")).decode(),
        verification=Verification(row.verification),
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
    )


def _place(id: UUID, part: str) -> str:
    return f"assist_case.{part} {id}"
