"""graphql-sse in single connection mode: one event stream for the operations of many requests."""

import asyncio
import secrets
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from domain.errors import Forbidden, RateLimited
from domain.viewer import Viewer
from transport.accept import check_content
from transport.answer import encode, send_bytes
from transport.body import read
from transport.caller import Caller
from transport.exchange import exchange_of
from transport.operation import Operations
from transport.parameter import from_body
from transport.refusal import Refusal, bad_request, method_not_allowed
from transport.session import Session
from transport.settings import Settings
from transport.shape import Answer
from transport.stream import Events, start, until_over, write

TOKEN_HEADER = "x-graphql-event-stream-token"  # noqa: S105 - a header's name
_TEXT = "text/plain; charset=utf-8"
_METHODS = "GET, POST, PUT, DELETE"
_MAX_WAITING = 32
_MAX_PAIRS = 50


class Reservation:
    """One reserved stream: who it is for, what runs on it, and what waits to be sent.

    *Shape*: at most 32 messages wait; operations whose answers find no room wait with them.
    """

    def __init__(
        self, operations: Operations, caller: Caller, viewer: Viewer, settings: Settings
    ) -> None:
        self.viewer = viewer
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)
        self.session = Session(operations, caller, settings, self._say, "/graphql sse")
        self.is_open = False
        self.timer: asyncio.TimerHandle | None = None

    async def _say(self, name: str, answer: Answer | None) -> None:
        if answer is not None:
            payload = {"id": name, "payload": answer.body}
            await self.waiting.put(b"event: next\ndata: " + encode(payload) + b"\n\n")
        if answer is None or not answer.was_executed:
            done = encode({"id": name})
            await self.waiting.put(b"event: complete\ndata: " + done + b"\n\n")


class Reservations:
    """The reserved streams of this process.

    A replica knows its own alone, so that in front of several each client has to stay with one.
    """

    def __init__(self, operations: Operations, settings: Settings, stopping: asyncio.Event) -> None:
        self._operations = operations
        self._settings = settings
        self._stopping = stopping
        self._open: dict[str, Reservation] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def concerns(self, scope: Scope, headers: Headers) -> bool:
        """Tell whether a request speaks of a reserved stream."""
        if scope["method"] == "PUT":
            return True
        if TOKEN_HEADER in headers:
            return True
        return bool(scope["query_string"]) and "token" in _query(scope)

    async def answer(
        self, scope: Scope, headers: Headers, caller: Caller, receive: Receive, send: Send
    ) -> None:
        """Answer a request that concerns a reserved stream.

        *Errors*: 400, 404, 409 for a token or an operation that is not as it should be; 403 for
        another's; ``RateLimited``.
        """
        proved = await self._operations.prove(caller)
        exchange_of(scope).role = proved.viewer.role.value
        method = scope["method"]
        if method == "PUT":
            token = self._reserve(caller, proved.viewer)
            await send_bytes(send, 201, _TEXT, token.encode())
            return
        query = _query(scope)
        token = headers.get(TOKEN_HEADER) or query.get("token", [""])[0]
        reservation = self._open.get(token)
        if reservation is None:
            raise Refusal(404, "STREAM_NOT_FOUND", "No stream is reserved for this token; PUT one.")
        if _who(reservation.viewer) != _who(proved.viewer):
            raise Forbidden("This stream was reserved by somebody else.")
        if method == "GET":
            await self._serve(token, reservation, receive, send)
        elif method == "POST":
            check_content(headers)
            await self._begin(reservation, headers, receive, send)
        elif method == "DELETE":
            name = query.get("operationId", [""])[0]
            if not name:
                raise bad_request("The address has no operationId; name the operation to end.")
            reservation.session.complete(name)
            await send_bytes(send, 200, _TEXT, b"")
        else:
            raise method_not_allowed(method, _METHODS)

    def _reserve(self, caller: Caller, viewer: Viewer) -> str:
        if self._stopping.is_set() or len(self._open) >= self._settings.stream.reservations:
            raise RateLimited("The gateway has no room for another stream; try again later.")
        token = secrets.token_urlsafe(24)
        reservation = Reservation(self._operations, caller, viewer, self._settings)
        self._open[token] = reservation
        self._expire(token, reservation)
        return token

    def _expire(self, token: str, reservation: Reservation) -> None:
        def forget() -> None:
            if not reservation.is_open and self._open.pop(token, None) is not None:
                closing = asyncio.ensure_future(reservation.session.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

        seconds = self._settings.stream.reserve_time
        reservation.timer = asyncio.get_running_loop().call_later(seconds, forget)

    async def _begin(
        self, reservation: Reservation, headers: Headers, receive: Receive, send: Send
    ) -> None:
        parameters = from_body(await read(headers, receive, self._settings), self._settings)
        if isinstance(parameters, list):
            raise bad_request("The body is an array; send one operation per request.")
        name = (parameters.extensions or {}).get("operationId")
        if not isinstance(name, str) or not 0 < len(name) <= 128:
            raise bad_request("'extensions.operationId' is missing; send 1 to 128 characters.")
        if reservation.session.has(name):
            raise Refusal(409, "OPERATION_EXISTS", "An operation of this id is under way already.")
        reservation.session.begin(name, parameters)
        await send_bytes(send, 202, _TEXT, b"")

    async def _serve(
        self, token: str, reservation: Reservation, receive: Receive, send: Send
    ) -> None:
        if reservation.is_open:
            raise Refusal(409, "STREAM_EXISTS", "This stream is open already; reserve another.")
        reservation.is_open = True
        if reservation.timer is not None:
            reservation.timer.cancel()
        form = Events()

        async def pump() -> None:
            await start(send, form, {})
            while not reservation.session.refused.is_set() or not reservation.waiting.empty():
                try:
                    async with asyncio.timeout(self._settings.stream.beat):
                        text: Any = await reservation.waiting.get()
                except TimeoutError:
                    text = form.beat
                await write(send, text)

        try:
            if await until_over(pump, receive, self._stopping):
                await write(send, b"", more=False)
        finally:
            self._open.pop(token, None)
            await reservation.session.close()


def _query(scope: Scope) -> dict[str, list[str]]:
    try:
        return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=_MAX_PAIRS)
    except ValueError:
        return {}


def _who(viewer: Viewer) -> tuple[object, ...]:
    return viewer.role, viewer.client, viewer.subject
