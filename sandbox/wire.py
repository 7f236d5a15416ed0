"""What surrounds every sandbox system: its faults have their way with requests; admin paths."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from typing import Any

import msgspec
import orjson
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.fault import Fault, Plight, bomb, decide, flood, spoil
from sandbox.journal import Journal, Seen

MAX_BODY = 4 << 20
TRANSPORT = "sandbox.transport"


class Reply(Response):
    """A JSON answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content as JSON."""
        return orjson.dumps(content)


class Wire:
    """Wraps a system's app: records each request, then lets the fault have its way with it.

    *Errors*: `refuse(status)` renders an error in the system's own form. Requests under
    `/_admin` are neither recorded nor disturbed.
    """

    def __init__(self, name: str, app: ASGIApp, refuse: Callable[[int], Response]) -> None:
        self.name = name
        self.fault = Fault()
        self._app = app
        self._refuse = refuse
        self._dice = random.Random(self.fault.seed)
        self._journal = Journal()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan protocol."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if scope["path"].startswith("/_admin/"):
            await self._admin(scope, body, receive, send)
            return
        with self._journal.noted(scope, body) as seen:
            await self._serve(scope, body, receive, send, seen)

    async def _serve(
        self, scope: Scope, body: bytes | None, receive: Receive, send: Send, seen: Seen
    ) -> None:
        if body is None:
            seen.status, seen.outcome = 413, "too large"
            await self._refuse(413)(scope, receive, send)
            return
        plight = decide(self.fault, self._dice, scope["path"])
        if plight.wait_ms and await _gone(receive, plight.wait_ms / 1000):
            seen.outcome = "closed by client"
            return
        if plight.mode in ("drop", "reset"):
            seen.outcome = "dropped" if plight.mode == "drop" else "reset"
            await _drop(scope, receive, reset=plight.mode == "reset")
            return
        if plight.mode == "silent":
            seen.outcome = "silent"
            await _listen(receive)
            return
        if plight.mode == "down" or plight.fails:
            seen.status, seen.outcome = self.fault.status, "fault"
            await self._refuse(self.fault.status)(scope, receive, send)
            return
        answer = _Answer()
        await self._app(scope, _again(body, receive), answer)
        seen.status = answer.status
        if plight.mode == "drop_after":
            seen.outcome = "dropped after work"
            await _drop(scope, receive)
            return
        seen.outcome = plight.garbage or "answered"
        await self._answer(answer, plight, scope, receive, send)

    async def _answer(
        self, answer: "_Answer", plight: Plight, scope: Scope, receive: Receive, send: Send
    ) -> None:
        garbage, body = plight.garbage, bytes(answer.body)
        if garbage is None:
            await _send(send, answer.status, answer.headers, body)
            return
        kind = [(b"content-type", b"application/json")]
        if garbage == "huge":
            await send({"type": "http.response.start", "status": 200, "headers": kind})
            async for chunk in flood(self.fault):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        elif garbage == "gzip_bomb":
            packed = await asyncio.to_thread(bomb, self.fault.garbage_bytes)
            await _send(send, 200, [*kind, (b"content-encoding", b"gzip")], packed)
        elif garbage in ("drip", "cut"):
            await self._trickle(garbage, answer, body, scope, receive, send)
        else:
            spoilt, media_type = spoil(garbage, body, self._dice)
            await _send(send, answer.status, [(b"content-type", media_type.encode())], spoilt)

    async def _trickle(
        self,
        garbage: str,
        answer: "_Answer",
        body: bytes,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        headers = [*answer.headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if garbage == "cut":
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await _drop(scope, receive)
            return
        for place in range(len(body)):
            piece = body[place : place + 1]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if await _gone(receive, self.fault.drip_ms / 1000):
                return
        await send({"type": "http.response.body", "body": b""})

    async def _admin(self, scope: Scope, body: bytes | None, receive: Receive, send: Send) -> None:
        paths: dict[str, dict[str, Callable[[bytes], Any]]] = {
            "/_admin/health": {"GET": self._health},
            "/_admin/fault": {
                "GET": lambda _: self.fault,
                "PUT": self._set_fault,
                "DELETE": lambda _: self._put(Fault()),
            },
            "/_admin/requests": {
                "GET": lambda _: self._journal.told(),
                "DELETE": lambda _: self._journal.forget(),
            },
        }
        known = paths.get(scope["path"])
        response: Response
        if known is None:
            # What else a system has to administer is its own app's affair.
            await self._app(scope, _again(body or b"", receive), send)
            return
        if scope["method"] not in known:
            allowed = ", ".join(sorted(known))
            response = JSONResponse({"error": f"use {allowed}"}, 405, {"Allow": allowed})
        else:
            try:
                response = Reply(msgspec.to_builtins(known[scope["method"]](body or b"")))
                if self.fault.garbage == "gzip_bomb":
                    # Made now, so that the first request need not wait for it.
                    await asyncio.to_thread(bomb, self.fault.garbage_bytes)
            except (msgspec.MsgspecError, ValueError) as wrong:
                response = JSONResponse({"error": str(wrong)}, 400)
        await response(scope, receive, send)

    def _health(self, _body: bytes) -> Any:
        return {"system": self.name, "status": "ok"}

    def _set_fault(self, body: bytes) -> Fault:
        return self._put(msgspec.json.decode(body, type=Fault))

    def _put(self, fault: Fault) -> Fault:
        self.fault = fault
        self._dice = random.Random(fault.seed)
        return fault


class _Answer:
    """Collects what the app answers."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [h for h in message["headers"] if h[0].lower() != b"content-length"]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None if it is larger than any system takes."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        if len(body) <= MAX_BODY:
            body += message.get("body", b"")
        more = message.get("more_body", False)
    return None if len(body) > MAX_BODY else bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A receive that hands out a body already read, then waits for the client to leave."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _gone(receive: Receive, seconds: float) -> bool:
    """Waits so long; True at once when the client leaves before."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _drop(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    """Closes the connection without another byte, in order or with a reset."""
    transport = scope["extensions"][TRANSPORT]["connection"]
    if reset:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    # Waits until the server has noticed, or it would try to send an error of its own.
    await _listen(receive)


async def _listen(receive: Receive) -> None:
    """Waits until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
