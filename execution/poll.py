"""Looking for changes of stock in systems that do not tell them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from msgspec import Struct

from domain.ask import Ask
from domain.availability import StockLevel, StockPort
from domain.deadline import Duration
from domain.errors import Failure
from domain.holdback import HeldBack
from domain.task import beside
from execution.watch import StockWatch

_MAX_SKUS = 10_000
_log = structlog.get_logger("execution")


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How changes of stock are found, and what of it some channels may not sell.

    *Units*: ``interval`` between two looks at what is followed; what a system tells by itself is
    known at once.
    """

    interval: Duration = Duration(20)
    held_back: list[HeldBack] = []


class StockPoll:
    """Reads the stock of every SKU that is followed, and tells those that have changed.

    *Shape*: at most 10,000 SKUs a round; the others are looked at in the next.
    """

    def __init__(
        self, watch: StockWatch, port: StockPort, ask: Callable[[], Ask], settings: Settings
    ) -> None:
        self._watch = watch
        self._port = port
        self._ask = ask
        self._settings = settings
        self._seen: dict[str, int] = {}
        self._place = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look while the block runs."""
        async with beside(self._run):
            yield

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._settings.interval)
            try:
                await self.look()
            except Failure as failure:
                _log.info("poll", code=failure.code)
            except Exception:  # noqa: BLE001 - the next round is not this one's to prevent
                _log.exception("poll")

    async def look(self) -> None:
        """Look once. *Errors*: the port's."""
        followed = self._watch.followed
        self._seen = {sku: self._seen[sku] for sku in followed if sku in self._seen}
        if not followed:
            return
        self._place %= len(followed)
        asked = (followed[self._place :] + followed[: self._place])[:_MAX_SKUS]
        self._place += len(asked)
        found = await self._port.stock_by_sku(asked, self._ask())
        changed = []
        for sku in asked:
            levels = found.get(sku, ())
            if isinstance(levels, Failure):
                continue
            state = _state(levels)
            if self._seen.setdefault(sku, state) != state:
                self._seen[sku] = state
                changed.append(sku)
        await self._watch.tell(changed)


def _state(levels: Sequence[StockLevel]) -> int:
    """Reduce stock to what a change of is worth telling; its age is not."""
    return hash(
        tuple(
            sorted(
                (each.location_key, each.available, each.on_hand, len(each.incoming))
                for each in levels
            )
        )
    )
