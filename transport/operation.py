"""Running one operation for whoever asked, however they are connected."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from domain.errors import DeadlineExceeded, SourceTimeout
from domain.viewer import Viewer
from execution.context import Asked, Context
from execution.result import Result
from transport.parameter import Parameters
from transport.settings import Settings

T = TypeVar("T")


class Executor(Protocol):
    """Executes documents; raises nothing but cancellation."""

    async def execute(
        self,
        document: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        only_query: bool = False,
    ) -> Result:
        """Execute one operation of a document."""
        ...


class ContextFactory(Protocol):
    """Opens the context of one operation."""

    def open(self, viewer: Viewer, asked: Asked, request_id: str) -> Context:
        """Make a context; the caller closes its loaders."""
        ...


class Verifier(Protocol):
    """Proves who is asking."""

    async def viewer(self, authorization: str | None) -> Viewer:
        """Read an Authorization header; None is an anonymous caller."""
        ...


class Gone(Exception):  # noqa: N818 - named after what happened
    """The caller left before the answer."""


class Operations:
    """Gives each operation its viewer, its context, its time, and its end."""

    def __init__(
        self,
        executor: Executor,
        contexts: ContextFactory,
        verifier: Verifier,
        settings: Settings,
    ) -> None:
        self._executor = executor
        self._contexts = contexts
        self._verifier = verifier
        self._settings = settings

    async def viewer(self, authorization: str | None) -> Viewer:
        """Prove the viewer.

        *Errors*: the verifier's; ``SourceTimeout`` when it has no answer in time.
        """
        try:
            async with asyncio.timeout(self._settings.viewer_time):
                return await self._verifier.viewer(authorization)
        except TimeoutError:
            raise SourceTimeout("identity", "viewer", "no answer in time") from None

    async def run(
        self,
        parameters: Parameters,
        viewer: Viewer,
        asked: Asked,
        request_id: str,
        *,
        gone: Callable[[], Awaitable[None]],
        only_query: bool = False,
    ) -> Result:
        """Run one operation in a context of its own, which is closed whatever happens.

        *Errors*: ``BadInput`` and ``Forbidden`` of the context, ``Gone`` as soon as ``gone``
        returns, ``DeadlineExceeded`` where not even the executor's own deadline ended it.
        """
        context = self._contexts.open(viewer, asked, request_id)
        try:
            work = self._executor.execute(
                parameters.query,
                parameters.variables,
                parameters.operation_name,
                context,
                only_query=only_query,
            )
            seconds = context.deadline.remaining() + self._settings.grace
            return await _until(work, gone, seconds, self._settings.grace)
        finally:
            context.loaders.close()


async def _until(
    work: Coroutine[Any, Any, T],
    gone: Callable[[], Awaitable[None]],
    seconds: float,
    grace: float,
) -> T:
    """Await work until it is done, its caller gone, or its time over, and leave nothing behind."""
    task = asyncio.ensure_future(work)
    watch: asyncio.Future[None] | None = None
    try:
        # What asks no system is done after its first step, and needs no watch.
        await asyncio.sleep(0)
        if task.done():
            return task.result()
        watch = asyncio.ensure_future(gone())
        await asyncio.wait((task, watch), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if watch.done():
            raise Gone
        raise DeadlineExceeded("The operation's time is over.")
    finally:
        pending = {each for each in (task, watch) if each is not None and each.cancel()}
        if pending:
            ended, _ = await asyncio.wait(pending, timeout=grace)
            for each in ended:
                if not each.cancelled():
                    each.exception()
