"""Foreign systems for tests: real ones, started here; where they cannot be had, CI fails."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters._system import SystemSettings
from adapters._upstream import Upstream
from adapters.tryton import Adapter
from domain.deadline import Duration
from domain.secret import Secret
from tests.systems.tryton_install import DATABASE, PASSWORD, USER, TrytonError, install
from tests.systems.tryton_server import Server, Tryton


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A Tryton with a database of this module's own, since tests change what is in it."""
    try:
        running = Server(install())
    except TrytonError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no Tryton: {error}")
        pytest.skip(f"no Tryton: {error}")
    with running:
        yield running


@pytest.fixture
def tryton(server: Server) -> Tryton:
    """Tryton asked directly, past the adapter, as the gateway's own user.

    Signed in anew for each test, since a test may end all sessions of that user.
    """
    return Tryton(server.url)


@pytest.fixture(scope="module")
def administrator(server: Server) -> Tryton:
    """Tryton asked directly as the user who may change everything."""
    return Tryton(server.url, user="admin")


@pytest.fixture
async def upstream(server: Server) -> AsyncIterator[Upstream]:
    """A connection to Tryton as the configuration makes it."""
    settings = SystemSettings(
        adapter="tryton",
        url=server.url,
        serves=["product", "offer", "stock", "location", "customer", "order"],
        timeout=Duration(20),
        concurrency=4,
    )
    upstream = Upstream("erp", settings)
    yield upstream
    await upstream.close()


@pytest.fixture
async def adapter(upstream: Upstream) -> Adapter:
    """The adapter, started, selling by the price list of the reductions."""
    options = Adapter.Options(database=DATABASE, user=USER, price_lists={"PL": 2, "PL/POS": 3})
    adapter = Adapter(upstream, Secret(PASSWORD), options)
    await adapter.start()
    return adapter
