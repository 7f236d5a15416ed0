"""One HTTP request and its answer, as the log tells of them."""

import re
from typing import Any

import uuid_utils
from msgspec import Struct, field
from starlette.types import Scope

from transport.load import Seat

_KEY = "commerce.exchange"
# Where the server's protocol leaves the seat of a request that its gate let through.
SEAT = "commerce.seat"
# And who holds the other end of the connection, before any proxy's word counts.
PEER = "commerce.peer"
_SAFE_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")


class Exchange(Struct):
    """What is known of a request while it is answered; nothing in it is about a person.

    *Shape*: ``seat`` is its place in the gateway, which it leaves when it is answered.
    """

    request_id: str
    route: str = "-"
    operation: str | None = None
    role: str | None = None
    codes: list[str] = field(default_factory=list)
    seat: Seat | None = None

    def note(self, errors: list[dict[str, Any]]) -> None:
        """Remember which errors the answer holds, each code once."""
        for error in errors:
            code = str(error["extensions"]["code"])
            if code not in self.codes:
                self.codes.append(code)


def begin(scope: Scope) -> Exchange:
    """Begin an exchange; the caller's ``X-Request-Id`` is kept where it is plain enough to log."""
    request_id: str | None = None
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            request_id = text if _SAFE_ID.fullmatch(text) else None
            break
    exchange = scope[_KEY] = Exchange(request_id or str(uuid_utils.uuid7()), seat=scope.get(SEAT))
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """Find the exchange that a scope belongs to."""
    found: Exchange = scope[_KEY]
    return found
