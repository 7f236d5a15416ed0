"""Answers that come one after the other over HTTP: event streams and multipart."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, Protocol

from starlette.types import Receive, Send

from domain.errors import Failure, Unauthenticated
from transport.accept import Stream
from transport.answer import encode
from transport.exchange import Exchange
from transport.problem import masked
from transport.shape import Answer, failed
from transport.tick import ticking

_BOUNDARY = "graphql"
_PART = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
_DELIMITER = b"\r\n--graphql"
_NO_CACHE = (b"cache-control", b"private, no-store, no-transform")


class Form(Protocol):
    """How one stream is written. *Shape*: ``beat`` is what says that it still lives, if any."""

    content_type: str
    begin: bytes
    beat: bytes
    end: bytes

    def next(self, body: Mapping[str, Any]) -> bytes:
        """Write one answer."""
        ...


class Events:
    """graphql-sse, distinct connections mode."""

    content_type = "text/event-stream; charset=utf-8"
    begin = b":\n\n"
    beat = b":\n\n"
    end = b"event: complete\ndata:\n\n"

    def next(self, body: Mapping[str, Any]) -> bytes:
        """Write one answer; JSON as we write it holds no line break."""
        return b"event: next\ndata: " + encode(body) + b"\n\n"


class Parts:
    """Multipart, a part for each part of the answer."""

    content_type = f'multipart/mixed; boundary="{_BOUNDARY}"'
    begin = _DELIMITER
    beat = b""
    end = b"--\r\n"

    def next(self, body: Mapping[str, Any]) -> bytes:
        """Write one part; its delimiter goes with it, or its reader would wait for the next."""
        return _PART + encode(body) + _DELIMITER


class Payloads(Parts):
    """Multipart for subscriptions, each answer wrapped. *Source*: Apollo, subscriptionSpec 1.0."""

    content_type = f'multipart/mixed; boundary="{_BOUNDARY}"; subscriptionSpec=1.0'
    beat = _PART + b"{}" + _DELIMITER

    def next(self, body: Mapping[str, Any]) -> bytes:
        """Write one answer."""
        return super().next({"payload": body})


class OldParts(Parts):
    """Multipart with @defer as clients of before 2023 read it: a path for each part.

    *Source*: Apollo, deferSpec 20220824.
    """

    content_type = f'multipart/mixed; boundary="{_BOUNDARY}"; deferSpec=20220824'

    def __init__(self) -> None:
        self._pending: dict[str, dict[str, Any]] = {}

    def next(self, body: Mapping[str, Any]) -> bytes:
        """Write one part."""
        written = {
            name: value
            for name, value in body.items()
            if name not in ("pending", "incremental", "completed")
        }
        for each in body.get("pending", ()):
            self._pending[each["id"]] = each
        incremental = [self._placed_part(each) for each in body.get("incremental", ())]
        for done in body.get("completed", ()):
            pending = self._pending.pop(done["id"])
            if "errors" in done:
                lost = {"data": None, "path": pending["path"], "errors": done["errors"]}
                incremental.append(_labelled(lost, pending))
        if incremental:
            written["incremental"] = incremental
        return super().next(written)

    def _placed_part(self, part: Mapping[str, Any]) -> dict[str, Any]:
        pending = self._pending[part["id"]]
        placed = {name: value for name, value in part.items() if name not in ("id", "subPath")}
        path = [*pending["path"], *part.get("subPath", ())]
        return _labelled({**placed, "path": path}, pending)


def _labelled(part: dict[str, Any], pending: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "label": pending["label"]} if "label" in pending else part


def form_of(stream: Stream) -> Form:
    """Make the form that was chosen; each stream has its own."""
    match stream:
        case Stream.EVENTS:
            return Events()
        case Stream.PARTS:
            return Parts()
        case Stream.OLD_PARTS:
            return OldParts()
        case Stream.PAYLOADS:
            return Payloads()


async def start(send: Send, form: Form, headers: Mapping[str, str]) -> None:
    """Begin the response."""
    raw = [
        (b"content-type", form.content_type.encode("ascii")),
        _NO_CACHE,
        # Proxies that gather answers before they pass them on would hold back every event.
        (b"x-accel-buffering", b"no"),
        *(
            (name.lower().encode("ascii"), value.encode("latin-1"))
            for name, value in headers.items()
        ),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    await write(send, form.begin)


async def write(send: Send, text: bytes, *, more: bool = True) -> None:
    """Send what has been written."""
    await send({"type": "http.response.body", "body": text, "more_body": more})


async def guarded(
    answers: AsyncGenerator[Answer, None], exchange: Exchange
) -> AsyncGenerator[Answer, None]:
    """Give the answers, and what ends them as one more: a failure's own words, a bug masked.

    *Errors*: ``Unauthenticated``, for which each carrier has its own end.
    """
    try:
        async for answer in answers:
            yield answer
    except Unauthenticated:
        raise
    except Failure as failure:
        yield failed(failure, exchange)
    except Exception as bug:  # noqa: BLE001 - the last door: masked and logged
        errors = [masked(bug, exchange.request_id)]
        exchange.note(errors)
        yield Answer({"errors": errors}, was_executed=False)
    finally:
        await answers.aclose()


async def deliver(
    answers: AsyncGenerator[Answer, None],
    form: Form,
    exchange: Exchange,
    *,
    receive: Receive,
    send: Send,
    headers: Mapping[str, str],
    beat: float,
    stopping: asyncio.Event,
) -> None:
    """Send answers as they come, until they end, their reader leaves, or the gateway stops.

    A stream that the gateway ends to stop lacks its ending, so that its client comes back.
    """

    async def pump() -> None:
        await start(send, form, headers)
        try:
            async with aclosing(ticking(guarded(answers, exchange), beat)) as coming:
                async for came in coming:
                    if came is not None:
                        await write(send, form.next(came.value.body))
                    elif form.beat:
                        await write(send, form.beat)
        except Unauthenticated as refused:
            await write(send, form.next(failed(refused, exchange).body))
        await write(send, form.end)

    if await until_over(pump, receive, stopping):
        with suppress(OSError):
            await write(send, b"", more=False)


async def until_over(
    work: Callable[[], Awaitable[None]], receive: Receive, stopping: asyncio.Event
) -> bool:
    """Do work until it is done, its reader has left, or the gateway stops.

    Tells whether there still is a reader. Whatever ends it first, the work has ended then.
    """

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    pump = asyncio.ensure_future(_awaited(work))
    left = asyncio.ensure_future(gone())
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((pump, left, stop), return_when=asyncio.FIRST_COMPLETED)
        return not left.done()
    finally:
        for each in (pump, left, stop):
            each.cancel()
        await asyncio.wait((pump, left, stop))
        if not pump.cancelled() and (bug := pump.exception()) is not None:
            raise bug


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()
