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

from aiodataloader import DataLoader
from msgspec import Struct, structs

from domain.ask import Ask
from domain.errors import DeadlineExceeded, Failure

K = TypeVar("K")
V = TypeVar("V")

Fetch = Callable[[Sequence[K], Ask], Awaitable[Mapping[K, V | Failure]]]


class _Bug(Struct, frozen=True):
    """Stands among what has come for a key whose batch went wrong in a way nobody foresaw."""

    cause: Exception


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


class Loader(Generic[K, V]):
    """Loads values of one port by key, each key once per operation, all of a tick in one batch.

    A column of keys waits as one, for the batch that it goes out in.
    """

    __slots__ = ("_ask", "_batches", "_coming", "_fetch", "_has_bugs", "_keep", "_known", "_loader")

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
        self._known: dict[K, Any] = {}
        self._coming: dict[K, asyncio.Future[None]] = {}
        self._has_bugs = False
        self._loader: DataLoader[tuple[K, ...], None] | None = None

    def narrow(self, fields: frozenset[str]) -> None:
        """Ask for no more than these attributes from here on."""
        self._ask = structs.replace(self._ask, fields=fields)

    async def load(self, keys: Sequence[K]) -> list[V | Failure | None]:
        """Load a column of keys.

        *Shape*: one result per key, in order: the value, None where the system knows no such
        key, or the failure that kept it away.
        """
        known = self._known
        unknown = [key for key in keys if key not in known]
        if unknown:
            await self._arrive(unknown)
        results = [known[key] for key in keys]
        if self._has_bugs:
            for result in results:
                if isinstance(result, _Bug):
                    raise result.cause
        return results

    async def load_one(self, key: K) -> V | Failure | None:
        """Load a single key through the same batches."""
        return (await self.load((key,)))[0]

    def prime(self, values: Mapping[K, V]) -> None:
        """Remember values that came with another one; what is already here, or coming, stays."""
        known, coming = self._known, self._coming
        for key, value in values.items():
            if key not in coming:
                known.setdefault(key, value)

    def close(self) -> None:
        """Let go of what holds on to this in turn, so that both are freed at once.

        Left to the collector, that is the whole answer of every operation, which it would look for
        by stopping everything.
        """
        self._loader = self._keep = None

    async def _arrive(self, keys: Sequence[K]) -> None:
        """Wait until these keys are known."""
        coming = self._coming
        unasked = tuple(key for key in dict.fromkeys(keys) if key not in coming)
        if unasked:
            if self._loader is None:
                self._loader = DataLoader(self._batch, cache=False)
            coming.update(dict.fromkeys(unasked, self._loader.load(unasked)))
        for batch in {coming[key] for key in keys}:
            if not batch.done():
                # Others wait for it, too, when this caller is cancelled.
                await asyncio.shield(batch)

    async def _batch(self, columns: list[tuple[K, ...]]) -> list[None]:
        keys = [key for column in columns for key in column]
        self._batches.enter()
        arrived: dict[K, Any]
        try:
            found = await self._fetch(keys, self._ask)
            arrived = {key: found.get(key) for key in keys}
            if self._keep is not None:
                for value in found.values():
                    if not isinstance(value, Failure):
                        self._keep(value)
        except asyncio.CancelledError:
            # Whoever still waits must not wait for ever on a batch that will not come.
            late = DeadlineExceeded("The operation ended before this value came.")
            arrived = dict.fromkeys(keys, late)
        except Failure as failure:
            arrived = dict.fromkeys(keys, failure)
        except Exception as error:  # noqa: BLE001 - handed to each waiter, who raises it
            arrived = dict.fromkeys(keys, _Bug(error))
            self._has_bugs = True
        self._known.update(arrived)
        for key in keys:
            del self._coming[key]
        return [None] * len(columns)
