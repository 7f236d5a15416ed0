"""What all tests share: async tests and fixtures run on asyncio, without a mark."""

from collections.abc import Iterator

import pytest

from tests.shop import Shop, serve


def pytest_configure(config: pytest.Config) -> None:
    config.option.anyio_mode = "auto"


@pytest.fixture
def anyio_backend() -> str:
    """The gateway runs on asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="session")
def served() -> Iterator[Shop]:
    """The gateway beside the sandbox, for the whole run."""
    with serve() as shop:
        yield shop


@pytest.fixture
def shop(served: Shop) -> Iterator[Shop]:
    """The served gateway with all systems well, before and after."""
    served.mend()
    yield served
    served.mend()
