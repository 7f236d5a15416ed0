"""Answers: the JSON of results and refusals, with their status and headers."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from starlette.types import Send

from transport.accept import Media
from transport.refusal import status_of


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
    told = {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}
    if "Cache-Control" not in told:
        told["cache-control"] = "private, no-store"
    # What the server hands out; what stands between, such as CORS, takes messages alone.
    write: Callable[[int, bytes, bytes], bool] | None = getattr(send, "write", None)
    if write is not None and not is_head and "Connection" not in told:
        lines = _lines(told)
        if lines is not None and write(status, lines, body):
            return
    raw = [(name.lower().encode("latin-1"), told[name].encode("latin-1")) for name in told]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if is_head else body})


def _lines(headers: Mapping[str, str]) -> bytes | None:
    """Write headers as lines; None where one would hold another."""
    text = "".join([f"{name.lower()}: {headers[name]}\r\n" for name in headers])
    count = len(headers)
    return text.encode("latin-1") if text.count("\n") == text.count("\r") == count else None
