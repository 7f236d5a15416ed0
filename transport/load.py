"""How full the gateway is: the places taken in it, and how late the event loop runs."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from domain.errors import RateLimited
from domain.task import beside
from transport.settings import DemandSettings

TICK = 0.01
# So many ticks make a window, after which the room is fitted to what was seen in it.
_WINDOW = 10
# A loop that works this part of the time has all that it needs; more would only wait.
_BUSY = 0.9
_LEAST_SHRINK, _MOST_SHRINK = 0.9, 0.5
_GROWTH = 1.05
_MAX_ROOM = 4_096


class Overloaded(RateLimited):
    """The gateway itself is full; the caller's own budget is not what is short."""

    def __init__(self) -> None:
        super().__init__("The gateway is busy; try again in a moment.")

    @property
    def extensions(self) -> dict[str, object]:
        """The code, and when to come back, in seconds."""
        return {**super().extensions, "retryAfter": 1}


class Load:
    """Counts the places taken, and adapts how many there may be to what the loop bears.

    *Shape*: ten times a second, while the loop is late by more than ``lag`` on average, the room
    shrinks by a tenth to a half; while it is not, and the loop has time to spare though more than
    half of the room is in use, it grows by a twentieth. ``now`` counts the ticks.
    """

    def __init__(self, settings: DemandSettings) -> None:
        self._settings = settings
        self.room = float(settings.room)
        self.taken = 0
        self.now = 0
        self._forfeited = 0
        self._most = 0
        self._lag = 0.0
        self._worked = 0.0

    def seat(self) -> "Seat":
        """Make a seat; it counts once it is taken."""
        return Seat(self)

    def is_full(self, share: float) -> bool:
        """Tell whether a share of the room has no place left."""
        return self.taken >= self.room * share and self.taken > 0

    def check(self, share: float, seat: "Seat") -> None:
        """Refuse what may fill no more than this share of the room. *Errors*: ``Overloaded``.

        *Shape*: ``seat`` is the asker's own, which is not held against it.
        """
        others = self.taken - seat.is_taken
        if others >= self.room * share and others > 0:
            raise Overloaded

    def forfeit(self) -> None:
        """Keep a place taken until the window ends, though its holder has left."""
        self.taken += 1
        self._forfeited += 1

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch the loop while the block runs."""
        async with beside(self._watch):
            yield

    async def _watch(self) -> None:
        worked = time.thread_time()
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK)
            lag = max(0.0, time.monotonic() - before - TICK)
            self.tick(lag, -worked + (worked := time.thread_time()))

    def tick(self, lag: float, worked: float) -> None:
        """Take in how late the loop was, and how long it worked, since the tick before.

        At the end of a window the room is fitted to both.
        """
        self.now += 1
        self._lag += lag
        self._worked += worked
        self._most = max(self._most, self.taken)
        if self.now % _WINDOW == 0:
            passed = _WINDOW * TICK + self._lag
            self._adapt(self._lag / _WINDOW, self._worked / passed, self._most)
            self.taken -= self._forfeited
            self._lag, self._worked, self._most, self._forfeited = 0.0, 0.0, 0, 0

    def _adapt(self, lag: float, busy: float, most: int) -> None:
        least, limit = float(self._settings.least_room), self._settings.lag
        if lag > limit:
            # What is under way now is more than the loop bears, whatever the room was before.
            full = min(self.room, max(float(most), least))
            part = min(_LEAST_SHRINK, max(_MOST_SHRINK, limit / lag))
            self.room = max(least, full * part)
        elif most * 2 > self.room and busy < _BUSY:
            self.room = min(float(_MAX_ROOM), self.room * _GROWTH + 1)
        elif self.room < self._settings.room:
            self.room += 1


class Seat:
    """The place of one request, from its last byte to its end.

    A place can be taken once. ``leave`` may come first: then it is never taken.
    """

    __slots__ = ("_has_left", "_load", "is_taken")

    def __init__(self, load: Load) -> None:
        self._load = load
        self._has_left = False
        self.is_taken = False

    def take(self) -> None:
        """Take the place, where it is not taken yet."""
        if not self.is_taken and not self._has_left:
            self.is_taken = True
            self._load.taken += 1

    def leave(self) -> None:
        """Give the place back; nothing where it was not taken."""
        self._has_left = True
        if self.is_taken:
            self.is_taken = False
            self._load.taken -= 1

    def forfeit(self) -> None:
        """Give the place back only when the window ends.

        So ends what had to be read before it could be refused: reading it costs far more than
        refusing at the door, and may not take the time of those who are served.
        """
        if self.is_taken:
            self._load.forfeit()
        self.leave()
