"""The way of access summaries out of operations: a bounded queue, and one task that empties it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import structlog

from domain.record import AccessReader, AccessSummary
from domain.task import beside

_BATCH = 100
_GATHERING = 0.25
_READING = 10.0
_AGAIN = 5.0
_log = structlog.get_logger("execution")


class AccessTrail:
    """Keeps the latest summaries until its reader has taken them; implements ``AccessRecord``.

    *Shape*: at most ``capacity`` wait; what has no room any more leaves first, and is counted in
    ``dropped``.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._waiting: deque[AccessSummary] = deque(maxlen=capacity)
        self._woken = asyncio.Event()
        self.dropped = 0

    def note(self, summaries: Sequence[AccessSummary]) -> None:
        """Keep what one operation showed."""
        room = (self._waiting.maxlen or 0) - len(self._waiting)
        self.dropped += max(0, len(summaries) - room)
        self._waiting.extend(summaries)
        self._woken.set()

    @asynccontextmanager
    async def running(self, reader: AccessReader) -> AsyncIterator[None]:
        """Hand on what is noted while the block runs, and at its end what still waits.

        What the reader does not take is handed to it again. At the end it is asked once more, and
        how much is lost is told in the log.
        """
        try:
            async with beside(partial(self._run, reader)):
                yield
        finally:
            while self._waiting:
                if not await self._hand_on(reader):
                    _log.error("access trail", lost=len(self._waiting))
                    break

    async def _run(self, reader: AccessReader) -> None:
        told = 0
        while True:
            await self._woken.wait()
            # A few moments make one batch of many operations.
            await asyncio.sleep(_GATHERING)
            self._woken.clear()
            while self._waiting:
                if not await self._hand_on(reader):
                    await asyncio.sleep(_AGAIN)
            if self.dropped > told:
                _log.error("access trail", dropped=self.dropped - told)
                told = self.dropped

    async def _hand_on(self, reader: AccessReader) -> bool:
        """Hand on the oldest; they leave the queue when they are taken."""
        count = min(_BATCH, len(self._waiting))
        batch = [self._waiting[place] for place in range(count)]
        dropped = self.dropped
        try:
            async with asyncio.timeout(_READING):
                await reader.read(batch)
        except Exception as error:  # noqa: BLE001 - a reader that fails is asked again
            _log.warning("access trail", taken=False, count=count, error=type(error).__name__)
            return False
        # Some of them may have had to leave for newer ones meanwhile: they were not lost.
        left = min(count, self.dropped - dropped)
        self.dropped -= left
        for _ in range(count - left):
            self._waiting.popleft()
        return True
