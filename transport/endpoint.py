"""GraphQL over HTTP: one address, POST for everything, GET for what only reads."""

import asyncio
from typing import Any

from graphql import OperationType
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from domain.errors import (
    DeadlineExceeded,
    DocumentNotFound,
    Failure,
    RateLimited,
    Unauthenticated,
)
from domain.viewer import Role
from transport.accept import Media, Preference, Stream, check_content, preferred
from transport.answer import encode
from transport.body import read
from transport.caller import Caller, Proved, caller_of
from transport.exchange import PEER, Exchange, exchange_of
from transport.gate import Gate
from transport.head import Head
from transport.operation import Gone, MethodNotAllowed, Operations, Request
from transport.page import Page
from transport.parameter import Parameters, from_address, from_body
from transport.preflight import Origins
from transport.refusal import method_not_allowed
from transport.reply import Reply, answered, broken, refused, send_reply
from transport.reservation import Reservations
from transport.settings import Settings
from transport.shape import failed
from transport.stream import deliver, form_of

_METHODS = "GET, POST, PUT"
# Failures of one operation, not of the request that it came with.
_ITS_OWN = (DeadlineExceeded, DocumentNotFound, MethodNotAllowed)


class GraphQLEndpoint:
    """The ASGI application behind /graphql."""

    def __init__(
        self,
        operations: Operations,
        settings: Settings,
        page: Page | None,
        stopping: asyncio.Event,
        gate: Gate,
    ) -> None:
        self._operations = operations
        self._gate = gate
        self._settings = settings
        self._page = page
        self._stopping = stopping
        self._origins = Origins(settings.origins)
        self._reservations = Reservations(operations, settings, stopping)
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever it holds, the answer is GraphQL's."""
        exchange, headers = exchange_of(scope), Head(scope["headers"])
        media = Media.JSON
        try:
            preference = preferred(headers)
            if self._page and scope["method"] == "GET" and preference.wants_page():
                await self._page.send(send)
                return
            if self._reservations.concerns(scope, headers):
                caller = caller_of(scope, headers)
                await self._reservations.answer(scope, headers, caller, receive, send)
                return
            if scope["method"] not in ("GET", "POST"):
                raise method_not_allowed(scope["method"], _METHODS)
            if not preference.wants_only_events():
                media = preference.media()
            # Refusing has to cost next to nothing, or a crowd is kept out by nobody.
            self._operations.check_room(seat=exchange.seat)
            asked_for = await self._parameters(scope, headers, preference, receive)
            reply = await self._reply(
                asked_for, scope, exchange, headers, preference, receive, send, media
            )
            if reply is None:
                return
            body = encode(reply.body)
        except (Gone, ClientDisconnect):
            exchange.codes.append("GONE")
            return
        except Failure as failure:
            reply = refused(failure, exchange, headers, media)
            body = encode(reply.body)
        except Exception as bug:  # noqa: BLE001 - the last door: masked and logged
            reply = broken(bug, exchange)
            body = encode(reply.body)
        await send_reply(reply, body, media, send)

    async def _prove(self, caller: Caller) -> Proved:
        try:
            proved = await self._operations.prove(caller)
        except Unauthenticated:
            self._gate.learn(caller.authorization, Role.ANONYMOUS)
            raise
        self._gate.learn(caller.authorization, proved.viewer.role)
        return proved

    async def _parameters(
        self, scope: Scope, headers: Headers, preference: Preference, receive: Receive
    ) -> Parameters | list[Parameters]:
        if scope["method"] == "GET":
            self._origins.check(headers, preference)
            return from_address(scope["query_string"], self._settings)
        check_content(headers)
        return from_body(await read(headers, receive, self._settings), self._settings)

    async def _reply(
        self,
        asked_for: Parameters | list[Parameters],
        scope: Scope,
        exchange: Exchange,
        headers: Headers,
        preference: Preference,
        receive: Receive,
        send: Send,
        media: Media,
    ) -> Reply | None:
        proved = await self._prove(caller_of(scope, headers))
        exchange.role = proved.viewer.role.value
        self._operations.check_room(proved, exchange.seat)
        if isinstance(asked_for, list):
            return await self._array(asked_for, proved, exchange, receive)
        request = await self._operations.read(asked_for, proved)
        only_query = scope["method"] == "GET"
        stream = preference.stream(request.kind)
        is_read = request.kind is not OperationType.MUTATION
        if (
            stream is not None
            and (is_read or not only_query)
            and self._streams_for(request, preference, stream)
        ):
            await self._stream(request, proved, exchange, stream, receive, send)
            return None
        async with self._operations.account(
            proved, is_trusted=request.is_trusted, seat=exchange.seat
        ) as account:
            answer = await self._operations.run(
                request, proved, account, exchange, gone=_watch(receive), only_query=only_query
            )
        if account.is_spent:
            self._gate.bar(scope["headers"], scope.get(PEER))
        if answer.was_executed:
            exchange.operation = (request.operation_name or "")[:64] or None
        return answered(answer, media, headers, account.headers())

    def _streams_for(self, request: Request, preference: Preference, stream: Stream) -> bool:
        """Tell whether this operation is answered as a stream.

        A client that also takes plain JSON gets a stream only where it says something that JSON
        could not: a subscription, or an operation that defers.
        """
        if request.kind is OperationType.SUBSCRIPTION or preference.wants_only_events():
            return True
        return stream is not Stream.EVENTS and request.defers

    async def _stream(
        self,
        request: Request,
        proved: Proved,
        exchange: Exchange,
        stream: Stream,
        receive: Receive,
        send: Send,
    ) -> None:
        if self._streams >= self._settings.stream.streams:
            raise RateLimited("The gateway has no room for another stream; try again later.")
        exchange.operation = (request.operation_name or "")[:64] or None
        self._streams += 1
        if exchange.seat is not None:
            # A stream lasts; what it does takes seats of its own.
            exchange.seat.leave()
        try:
            await deliver(
                self._operations.answers(request, proved, exchange),
                form_of(stream),
                exchange,
                receive=receive,
                send=send,
                headers={"Vary": "Accept"},
                beat=self._settings.stream.beat,
                stopping=self._stopping,
            )
        finally:
            self._streams -= 1

    async def _array(
        self, asked_for: list[Parameters], proved: Proved, exchange: Exchange, receive: Receive
    ) -> Reply:
        bodies: list[dict[str, Any]] = []
        gone = _watch(receive)
        async with self._operations.account(proved, seat=exchange.seat) as account:
            # One after the other: an array may hold mutations, whose order counts.
            for each in asked_for:
                try:
                    request = await self._operations.read(each, proved)
                    answer = await self._operations.run(
                        request, proved, account, exchange, gone=gone
                    )
                except Failure as failure:
                    # What the operations before it did stays done, and has to be told.
                    if not bodies and not isinstance(failure, _ITS_OWN):
                        raise
                    answer = failed(failure, exchange)
                bodies.append(answer.body)
        return Reply(200, bodies, account.headers())


def _watch(receive: Receive) -> Any:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return gone
