"""GraphQL over WebSocket: graphql-transport-ws."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from domain.errors import Failure, RateLimited, Unauthenticated
from transport.answer import encode
from transport.caller import Caller, socket_caller_of
from transport.exchange import Exchange, begin
from transport.operation import Operations
from transport.parameter import parameters
from transport.preflight import Origins
from transport.problem import masked, problem
from transport.refusal import Refusal
from transport.session import Session
from transport.settings import Settings
from transport.shape import Answer, failed

PROTOCOL = "graphql-transport-ws"
_MAX_ID = 128
_MAX_REASON = 120
_DRAIN_SECONDS = 4.0
_JSON = b"application/json; charset=utf-8"


class Close(Struct, frozen=True):
    """How a socket ends. *Source*: graphql-ws, PROTOCOL.md; RFC 6455, section 7.4.1."""

    code: int
    reason: str


_NOT_SPOKEN = Close(4406, "Subprotocol not acceptable")
_TOO_LATE = Close(4408, "Connection initialisation timeout")
_TWICE = Close(4429, "Too many initialisation requests")
_UNINITIALISED = Close(4401, "Unauthorized")
_REFUSED = Close(4403, "Forbidden")
_GOING = Close(1001, "Going away")
_BROKEN = Close(4500, "Internal server error")
_LATER = Close(1013, "Try again later")


class _Ended(Exception):  # noqa: N818 - named after what happened
    def __init__(self, close: Close | None) -> None:
        super().__init__(close)
        self.close = close


class SocketEndpoint:
    """The ASGI application behind WebSockets at /graphql."""

    def __init__(self, operations: Operations, settings: Settings, stopping: asyncio.Event) -> None:
        self._operations = operations
        self._settings = settings
        self._stopping = stopping
        self._origins = Origins(settings.origins)
        self._sockets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends."""
        exchange, headers = begin(scope), Headers(scope=scope)
        await receive()
        try:
            if not self._origins.allows(headers):
                raise Refusal(403, "ORIGIN_REFUSED", "Pages of this origin may not open a socket.")
            if self._stopping.is_set() or self._sockets >= self._settings.stream.sockets:
                raise Refusal(503, "NO_ROOM", "The gateway has no room for another socket.")
        except Refusal as refusal:
            await _reject(refusal, send)
            return
        if PROTOCOL not in scope["subprotocols"]:
            # Accepted without a protocol, so that the client gets to read why.
            await send({"type": "websocket.accept"})
            await _close(send, _NOT_SPOKEN)
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        self._sockets += 1
        connection = _Connection(self._operations, self._settings, headers, scope, send)
        try:
            await self._serve(connection, receive)
        except _Ended as ended:
            if ended.close is not None:
                await _close(send, ended.close)
        except Exception as bug:  # noqa: BLE001 - the last door: masked and logged
            masked(bug, exchange.request_id)
            await _close(send, _BROKEN)
        finally:
            self._sockets -= 1
            await connection.end()

    async def _serve(self, connection: "_Connection", receive: Receive) -> None:
        """Read messages until the socket ends, the token holds no more, or the gateway stops."""
        init_by = asyncio.get_running_loop().time() + self._settings.stream.init_time
        message = asyncio.ensure_future(_next(receive))
        stopping = asyncio.ensure_future(self._stopping.wait())
        refused = asyncio.ensure_future(connection.refused.wait())
        try:
            while True:
                wait: float = self._settings.stream.recheck
                if not connection.is_ready:
                    wait = max(0.0, init_by - asyncio.get_running_loop().time())
                done, _ = await asyncio.wait(
                    (message, stopping, refused),
                    timeout=wait,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if stopping in done:
                    await connection.drain()
                    raise _Ended(_GOING)
                if refused in done:
                    raise _Ended(_REFUSED)
                if message in done:
                    await connection.take(message.result())
                    message = asyncio.ensure_future(_next(receive))
                elif not connection.is_ready:
                    raise _Ended(_TOO_LATE)
                else:
                    await connection.check()
        finally:
            for each in (message, stopping, refused):
                each.cancel()
            await asyncio.wait((message, stopping, refused))


class _Connection:
    """What is known of one socket: whose it is, and what runs on it."""

    def __init__(
        self,
        operations: Operations,
        settings: Settings,
        headers: Headers,
        scope: Scope,
        send: Send,
    ) -> None:
        self._operations = operations
        self._settings = settings
        self._headers = headers
        self._address = scope["client"][0] if scope.get("client") else None
        self._send = send
        self._caller: Caller | None = None
        self._session: Session | None = None
        self.refused = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether the client has said who it is and was believed."""
        return self._session is not None

    async def take(self, event: Mapping[str, Any]) -> None:
        """Do what one message asks."""
        if event["type"] != "websocket.receive":
            raise _Ended(None)
        message = _read(event.get("text"))
        match message.get("type"):
            case "connection_init":
                await self._init(message.get("payload"))
            case "ping":
                pong: dict[str, Any] = {"type": "pong"}
                if isinstance(payload := message.get("payload"), dict):
                    pong["payload"] = payload
                await self._write(pong)
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                name = _name(message)
                if self._session is not None:
                    self._session.complete(name)
            case _:
                raise _invalid("its type is unknown")

    async def check(self) -> None:
        """See whether the token still holds. *Errors*: the end of the socket."""
        assert self._caller is not None, "only a socket that was initialised is checked"
        try:
            await self._operations.prove(self._caller)
        except Unauthenticated:
            raise _Ended(_REFUSED) from None
        except Failure:
            # Whoever cannot be proved at the moment is not shown anything at the moment.
            raise _Ended(_LATER) from None

    async def drain(self) -> None:
        """Bring what is under way to an end, within a bounded while."""
        if self._session is not None:
            await self._session.drain(_DRAIN_SECONDS)

    async def end(self) -> None:
        """End what is under way at once."""
        if self._session is not None:
            await self._session.close()

    async def _init(self, payload: Any) -> None:
        if self._session is not None:
            raise _Ended(_TWICE)
        if payload is not None and not isinstance(payload, dict):
            raise _invalid("its payload is no object")
        self._caller = socket_caller_of(payload or {}, self._headers, self._address)
        await self.check()
        self._session = Session(
            self._operations,
            self._caller,
            self._settings,
            self._say,
            "/graphql ws",
            self.refused,
        )
        await self._write({"type": "connection_ack"})

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        session = self._session
        if session is None:
            raise _Ended(_UNINITIALISED)
        name = _name(message)
        if session.has(name):
            raise _Ended(Close(4409, f"Subscriber for {name} already exists"[:_MAX_REASON]))
        try:
            asked_for = parameters(message.get("payload"), self._settings)
        except Refusal as refusal:
            raise _Ended(Close(4400, refusal.message[:_MAX_REASON])) from None
        try:
            session.begin(name, asked_for)
        except RateLimited as full:
            await self._say(name, failed(full, Exchange("-")))

    async def _say(self, name: str, answer: Answer | None) -> None:
        if answer is None:
            await self._write({"type": "complete", "id": name})
        elif answer.was_executed:
            await self._write({"type": "next", "id": name, "payload": answer.body})
        else:
            await self._write({"type": "error", "id": name, "payload": answer.body["errors"]})

    async def _write(self, message: Mapping[str, Any]) -> None:
        await self._send({"type": "websocket.send", "text": encode(message).decode()})


async def _next(receive: Receive) -> Mapping[str, Any]:
    return await receive()


def _read(text: str | None) -> Mapping[str, Any]:
    if text is None:
        raise _invalid("it is binary")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _invalid("it is not JSON") from None
    if not isinstance(message, dict):
        raise _invalid("it is no object")
    return message


def _name(message: Mapping[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_ID:
        raise _invalid(f"its id is not 1 to {_MAX_ID} characters of text")
    return name


def _invalid(why: str) -> _Ended:
    return _Ended(Close(4400, f"Invalid message: {why}"[:_MAX_REASON]))


async def _reject(refusal: Refusal, send: Send) -> None:
    """Answer a handshake with an HTTP error."""
    body = encode({"errors": [problem(refusal)]})
    headers = [(b"content-type", _JSON), (b"cache-control", b"no-store")]
    await send(
        {"type": "websocket.http.response.start", "status": refusal.status, "headers": headers}
    )
    await send({"type": "websocket.http.response.body", "body": body})


async def _close(send: Send, close: Close) -> None:
    await send({"type": "websocket.close", "code": close.code, "reason": close.reason})
