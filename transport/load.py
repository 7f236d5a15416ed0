"""How full the gateway is: operations under way, and how late the event loop runs."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from domain.errors import RateLimited
from transport.settings import DemandSettings

_TICK = 0.05
_LEAST_SHRINK, _MOST_SHRINK = 0.8, 0.5
# One late tick is a large answer on its way; two in a row are a queue that does not empty.
_LATE_TICKS = 2
_MAX_ROOM = 4_096


class Overloaded(RateLimited):
    """The gateway itself is full; the caller's own budget is not what is short."""

    @property
    def extensions(self) -> dict[str, object]:
        """The code, and when to come back, in seconds."""
        return {**super().extensions, "retryAfter": 1}


class Load:
    """Counts the operations under way, and adapts how many there may be to what the loop bears.

    *Shape*: while the loop stays late by more than ``lag``, the room shrinks every second tick,
    by a fifth to a half; while it is not late, and more than half of it is in use, it grows by one.
    """

    def __init__(self, settings: DemandSettings) -> None:
        self._settings = settings
        self.room = float(settings.room)
        self.under_way = 0
        self.lag = 0.0
        self._late = 0

    def check(self, share: float) -> None:
        """Refuse what may fill no more than this share of the room. *Errors*: ``Overloaded``."""
        if self.under_way >= max(1.0, self.room * share):
            raise Overloaded("The gateway is busy; try again in a moment.")

    def enter(self) -> None:
        """Count an operation; whoever entered leaves."""
        self.under_way += 1

    def leave(self) -> None:
        """Count an operation's end."""
        self.under_way -= 1

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch the loop while the block runs."""
        task = asyncio.ensure_future(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_TICK)
            self.lag = max(0.0, time.monotonic() - before - _TICK)
            self.adapt()

    def adapt(self) -> None:
        """Fit the room to the lag that was seen last."""
        self._late = self._late + 1 if self.lag > self._settings.lag else 0
        if self._late >= _LATE_TICKS:
            self._late = 0
            # What is under way now is more than the loop bears, whatever the room was before.
            full = min(self.room, float(max(self.under_way, self._settings.least_room)))
            part = min(_LEAST_SHRINK, max(_MOST_SHRINK, self._settings.lag / self.lag))
            self.room = max(float(self._settings.least_room), full * part)
        elif self._late:
            return
        elif self.under_way * 2 > self.room:
            self.room = min(float(_MAX_ROOM), self.room + 1)
        elif self.room < self._settings.room:
            self.room = min(float(self._settings.room), self.room + 1)
