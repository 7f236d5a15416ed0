"""Calls to a system that takes access tokens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from adapters._outcome import NotSent, Outcome, Rejected, Response
from adapters._system import SystemSettings
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.credential import CredentialUnavailable
from domain.deadline import Deadline, Duration
from domain.viewer import Channel
from tests.adapters.fault import Exchange, Faulty, answer

GOOD = answer(b"{}")
UNAUTHORIZED = answer(b"{}", status="401 Unauthorized")


class Tokens:
    """Gives token-1, and after each refusal the next one."""

    def __init__(self) -> None:
        self.number = 1
        self.lacking: str | None = None
        self.held: asyncio.Event | None = None
        self.is_closed = False

    async def token(self) -> str:
        if self.held is not None:
            await self.held.wait()
        if self.lacking is not None:
            raise CredentialUnavailable(self.lacking)
        return f"token-{self.number}"

    def refused(self, token: str) -> None:
        if token == f"token-{self.number}":
            self.number += 1

    async def close(self) -> None:
        self.is_closed = True


class System:
    """A system that takes one of the tokens, or none."""

    def __init__(self) -> None:
        self.takes = "token-1"

    async def __call__(self, server: Faulty, exchange: Exchange) -> None:
        good = f"Authorization: Bearer {self.takes}\r\n" in exchange.head
        await exchange.say(GOOD if good else UNAUTHORIZED)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
async def served(tokens: Tokens, system: System) -> AsyncIterator[tuple[Faulty, Upstream]]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(asyncio.timeout(60))
        server = await stack.enter_async_context(Faulty(system))
        settings = SystemSettings(
            adapter="any", url=server.url, serves=[], timeout=Duration(5), concurrency=4
        )
        upstream = Upstream("crm", settings, tokens)
        stack.push_async_callback(upstream.close)
        yield server, upstream


async def write(upstream: Upstream, seconds: float = 5.0) -> Outcome:
    ask = Ask(Deadline.after(seconds), "PL", "PLN", "en", Channel.WEB)
    return await upstream.send("POST", "/orders", ask=ask, call="order", json={"id": 1})


async def test_calls_carry_a_token(served: tuple[Faulty, Upstream]) -> None:
    """Every call carries the token; the adapter does nothing for it."""
    server, upstream = served
    assert upstream.has_tokens
    assert await upstream.authorize() is None
    outcomes = await asyncio.gather(*(write(upstream) for _ in range(8)))
    assert all(isinstance(each, Response) for each in outcomes)
    assert len(server.exchanges) == 8


async def test_a_refused_token_is_exchanged_once(
    served: tuple[Faulty, Upstream], system: System
) -> None:
    """A call that is refused for its token was not carried out, and is sent again with another."""
    server, upstream = served
    system.takes = "token-2"
    assert isinstance(await write(upstream), Response)
    assert [each.body for each in server.exchanges] == [b'{"id":1}'] * 2
    system.takes = "none"
    outcome = await write(upstream)
    assert isinstance(outcome, Rejected)
    assert outcome.status == 401
    assert len(server.exchanges) == 4


async def test_without_a_token_nothing_is_sent(
    served: tuple[Faulty, Upstream], tokens: Tokens
) -> None:
    """Where no token can be had the system is not called, and the reason is told."""
    server, upstream = served
    tokens.lacking = "no access token: status 401"
    assert await write(upstream) == NotSent("no access token: status 401")
    assert await upstream.authorize() == "no access token: status 401"
    assert server.exchanges == []


async def test_waiting_for_a_token_is_bounded(
    served: tuple[Faulty, Upstream], tokens: Tokens
) -> None:
    """A call waits for its token no longer than for its answer."""
    server, upstream = served
    tokens.held = asyncio.Event()
    outcome = await write(upstream, seconds=0.1)
    assert isinstance(outcome, NotSent)
    assert outcome.timed_out
    assert server.exchanges == []


async def test_the_connection_closes_its_tokens(
    served: tuple[Faulty, Upstream], tokens: Tokens
) -> None:
    """Whoever closes the connection to a system ends the asking for its tokens."""
    _, upstream = served
    await upstream.close()
    assert tokens.is_closed
