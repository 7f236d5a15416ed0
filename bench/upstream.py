"""The systems behind every contender: the sandbox's wire from bytes that are ready in memory.

It is written against the socket, without a framework, and remembers each answer by its request,
so that it never holds a contender up. It counts the calls that it gets.

``/_bench/calls`` tells the count; it, the health of the run, and the identity provider's pages are
not counted.
"""

import argparse
import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, cast
from urllib.parse import parse_qs

import orjson
import uvloop
from joserfc import jwt
from joserfc.jwk import ECKey

from bench import retailer

AUDIENCE = "commerce-gateway"
_LIFETIME = 3_600
_MAX_KEYS = 200
_MAX_PRICES = 1_000
_MAX_ARTICLES = 1_000
_MAX_IDS = 100
_MAX_REMEMBERED = 4_000
_MAX_HEAD = 65_536
_MAX_BODY = 1_000_000
# A stock figure older than five seconds is shown as such by the gateway: each answer is stamped.
_STAMP = b"1795362120000"
_STAMP_SECONDS = 1.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BASE = "/sap/zretail/"


class _Refused(Exception):  # noqa: N818 - an answer, no fault of ours
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Shop:
    """Answers of the retailer's systems, put together from rows that are already JSON."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._key = ECKey.generate_key("P-256", {"kid": "bench-1"})
        self._families = {bulk: retailer.styles(bulk=bulk) for bulk in (False, True)}
        every = [style for family in self._families.values() for style in family]
        self._articles = {f"{style:018}": orjson.dumps(retailer.article(style)) for style in every}
        self._styles = {f"{sku:018}": f"{style:018}" for style in every for sku in _skus(style)}
        self._prices = {matnr: orjson.dumps(retailer.priced(int(matnr))) for matnr in self._styles}
        self._stock = {
            str(int(matnr)): orjson.dumps(retailer.stocked(int(matnr), int(_STAMP)))
            for matnr in self._styles
        }
        people = retailer.customers()
        self._contacts = {key: orjson.dumps(retailer.contact(key)) for key in people}
        self._accounts = {key: orjson.dumps(retailer.account(key)) for key in people}
        self._orders = {row["KUNNR"]: orjson.dumps(row) for row in map(retailer.orders, people)}
        self._names = orjson.dumps(retailer.NAMES)
        self._pages: dict[str, Callable[[dict[str, Any]], bytes]] = {
            f"{_BASE}ARTICLE_BY_SATNR": self._by_satnr,
            f"{_BASE}ARTICLE_BY_MATNR": self._by_matnr,
            f"{_BASE}PRICES": self._priced,
            f"{_BASE}ORDERS_BY_KUNNR": self._ordered,
            "/v2/stock/query": self._stocked,
            "/api/v1/contacts/batch": self._contacted,
            "/api/v1/loyalty/accounts/batch": self._accounted,
        }

    def answer(self, target: str, body: bytes) -> bytes:
        """Answer one request. *Errors*: ``_Refused``."""
        path, _, query = target.partition("?")
        if path == f"{_BASE}ARTICLES":
            return self._listed(parse_qs(query))
        if path == "/.well-known/openid-configuration":
            return orjson.dumps({"issuer": self._issuer, "jwks_uri": f"{self._issuer}/jwks"})
        if path == "/jwks":
            key = {**self._key.as_dict(private=False), "use": "sig", "alg": "ES256"}
            return orjson.dumps({"keys": [key]})
        if path == "/_bench/token":
            return orjson.dumps({"token": self._token()})
        page = self._pages.get(path)
        if page is None:
            raise _Refused(404, f"there is no {path}")
        try:
            return page(orjson.loads(body))
        except (KeyError, TypeError, orjson.JSONDecodeError) as error:
            raise _Refused(400, f"cannot be read: {error}") from None

    def _token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": "bench-system",
            "client_id": "bench-system",
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": secrets.token_urlsafe(16),
            "scope": "catalogue:read stock:read customer:read order:read",
            "roles": ["system"],
        }
        header = {"alg": "ES256", "kid": "bench-1", "typ": "at+jwt"}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def _listed(self, query: dict[str, list[str]]) -> bytes:
        family = self._families["search" in query]
        skip, top = int(query["$skip"][0]), int(query["$top"][0])
        rows = (self._articles[f"{style:018}"] for style in family[skip : skip + top])
        return self._articled(rows, len(family))

    def _by_satnr(self, body: dict[str, Any]) -> bytes:
        return self._articled(_found(self._articles, _few(body["SATNR"], _MAX_KEYS)))

    def _by_matnr(self, body: dict[str, Any]) -> bytes:
        wanted = _found(self._styles, _few(body["MATNR"], _MAX_KEYS))
        return self._articled(self._articles[satnr] for satnr in dict.fromkeys(wanted))

    def _articled(self, rows: Iterable[bytes], count: int | None = None) -> bytes:
        total = b"" if count is None else b',"__count":"%d"' % count
        return b'{"d":{"results":[%b],"CABNT":%b%b}}' % (b",".join(rows), self._names, total)

    def _priced(self, body: dict[str, Any]) -> bytes:
        rows = _found(self._prices, _few(body["MATNR"], _MAX_PRICES))
        return b'{"d":{"results":[%b]}}' % b",".join(rows)

    def _ordered(self, body: dict[str, Any]) -> bytes:
        rows = _found(self._orders, _few(body["KUNNR"], _MAX_KEYS))
        return b'{"d":{"results":[%b]}}' % b",".join(rows)

    def _stocked(self, body: dict[str, Any]) -> bytes:
        rows = _found(self._stock, _few(body["articles"], _MAX_ARTICLES))
        return b'{"articles":[%b]}' % b",".join(rows)

    def _contacted(self, body: dict[str, Any]) -> bytes:
        return b'{"data":[%b]}' % b",".join(_found(self._contacts, _few(body["ids"], _MAX_IDS)))

    def _accounted(self, body: dict[str, Any]) -> bytes:
        rows = _found(self._accounts, _few(body["contactIds"], _MAX_IDS))
        return b'{"data":[%b]}' % b",".join(rows)


class Upstream:
    """Remembers answers by their requests, and counts the requests."""

    def __init__(self, shop: Shop) -> None:
        self.calls = 0
        self._shop = shop
        self._remembered: dict[bytes, tuple[bytes, float]] = {}

    def answer(self, target: bytes, body: bytes) -> bytes:
        """Answer one request, status line and all."""
        if target.startswith(b"/_bench/calls"):
            return _reply(200, b'{"calls":%d}' % self.calls)
        if target.startswith((b"/sap", b"/v2", b"/api")):
            self.calls += 1
        now = time.monotonic()
        key = target + b" " + body
        known = self._remembered.get(key)
        if known is not None and now < known[1]:
            return known[0]
        try:
            found = self._shop.answer(target.decode("latin-1"), body)
        except _Refused as refused:
            return _reply(refused.status, orjson.dumps({"error": str(refused)}))
        until = now + 3_600
        if target == b"/v2/stock/query":
            until = now + _STAMP_SECONDS
            found = found.replace(_STAMP, b"%d" % (time.time() * 1000))
        if target.startswith(b"/_bench"):
            until = now
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        answer = _reply(200, found)
        self._remembered[key] = answer, until
        return answer


class _Connection(asyncio.Protocol):
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        held = self._held + data if self._held else data
        while (end := held.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(held, 0, end + 2)
            whole = end + 4 + (int(length[1]) if length else 0)
            if whole > _MAX_BODY:
                self._transport.close()
                return
            if len(held) < whole:
                break
            target = held[: held.index(b"\r\n")].split(b" ")[1]
            self._transport.write(self._upstream.answer(target, held[end + 4 : whole]))
            held = held[whole:]
        if len(held) > _MAX_BODY + _MAX_HEAD:
            self._transport.close()
        self._held = held


def _reply(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        b"OK" if status == 200 else b"Refused",
        len(body),
        body,
    )


def _found(rows: dict[str, Any], keys: Iterable[str]) -> list[Any]:
    return [rows[key] for key in keys if key in rows]


def _few(keys: list[str], allowed: int) -> list[str]:
    if len(keys) > allowed:
        raise _Refused(422, f"{len(keys)} keys; allowed: {allowed}")
    return keys


def _skus(style: int) -> list[int]:
    return retailer.skus(style)


async def serve(port: int) -> None:
    """Serve until cancelled; prints the ready line."""
    loop = asyncio.get_running_loop()
    upstream: Upstream | None = None

    def connect() -> _Connection:
        assert upstream is not None
        return _Connection(upstream)

    server = await loop.create_server(connect, "127.0.0.1", port, backlog=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    upstream = Upstream(Shop(url))
    print(f"ready {url}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve the upstream from the command line."""
    parser = argparse.ArgumentParser(prog="bench.upstream", description="The bench's systems.")
    parser.add_argument("--port", type=int, default=0)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
