"""What the CRM takes, in its own words, and how it refuses what it does not."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.wire import Reply

MAX_BATCH = 100
MAX_PAGE = 100

Body = TypeVar("Body")
Key = TypeVar("Key")


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    ids: list[str]
    fields: list[str] | None = None


class Search(msgspec.Struct, forbid_unknown_fields=True):
    emails: list[str] = []
    phones: list[str] = []
    erpNumbers: list[str] = []  # noqa: N815 - the CRM's own word


class Criterion(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    email: str = ""
    phone: str = ""
    erpNumber: str = ""  # noqa: N815 - the CRM's own word
    card: str = ""
    birthDate: str = ""  # noqa: N815 - the CRM's own word
    familyName: str = ""  # noqa: N815 - the CRM's own word
    givenName: str = ""  # noqa: N815 - the CRM's own word
    postalCode: str = ""  # noqa: N815 - the CRM's own word


class Match(msgspec.Struct, forbid_unknown_fields=True):
    criteria: list[Criterion]
    limit: int = 25
    fields: list[str] | None = None


class Restriction(msgspec.Struct, forbid_unknown_fields=True):
    ids: list[str]
    restricted: bool


class Talks(msgspec.Struct, forbid_unknown_fields=True):
    contactIds: list[str]  # noqa: N815 - the CRM's own word
    limit: int = 20
    before: dict[str, str] = {}
    fields: list[str] | None = None


class Accounts(msgspec.Struct, forbid_unknown_fields=True):
    contactIds: list[str] = []  # noqa: N815 - the CRM's own word
    accountIds: list[str] = []  # noqa: N815 - the CRM's own word


class Ledgers(msgspec.Struct, forbid_unknown_fields=True):
    accountIds: list[str]  # noqa: N815 - the CRM's own word
    limit: int = 20
    cursors: dict[str, str] = {}
    before: dict[str, int] = {}


class RefusedError(Exception):
    """Answered in the CRM's own error form."""

    def __init__(self, status: int, code: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.response = error(status, code, title, detail)


def few(keys: list[Key], name: str, most: int = MAX_BATCH) -> list[Key]:
    """Check how many entries there are. *Errors*: `RefusedError`."""
    if len(keys) > most:
        raise RefusedError(
            400, "batch_too_large", "Batch too large",
            f"{len(keys)} entries in {name}, at most {most} are allowed",
        )  # fmt: skip
    return keys


def limit(text: str) -> int:
    """Read how many are wanted. *Errors*: `RefusedError`."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= value <= MAX_PAGE:
        raise RefusedError(
            400, "bad_limit", "Bad limit", f"limit is {text}, allowed is 1 to {MAX_PAGE}"
        )
    return value


async def read(request: Request, kind: type[Body]) -> Body:
    """Read a body of this kind. *Errors*: `RefusedError`."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as wrong:
        raise RefusedError(400, "bad_body", "Bad body", str(wrong)) from None


def data(rows: Iterable[dict[str, Any]]) -> Response:
    """Answer rows."""
    return Reply({"data": list(rows)})


def error(status: int, code: str, title: str, detail: str) -> Response:
    """Answer an error in the CRM's own form."""
    one = {"status": str(status), "code": code, "title": title, "detail": detail}
    return Reply({"errors": [one]}, status)


def broken(status: int) -> Response:
    """Answer that the system is away."""
    return error(status, "unavailable", "Unavailable", "The CRM is not available")


async def missing(request: Request, _wrong: Exception) -> Response:
    """Answer that there is no such resource."""
    return error(404, "not_found", "Not found", f"There is no {request.url.path}")


async def method(request: Request, _wrong: Exception) -> Response:
    """Answer that there is no such method."""
    return error(405, "method_not_allowed", "Method not allowed", f"Not {request.method}")
