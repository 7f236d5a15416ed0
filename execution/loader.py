"""One batch of keys per tick and port: aiodataloader, kept safe from cancelled callers.

aiodataloader 0.4.3 has two traps that a gateway with deadlines and leaving clients would meet
daily: a caller that is cancelled cancels the shared future, which then poisons its key for
everybody else; and when a batch itself is cancelled, those who wait for it wait for ever. Here
callers wait beside the shared futures, never on them, and a batch that ends in any way settles
all its keys. Failures travel as values, so that one key's failure is one key's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader, dispatch_queue
from aiodataloader import Loader as Waiting
from msgspec import Struct, structs

from domain.ask import Ask
from domain.errors import DeadlineExceeded, Failure

K = TypeVar("K")
V = TypeVar("V")

Fetch = Callable[[Sequence[K], Ask], Awaitable[Mapping[K, V | Failure]]]


class _Failed(Struct, frozen=True):
    """A failure on its way through a future, which would else be raised at nobody."""

    failure: Exception


class Batches:
    """The batches that one operation has under way; closing it ends them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def enter(self) -> None:
        """Take the running batch under care until it ends."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Cancel whatever is still under way, and with it the calls to the systems."""
        for task in tuple(self._tasks):
            task.cancel()


class _Columns(DataLoader[K, Any]):
    """aiodataloader's, asked for a column of keys at a time, with a task less for each batch."""

    def futures(self, keys: Sequence[K]) -> list[asyncio.Future[Any]]:
        """Give the future of each key."""
        known, queue, create = self._cache, self._queue, self.loop.create_future
        is_scheduled = bool(queue)
        found = []
        for key in keys:
            future = known.get(key)
            if future is None:
                future = known[key] = create()
                queue.append(Waiting(key, future))
            found.append(future)
        if queue and not is_scheduled:
            # After as many turns of the loop as the library takes, which makes a task for the
            # first: columns that have just come get to ask for their keys.
            self.loop.call_soon(self.loop.call_soon, dispatch_queue, self)
        return found


class Loader(Generic[K, V]):
    """Loads values of one port by key, each key once per operation, all of a tick in one batch."""

    __slots__ = ("_ask", "_batches", "_fetch", "_keep", "_loader")

    def __init__(
        self,
        fetch: Fetch[K, V],
        ask: Ask,
        batches: Batches,
        keep: Callable[[V], None] | None = None,
    ) -> None:
        """Make a loader; ``keep`` sees every value that arrives, to prime other loaders with."""
        self._fetch = fetch
        self._ask = ask
        self._batches = batches
        self._keep = keep
        self._loader: _Columns[K] | None = None

    def _open(self) -> "_Columns[K]":
        if self._loader is None:
            self._loader = _Columns(self._batch)
        return self._loader

    def narrow(self, fields: frozenset[str]) -> None:
        """Ask for no more than these attributes from here on."""
        self._ask = structs.replace(self._ask, fields=fields)

    async def load(self, keys: Sequence[K]) -> list[V | Failure | None]:
        """Load a column of keys.

        *Shape*: one result per key, in order: the value, None where the system knows no such
        key, or the failure that kept it away.
        """
        if not keys:
            return []
        futures = self._open().futures(keys)
        # A batch settles its keys in their order and without a pause: who waits for the last one
        # has mostly waited for all of them.
        for future in reversed(futures):
            if not future.done():
                # The shared future is left alone when the caller is cancelled.
                await asyncio.shield(future)
        results: list[V | Failure | None] = []
        for future in futures:
            value = future.result()
            if isinstance(value, _Failed):
                if not isinstance(value.failure, Failure):
                    raise value.failure
                results.append(value.failure)
            else:
                results.append(value)
        return results

    async def load_one(self, key: K) -> V | Failure | None:
        """Load a single key through the same batches."""
        return (await self.load((key,)))[0]

    def prime(self, key: K, value: V) -> None:
        """Remember a value that came with another one; what is already here stays."""
        self._open().prime(key, value)

    def close(self) -> None:
        """Let go of what holds on to this in turn, so that both are freed at once.

        Left to the collector, that is the whole answer of every operation, which it would look for
        by stopping everything.
        """
        self._loader = self._keep = None

    async def _batch(self, keys: list[K]) -> list[Any]:
        self._batches.enter()
        try:
            found = await self._fetch(keys, self._ask)
        except asyncio.CancelledError:
            # Whoever still waits must not wait for ever on a batch that will not come.
            return [_Failed(DeadlineExceeded("The operation ended before this value came."))] * len(
                keys
            )
        except Exception as failure:  # noqa: BLE001 - handed to each waiter, who raises bugs
            return [_Failed(failure)] * len(keys)
        values = [found.get(key) for key in keys]
        if self._keep is not None:
            for value in found.values():
                if not isinstance(value, Failure):
                    self._keep(value)
        return [_Failed(value) if isinstance(value, Failure) else value for value in values]
