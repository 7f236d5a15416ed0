"""Running one operation for whoever asked, however they are connected."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from graphql import OperationType
from msgspec import Struct

from domain.errors import DeadlineExceeded, Failure, SourceTimeout
from execution.context import Context
from execution.document import Read
from execution.result import Result, extensions_of
from transport.budget import Account, Budget
from transport.caller import Caller, Proved, proved_as
from transport.document import DocumentReader
from transport.exchange import Exchange
from transport.load import Seat
from transport.parameter import Parameters
from transport.port import ContextFactory, Executor, Verifier
from transport.settings import Settings
from transport.shape import Answer, Shaper
from transport.tick import ticking

T = TypeVar("T")
_FALSE_END = Answer({"hasNext": False})


class MethodNotAllowed(Failure):
    """An operation came by a way that its kind cannot be answered by."""

    code = "METHOD_NOT_ALLOWED"


class Gone(Exception):  # noqa: N818 - named after what happened
    """The caller left before the answer."""


class Request(Struct, frozen=True):
    """One operation whose document is known and whose caller is proved.

    *Shape*: ``defers`` where its text could ask for an answer in parts.
    """

    document: Read
    defers: bool
    operation_name: str | None
    variables: dict[str, Any] | None
    kind: OperationType | None
    is_trusted: bool


class Operations:
    """Gives each operation its viewer, its document, its context, its time, and its end."""

    def __init__(
        self,
        executor: Executor,
        contexts: ContextFactory,
        verifier: Verifier,
        documents: DocumentReader,
        budget: Budget,
        settings: Settings,
    ) -> None:
        self._executor = executor
        self._contexts = contexts
        self._verifier = verifier
        self._documents = documents
        self._budget = budget
        self._settings = settings
        self._shaper = Shaper(settings)

    async def prove(self, caller: Caller) -> Proved:
        """Prove who a caller is.

        *Errors*: the verifier's; ``SourceTimeout`` when it has no answer in time.
        """
        viewer = self._verifier.known(caller.authorization)
        if viewer is None:
            try:
                async with asyncio.timeout(self._settings.viewer_time):
                    viewer = await self._verifier.viewer(caller.authorization)
            except TimeoutError:
                raise SourceTimeout("identity", "viewer", "no answer in time") from None
        return proved_as(caller, viewer)

    def check_room(self, proved: Proved | None = None, seat: Seat | None = None) -> None:
        """Refuse at once what could not be begun; without a caller, what nobody could begin.

        *Errors*: ``Overloaded``.
        """
        self._budget.check_room(proved.viewer if proved else None, seat)

    async def read(self, parameters: Parameters, proved: Proved) -> Request:
        """Find the document of a request, and what its operation does.

        *Errors*: the document reader's.
        """
        found = await self._documents.read(parameters, proved.viewer)
        read = self._executor.read(found.text, proved.viewer.role)
        name = parameters.operation_name
        return Request(
            read,
            "@defer" in found.text,
            name,
            parameters.variables,
            self._executor.kind(read, name),
            found.is_trusted,
        )

    def account(
        self, proved: Proved, *, is_trusted: bool = True, seat: Seat | None = None
    ) -> Account:
        """Open the account of a request, for the length of an ``async with``."""
        return self._budget.open(proved, is_trusted=is_trusted, seat=seat)

    async def run(
        self,
        request: Request,
        proved: Proved,
        account: Account,
        exchange: Exchange,
        *,
        gone: Callable[[], Awaitable[None]],
        only_query: bool = False,
    ) -> Answer:
        """Run one operation in a context of its own, which is closed whatever happens.

        *Errors*: ``BadInput`` and ``Forbidden`` of the context, ``Gone`` as soon as ``gone``
        returns, ``DeadlineExceeded`` where not even the executor's own deadline ended it,
        ``MethodNotAllowed``.
        """
        _check_kind(request.kind, only_query=only_query)
        context = self._open(proved, exchange)
        try:
            prepared = await self._executor.prepare(
                request.document,
                request.variables,
                request.operation_name,
                context,
                for_sharing=only_query,
                admit=account.admit,
            )
            if isinstance(prepared, Result):
                return self._shaper.answer(prepared, proved.viewer, exchange)
            result = self._executor.begin(prepared, context)
            if not isinstance(result, Result):
                seconds = context.deadline.remaining() + self._settings.grace
                result = await _until(result, gone, seconds, self._settings.grace)
        finally:
            context.loaders.close()
        return self._shaper.answer(result, proved.viewer, exchange)

    async def answers(
        self, request: Request, proved: Proved, exchange: Exchange
    ) -> AsyncGenerator[Answer, None]:
        """Give every answer of one operation: one, one for each part, or one for each event.

        The caller closes the generator. *Errors*: as ``run``, and for a subscription whatever
        proving its viewer raises, which is done anew for every event and every ``recheck``.
        """
        if request.kind is OperationType.SUBSCRIPTION:
            answers = self._events(request, proved, exchange)
        else:
            answers = self._parts(request, proved, exchange)
        try:
            async for answer in answers:
                yield answer
        finally:
            await answers.aclose()

    async def _parts(
        self, request: Request, proved: Proved, exchange: Exchange
    ) -> AsyncGenerator[Answer, None]:
        viewer = proved.viewer
        context = self._open(proved, exchange)
        result: Result | None = None
        async with self.account(proved, is_trusted=request.is_trusted) as account:
            try:
                result = await self._executor.execute(
                    request.document,
                    request.variables,
                    request.operation_name,
                    context,
                    in_parts=True,
                    admit=account.admit,
                )
                yield self._shaper.answer(result, viewer, exchange)
                if result.parts is None:
                    return
                last: Answer | None = None
                async for part in result.parts:
                    last = self._shaper.part(part, viewer, exchange)
                    if not part.has_next:
                        # What was found out on the way: stale, redacted, the cost of it all.
                        last.body["extensions"] = extensions_of(context)
                    yield last
                if last is None or last.body["hasNext"]:
                    yield _FALSE_END
            finally:
                if result is not None and result.parts is not None:
                    await result.parts.aclose()
                context.loaders.close()

    async def _events(
        self, request: Request, proved: Proved, exchange: Exchange
    ) -> AsyncGenerator[Answer, None]:
        caller, viewer = proved.caller, proved.viewer
        opening = self._open(proved, exchange)
        try:
            async with self.account(proved, is_trusted=request.is_trusted) as account:
                source = await self._executor.subscribe(
                    request.document,
                    request.variables,
                    request.operation_name,
                    opening,
                    admit=account.admit,
                )
            if isinstance(source, Result):
                yield self._shaper.answer(source, viewer, exchange)
                return
            recheck = self._settings.stream.recheck
            async with aclosing(ticking(source, recheck)) as events:
                async for event in events:
                    proved = await self.prove(caller)
                    if event is None:
                        continue
                    answer = await self._event(request, proved, exchange, event.value)
                    yield answer
                    if not answer.was_executed:
                        return
        finally:
            opening.loaders.close()

    def _open(self, proved: Proved, exchange: Exchange) -> Context:
        asked, viewer = proved.caller.asked, proved.viewer
        return self._contexts.open(viewer, asked, exchange.request_id, proved.key)

    async def _event(
        self, request: Request, proved: Proved, exchange: Exchange, event: object
    ) -> Answer:
        context = self._open(proved, exchange)
        try:
            async with self.account(proved, is_trusted=request.is_trusted) as account:
                result = await self._executor.execute_event(
                    request.document,
                    request.variables,
                    request.operation_name,
                    context,
                    event,
                    admit=account.admit,
                )
        finally:
            context.loaders.close()
        return self._shaper.answer(result, proved.viewer, exchange)


def _check_kind(kind: OperationType | None, *, only_query: bool) -> None:
    if only_query and kind not in (OperationType.QUERY, None):
        raise MethodNotAllowed("Only queries are accepted here; send this one by POST.")
    if kind is OperationType.SUBSCRIPTION:
        raise MethodNotAllowed(
            "A subscription has no single answer; follow it over a socket "
            "(graphql-transport-ws) or as text/event-stream."
        )


async def _until(
    work: Coroutine[Any, Any, T],
    gone: Callable[[], Awaitable[None]],
    seconds: float,
    grace: float,
) -> T:
    """Await work until it is done, its caller gone, or its time over, and leave nothing behind."""
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(gone())
    try:
        await asyncio.wait((task, watch), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if watch.done():
            raise Gone
        raise DeadlineExceeded("The operation's time is over.")
    finally:
        # The watch holds nothing that anybody could wait for; it ends by itself.
        watch.cancel()
        if task.cancel():
            await asyncio.wait((task,), timeout=grace)
            if task.done() and not task.cancelled():
                task.exception()
