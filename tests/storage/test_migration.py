"""Migrations: up, down, by two processes at once, on either database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec.structs import replace
from sqlalchemy import (
    Boolean,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Uuid,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.configuration import ConfigurationError
from domain.deadline import Deadline
from domain.secret import Secret
from storage.database import Database
from storage.revision import current, downgrade, migrate, revisions
from storage.settings import StorageSettings
from storage.store import open_store
from storage.table import METADATA
from tests.storage.conftest import MASTER_KEY
from tests.storage.process import processes

_LONG = 30.0


@pytest.fixture
def url(empty_url: str) -> str:
    """A database that nobody has migrated."""
    return empty_url


@pytest.fixture
async def database(settings: StorageSettings) -> AsyncIterator[Database]:
    database = Database(settings)
    yield database
    await database.close()


async def _to(database: Database, target: str) -> None:
    known = ("base", *revisions())

    async def move(connection: AsyncConnection) -> None:
        found = await current(connection) or "base"
        if known.index(target) >= known.index(found):
            await migrate(connection, target)
        else:
            await downgrade(connection, target)

    await database.write(move, Deadline.after(_LONG))


async def test_the_tables_are_what_the_migrations_make(database: Database) -> None:
    """The tables that the code names and those that the newest migration leaves are the same."""

    def differences(sync: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(sync), METADATA)

    await _to(database, revisions()[-1])
    assert await database.read(lambda connection: connection.run_sync(differences)) == []


async def test_up_and_down_lose_nothing_that_was_known_before(database: Database) -> None:
    """Whatever a version knew is there, unaltered, after the next one has come and gone.

    Also what was written while the next one was there, as far as the one before knows it.
    """
    known = ("base", *revisions())
    for before, after in pairwise(known):
        await _to(database, "base")
        await _to(database, before)
        await database.write(_fill)
        old = await database.read(_content)
        await _to(database, after)
        assert await _part(database, old) == old
        await database.write(_fill)
        during = await _part(database, old)
        assert all(len(during[name]) == 2 * len(rows) for name, rows in old.items())
        await _to(database, before)
        assert await database.read(_content) == during
        await _to(database, after)
        assert await _part(database, old) == during
    await _to(database, "base")
    assert await database.read(_content) == {}


Content = dict[str, set[tuple[tuple[str, Any], ...]]]


def _reflected(sync: Connection) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(sync)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


async def _fill(connection: AsyncConnection) -> None:
    """Write three rows into every table that there is, each column with something in it."""
    keys: dict[str, list[UUID]] = {}
    for table in await connection.run_sync(_reflected):
        rows = []
        for number in range(3):
            row: dict[str, Any] = {}
            for column in table.columns:
                if column.foreign_keys:
                    (foreign,) = column.foreign_keys
                    row[column.name] = keys[foreign.column.table.name][number]
                elif isinstance(column.type, Uuid) or column.name == "id":
                    row[column.name] = uuid4() if isinstance(column.type, Uuid) else uuid4().hex
                elif isinstance(column.type, LargeBinary):
                    row[column.name] = uuid4().bytes
                elif isinstance(column.type, DateTime):
                    moment = datetime.now(UTC)
                    zoned = column.type.timezone
                    row[column.name] = moment if zoned else moment.replace(tzinfo=None)
                elif isinstance(column.type, Boolean):
                    row[column.name] = bool(number % 2)
                elif isinstance(column.type, Integer):
                    row[column.name] = number
                else:
                    row[column.name] = uuid4().hex[
                        : min(20, getattr(column.type, "length", None) or 20)
                    ]
            rows.append(row)
        keys[table.name] = [row["id"] for row in rows if "id" in row]
        await connection.execute(table.insert(), rows)


async def _content(connection: AsyncConnection) -> Content:
    content: Content = {}
    for table in await connection.run_sync(_reflected):
        rows = (await connection.execute(select(table))).mappings()
        content[table.name] = {tuple(sorted(dict(row).items())) for row in rows}
    return content


async def _part(database: Database, known: Content) -> Content:
    """Read what there is now of the tables and columns that were known."""
    columns = {name: {each for each, _ in next(iter(rows))} for name, rows in known.items()}
    now = await database.read(_content)
    return {
        name: {tuple(each for each in row if each[0] in wanted) for row in now[name]}
        for name, wanted in columns.items()
    }


async def test_two_processes_that_start_at_once_do_not_collide(url: str) -> None:
    """Processes that find an empty database together all start, and it is migrated once."""
    settings = StorageSettings(url=url, master_key_env=MASTER_KEY, migrate=True)
    stores = [open_store(settings) for _ in range(4)]
    assert await asyncio.gather(*(each.start() for each in stores)) == [None] * 4
    for each in stores:
        await each.close()


async def test_embedded_processes_migrate_at_start(tmp_path: Any) -> None:
    """On SQLite nobody has to run anything: three processes come up on no database at all."""
    url = f"sqlite+aiosqlite:///{tmp_path}/new/gateway.sqlite"
    with processes(3, url, MASTER_KEY.reveal()):
        pass


async def test_elsewhere_the_command_migrates(settings: StorageSettings) -> None:
    """Where migrations wait for the command, the gateway says so and does not start."""
    store = open_store(replace(settings, migrate=False))
    with pytest.raises(ConfigurationError, match="python -m storage migrate"):
        await store.start()
    await store.close()


async def test_a_later_release_s_database_is_served(
    settings: StorageSettings, database: Database
) -> None:
    """While a fleet is being updated, the release before goes on beside the new one's database."""
    await _to(database, revisions()[-1])
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    await database.write(lambda connection: connection.execute(newer))
    store = open_store(settings)
    assert await store.start() is None
    await store.close()


async def test_another_master_key_is_noticed_at_start(settings: StorageSettings) -> None:
    """A gateway with the wrong master key says so at once; it would find nobody and nothing."""
    store = open_store(settings)
    assert await store.start() is None
    await store.close()
    other = open_store(replace(settings, master_key_env=Secret("a" * 43)))
    with pytest.raises(ConfigurationError, match="written under another key"):
        await other.start()
    await other.close()


def test_wrong_settings_are_told_all_at_once() -> None:
    """Settings that cannot work are refused before anything is opened, all of them together."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(StorageSettings(url="mysql://host/db", master_key_env=Secret("short")))
    assert [each.key for each in caught.value.problems] == ["storage.url", "storage.master_key_env"]
    with pytest.raises(ConfigurationError, match="nothing"):
        open_store(StorageSettings())
