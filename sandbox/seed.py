"""Deterministic draws: every record is a pure function of one seed, its kind and its index."""

from collections.abc import Sequence
from typing import TypeVar
from zlib import crc32

SEED = 20260907

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15

T = TypeVar("T")


class Draw:
    """A stream of numbers that is the same in every process for the same (kind, index).

    Records are drawn one by one and on demand, so a service starts without building what it
    may never be asked for.

    *Source*: SplitMix64 (Steele, Lea, Flood 2014).
    """

    __slots__ = ("_state",)

    def __init__(self, kind: str, index: int, seed: int = SEED) -> None:
        start = crc32(kind.encode()) << 32 ^ index * 0xD1342543DE82EF95 ^ seed * 0xA24BAED5
        self._state = start & _MASK

    def number(self) -> int:
        """The next 64 bits."""
        self._state = state = (self._state + _STEP) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def below(self, bound: int) -> int:
        """A number from 0 up to, not including, the bound."""
        return self.number() % bound

    def between(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return low + self.number() % (high - low + 1)

    def share(self) -> float:
        """A number from 0 up to, not including, 1."""
        return (self.number() >> 11) / (1 << 53)

    def chance(self, percent: float) -> bool:
        """True in so many cases of a hundred."""
        return self.share() * 100 < percent

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[self.number() % len(choices)]

    def pick_some(self, choices: Sequence[T], count: int) -> list[T]:
        """Some of the choices, none twice, in the order they were given."""
        left = list(range(len(choices)))
        taken = sorted(left.pop(self.below(len(left))) for _ in range(min(count, len(left))))
        return [choices[position] for position in taken]
