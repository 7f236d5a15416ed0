"""The sandbox's carriers behind one tracking service: where parcels have been."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.catalogue import Catalogue
from sandbox.delivery import Delivery, parcel, scans
from sandbox.order import Orders
from sandbox.place import sites
from sandbox.scale import Scale
from sandbox.wire import Reply, Wire

KEY = "sandbox-carrier-key"
MAX_PARCELS = 100


class _Track(msgspec.Struct, forbid_unknown_fields=True):
    numbers: list[str]


def build(scale: Scale) -> Wire:
    """The tracking service as an ASGI app."""
    return Wire("carrier", _Carrier(scale).app, _broken)


class _Carrier:
    def __init__(self, scale: Scale) -> None:
        places = sites(scale.stores)
        self._orders = Orders(Catalogue(scale.styles), places, scale.contacts, scale.orders)
        self._cities = {site.code: f"{site.city} ({site.country})" for site in places}
        self._token = f"Token {os.environ.get('SANDBOX_CARRIER_KEY', KEY)}"
        self.app = Starlette(
            routes=[Route("/track/v3/parcels", self._guarded(self._parcels), methods=["POST"])],
            exception_handlers={404: _missing, 405: _method},
        )

    def _guarded(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            if request.headers.get("authorization") != self._token:
                return _refusal(401, "token", "send a valid token")
            return await answer(request)

        return guarded

    async def _parcels(self, request: Request) -> Response:
        try:
            body = msgspec.json.decode(await request.body(), type=_Track)
        except msgspec.MsgspecError as wrong:
            return _refusal(400, "body", f"malformed: {wrong}")
        if len(body.numbers) > MAX_PARCELS:
            return _refusal(400, "size", f"at most {MAX_PARCELS} numbers in one request")
        found = (parcel(number, self._orders) for number in dict.fromkeys(body.numbers))
        return Reply({"parcels": [self._parcel(each) for each in found if each is not None]})

    def _parcel(self, delivery: Delivery) -> dict[str, Any]:
        return {
            "number": delivery.tracking,
            "carrier": delivery.carrier,
            "events": [
                {
                    "code": scan.code,
                    "time": int(scan.at.timestamp()),
                    "place": self._cities.get(scan.place, scan.place),
                }
                for scan in scans(delivery)
            ],
        }


def _refusal(status: int, code: str, text: str) -> Response:
    return Reply({"ok": False, "code": code, "reason": text}, status)


def _broken(status: int) -> Response:
    return _refusal(status, "down", "no tracking at the moment")


async def _missing(request: Request, _wrong: Exception) -> Response:
    return _refusal(404, "path", f"there is no {request.url.path}")


async def _method(request: Request, _wrong: Exception) -> Response:
    return _refusal(405, "method", f"not {request.method}")
