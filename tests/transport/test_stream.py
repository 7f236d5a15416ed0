"""Event streams and multipart: chosen by Accept, bounded, and ended by whoever leaves first."""

import asyncio
from typing import Any

import orjson
import pytest

from domain.deadline import Duration
from tests.transport.gateway import Gateway, connected, running
from transport.protocol import BoundedProtocol
from transport.settings import Settings, StreamSettings

pytestmark = pytest.mark.anyio
EVENTS, JSON = "text/event-stream", "application/json"
GRAPHQL = "application/graphql-response+json"
URQL = f"{GRAPHQL}, application/graphql+json, {JSON}, {EVENTS}, multipart/mixed"
OLD, NEW = "multipart/mixed;deferSpec=20220824", "multipart/mixed;incrementalSpec=v0.2"
PAYLOADS = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0"
DEFER = '{ thing { id ... @defer(label: "l") { late inner { late } } } }'
TOKEN = "X-GraphQL-Event-Stream-Token"


async def asked(gateway: Gateway, query: str, accept: str) -> tuple[int, str, bytes]:
    """Send a POST; gives status, media type and the whole body."""
    async with gateway.session.post(
        gateway.url, json={"query": query}, headers={"Accept": accept}
    ) as answer:
        return answer.status, answer.content_type, await answer.read()


def events(body: bytes) -> list[tuple[str, Any]]:
    found = []
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(":", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            data = lines["data"].strip()
            found.append((lines["event"].strip(), orjson.loads(data) if data else None))
    return found


def parts(body: bytes) -> list[Any]:
    *found, end = body.split(b"\r\n--graphql")[1:]
    assert end == b"--\r\n"
    return [orjson.loads(each.split(b"\r\n\r\n", 1)[1]) for each in found]


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("{ hello }", URQL, GRAPHQL),
        ("{ hello }", f"{EVENTS}, {JSON}", JSON),
        ("{ hello }", f"{NEW}, {JSON}", JSON),
        ("{ hello }", EVENTS, EVENTS),
        ("{ nothing }", EVENTS, EVENTS),
        ("mutation { adds }", EVENTS, EVENTS),
        (DEFER, URQL, "multipart/mixed"),
        (DEFER, JSON, JSON),
        (DEFER, f"{EVENTS}, {JSON}", JSON),
        (DEFER, EVENTS, EVENTS),
        ("subscription { counts(to: 1) }", URQL, EVENTS),
        ("subscription { counts(to: 1) }", f"{PAYLOADS}, {JSON}", "multipart/mixed"),
        ("subscription { counts(to: 1) }", f"{EVENTS}, multipart/mixed", EVENTS),
    ],
)
async def test_a_stream_is_sent_where_it_says_more(
    gateway: Gateway, query: str, accept: str, expected: str
) -> None:
    """A client that also takes JSON is streamed only what JSON could not say."""
    status, found, _ = await asked(gateway, query, accept)
    assert (status, found) == (200, expected)


@pytest.mark.parametrize("accept", [JSON, f"{NEW}, {JSON}", GRAPHQL])
async def test_a_subscription_needs_a_stream(gateway: Gateway, accept: str) -> None:
    """A subscription whose client takes no stream is refused, and says what to use."""
    status, _, body = await asked(gateway, "subscription { counts(to: 1) }", accept)
    assert status == 405
    assert b"graphql-transport-ws" in body


async def test_events_end_with_complete(gateway: Gateway) -> None:
    """Each answer is an event, and the last event says that nothing follows."""
    _, _, body = await asked(gateway, "subscription { counts(to: 2) }", EVENTS)
    found = events(body)
    assert [name for name, _ in found] == ["next", "next", "complete"]
    assert [data["data"] for _, data in found[:2]] == [{"counts": 1}, {"counts": 2}]
    _, _, body = await asked(gateway, "{ nothing }", EVENTS)
    assert [name for name, _ in events(body)] == ["next", "complete"]


async def test_defer_in_the_form_that_was_asked_for(gateway: Gateway) -> None:
    """What is deferred comes as graphql-core 3.3 tells it, or as Apollo's older clients read it."""
    _, _, body = await asked(gateway, DEFER, f"{NEW}, {JSON}")
    first, *rest = parts(body)
    assert first["data"] == {"thing": {"id": "1"}}
    assert first["pending"] == [{"id": "0", "path": ["thing"], "label": "l"}]
    assert rest[-1]["hasNext"] is False
    assert rest[-1]["completed"] == [{"id": "0"}]
    assert rest[-1]["extensions"]["context"]
    _, _, body = await asked(gateway, DEFER, f"{OLD}, {JSON}")
    first, *rest = parts(body)
    assert "pending" not in first
    [increment] = rest[-1]["incremental"]
    assert increment == {
        "data": {"late": "came", "inner": {"late": "came"}},
        "path": ["thing"],
        "label": "l",
    }


async def test_a_deferred_failure_is_told_in_its_part(gateway: Gateway) -> None:
    """A bug in what is deferred is masked there, and leaves the first part alone."""
    query = "{ thing { id ... @defer { surely } } }"
    for accept in (NEW, OLD):
        _, _, body = await asked(gateway, query, f"{accept}, {JSON}")
        first, last = parts(body)
        assert first["data"] == {"thing": {"id": "1"}}
        assert "errors" not in first
        [lost] = last["completed"] if accept is NEW else last["incremental"]
        assert lost["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_what_is_deferred_comes_within_the_operations_time(gateway: Gateway) -> None:
    """A part that never comes is told as failed when the operation's time is over."""
    query = "{ thing { id } ... @defer { waits } }"
    _, _, body = await asked(gateway, query, f"{NEW}, {JSON}")
    last = parts(body)[-1]
    assert last["hasNext"] is False
    assert last["completed"][0]["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_leaving_ends_a_stream() -> None:
    """A reader that goes takes its subscription with it."""
    async with running(Settings()) as gateway:
        request = asyncio.ensure_future(asked(gateway, "subscription { waits }", EVENTS))
        async with asyncio.timeout(10):
            await gateway.begun.wait()
            request.cancel()
            await gateway.cancelled.wait()


async def test_a_stream_whose_reader_does_not_read_ends() -> None:
    """Events wait for a slow reader up to a bound; one that takes nothing loses its connection."""

    class Impatient(BoundedProtocol):
        stall_time = 0.5

    body = orjson.dumps({"query": "subscription { counts(to: 10000000) }"})
    async with running(Settings(), Impatient) as gateway, connected(gateway) as (reader, writer):
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        await reader.readuntil(b"event: next")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        under_way = gateway.server.server_state.tasks
        assert under_way
        async with asyncio.timeout(60):
            while under_way:
                await asyncio.sleep(0.05)


async def test_a_quiet_stream_says_that_it_lives() -> None:
    """A stream without events still sends something now and then."""
    settings = Settings(stream=StreamSettings(beat=Duration(0.05)))
    async with (
        running(settings) as gateway,
        gateway.session.post(
            gateway.url, json={"query": "subscription { waits }"}, headers={"Accept": EVENTS}
        ) as answer,
        asyncio.timeout(10),
    ):
        for _ in range(3):
            assert await answer.content.readuntil(b"\n\n") == b":\n\n"


async def test_an_expired_token_ends_a_stream() -> None:
    """A stream ends with UNAUTHENTICATED as soon as its token holds no more."""
    settings = Settings(stream=StreamSettings(recheck=Duration(0.05)))
    async with running(settings) as gateway:
        headers = {"Accept": EVENTS, "Authorization": "Bearer customer"}
        async with gateway.session.post(
            gateway.url, json={"query": "subscription { waits }"}, headers=headers
        ) as answer:
            gateway.verifier.expired.add("Bearer customer")
            async with asyncio.timeout(10):
                found = events(await answer.read())
        assert found[0][1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_stopping_ends_streams_without_their_ending() -> None:
    """A stream that ends because the gateway stops says no complete, so that its client returns."""
    async with running(Settings(), graceful=5) as gateway:
        request = asyncio.ensure_future(asked(gateway, "subscription { waits }", EVENTS))
        async with asyncio.timeout(10):
            await gateway.begun.wait()
            stops = gateway.stop()
            _, _, body = await request
            await stops
        assert b"complete" not in body


async def test_streams_are_bounded() -> None:
    """A process holds so many streams; another is refused with 429."""
    async with running(Settings(stream=StreamSettings(streams=1))) as gateway:
        request = asyncio.ensure_future(asked(gateway, "subscription { waits }", EVENTS))
        async with asyncio.timeout(10):
            await gateway.begun.wait()
        status, _, _ = await asked(gateway, "subscription { waits }", EVENTS)
        assert status == 429
        request.cancel()


async def reserve(gateway: Gateway, **headers: str) -> str:
    async with gateway.session.put(gateway.url, headers=headers) as answer:
        assert answer.status == 201
        return await answer.text()


async def test_a_reserved_stream_is_its_owners(gateway: Gateway) -> None:
    """A token is of use only to the viewer that reserved the stream, and once at a time."""
    token = await reserve(gateway, Authorization="Bearer customer")
    query = {"query": "{ hello }", "extensions": {"operationId": "1"}}
    own = {TOKEN: token, "Authorization": "Bearer customer"}
    session = gateway.session

    async def status(method: str, headers: dict[str, str], **more: Any) -> int:
        async with session.request(method, gateway.url, headers=headers, **more) as answer:
            return answer.status

    assert await status("POST", {TOKEN: token}, json=query) == 403
    assert await status("GET", {TOKEN: token, "Accept": EVENTS}) == 403
    assert await status("POST", {TOKEN: "guessed"}, json=query) == 404
    assert await status("POST", own, json={"query": "{ hello }"}) == 400
    assert await status("DELETE", own) == 400
    assert await status("POST", own, json=query) == 202
    async with session.get(gateway.url, headers={**own, "Accept": EVENTS}) as stream:
        assert await status("GET", {**own, "Accept": EVENTS}) == 409
        async with asyncio.timeout(10):
            text = b""
            while b"complete" not in text:
                text += await stream.content.readuntil(b"\n\n")
    assert [each[1]["id"] for each in events(text)] == ["1", "1"]
    assert events(text)[0][1]["payload"]["data"] == {"hello": "Hello world"}


async def test_reservations_are_bounded_and_expire() -> None:
    """So many streams may be reserved, and one that nobody opens is forgotten."""
    settings = Settings(stream=StreamSettings(reservations=2, reserve_time=Duration(0.2)))
    async with running(settings) as gateway:
        token = await reserve(gateway)
        await reserve(gateway)
        async with gateway.session.put(gateway.url) as answer:
            assert answer.status == 429
        async with asyncio.timeout(10):
            while True:
                async with gateway.session.put(gateway.url) as answer:
                    if answer.status == 201:
                        break
        async with gateway.session.get(gateway.url, headers={TOKEN: token}) as answer:
            assert answer.status == 404


async def test_an_event_stream_is_no_way_around_csrf(gateway: Gateway) -> None:
    """A GET for events that a foreign page could have caused is refused like any other."""
    headers = {"Accept": EVENTS, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    query = {"query": "subscription { counts(to: 1) }"}
    async with gateway.session.get(gateway.url, params=query, headers=headers) as answer:
        assert answer.status == 403
    async with gateway.session.get(
        gateway.url, params={"query": "mutation { adds }"}, headers={"Accept": EVENTS}
    ) as answer:
        assert answer.status in (403, 405)
