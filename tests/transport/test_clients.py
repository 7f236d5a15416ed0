"""Clients as applications use them, run by Node against a real server."""

from collections.abc import AsyncIterator

import pytest

from domain.deadline import Duration
from tests.transport import node
from tests.transport.gateway import Gateway, running
from transport.settings import Settings, StreamSettings

pytestmark = [pytest.mark.anyio, pytest.mark.systems]


@pytest.fixture(scope="module")
async def patient(anyio_backend: str) -> AsyncIterator[Gateway]:
    async with running(Settings(stream=StreamSettings(init_time=Duration(1)))) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("program", "count"), [("apollo.js", 11), ("urql.js", 9), ("ws.js", 16), ("sse.js", 16)]
)
async def test_every_check_of_a_client_passes(patient: Gateway, program: str, count: int) -> None:
    """Queries, mutations, persisted queries, subscriptions and @defer work as its users expect."""
    clients = node.installed(node.CLIENTS)
    results = await node.checks(clients, program, patient.url)
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == count
