"""Databases for storage tests: every one runs on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from domain.deadline import Duration
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
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    kind: str = request.param
    return kind


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is migrated once, and copied for each test."""
    file = tmp_path_factory.mktemp("template") / "gateway.sqlite"
    _migrate(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """A database that is migrated once, and copied for each test."""
    url = postgres.database()
    _migrate(url)
    return make_url(url).database or ""


def _migrate(url: str) -> None:
    async def start() -> None:
        store = open_store(_settings(url))
        assert await store.start() is None
        await store.close()

    # Beside the test's own loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, start()).result()


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """A migrated database of either kind, with nothing in it."""
    if kind == "sqlite":
        file = tmp_path / "gateway.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite+aiosqlite:///{file}"
    template: str = request.getfixturevalue("postgres_template")
    server: Postgres = request.getfixturevalue("postgres")
    return server.database(template)


def _settings(url: str) -> StorageSettings:
    # No rule of most tests is about speed: the machine may be busy.
    return StorageSettings(url=url, master_key_env=MASTER_KEY, migrate=True, timeout=Duration(60))


@pytest.fixture
def settings(url: str) -> StorageSettings:
    return _settings(url)


@pytest.fixture
async def store(settings: StorageSettings) -> AsyncIterator[Store]:
    """A store on an empty database, migrated."""
    store = open_store(settings)
    store._holds.patience = 60.0
    assert await store.start() is None
    yield store
    await store.close()
