"""The gate: a crowd is turned away before it is read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from domain.deadline import Duration
from domain.viewer import Role
from tests.transport.gateway import TOKENS, Gateway, connected, running
from transport.gate import Gate
from transport.load import Load
from transport.protocol import BoundedProtocol
from transport.settings import DemandMode, DemandSettings, GuestAllowance, Settings
from transport.state import GATE

pytestmark = pytest.mark.anyio
HEAD = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Accept: application/graphql-response+json\r\nContent-Length: 19\r\n"
)
BODY = b'{"query":"{hello}"}'


class Impatient(BoundedProtocol):
    head_time = 0.2


@asynccontextmanager
async def full(
    origins: list[str] | None = None, protocol: type[BoundedProtocol] = BoundedProtocol
) -> AsyncIterator[Gateway]:
    """A gateway whose only place is taken by an operation that waits."""
    demand = DemandSettings(room=1, least_room=1)
    settings = Settings(demand=demand, origins=origins or [])
    async with running(settings, protocol) as gateway, asyncio.timeout(20):
        first = asyncio.ensure_future(gateway.post({"query": "{ waits }"}))
        await gateway.begun.wait()
        try:
            yield gateway
        finally:
            first.cancel()


def gate_of(gateway: Gateway) -> Gate:
    gate = gateway.server.lifespan.state[GATE]
    assert isinstance(gate, Gate)
    return gate


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return (
        int(lines[0].split()[1]),
        headers,
        await reader.readexactly(int(headers["content-length"])),
    )


async def test_a_crowd_is_turned_away_unread() -> None:
    """While the gateway is full the answer comes before the body, and the connection lives on."""
    async with full() as gateway, connected(gateway) as (reader, writer):
        for _ in range(3):
            writer.write(HEAD + b"\r\n")
            status, headers, body = await _answer(reader)
            assert (status, headers["retry-after"]) == (429, "1")
            assert headers["content-type"] == "application/graphql-response+json; charset=utf-8"
            assert json.loads(body)["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
            assert "connection" not in headers
            writer.write(BODY)
        # Two at once are answered one after the other.
        writer.write((HEAD + b"\r\n" + BODY) * 2)
        assert [(await _answer(reader))[0] for _ in range(2)] == [429, 429]
        writer.write(HEAD + b"Connection: close\r\n\r\n" + BODY)
        assert (await _answer(reader))[0] == 429
        assert await reader.read() == b""


async def _parts() -> AsyncIterator[bytes]:
    yield BODY


async def test_it_is_guarded_as_every_answer_is() -> None:
    """Who is turned away gets the headers of every other answer, but for an id."""
    async with full(["https://shop.example.com"]) as gateway:
        url, body = gateway.url, {"query": "{ hello }"}
        async with gateway.session.post(url, json=body) as turned_away:
            assert turned_away.status == 429
        # Of a body without a length it is not known how to read past it.
        chunked = {"Content-Type": "application/json"}
        async with gateway.session.post(url, data=_parts(), headers=chunked) as read:
            assert read.status == 429
        theirs, ours = ({name.lower() for name in each.headers} for each in (read, turned_away))
        assert theirs - ours == {"x-request-id"}
        assert "server" not in ours
        for origin, allowed in (("https://shop.example.com", True), ("https://x.example", False)):
            async with gateway.session.post(url, json=body, headers={"Origin": origin}) as answer:
                assert answer.status == 429
                found = answer.headers.get("Access-Control-Allow-Origin")
                assert found == (origin if allowed else None)


async def test_a_body_that_never_comes_is_not_waited_for() -> None:
    """Who is turned away and does not end the request is let go."""
    async with full(protocol=Impatient) as gateway, connected(gateway) as (reader, writer):
        writer.write(HEAD + b"\r\n{")
        assert (await _answer(reader))[0] == 429
        assert await reader.read() == b""


async def test_probes_are_answered_however_full_it_is() -> None:
    """Health is asked of a gateway that is full, and a full one is alive."""
    async with (
        full() as gateway,
        gateway.session.get(f"{gateway.address}/health/live") as answer,
    ):
        assert answer.status == 200


def _gate(taken: int, mode: DemandMode = DemandMode.ENFORCE) -> tuple[Gate, Load]:
    settings = Settings(demand=DemandSettings(room=100, mode=mode))
    load = Load(settings.demand)
    for _ in range(taken):
        load.seat().take()
    return Gate(load, settings, "/graphql"), load


def _is_refused(gate: Gate, token: str | None = None, **given: bytes) -> bool:
    headers = [(b"authorization", token.encode())] if token else []
    headers += [(name.replace("_", "-").encode(), value) for name, value in given.items()]
    return gate.refusal(b"POST", b"/graphql", headers, "192.0.2.1") is not None


def test_tokens_count_as_they_were_proved() -> None:
    """Guests go first, then customers; a token that was not accepted is a guest's."""
    gate, load = _gate(70)
    gate.learn("Bearer anna", Role.CUSTOMER)
    gate.learn("Bearer till", Role.ASSOCIATE)
    gate.learn("Bearer forged", Role.ANONYMOUS)
    assert _is_refused(gate)
    assert _is_refused(gate, "Bearer forged")
    assert not _is_refused(gate, "Bearer anna")
    for _ in range(15):
        load.seat().take()
    assert _is_refused(gate, "Bearer anna")
    assert not _is_refused(gate, "Bearer till")
    for _ in range(15):
        load.seat().take()
    assert _is_refused(gate, "Bearer till")


def test_strangers_come_in_one_by_one() -> None:
    """Of tokens that nobody knows one in each tick is let through to be proved."""
    gate, load = _gate(70)
    for _ in range(3):
        load.tick(0.0, 0.0)
        assert [_is_refused(gate, f"Bearer {number}") for number in range(3)] == [False, True, True]


def test_what_has_to_be_read_is_let_through() -> None:
    """Bodies of unknown or excessive length are refused where they are read, and others' paths."""
    gate, _ = _gate(100)
    assert _is_refused(gate, content_length=b"19")
    assert not _is_refused(gate, content_length=b"1" * 30)
    assert not _is_refused(gate, content_length=b"2000000")
    assert not _is_refused(gate, transfer_encoding=b"chunked")
    assert not _is_refused(gate, expect=b"100-continue")
    assert gate.refusal(b"GET", b"/graphql?query=x", [], None) is not None
    for method, address in ((b"GET", b"/health/live"), (b"OPTIONS", b"/graphql")):
        assert gate.refusal(method, address, [], None) is None


@pytest.mark.parametrize("mode", [DemandMode.MEASURE, DemandMode.OFF])
def test_the_gate_stands_open_where_nothing_is_enforced(mode: DemandMode) -> None:
    """In measure-only mode nobody is turned away."""
    assert not _is_refused(_gate(1_000, mode)[0])


async def test_every_place_is_given_back() -> None:
    """However requests end, no place stays taken."""
    async with running(Settings(batch=3)) as gateway, asyncio.timeout(20):
        load = gate_of(gateway).load
        for body in (
            {"query": "{ hello }"},
            {"query": "{ nothing }"},
            [{"query": "{ hello }"}, {"query": '{ fails(how: "bug") }'}],
            {},
            b"{",
            [{"query": "{ hello }"}] * 4,
        ):
            await gateway.post(body)
        for token in (*TOKENS, "Bearer bug", "Bearer away", "Bearer nobody"):
            await gateway.post({"query": "{ hello }"}, Authorization=token)
        async with gateway.session.post(
            gateway.url,
            json={"query": "subscription { counts(to: 3) }"},
            headers={"Accept": "text/event-stream"},
        ) as events:
            await events.read()
        async with connected(gateway) as (_, writer):
            writer.write(HEAD + b"\r\n{")
            await writer.drain()
        leaving = asyncio.ensure_future(gateway.post({"query": "{ waits }"}))
        await gateway.begun.wait()
        assert load.taken == 1
        leaving.cancel()
        while load.taken:
            await asyncio.sleep(0.01)


async def test_who_has_spent_their_budget_is_not_read_for_a_second() -> None:
    """A caller without budget is turned away at the gate for a while, and nobody else is."""
    amounts = GuestAllowance(cost=10, capacity=2, per_second=2.0)
    demand = DemandSettings(anonymous=amounts, lag=Duration(5))
    async with running(Settings(demand=demand)) as gateway, asyncio.timeout(20):
        query = {"query": "{ hello }"}
        abuser = {"X-Forwarded-For": "192.0.2.1"}
        kinds = []
        while "unread" not in kinds:
            async with gateway.session.post(gateway.url, json=query, headers=abuser) as answer:
                read = "X-Request-Id" in answer.headers
                kinds.append(str(answer.status) if read else "unread")
                if not read:
                    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
                    assert "budget is spent" in await answer.text()
        assert kinds[:2] == ["200", "200"]
        assert "429" in kinds
        for headers in ({"X-Forwarded-For": "192.0.2.2"}, {"Authorization": "Bearer agent"}):
            async with gateway.session.post(gateway.url, json=query, headers=headers) as answer:
                assert answer.status == 200
        while "200" not in kinds[2:]:
            async with gateway.session.post(gateway.url, json=query, headers=abuser) as answer:
                kinds.append(str(answer.status))
