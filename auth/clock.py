"""Time as auth sees it."""

import asyncio
import time


class Clock:
    """The machine's clocks; whoever wants another time hands in another clock."""

    def wall(self) -> float:
        """Tell the time of day that tokens speak of. *Units*: seconds since 1970, UTC."""
        return time.time()

    def steady(self) -> float:
        """Tell a time that never jumps, for intervals. *Units*: seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let this much steady time pass."""
        await asyncio.sleep(seconds)
