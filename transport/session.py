"""The operations under way on one connection, each under the id that its client gave it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import structlog
import uuid_utils
from graphql import OperationType

from domain.errors import RateLimited, Unauthenticated
from transport.caller import Caller
from transport.exchange import Exchange
from transport.operation import Operations
from transport.parameter import Parameters
from transport.settings import Settings
from transport.shape import Answer, failed
from transport.stream import guarded

_log = structlog.get_logger("transport")
_END_SECONDS = 2.0

# What is said to the client of one operation: an answer, a request error, or its end.
Say = Callable[[str, Answer | None], Awaitable[None]]


class Session:
    """Runs the operations of one connection, side by side, and ends them with it.

    *Shape*: each operation has at most one answer on its way: one whose answer cannot be sent
    waits, and so does what feeds it. ``refused`` is set once the caller's token holds no more.
    """

    def __init__(
        self,
        operations: Operations,
        caller: Caller,
        settings: Settings,
        say: Say,
        carrier: str,
        refused: asyncio.Event | None = None,
    ) -> None:
        self._operations = operations
        self._caller = caller
        self._limit = settings.stream.operations
        self._grace = settings.grace
        self._say = say
        self._carrier = carrier
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._following: set[str] = set()
        self.refused = refused or asyncio.Event()

    def has(self, name: str) -> bool:
        """Tell whether an operation of this name is under way."""
        return name in self._tasks

    def begin(self, name: str, parameters: Parameters) -> None:
        """Begin an operation. *Errors*: ``RateLimited`` where too many are under way."""
        if len(self._tasks) >= self._limit:
            raise RateLimited(
                f"This connection has {len(self._tasks)} operations under way; allowed: "
                f"{self._limit}. Complete some first."
            )
        task = asyncio.ensure_future(self._run(name, parameters))
        self._tasks[name] = task
        task.add_done_callback(lambda ended: self._forget(name, ended))

    def complete(self, name: str) -> None:
        """End an operation that its client wants no more of; an unknown one has ended already."""
        task = self._tasks.pop(name, None)
        self._following.discard(name)
        if task is not None:
            task.cancel()

    async def drain(self, seconds: float) -> None:
        """Tell the ends of subscriptions, and let what has a single answer give it."""
        for name in tuple(self._following):
            self.complete(name)
            await self._say(name, None)
        if self._tasks:
            await asyncio.wait(tuple(self._tasks.values()), timeout=seconds)

    async def close(self) -> None:
        """End whatever is under way."""
        tasks = tuple(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_END_SECONDS)

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
            self._following.discard(name)
        if not task.cancelled():
            task.exception()

    async def _run(self, name: str, parameters: Parameters) -> None:
        exchange = Exchange(str(uuid_utils.uuid7()), self._carrier)
        started, answers = time.monotonic(), 0
        try:
            async with aclosing(
                guarded(self._answers(name, parameters, exchange), exchange)
            ) as all_:
                async for answer in all_:
                    await self._say(name, answer)
                    answers += 1
                    if not answer.was_executed:
                        break
                else:
                    await self._say(name, None)
        except Unauthenticated as refused:
            await self._say(name, failed(refused, exchange))
            self.refused.set()
        finally:
            _log.info(
                "operation",
                request_id=exchange.request_id,
                route=self._carrier,
                ms=round((time.monotonic() - started) * 1000, 1),
                answers=answers,
                operation=exchange.operation,
                role=exchange.role,
                codes=exchange.codes,
            )

    async def _answers(self, name: str, parameters: Parameters, exchange: Exchange) -> Any:
        proved = await self._operations.prove(self._caller)
        exchange.role = proved.viewer.role.value
        self._operations.check_room(proved)
        request = await self._operations.read(parameters, proved)
        if request.kind is OperationType.SUBSCRIPTION:
            self._following.add(name)
        if request.kind is not None:
            exchange.operation = (request.operation_name or "")[:64] or None
        async with aclosing(self._operations.answers(request, proved, exchange)) as answers:
            async for answer in answers:
                yield answer
