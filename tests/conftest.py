"""What all tests share: async tests and fixtures run on asyncio, without a mark."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.shop import Shop, serve

# How long an example takes is the machine's affair: a busy one must not fail a test.
settings.register_profile(
    "any-machine",
    settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("any-machine")


def pytest_configure(config: pytest.Config) -> None:
    config.option.anyio_mode = "auto"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first where several workers run, so that none waits at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        long = {item.path for item in items if item.get_closest_marker("long")}
        items.sort(key=lambda item: item.path not in long)


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
