"""graphql-transport-ws: what one socket may do, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from domain.deadline import Duration
from domain.viewer import Role, Viewer
from tests.transport.gateway import Gateway, connected, running
from transport.frame import BoundedSocket
from transport.settings import Settings, StreamSettings

pytestmark = pytest.mark.anyio
Socket = aiohttp.ClientWebSocketResponse
PROTOCOL = "graphql-transport-ws"
QUICK = Settings(stream=StreamSettings(recheck=Duration(0.1), init_time=Duration(0.3)))


@asynccontextmanager
async def opened(
    gateway: Gateway, token: str | None = None, **headers: str
) -> AsyncIterator[Socket]:
    """Open a socket that has been acknowledged."""
    async with gateway.session.ws_connect(
        gateway.url, protocols=[PROTOCOL], headers=headers, timeout=aiohttp.ClientWSTimeout(10)
    ) as socket:
        payload = {"Authorization": f"Bearer {token}"} if token else None
        await socket.send_json({"type": "connection_init", "payload": payload})
        assert await socket.receive_json() == {"type": "connection_ack"}
        yield socket


async def subscribe(socket: Socket, query: str, name: str = "1") -> None:
    message = {"type": "subscribe", "id": name, "payload": {"query": query}}
    await socket.send_json(message)


async def closed(socket: Socket) -> int:
    """Read until the socket is closed; gives the code."""
    async with asyncio.timeout(10):
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert socket.close_code is not None
    return socket.close_code


async def gone(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()


@pytest.mark.parametrize(
    ("origin", "origins", "status"),
    [
        ("https://evil.example", [], 403),
        ("null", [], 403),
        ("https://evil.example", ["https://shop.example"], 403),
        ("https://shop.example", ["https://shop.example"], 101),
        ("https://shop.example", ["*"], 101),
        (None, [], 101),
    ],
)
async def test_a_foreign_page_opens_no_socket(
    origin: str | None, origins: list[str], status: int
) -> None:
    """The handshake is refused where a page of another origin asks for it."""
    async with running(Settings(origins=origins)) as gateway:
        headers = {"Origin": origin} if origin else {}
        try:
            async with opened(gateway, **headers):
                found = 101
        except aiohttp.WSServerHandshakeError as refused:
            found = refused.status
        assert found == status


async def test_a_page_of_our_own_opens_one(gateway: Gateway) -> None:
    """GraphiQL's own page may."""
    async with opened(gateway, Origin=gateway.address):
        pass


async def test_every_operation_and_event_has_a_context_of_its_own() -> None:
    """Nothing of one operation or event is there for the next on the same socket."""
    async with running(QUICK) as gateway:
        async with opened(gateway) as socket:
            await subscribe(socket, "subscription { counts(to: 4) }")
            messages = [await socket.receive_json() for _ in range(5)]
            assert [each["type"] for each in messages] == ["next"] * 4 + ["complete"]
            await subscribe(socket, "{ hello }", "2")
            assert (await socket.receive_json())["payload"]["data"] == {"hello": "Hello world"}
            # One to open the subscription, one for each event, one for the query.
            assert (await socket.receive_json())["type"] == "complete"
        assert gateway.closed == 6


async def test_what_has_expired_is_shown_nothing_more() -> None:
    """No event reaches a viewer whose token has expired, and the socket ends with 4403."""
    async with running(Settings()) as gateway, opened(gateway, "customer") as socket:
        await subscribe(socket, "subscription { heard }")
        gateway.said.put_nowait(1)
        assert (await socket.receive_json())["payload"]["data"] == {"heard": 1}
        gateway.verifier.expired.add("Bearer customer")
        gateway.said.put_nowait(2)
        message = await socket.receive_json()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == (
            "error",
            "UNAUTHENTICATED",
        )
        assert await closed(socket) == 4403


async def test_the_policy_is_asked_again_at_each_event() -> None:
    """Who may see less than before is shown less from the next event on."""
    async with running(Settings()) as gateway, opened(gateway, "agent") as socket:
        await subscribe(socket, "subscription { heard }")
        for viewer, value in ((None, 1), (Viewer(role=Role.MARKETER), None)):
            if viewer is not None:
                gateway.verifier.instead["Bearer agent"] = viewer
            gateway.said.put_nowait(1)
            async with asyncio.timeout(10):
                message = await socket.receive_json()
            assert message["payload"]["data"] == {"heard": value}


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["graphql-ws", "other"], []])
async def test_another_protocol_is_not_spoken(gateway: Gateway, protocols: list[str]) -> None:
    """The legacy protocol ends with 4406 before anything is read, as does none at all."""
    async with gateway.session.ws_connect(gateway.url, protocols=protocols) as socket:
        assert await closed(socket) == 4406


async def test_an_idle_socket_ends_when_its_token_does() -> None:
    """Expiry is noticed without any event."""
    async with running(QUICK) as gateway:
        for query in ("subscription { waits }", None):
            gateway.verifier.expired.clear()
            async with opened(gateway, "customer") as socket:
                if query:
                    await subscribe(socket, query)
                gateway.verifier.expired.add("Bearer customer")
                assert await closed(socket) == 4403


async def test_a_thousand_subscriptions_on_one_socket_are_refused(gateway: Gateway) -> None:
    """A socket carries fifty operations at once; the others are told so, and it stays open."""
    async with opened(gateway) as socket:
        for number in range(1_000):
            await subscribe(socket, "subscription { waits }", str(number))
        refused = [await socket.receive_json() for _ in range(950)]
        assert {each["type"] for each in refused} == {"error"}
        assert {each["payload"][0]["extensions"]["code"] for each in refused} == {"RATE_LIMITED"}
        await socket.send_json({"type": "complete", "id": "0"})
        await subscribe(socket, "{ hello }", "again")
        assert (await socket.receive_json())["id"] == "again"


async def test_too_many_sockets_are_refused() -> None:
    """A process holds so many sockets and no more."""
    settings = Settings(stream=StreamSettings(sockets=2))
    async with running(settings) as gateway, opened(gateway), opened(gateway):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with opened(gateway):
                pass
        assert refused.value.status == 503


async def test_a_message_too_large_ends_the_socket(gateway: Gateway) -> None:
    """A message above the limit closes with 1009, whole or in fragments."""
    async with opened(gateway) as socket:
        await socket.send_str(" " * 300_000)
        assert await closed(socket) == 1009
    async with opened(gateway) as socket:
        await socket.send_str(json.dumps({"type": "ping", "payload": {"a": "b" * 200_000}}))
        assert (await socket.receive_json())["type"] == "pong"


async def test_a_reader_that_does_not_read_is_let_go() -> None:
    """Events wait for a slow reader up to a bound; one that takes nothing loses its connection."""

    class Impatient(BoundedSocket):
        stall_time = 0.5

    async with (
        running(Settings(), socket_protocol=Impatient) as gateway,
        connected(gateway) as (reader, writer),
    ):
        writer.write(
            b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        long = "a" * 30_000
        query = f"subscription {{ counts(to: 100000) }} #{long}"
        for message in (
            {"type": "connection_init"},
            {"type": "subscribe", "id": "1", "payload": {"query": query}},
        ):
            writer.write(_masked(json.dumps(message).encode()))
        for number in range(2_000):
            ping = {"type": "ping", "payload": {"n": number, "a": "b" * 20_000}}
            writer.write(_masked(json.dumps(ping).encode()))
        async with asyncio.timeout(15):
            while gateway.sockets():
                await asyncio.sleep(0.05)


async def test_leaving_ends_what_was_under_way() -> None:
    """A client that goes takes its operations with it."""
    for query in ("subscription { waits }", "{ waits }"):
        async with running(Settings()) as gateway:
            async with opened(gateway) as socket:
                await subscribe(socket, query)
                await gone(gateway.begun)
            await gone(gateway.cancelled)


async def test_completing_ends_a_query(gateway: Gateway) -> None:
    """A query that its client completes is not answered any more."""
    async with running(Settings()) as gateway, opened(gateway) as socket:
        await subscribe(socket, "{ waits }")
        await gone(gateway.begun)
        await socket.send_json({"type": "complete", "id": "1"})
        await gone(gateway.cancelled)
        await subscribe(socket, "{ hello }", "2")
        assert (await socket.receive_json())["id"] == "2"


async def test_stopping_completes_and_says_goodbye() -> None:
    """A gateway that stops ends subscriptions, answers queries, and closes with 1001."""
    async with running(Settings(), graceful=5) as gateway, opened(gateway) as socket:
        await subscribe(socket, "subscription { waits }", "a")
        await subscribe(socket, "{ thing { late } }", "b")
        await gone(gateway.begun)
        stops = gateway.stop()
        said: list[Any] = []
        async with asyncio.timeout(10):
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                said.append(message.json())
        assert socket.close_code == 1001
        assert {"type": "complete", "id": "a"} in said
        assert [each["type"] for each in said if each["id"] == "b"] == ["next", "complete"]
        await asyncio.wait_for(stops, 10)


async def test_errors_over_a_socket_are_as_over_http(gateway: Gateway) -> None:
    """A failure in a subscription's source ends it with its code, and a bug is masked."""
    async with opened(gateway) as socket:
        for how, code in (("source", "SOURCE_UNAVAILABLE"), ("bug", "INTERNAL")):
            await subscribe(socket, f'subscription {{ fails(how: "{how}") }}', how)
            assert (await socket.receive_json())["payload"]["data"] == {"fails": "once"}
            error = await socket.receive_json()
            assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", code)


def _masked(text: bytes) -> bytes:
    """A client's text frame, with a mask of zeros."""
    size = len(text)
    head = (
        bytes([0x81, 0x80 | size])
        if size < 126
        else b"\x81" + (bytes([0x80 | 126]) + size.to_bytes(2, "big"))
    )
    return head + b"\0\0\0\0" + text
