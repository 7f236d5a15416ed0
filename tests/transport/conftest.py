"""One gateway per module, over real sockets; every test runs on asyncio."""

from collections.abc import AsyncIterator

import pytest

from tests.transport.gateway import Gateway, running
from transport.settings import Settings


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def gateway(anyio_backend: str) -> AsyncIterator[Gateway]:
    async with running(Settings()) as gateway:
        yield gateway
