"""Changes of stock on their way from the systems to whoever follows them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import msgspec
import structlog

from domain.change import StockChange
from domain.feed import Feed, FeedGapError
from domain.task import beside

TOPIC = "stock"
_MAX_SKUS = 1_000
_PAUSE = 1.0
_log = structlog.get_logger("execution")


class _Follower:
    """One who follows some SKUs: those that have changed since they were last told."""

    def __init__(self, skus: Iterable[str]) -> None:
        self.skus = frozenset(skus)
        self.changed: dict[str, None] = {}
        self.woken = asyncio.Event()

    def note(self, skus: Iterable[str]) -> None:
        self.changed.update(dict.fromkeys(skus))
        self.woken.set()


class StockWatch:
    """Follows the feed once for this process, and hands changes on; implements ``StockChanges``.

    *Shape*: what waits for a follower is at most its own SKUs, so that a slow one costs no more
    than a quick one.
    """

    def __init__(self, feed: Feed, heard: Callable[[], None] | None = None) -> None:
        """Make one; ``heard`` is called with every change, before anybody else hears of it."""
        self._feed = feed
        self._heard = heard
        self._cursor = ""
        self._followers: dict[str, set[_Follower]] = {}

    @property
    def followed(self) -> list[str]:
        """The SKUs that anybody follows."""
        return list(self._followers)

    async def tell(self, skus: Sequence[str]) -> None:
        """Tell that the stock of these SKUs has changed, here and in every other process."""
        for start in range(0, len(skus), _MAX_SKUS):
            part = list(skus[start : start + _MAX_SKUS])
            await self._feed.publish(TOPIC, msgspec.json.encode(part))

    async def follow(self, skus: Sequence[str], after: str | None) -> AsyncIterator[StockChange]:
        """Give the changes of these SKUs as they come, for ever."""
        follower = _Follower(skus)
        for sku in follower.skus:
            self._followers.setdefault(sku, set()).add(follower)
        try:
            if after is not None and after != self._cursor:
                follower.note(skus)
            while True:
                await follower.woken.wait()
                follower.woken.clear()
                changed, follower.changed = follower.changed, {}
                yield StockChange(tuple(changed), self._cursor)
        finally:
            for sku in follower.skus:
                others = self._followers[sku]
                others.discard(follower)
                if not others:
                    del self._followers[sku]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the feed while the block runs."""
        async with beside(self._run):
            yield

    async def _run(self) -> None:
        while True:
            with suppress(FeedGapError):
                async for event in self._feed.follow(TOPIC):
                    self._cursor = event.cursor
                    self._hand_on(event.payload)
            # Something may have been missed: everybody looks at the present state.
            self._cursor = ""
            for sku, followers in self._followers.items():
                for follower in followers:
                    follower.note((sku,))
            await asyncio.sleep(_PAUSE)

    def _hand_on(self, payload: bytes) -> None:
        try:
            skus = msgspec.json.decode(payload, type=list[str])
        except msgspec.MsgspecError:
            _log.error("feed", topic=TOPIC, problem="an event that is not a list of SKUs")
            return
        if self._heard is not None:
            self._heard()
        woken: dict[_Follower, list[str]] = {}
        for sku in skus:
            for follower in self._followers.get(sku, ()):
                woken.setdefault(follower, []).append(sku)
        for follower, changed in woken.items():
            follower.note(changed)
