"""Reading a request's body: so much, for so long, and no more."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from transport.refusal import Refusal, bad_request
from transport.settings import Settings


async def read(headers: Headers, receive: Receive, settings: Settings) -> bytes:
    """Read the whole body.

    *Errors*: 413 above ``max_body``, before reading where its length is announced; 408 when it
    has not arrived after ``body_time``; ``ClientDisconnect`` when the sender leaves.
    """
    # What the server hands out; what has arrived in whole need not be waited for.
    whole: Callable[[], bytes | None] | None = getattr(receive, "whole", None)
    body = whole() if whole is not None else None
    if body is not None:
        if len(body) > settings.max_body:
            raise _too_large(settings)
        return body
    announced = headers.get("content-length")
    if announced is not None:
        if not announced.isdecimal():
            raise bad_request("Content-Length is not a number.")
        if len(announced) > 18 or int(announced) > settings.max_body:
            raise _too_large(settings)
    try:
        async with asyncio.timeout(settings.body_time):
            return await _gather(receive, settings)
    except TimeoutError:
        raise Refusal(
            408,
            "REQUEST_TIMEOUT",
            f"The body did not arrive within {settings.body_time:g} s.",
            closes=True,
        ) from None


async def _gather(receive: Receive, settings: Settings) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > settings.max_body:
            raise _too_large(settings)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(settings: Settings) -> Refusal:
    return Refusal(
        413,
        "BODY_TOO_LARGE",
        f"The body is larger than the {settings.max_body} bytes allowed.",
        closes=True,
    )
