"""Token buckets: how much somebody may ask for in a while."""

from typing import Protocol

from msgspec import Struct


class Rate(Struct, frozen=True, gc=False):
    """How many tokens a bucket holds at most, and how many come back each second."""

    capacity: int
    per_second: float


class Grant(Struct, frozen=True, gc=False):
    """Whether tokens were given.

    *Shape*: ``remaining`` are left in the bucket. *Units*: ``retry_after`` in seconds until the
    same demand can be met; 0 where it was, None where the bucket never holds so many.
    """

    is_granted: bool
    remaining: int
    retry_after: float | None = 0.0


class TokenBucket(Protocol):
    """Keeps a bucket for every key; a new one is full. Never fails, and answers at once."""

    async def take(self, key: str, tokens: int, rate: Rate) -> Grant:
        """Take tokens, all or none."""
        ...
