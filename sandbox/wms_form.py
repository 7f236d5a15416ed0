"""What the WMS takes, in its own words, and how it refuses what it does not."""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.wire import Reply

Body = TypeVar("Body")


class StockQuery(msgspec.Struct, forbid_unknown_fields=True):
    articles: list[str]
    sites: list[str] | None = None


class AvailableQuery(msgspec.Struct, forbid_unknown_fields=True):
    site: str
    after: str = ""
    limit: int = 1_000


class SiteQuery(msgspec.Struct, forbid_unknown_fields=True):
    codes: list[str]


class Point(msgspec.Struct, forbid_unknown_fields=True):
    lat: float
    lon: float


class SiteSearch(msgspec.Struct, forbid_unknown_fields=True):
    near: Point | None = None
    types: list[str] | None = None
    svc: list[str] | None = None
    offset: int = 0
    limit: int = 50


class Count(msgspec.Struct, forbid_unknown_fields=True):
    article: str
    site: str
    qoh: int


class RefusedError(Exception):
    """Answered as a problem."""

    def __init__(self, status: int, kind: str, title: str, **more: Any) -> None:
        super().__init__(title)
        self.response = problem(status, kind, title, **more)


def whole(text: str, name: str, high: int) -> int:
    """Read a whole number from 1 on. *Errors*: `RefusedError`."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= value <= high:
        raise RefusedError(
            422, "bad-parameter", f"{name} lies between 1 and {high}", detail=f"{name} was {text}"
        )
    return value


async def read(request: Request, kind: type[Body]) -> Body:
    """Read a body of this kind. *Errors*: `RefusedError`."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as wrong:
        raise RefusedError(
            400, "malformed-body", "The body is malformed", detail=str(wrong)
        ) from None


def problem(status: int, kind: str, title: str, **more: Any) -> Response:
    """Answer a problem."""
    content = {"type": f"urn:wms:problem:{kind}", "title": title, "status": status, **more}
    return Reply(content, status, media_type="application/problem+json")


def broken(status: int) -> Response:
    """Answer that the system is away."""
    return problem(status, "unavailable", "The warehouse system is not available")


async def missing(request: Request, _error: Exception) -> Response:
    """Answer that there is no such resource."""
    return problem(404, "not-found", "No such resource", detail=request.url.path)


async def method(request: Request, _error: Exception) -> Response:
    """Answer that there is no such method."""
    return problem(405, "method-not-allowed", "Method not allowed", detail=request.method)
