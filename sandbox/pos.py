"""The sandbox's tills: they sell without asking, and their back office tells what was sold."""

import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.catalogue import Catalogue
from sandbox.number import holder_of
from sandbox.order import Order, Orders
from sandbox.place import sites
from sandbox.scale import Scale
from sandbox.till import receipt
from sandbox.wire import Reply, Wire

KEY = "sandbox-pos-key"
MAX_RECEIPTS = 100
MAX_CARDS = 100
MAX_TOP = 100
MAX_FEED = 500

_BASE = "/backoffice"

Body = TypeVar("Body")


class _Find(msgspec.Struct, forbid_unknown_fields=True):
    receipts: list[str]
    pay: bool = True


class _Cards(msgspec.Struct, forbid_unknown_fields=True):
    cards: list[str]
    top: int = 10
    before: dict[str, int] = {}
    pay: bool = True


class _RefusedError(Exception):
    """Answered in the back office's own error form."""

    def __init__(self, status: int, number: int, text: str) -> None:
        super().__init__(text)
        self.response = _error(status, number, text)


def build(scale: Scale) -> Wire:
    """The tills' back office as an ASGI app."""
    return Wire("pos", _Pos(scale).app, _broken)


class _Pos:
    def __init__(self, scale: Scale) -> None:
        self._catalogue = Catalogue(scale.styles)
        self._contacts = scale.contacts
        self._sales = Orders(self._catalogue, sites(scale.stores), scale.contacts, scale.orders)
        self._key = os.environ.get("SANDBOX_POS_KEY", KEY)
        self.app = Starlette(
            routes=[
                self._route("GET", "feed", self._feed),
                self._route("POST", "receipts", self._find),
                self._route("POST", "cards", self._by_card),
            ],
            exception_handlers={404: _missing, 405: _method},
        )

    def _route(
        self, method: str, name: str, answer: Callable[[Request], Awaitable[Response]]
    ) -> Route:
        async def guarded(request: Request) -> Response:
            try:
                if request.headers.get("x-till-key") != self._key:
                    raise _RefusedError(401, 1, "send a valid X-Till-Key")
                return await answer(request)
            except _RefusedError as refused:
                return refused.response

        return Route(f"{_BASE}/{name}", guarded, methods=[method])

    async def _feed(self, request: Request) -> Response:
        """Every receipt in the order of its number, behind the last one that the reader has."""
        after = _whole(request.query_params.get("after", "0"), "after", 0, 99_999_999)
        limit = _whole(request.query_params.get("limit", "100"), "limit", 1, MAX_FEED)
        found: list[dict[str, Any]] = []
        index = after
        while index < self._sales.sold and len(found) < limit:
            sale = self._sales.order(index)
            if sale.channel == "POS":
                found.append(receipt(sale, self._catalogue))
            index += 1
        more = index < self._sales.sold
        return Reply({"receipts": found, "next": index, "more": more})

    async def _find(self, request: Request) -> Response:
        body = await _read(request, _Find)
        if len(body.receipts) > MAX_RECEIPTS:
            raise _RefusedError(422, 12, f"at most {MAX_RECEIPTS} receipts in one request")
        found = map(self._sales.sale, dict.fromkeys(body.receipts))
        rows = [self._receipt(sale, body) for sale in found if sale is not None]
        return Reply({"receipts": rows})

    async def _by_card(self, request: Request) -> Response:
        body = await _read(request, _Cards)
        if len(body.cards) > MAX_CARDS:
            raise _RefusedError(422, 13, f"at most {MAX_CARDS} cards in one request")
        if not 1 <= body.top <= MAX_TOP:
            raise _RefusedError(422, 14, f"top is {body.top}, allowed is 1 to {MAX_TOP}")
        rows = []
        for card in dict.fromkeys(body.cards):
            holder = holder_of(card, self._contacts)
            if holder is None:
                continue
            before = body.before.get(card, self._sales.sold + 1)
            sales = self._sales.sales_to(holder)[::-1]
            newest = [sale for sale in sales if sale.position + 1 < before]
            shown = [self._receipt(sale, body) for sale in newest[: body.top]]
            rows.append({"card": card, "receipts": shown, "more": len(newest) > body.top})
        return Reply({"cards": rows})

    def _receipt(self, sale: Order, asked: _Find | _Cards) -> dict[str, Any]:
        """The receipt, without how it was paid for who does not ask for that."""
        record = receipt(sale, self._catalogue)
        if not asked.pay:
            del record["pay"]
        return record


def _whole(text: str, name: str, low: int, high: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if not low <= value <= high:
        raise _RefusedError(422, 14, f"{name} is {text}, allowed is {low} to {high}")
    return value


async def _read(request: Request, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as wrong:
        raise _RefusedError(400, 11, f"the body is malformed: {wrong}") from None


def _error(status: int, number: int, text: str) -> Response:
    return Reply({"fault": {"no": number, "text": text}}, status)


def _broken(status: int) -> Response:
    return _error(status, 90, "the back office is not available")


async def _missing(request: Request, _wrong: Exception) -> Response:
    return _error(404, 2, f"there is no {request.url.path}")


async def _method(request: Request, _wrong: Exception) -> Response:
    return _error(405, 3, f"not {request.method}")
