"""Time and size: bodies that are too long or too slow, callers who leave, work that never ends."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import pytest

from domain.deadline import Duration
from tests.transport.gateway import Gateway, connected, running
from transport.settings import Settings

pytestmark = pytest.mark.anyio
HEAD = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read one HTTP/1.1 answer with a Content-Length."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers, body


async def test_a_body_announced_as_too_large_is_not_read() -> None:
    """413 comes before the body: a sender who asks first sends nothing."""
    async with running(Settings(max_body=1_000)) as gateway, connected(gateway) as (reader, writer):
        writer.write(f"{HEAD}Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n".encode())
        status, headers, body = await _answer(reader)
        assert (status, headers["connection"]) == (413, "close")
        assert json.loads(body)["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


async def test_who_asks_before_the_body_is_told_to_send_it(gateway: Gateway) -> None:
    """A sender who asks first, and whose body may come, is told so, and is answered."""
    async with connected(gateway) as (reader, writer), asyncio.timeout(10):
        writer.write(f"{HEAD}Content-Length: 19\r\nExpect: 100-continue\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"query":"{hello}"}')
        status, _, body = await _answer(reader)
        assert status == 200
        assert b"Hello" in body


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_the_sender_of_too_much_reads_why(*, is_chunked: bool) -> None:
    """A sender in the middle of a large body gets the answer, not a reset connection."""
    large = b'{"query":"{hello}","variables":{"a":"' + b"a" * 8_000_000 + b'"}}'

    async def parts() -> AsyncIterator[bytes]:
        for place in range(0, len(large), 65_536):
            yield large[place : place + 65_536]

    async with (
        running(Settings(max_body=1_000)) as gateway,
        gateway.session.post(
            gateway.url,
            data=parts() if is_chunked else io.BytesIO(large),
            headers={"Content-Type": "application/json"},
        ) as answer,
    ):
        assert answer.status == 413
        assert (await answer.json())["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    """The limit is what may be sent."""
    body = b'{"query":"{hello}"}'
    async with running(Settings(max_body=len(body))) as gateway:
        assert (await gateway.post(body))[0] == 200
        assert (await gateway.post(body + b" "))[0] == 413


@pytest.mark.parametrize("drips", [False, True])
async def test_a_slow_body_is_ended(*, drips: bool) -> None:
    """The whole body has its time; a byte now and then does not prolong it."""
    async with (
        running(Settings(body_time=Duration(0.3))) as gateway,
        connected(gateway) as (reader, writer),
    ):
        writer.write(f"{HEAD}Content-Length: 100000\r\n\r\n".encode())

        async def drip() -> None:
            while drips:
                writer.write(b" ")
                await asyncio.sleep(0.02)

        task = asyncio.ensure_future(drip())
        try:
            status, headers, body = await _answer(reader)
        finally:
            task.cancel()
            await asyncio.wait((task,), timeout=5)
        assert (status, headers["connection"]) == (408, "close")
        assert json.loads(body)["errors"][0]["extensions"]["code"] == "REQUEST_TIMEOUT"


async def test_who_leaves_before_the_body_ends_leaves_nothing(gateway: Gateway) -> None:
    """A connection lost in the middle of a body is no error of anybody's."""
    async with connected(gateway) as (_, writer):
        writer.write(f"{HEAD}Content-Length: 100000\r\n\r\n{{".encode())
        await writer.drain()
        assert (await gateway.post({"query": "{ hello }"}))[0] == 200


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_leaving_cancels_the_operation(method: str) -> None:
    """When the caller is gone, the operation is cancelled and its context closed."""
    async with running(Settings()) as gateway:
        query = {"query": "{ waits }"}
        request = asyncio.ensure_future(
            gateway.session.request(
                method,
                gateway.url,
                json=query if method == "POST" else None,
                params=query if method == "GET" else None,
                headers={"Accept": "application/json"},
            )
        )
        async with asyncio.timeout(5):
            await gateway.begun.wait()
            request.cancel()
            await gateway.cancelled.wait()
            await gateway.ended.wait()


async def test_an_operation_ends_at_its_deadline(gateway: Gateway) -> None:
    """An operation that never ends is ended, and its caller told."""
    status, body, _ = await gateway.post({"query": "{ waits }"})
    assert (status, body["errors"][0]["extensions"]["code"]) == (200, "DEADLINE_EXCEEDED")
    assert gateway.cancelled.is_set()


async def test_a_token_that_is_never_proved_is_504() -> None:
    """The proof of a token has its time, and a good token is not called a bad one after it."""
    async with running(Settings(viewer_time=Duration(0.1))) as gateway:
        status, body, _ = await gateway.post({"query": "{ hello }"}, Authorization="Bearer slow")
        assert (status, body["errors"][0]["extensions"]["code"]) == (504, "SOURCE_TIMEOUT")


async def test_stopping_does_not_wait_for_ever() -> None:
    """A server that stops gives requests a second, then ends them, and tells their callers."""
    async with running(Settings()) as gateway:
        request = asyncio.ensure_future(gateway.post({"query": "{ waits }"}))
        async with asyncio.timeout(5):
            await gateway.begun.wait()
        server_stops = gateway.stop()
        status, body, headers = await asyncio.wait_for(request, 10)
        assert (status, body["errors"][0]["extensions"]["code"]) == (503, "STOPPING")
        assert headers["Retry-After"] == "1"
        await asyncio.wait_for(server_stops, 10)
    assert gateway.hooks == ["start", "stop"]
    assert gateway.closed == 1
