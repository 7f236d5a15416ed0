"""A small identity provider on a loopback socket, which also misbehaves when told to."""

import asyncio
import base64
import json
import re
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry

from auth.clock import Clock
from auth.settings import AuthSettings, IssuerSettings

AUDIENCE = "commerce-gateway"
NOW = 1_800_000_000
METADATA = "/.well-known/openid-configuration"

Reply = tuple[int, Mapping[str, str], bytes]


class TestClock(Clock):
    """A clock that moves when it is told to; sleepers wake as it passes their hour."""

    __test__ = False

    def __init__(self) -> None:
        self.moved = 0.0
        self._tick = asyncio.Condition()
        self._until: list[float] = []

    def wall(self) -> float:
        return NOW + self.moved

    def steady(self) -> float:
        return 1000.0 + self.moved

    async def sleep(self, seconds: float) -> None:
        until = self.moved + seconds
        async with self._tick:
            self._until.append(until)
            self._tick.notify_all()
            try:
                await self._tick.wait_for(lambda: self.moved >= until)
            finally:
                self._until.remove(until)

    async def advance(self, seconds: float) -> None:
        async with self._tick:
            self.moved += seconds
            self._tick.notify_all()

    async def asleep(self) -> None:
        """Wait until somebody sleeps whose hour has not come."""
        async with self._tick, asyncio.timeout(10):
            await self._tick.wait_for(lambda: any(each > self.moved for each in self._until))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header: Any, payload: Any, key: Key, alg: str = "ES256") -> str:
    """Sign anything at all, as an attacker would, with no library's scruples."""
    first, second = (
        b64(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (header, payload)
    )
    signed = f"{first}.{second}".encode()
    return f"{first}.{second}.{b64(JWSRegistry.algorithms[alg].sign(signed, key))}"


def ec(kid: str, curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid})


@cache
def rsa(kid: str, bits: int = 2048) -> RSAKey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a weak key is what some of the tests are about
        return RSAKey.generate_key(bits, {"kid": kid})


def public(key: Key, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


class Issuer:
    """A provider with a signing key; everything it publishes can be replaced."""

    def __init__(self) -> None:
        self.url = ""
        self.signing: Key = ec("key-1")
        self.keys: list[dict[str, Any]] = [public(self.signing, use="sig", alg="ES256")]
        self.headers: dict[str, str] = {"Cache-Control": "max-age=300"}
        self.replies: dict[str, Callable[[], Reply]] = {}
        self.reads: Counter[str] = Counter()
        self.requests: list[tuple[bytes, bytes]] = []
        self.others: dict[str, Key] = {}
        self.second: Issuer = self
        self.down = False
        self.held: asyncio.Event | None = None
        self._served = asyncio.Condition()

    @property
    def key_reads(self) -> int:
        return self.reads["/keys"]

    def settings(self, **more: Any) -> AuthSettings:
        return AuthSettings(
            issuers={"test": IssuerSettings(url=self.url, audience=AUDIENCE, **more)},
            customer_system="crm",
            location_system="wms",
        )

    def claims(self, **more: Any) -> dict[str, Any]:
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "user-1",
            "client_id": "shop",
            "iat": NOW,
            "exp": NOW + 600,
            "roles": ["agent"],
            **more,
        }
        return {name: value for name, value in claims.items() if value is not ...}

    def header(self, **more: Any) -> dict[str, Any]:
        header = {"alg": "ES256", "kid": self.signing.kid, "typ": "at+jwt", **more}
        return {name: value for name, value in header.items() if value is not ...}

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        return sign(self.header(**(header or {})), self.claims(**claims), self.signing)

    def rotate(self, kid: str, *, keep: bool = True) -> None:
        self.signing = ec(kid)
        self.keys = [public(self.signing, use="sig"), *(self.keys if keep else [])]

    async def served(self, reads: int, path: str = "/keys") -> None:
        """Wait until the key set, or what else, was read this many times in all."""
        async with self._served, asyncio.timeout(10):
            await self._served.wait_for(lambda: self.reads[path] >= reads)

    def _reply(self, path: str) -> Reply:
        if path in self.replies:
            return self.replies[path]()
        if path == METADATA:
            return (
                200,
                {},
                json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode(),
            )
        if path == "/keys":
            return 200, self.headers, json.dumps({"keys": self.keys}).encode()
        return 404, {}, b""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            self.requests.append((head, body))
            async with self._served:
                self.reads[path] += 1
                self._served.notify_all()
            if self.held is not None:
                await self.held.wait()
            if not self.down:
                status, headers, body = self._reply(path)
                lines = {"Content-Length": str(len(body)), "Connection": "close", **headers}
                writer.write(f"HTTP/1.1 {status} X\r\n".encode())
                writer.writelines(f"{name}: {value}\r\n".encode() for name, value in lines.items())
                writer.write(b"\r\n" + body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the gateway hung up on an answer that was too large
        finally:
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Issuer]:
    """Run an issuer on a free port of this machine."""
    issuer = Issuer()
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        task.add_done_callback(connections.discard)
        await issuer.handle(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield issuer
    finally:
        server.close()
        if issuer.held is not None:
            issuer.held.set()
        if connections:
            await asyncio.wait(tuple(connections), timeout=10)
        await server.wait_closed()
