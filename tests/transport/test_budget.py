"""Demand: what callers may ask for, what it costs them, and who goes first when it is too much."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from domain.deadline import Duration
from domain.viewer import ANONYMOUS, Role, Viewer
from tests.transport.gateway import Gateway, running
from transport.caller import key_of
from transport.load import TICK, Load, Overloaded
from transport.settings import (
    CustomerAllowance,
    DemandMode,
    DemandSettings,
    GuestAllowance,
    Settings,
)

pytestmark = pytest.mark.anyio
GRAPHQL = "application/graphql-response+json"


def demanding(mode: DemandMode = DemandMode.ENFORCE, batch: int = 0, **given: Any) -> Settings:
    amounts = {"cost": 10, "capacity": 3, "per_second": 0.01, "share": 1.0, **given}
    demand = DemandSettings(
        mode=mode, anonymous=GuestAllowance(**amounts), customer=CustomerAllowance(**amounts)
    )
    return Settings(demand=demand, batch=batch)


async def ask(
    gateway: Gateway, query: str = "{ hello }", **headers: str
) -> tuple[int, Any, Mapping[str, str]]:
    return await gateway.post({"query": query}, Accept=GRAPHQL, **headers)


async def test_a_budget_is_spent_and_says_when_to_come_back() -> None:
    """Every answer tells the budget; one that is spent is 429 with the time to wait."""
    async with running(demanding()) as gateway:
        left = []
        for _ in range(3):
            status, _, headers = await ask(gateway)
            assert status == 200
            assert headers["RateLimit-Policy"] == '"anonymous";q=3;w=300'
            left.append(headers["RateLimit"].split(";")[1])
        assert left == ["r=2", "r=1", "r=0"]
        status, body, headers = await ask(gateway)
        assert status == 429
        assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert 1 <= int(headers["Retry-After"]) <= 100
        assert "data" not in body
        # Another caller has a budget of its own.
        assert (await ask(gateway, Authorization="Bearer customer"))[0] == 200


async def test_every_way_in_is_charged() -> None:
    """Arrays, sockets and streams draw on the same budget as requests."""
    async with running(demanding(batch=5)) as gateway:
        await gateway.post([{"query": "{ hello }"}, {"query": "{ hello }"}])
        async with gateway.session.ws_connect(
            gateway.url, protocols=["graphql-transport-ws"]
        ) as socket:
            await socket.send_json({"type": "connection_init"})
            await socket.receive_json()
            types = []
            for name in "ab":
                payload = {"query": "{ hello }"}
                await socket.send_json({"type": "subscribe", "id": name, "payload": payload})
                types.append((await socket.receive_json())["type"])
                if types[-1] == "next":
                    await socket.receive_json()
        assert types == ["next", "error"]
        assert (await ask(gateway))[0] == 429


async def test_events_are_charged_too() -> None:
    """A subscription whose caller can pay no more ends with an error."""
    async with running(demanding()) as gateway:
        async with gateway.session.post(
            gateway.url,
            json={"query": "subscription { counts(to: 100) }"},
            headers={"Accept": "text/event-stream"},
        ) as answer:
            text = await answer.text()
        assert text.count("event: next") == 3
        assert "RATE_LIMITED" in text


async def test_an_array_shares_one_limit() -> None:
    """What is too much for one operation is too much for several in one array."""
    async with running(demanding(batch=20, cost=4, capacity=1000)) as gateway:
        status, body, _ = await gateway.post([{"query": "{ hello }"}] * 6)
        assert status == 200
        codes = [
            each["errors"][0]["extensions"]["code"] if "errors" in each else None for each in body
        ]
        assert codes == [None] * 4 + ["QUERY_TOO_COMPLEX"] * 2


async def test_measuring_refuses_nothing() -> None:
    """In measure-only mode callers are told their budget, and nobody is turned away."""
    async with running(demanding(DemandMode.MEASURE)) as gateway:
        for _ in range(6):
            status, _, headers = await ask(gateway)
            assert status == 200
        assert headers["RateLimit"].split(";")[1] == "r=0"


async def test_what_cannot_be_begun_is_refused_at_once() -> None:
    """While the gateway is full a request is 429 without waiting, and room comes back."""
    demand = DemandSettings(room=1, least_room=1)
    async with running(Settings(demand=demand)) as gateway:
        first = asyncio.ensure_future(ask(gateway, "{ waits }"))
        async with asyncio.timeout(10):
            await gateway.begun.wait()
            status, body, headers = await ask(gateway)
            assert (status, headers["Retry-After"]) == (429, "1")
            assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
            first.cancel()
            await gateway.ended.wait()
            while (await ask(gateway))[0] != 200:
                await asyncio.sleep(0.01)


def _window(load: Load, lag: float, busy: float) -> None:
    for _ in range(10):
        load.tick(lag, busy * (lag + TICK))


def test_the_room_shrinks_while_the_loop_is_late_and_grows_again() -> None:
    """Room follows what the event loop bears, between its bounds."""
    settings = DemandSettings(room=100, least_room=4, lag=Duration(0.05))
    load = Load(settings)
    seats = [load.seat() for _ in range(60)]
    for seat in seats:
        seat.take()
    _window(load, 0.2, 1.0)
    assert load.room == 30
    for _ in range(20):
        _window(load, 0.2, 1.0)
    assert load.room == 4
    with pytest.raises(Overloaded):
        load.check(1.0, load.seat())
    for seat in seats:
        seat.leave()
    for _ in range(200):
        _window(load, 0.0, 0.0)
    assert load.room == 100


def test_the_room_grows_only_where_more_would_be_done() -> None:
    """A full room grows while the loop has time to spare, and not while it works without pause."""
    load = Load(DemandSettings(room=10, lag=Duration(0.05)))
    for _ in range(9):
        load.seat().take()
    _window(load, 0.01, 1.0)
    assert load.room == 10
    _window(load, 0.01, 0.5)
    assert load.room > 11


def test_staff_have_room_when_guests_have_none() -> None:
    """Roles fill shares of the room, so that guests go first."""
    settings = DemandSettings(room=10)
    load = Load(settings)
    for _ in range(8):
        load.seat().take()
    with pytest.raises(Overloaded):
        load.check(settings.of(Role.ANONYMOUS).share, load.seat())
    load.check(settings.of(Role.AGENT).share, load.seat())


def test_a_place_refused_late_stays_taken_for_a_while() -> None:
    """What had to be read to be refused gives its place back only when the window ends."""
    load = Load(DemandSettings())
    seat = load.seat()
    seat.take()
    seat.forfeit()
    seat.leave()
    assert load.taken == 1
    _window(load, 0.0, 0.0)
    assert load.taken == 0


def test_a_place_is_taken_and_left_once() -> None:
    """A seat counts once however often it is taken or left, and not after it was left."""
    load = Load(DemandSettings())
    seat = load.seat()
    for _ in range(2):
        seat.take()
    assert load.taken == 1
    for _ in range(2):
        seat.leave()
    seat.take()
    assert load.taken == 0


def test_a_callers_key_says_nothing_of_the_caller() -> None:
    """Keys tell callers apart, hold nothing of them, and put an IPv6 network into one bucket."""
    who = Viewer(role=Role.CUSTOMER, subject="anna.nowak@example.com", client="app")
    keys = {
        key_of(who, "192.0.2.1"),
        key_of(ANONYMOUS, "192.0.2.1"),
        key_of(ANONYMOUS, "192.0.2.2"),
        key_of(ANONYMOUS, "2001:db8::1"),
        key_of(ANONYMOUS, "2001:db8:0:1::1"),
        key_of(ANONYMOUS, None),
    }
    assert len(keys) == 6
    assert key_of(who, "192.0.2.1") == key_of(who, "192.0.2.9")
    assert key_of(ANONYMOUS, "2001:db8::1") == key_of(ANONYMOUS, "2001:db8::ffff")
    assert not any("192.0" in key or "anna" in key for key in keys)


async def test_introspection_and_suggestions_are_for_roles() -> None:
    """A role without them reads neither the schema nor the names that it almost wrote."""
    settings = Settings(introspection=(Role.AGENT,), suggestions=(Role.AGENT,))
    async with running(settings) as gateway:
        for query in (
            "{ __schema { types { name } } }",
            '{ __type(name: "Query") { name } }',
            "{ ... on Query { a: __schema { types { name } } } }",
            "{ ...F } fragment F on Query { __schema { types { name } } }",
        ):
            status, body, _ = await ask(gateway, query)
            assert (status, body["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
            status, body, _ = await ask(gateway, query, Authorization="Bearer agent")
            assert (status, "errors" in body) == (200, False)
        assert (await ask(gateway, "{ __typename }"))[0] == 200
        for query in ("{ helo }", "{ hello(nam: 1) }", "{ thing { nam } }", "{ number(of: tru) }"):
            _, body, _ = await ask(gateway, query)
            assert "Did you mean" not in str(body)
        _, body, _ = await ask(gateway, "{ helo }", Authorization="Bearer agent")
        assert "Did you mean" in str(body)
