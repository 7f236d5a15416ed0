"""How the ERP takes requests apart, and the forms in which it answers and refuses."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.wire import Reply

MAX_KEYS = 200

Body = TypeVar("Body")


class RefusedError(Exception):
    """Answered in the ERP's own error form."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


def day_of(text: str) -> date:
    """A day written YYYYMMDD."""
    try:
        if len(text) != 8:
            raise ValueError
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise RefusedError(400, "VK/103", f"{text} is not a date YYYYMMDD") from None


def keys_of(keys: list[str], limit: int = MAX_KEYS) -> list[str]:
    """The keys, each once; refused when there are too many."""
    if len(keys) > limit:
        raise RefusedError(
            400, "ZR/001", f"{len(keys)} keys requested, at most {limit} are allowed"
        )
    return list(dict.fromkeys(keys))


def whole(text: str, name: str, low: int, high: int) -> int:
    """A whole number in bounds, out of a text."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    return within(value, name, low, high, text)


def within(value: int, name: str, low: int, high: int, found: str | None = None) -> int:
    """The value, refused outside its bounds."""
    if not low <= value <= high:
        shown = value if found is None else found
        raise RefusedError(400, "ZR/003", f"{name} is {shown}, allowed is {low} to {high}")
    return value


async def read(request: Request, kind: type[Body]) -> Body:
    """The body as promised, or refused."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as wrong:
        raise RefusedError(400, "ZR/004", f"Request body is malformed: {wrong}") from None


def results(rows: Iterable[Any]) -> Response:
    """An answer with rows."""
    return Reply({"d": {"results": list(rows)}})


def error(status: int, code: str, text: str) -> Response:
    """An error in the ERP's form."""
    message = {"lang": "en", "value": text}
    return Reply({"error": {"code": code, "message": message}}, status)


def broken(status: int) -> Response:
    """What is answered while the system is down."""
    return error(status, f"SY/{status}", "The system is not available at the moment")


async def missing(request: Request, _wrong: Exception) -> Response:
    """What is answered for no such path."""
    return error(404, "SY/404", f"Resource {request.url.path} was not found")


async def wrong_method(request: Request, _wrong: Exception) -> Response:
    """What is answered for no such method."""
    return error(405, "SY/405", f"{request.method} is not allowed for {request.url.path}")
