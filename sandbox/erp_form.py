"""What the ERP takes, in its own words, and how it refuses what it does not."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.price import ORGANISATIONS, Organisation
from sandbox.sap import LANGUAGES
from sandbox.search import Search
from sandbox.wire import Reply

MAX_KEYS = 200

Body = TypeVar("Body")


class Materials(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class Styles(msgspec.Struct, forbid_unknown_fields=True):
    SATNR: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class Codes(msgspec.Struct, forbid_unknown_fields=True):
    EAN11: list[str]
    SPRAS: tuple[str, ...] = LANGUAGES


class Prices(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    VKORG: str
    KONWA: str
    PRSDT: str


class History(msgspec.Struct, forbid_unknown_fields=True):
    MATNR: list[str]
    VKORG: str
    KONWA: str
    DATAB: str
    DATBI: str


class Listing(Search, forbid_unknown_fields=True, frozen=True):
    SPRAS: tuple[str, ...] = LANGUAGES
    ORDERBY: str = "SATNR"
    TOP: int = 20
    SKIP: int = 0
    FACETS: tuple[str, ...] = ()


class Groups(msgspec.Struct, forbid_unknown_fields=True):
    MATKL: list[str]


class Documents(msgspec.Struct, forbid_unknown_fields=True):
    VBELN: list[str]


class Customers(msgspec.Struct, forbid_unknown_fields=True):
    KUNNR: list[str]
    TOP: int = 10
    SKIP: dict[str, int] = {}


class Numbers(msgspec.Struct, forbid_unknown_fields=True):
    NUMMER: list[str]


class Counted(msgspec.Struct, forbid_unknown_fields=True):
    KUNNR: list[str]


class RefusedError(Exception):
    """Answered in the ERP's own error form."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


def organisation(code: str, currency: str | None = None) -> Organisation:
    """Find a sales organisation. *Errors*: `RefusedError`."""
    found = ORGANISATIONS.get(code)
    if found is None:
        known = ", ".join(ORGANISATIONS)
        raise RefusedError(400, "VK/101", f"Sales organisation {code} is not one of {known}")
    if currency not in (None, found.currency):
        raise RefusedError(400, "VK/102", f"{code} sells in {found.currency}, not {currency}")
    return found


def day(text: str) -> date:
    """Read a day. *Errors*: `RefusedError`."""
    try:
        if len(text) != 8:
            raise ValueError
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise RefusedError(400, "VK/103", f"{text} is not a date YYYYMMDD") from None


def few(keys: list[str], limit: int = MAX_KEYS) -> list[str]:
    """Check how many keys there are. *Errors*: `RefusedError`."""
    if len(keys) > limit:
        raise RefusedError(
            400, "ZR/001", f"{len(keys)} keys requested, at most {limit} are allowed"
        )
    return list(dict.fromkeys(keys))


def languages(codes: Iterable[str]) -> tuple[str, ...]:
    """Check languages. *Errors*: `RefusedError`."""
    asked = tuple(dict.fromkeys(codes))
    unknown = [code for code in asked if code not in LANGUAGES]
    if unknown or not asked:
        raise RefusedError(400, "ZR/002", f"SPRAS {', '.join(unknown)} is not one of PL, EN, DE")
    return asked


def whole(text: str, name: str, low: int, high: int) -> int:
    """Read a whole number within bounds. *Errors*: `RefusedError`."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    return within(value, name, low, high, text)


def within(value: int, name: str, low: int, high: int, found: str | None = None) -> int:
    """Check a number. *Errors*: `RefusedError`."""
    if not low <= value <= high:
        shown = value if found is None else found
        raise RefusedError(400, "ZR/003", f"{name} is {shown}, allowed is {low} to {high}")
    return value


async def read(request: Request, kind: type[Body]) -> Body:
    """Read a body of this kind. *Errors*: `RefusedError`."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as wrong:
        raise RefusedError(400, "ZR/004", f"Request body is malformed: {wrong}") from None


def results(rows: Iterable[Any]) -> Response:
    """Answer rows."""
    return Reply({"d": {"results": list(rows)}})


def error(status: int, code: str, text: str) -> Response:
    """Answer an error in the ERP's own form."""
    message = {"lang": "en", "value": text}
    return Reply({"error": {"code": code, "message": message}}, status)


def broken(status: int) -> Response:
    """Answer that the system is away."""
    return error(status, f"SY/{status}", "The system is not available at the moment")


async def missing(request: Request, _wrong: Exception) -> Response:
    """Answer that there is no such resource."""
    return error(404, "SY/404", f"Resource {request.url.path} was not found")


async def method(request: Request, _wrong: Exception) -> Response:
    """Answer that there is no such method."""
    return error(405, "SY/405", f"{request.method} is not allowed for {request.url.path}")
