"""Databases for storage tests: every one runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.secret import Secret
from storage.settings import StorageSettings
from storage.store import Store, open_store
from tests.servers import Postgres, Redis, running

MASTER_KEY = Secret("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running(Postgres) as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that one test has for itself, and may kill."""
    with running(Postgres) as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    with running(Redis) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def settings(url: str) -> StorageSettings:
    return StorageSettings(url=url, master_key_env=MASTER_KEY, migrate=True)


@pytest.fixture
async def store(settings: StorageSettings) -> AsyncIterator[Store]:
    """A store on an empty database, migrated."""
    store = open_store(settings)
    assert await store.start() is None
    yield store
    await store.close()
