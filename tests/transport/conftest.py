"""One gateway per module, over real sockets; every test runs on asyncio."""

from collections.abc import AsyncIterator

import pytest

from domain.deadline import Duration
from tests.transport.gateway import Gateway, running
from transport.settings import DemandSettings, Settings


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def gateway(anyio_backend: str) -> AsyncIterator[Gateway]:
    # The tests' own work runs in the same loop, and makes it late.
    demand = DemandSettings(lag=Duration(1))
    async with running(Settings(demand=demand)) as gateway:
        yield gateway
