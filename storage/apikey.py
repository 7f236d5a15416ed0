"""API keys in the database: by their digests alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.apikey import ApiKey
from domain.deadline import Deadline
from domain.viewer import Channel, Purpose, Role
from storage.database import Database
from storage.table import API_KEY

MAX_KEYS = 1_000
"""How many keys may be good at a time: every process holds them all."""


class ApiKeyStore:
    """Keeps API keys; implements ``ApiKeyPort``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def api_keys(self, deadline: Deadline) -> Mapping[bytes, ApiKey]:
        """Read every key that was not revoked and is not over, by digest."""

        async def transaction(connection: AsyncConnection) -> Mapping[bytes, ApiKey]:
            statement = select(API_KEY).where(_is_good(datetime.now(UTC))).limit(MAX_KEYS)
            rows = (await connection.execute(statement)).all()
            return {row.digest: _api_key(row) for row in rows if _is_understood(row)}

        return await self._database.read(transaction, deadline)

    async def add(self, key: ApiKey, deadline: Deadline) -> None:
        """Keep a new key. *Errors*: ``ValueError`` where as many are good as may be."""

        async def transaction(connection: AsyncConnection) -> None:
            good = select(func.count()).select_from(API_KEY).where(_is_good(key.created_at))
            if (await connection.scalar(good) or 0) >= MAX_KEYS:
                raise ValueError(f"{MAX_KEYS} keys are good already; revoke some first")
            await connection.execute(
                insert(API_KEY).values(
                    id=UUID(key.id),
                    name=key.name,
                    digest=key.digest,
                    role=key.role.value,
                    purposes=" ".join(purpose.value for purpose in key.purposes),
                    store=key.store,
                    channel=key.channel.value if key.channel else None,
                    created_at=key.created_at,
                    expires_at=key.expires_at,
                )
            )

        await self._database.write(transaction, deadline)

    async def revoke(self, id: UUID, now: datetime, deadline: Deadline) -> bool:
        """End a key; False where none of that id was good."""

        async def transaction(connection: AsyncConnection) -> bool:
            ended = await connection.execute(
                update(API_KEY)
                .where(API_KEY.c.id == id, API_KEY.c.revoked_at.is_(None))
                .values(revoked_at=now)
            )
            return bool(ended.rowcount)

        return await self._database.write(transaction, deadline)

    async def listed(self, deadline: Deadline) -> Sequence[ApiKey]:
        """Read all keys that ever were, the newest first."""

        async def transaction(connection: AsyncConnection) -> Sequence[ApiKey]:
            rows = await connection.execute(select(API_KEY).order_by(API_KEY.c.created_at.desc()))
            return [_api_key(row) for row in rows if _is_understood(row)]

        return await self._database.read(transaction, deadline)


def _is_good(now: datetime) -> Any:
    return API_KEY.c.revoked_at.is_(None) & (API_KEY.c.expires_at > now)


def _is_understood(row: Row[Any]) -> bool:
    """Whether a key says nothing that only another release of the gateway knows."""
    known = {purpose.value for purpose in Purpose}
    return row.role in {role.value for role in Role} and known.issuperset(row.purposes.split())


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=str(row.id),
        name=row.name,
        digest=row.digest,
        role=Role(row.role),
        purposes=tuple(Purpose(word) for word in row.purposes.split()),
        store=row.store,
        channel=Channel(row.channel) if row.channel else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
