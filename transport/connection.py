"""How a connection ends: readers that do not read are let go, the others get to read the answer."""

import asyncio
from collections.abc import Callable

# What is read and dropped of a sender who goes on while being told why not.
_LINGER_BYTES = 16_000_000
_LINGER_SECONDS = 2.0


class Stall:
    """Ends a connection whose reader takes nothing of what is waiting for it.

    *Units*: ``seconds`` in which not a single byte left.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0

    def begin(self, transport: asyncio.Transport) -> None:
        """Watch a transport that has more to send than it should hold."""
        self._left = transport.get_write_buffer_size()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look, transport)

    def end(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, transport: asyncio.Transport) -> None:
        self._timer = None
        # Nothing is added while writing is paused, so that any change is a byte that was taken.
        if transport.get_write_buffer_size() >= self._left:
            transport.abort()
        else:
            self.begin(transport)


class Rest:
    """Ends a connection that rests for too long, by one timer for all of its rests.

    *Units*: ``seconds`` that a rest may last.
    """

    def __init__(self, seconds: float, close: Callable[[], None]) -> None:
        self._seconds = seconds
        self._close = close
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._since: float | None = None

    def begin(self) -> None:
        """Begin a rest."""
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def end(self) -> None:
        """End a rest: something came."""
        self._since = None

    def stop(self) -> None:
        """Stop watching: the connection ends."""
        self._since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._since is None:
            return
        left = self._since + self._seconds - self._loop.time()
        if left <= 0:
            self._close()
        else:
            self._timer = self._loop.call_later(left, self._look)


class Lingering:
    """Closes a connection so that its last answer arrives.

    A connection that is closed with unread bytes is reset, and what was on its way to the sender is
    lost with it. So our side is closed first, and what still comes is read and dropped, for a
    bounded while, until the sender closes theirs.
    """

    def __init__(self, resume: Callable[[], None]) -> None:
        self._resume = resume
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def has_begun(self) -> bool:
        """Whether what comes is of no use any more."""
        return self._timer is not None

    def begin(self, transport: asyncio.Transport) -> None:
        """Close our side; ``resume`` lets what still comes be read."""
        if self._timer is not None or transport.is_closing():
            return
        if not transport.can_write_eof():
            transport.close()
            return
        transport.write_eof()
        self._resume()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_LINGER_SECONDS, transport.close)

    def drop(self, size: int, transport: asyncio.Transport) -> None:
        """Forget what came."""
        self._dropped += size
        if self._dropped > _LINGER_BYTES:
            transport.close()

    def end(self) -> None:
        """Stop waiting: the connection is lost."""
        if self._timer is not None:
            self._timer.cancel()


class Outlet:
    """What an answer is written to: the transport, but for the way it is closed."""

    __slots__ = ("_close", "is_closing", "write", "writelines")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.is_closing = transport.is_closing
        self.write = transport.write
        self.writelines = transport.writelines
        self._close = close

    def close(self) -> None:
        """Close once the answer has arrived."""
        self._close()
