"""What goes back for one request: a status, a body, and the headers that belong to it."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Send

from domain.errors import DocumentNotFound, Failure
from transport.accept import Media
from transport.answer import headers_of, result_status, send_bytes
from transport.caller import CONTEXT_HEADERS
from transport.exchange import Exchange
from transport.problem import masked
from transport.refusal import Refusal, status_of
from transport.shape import Answer, failed

_VARY = ", ".join(("Accept", "Authorization", *CONTEXT_HEADERS.values()))


class Reply:
    """What goes back: a status, a body, and the headers that belong to it."""

    __slots__ = ("body", "closes", "headers", "status")

    def __init__(
        self, status: int, body: Any, headers: Mapping[str, str], *, closes: bool = False
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.closes = closes


def answered(answer: Answer, media: Media, headers: Headers, budget: Mapping[str, str]) -> Reply:
    """Reply with an operation's answer; ``budget`` holds the headers that tell of it."""
    status = 200 if answer.was_executed else result_status(answer.code, media)
    if answer.max_age is not None and "authorization" not in headers:
        # The budget is one caller's; what may be handed to others must not tell of it.
        shared = {"Cache-Control": f"public, max-age={answer.max_age}", "Vary": _VARY}
        return Reply(status, answer.body, shared)
    return Reply(status, answer.body, {**_headers(status, answer.body, headers), **budget})


def _headers(status: int, body: dict[str, Any], headers: Headers) -> dict[str, str]:
    if status == 200:
        return {}
    errors = body.get("errors") or [{"extensions": {}}]
    retry_after = errors[0]["extensions"].get("retryAfter", 1)
    has_token = "authorization" in headers
    return headers_of(status, has_token=has_token, retry_after=retry_after)


def refused(failure: Failure, exchange: Exchange, headers: Headers, media: Media) -> Reply:
    """Reply with why a request was not executed."""
    body = failed(failure, exchange).body
    if isinstance(failure, Refusal):
        return Reply(failure.status, body, dict(failure.headers), closes=failure.closes)
    if isinstance(failure, DocumentNotFound):
        status = result_status(failure.code, media)
    else:
        status = status_of(failure.code)
    return Reply(status, body, _headers(status, body, headers))


def broken(bug: Exception, exchange: Exchange) -> Reply:
    """Reply to a request that met a bug, which is masked and logged."""
    errors = [masked(bug, exchange.request_id)]
    exchange.note(errors)
    return Reply(500, {"errors": errors}, {})


async def send_reply(reply: Reply, body: bytes, media: Media, send: Send) -> None:
    """Send a reply, whose body has been written."""
    headers = {"Vary": "Accept", **reply.headers}
    if reply.closes:
        headers["Connection"] = "close"
    await send_bytes(send, reply.status, media.content_type, body, headers)
