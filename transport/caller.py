"""Who sent an operation, and what they said around it."""

import hashlib
import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct
from starlette.datastructures import Headers
from starlette.types import Scope

from domain.viewer import Viewer
from execution.request import Asked
from transport.refusal import Refusal, bad_request

CONTEXT_HEADERS = {
    "channel": "commerce-channel",
    "market": "commerce-market",
    "currency": "commerce-currency",
    "language": "accept-language",
    "store": "commerce-store",
    "purpose": "commerce-purpose",
}
_CONTEXT_FIELDS = {header.encode(): field for field, header in CONTEXT_HEADERS.items()}
_SILENT = Asked()
_MAX_KEYS = 10_000


class Caller(Struct, frozen=True):
    """One connection's or request's own account of itself.

    *Shape*: ``authorization`` as sent, proved anew for every operation and every event;
    ``address`` the network address that it came from, where the server knows one.
    """

    authorization: str | None
    asked: Asked
    address: str | None = None


class Proved(Struct, frozen=True):
    """A caller whose viewer was just proved.

    *Shape*: ``key`` tells callers apart without saying who they are.
    """

    caller: Caller
    viewer: Viewer
    key: str


def proved_as(caller: Caller, viewer: Viewer) -> Proved:
    """Tie a caller to the viewer that they were proved to be."""
    return Proved(caller, viewer, key_of(viewer, caller.address))


@lru_cache(maxsize=_MAX_KEYS)
def key_of(viewer: Viewer, address: str | None) -> str:
    """Name a caller's bucket, without saying who it is.

    *Shape*: by client and subject of the token; a guest by network address, IPv6 by its /64,
    since a household or a data centre has that many to itself.
    """
    if viewer.subject is not None or viewer.client is not None:
        who = f"{viewer.client}\0{viewer.subject}"
    else:
        who = address or ""
        try:
            ip = ipaddress.ip_address(who)
        except ValueError:
            pass
        else:
            if isinstance(ip, ipaddress.IPv6Address):
                who = str(ipaddress.ip_network((ip, 64), strict=False))
    digest = hashlib.blake2b(who.encode(), digest_size=16).hexdigest()
    return f"{viewer.role.value}:{digest}"


def caller_of(scope: Scope, headers: Headers) -> Caller:
    """Read who sends a request. *Errors*: 400 for a header that is there twice."""
    client = scope.get("client")
    authorization = _single(headers, "authorization")
    return Caller(authorization, _asked(scope), client[0] if client else None)


def socket_caller_of(payload: Mapping[str, Any], headers: Headers, address: str | None) -> Caller:
    """Read who opens a socket: what the first message says, and where it is silent the handshake.

    *Shape*: the names are those of the HTTP headers, at the payload's top or in its ``headers``.
    """
    given: dict[str, str] = {}
    nested = payload.get("headers")
    for table in (nested if isinstance(nested, dict) else {}, payload):
        given |= {name.lower(): value for name, value in table.items() if isinstance(value, str)}

    def said(name: str) -> str | None:
        return given.get(name) or headers.get(name)

    asked = Asked(**{name: said(header) for name, header in CONTEXT_HEADERS.items()})
    return Caller(said("authorization"), asked, address)


def _single(headers: Headers, name: str) -> str | None:
    """Read a header that must not be there twice, since two readers could choose differently."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise _twice(name)
    return values[0] if values else None


def _asked(scope: Scope) -> Asked:
    """Read what the headers say of the context, in one pass."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        field = _CONTEXT_FIELDS.get(name)
        if field is None:
            continue
        if field in found:
            raise _twice(name.decode("latin-1"))
        found[field] = value.decode("latin-1")
    return Asked(**found) if found else _SILENT


def _twice(name: str) -> Refusal:
    return bad_request(f"{name} is given more than once; send it once.")
