"""Answers: the JSON of results and refusals, with their status and headers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from starlette.types import Send

from transport.accept import Media
from transport.refusal import status_of

_PRIVATE = (b"cache-control", b"private, no-store")


def encode(value: Any) -> bytes:
    """Write JSON.

    *Shape*: times as RFC 3339 in UTC with ``Z``, enums as their values, UUIDs and decimals as
    text.
    """
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def _default(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def headers_of(status: int, *, has_token: bool, retry_after: object = 1) -> dict[str, str]:
    """Tell what HTTP asks an answer of this status to say. *Units*: seconds."""
    match status:
        case 401:
            # RFC 6750, section 3: the error is named only to those who brought a token.
            return {"WWW-Authenticate": 'Bearer error="invalid_token"' if has_token else "Bearer"}
        case 405:
            return {"Allow": "POST"}
        case 429 | 503:
            return {"Retry-After": str(retry_after)}
        case _:
            return {}


def result_status(code: object, media: Media) -> int:
    """Tell the status of a result that was not executed.

    A request that was well-formed as HTTP and wrong as GraphQL is 400, or 200 in the older
    ``application/json`` (GraphQL over HTTP, section 6.4).
    """
    status = status_of(code)
    return 200 if status == 400 and media is Media.JSON else status


async def send_bytes(
    send: Send,
    status: int,
    content_type: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    is_head: bool = False,
) -> None:
    """Send a whole body."""
    raw = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(body)),
    ]
    given = headers or {}
    if "Cache-Control" not in given:
        raw.append(_PRIVATE)
    for name, value in given.items():
        raw.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if is_head else body})
