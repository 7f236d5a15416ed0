"""Time as a bound: durations as people write them, and the instant an operation must end."""

import math
import re
import time
from typing import Self

from msgspec import Struct

_FORM = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Duration(float):
    """A length of time in seconds, above zero, written in settings as a number with its unit.

    *Units*: ``ms``, ``s``, ``min``, ``h``, ``d``: ``"800ms"``, ``"15 min"``, ``"7d"``.
    """

    def __str__(self) -> str:
        return f"{self * 1000:g}ms" if 0 < self < 1 else f"{float(self):g}s"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read a duration; ValueError says what was found and what is allowed."""
        match = _FORM.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
        if match is None:
            raise ValueError(
                f'found {text!r}; write a number and its unit (ms, s, min, h, d), as in "800ms"'
            )
        seconds = float(match[1]) * _SECONDS[match[2]]
        if not 0 < seconds < math.inf:
            raise ValueError(f"found {text!r}; write a length of time above zero")
        return cls(seconds)


class Deadline(Struct, frozen=True):
    """The instant by which an operation ends, on the monotonic clock that asyncio uses."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Set the deadline this many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Tell the seconds that are left, never below zero."""
        return max(0.0, self.at - time.monotonic())
