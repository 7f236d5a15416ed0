"""One sandbox for all tests of this folder, calm before each."""

from collections.abc import Iterator

import pytest

from tests.sandbox.running import Running, Sandbox


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """The systems, started once."""
    found = Running()
    yield found
    assert found.end() == 0


@pytest.fixture
def sandbox(running: Running) -> Sandbox:
    """The running systems without faults and with an empty record."""
    found = Sandbox(running)
    found.calm()
    return found
