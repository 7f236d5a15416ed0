"""One gateway for all proofs."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.policy.proof import SEED, Proof, proving
from tests.policy.twin import twins
from tests.policy.way import World
from tests.policy.worlds import SYSTEMS, Worlds
from tests.servers import Redis, running


@pytest.fixture(scope="session")
def cache() -> Iterator[Redis | None]:
    """The Redis that the gateway shares; None on a machine without one, where it needs none."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(running(Redis))
        except pytest.skip.Exception:
            yield None


@pytest.fixture(scope="session")
def proving_gateway(
    tmp_path_factory: pytest.TempPathFactory, cache: Redis | None
) -> Iterator[Proof]:
    """The gateway that believes any caller, for the whole run."""
    folder = tmp_path_factory.mktemp("proof")
    more = f'\n[storage.redis]\nurl = "{cache.url}"\n' if cache else ""
    with proving(folder, more=more) as found:
        yield found


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """The gateway before systems that can be those of another world."""
    with twins(*SYSTEMS) as found:
        urls = {name: twin.url for name, twin in found.items()}
        with proving(tmp_path_factory.mktemp("worlds"), systems=urls) as proof:
            yield Worlds(proof, found)


@pytest.fixture
def world(worlds: Worlds) -> World:
    """What there is to see in the world that is this one."""
    worlds.world.refresh()
    return worlds.world


@pytest.fixture
def proof(proving_gateway: Proof) -> Iterator[Proof]:
    """That gateway with all systems well, before and after; who fails tells the seed."""
    sys.stdout.write(f"PROOF_SEED={SEED}\n")
    proving_gateway.shop.mend()
    yield proving_gateway
    proving_gateway.shop.mend()
