"""Feeds: what happens, told in order to whoever follows, also after a break."""

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct


class Event(Struct, frozen=True, gc=False):
    """Something that happened; ``cursor`` is the place behind it, opaque."""

    cursor: str
    payload: bytes


class FeedGapError(Exception):
    """Events may have been missed: whoever follows reads the present state, and follows anew."""


class Feed(Protocol):
    """Tells events of a topic in the order they were published, to every process."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Tell an event. Never fails: where it cannot be told, its followers learn of a gap."""
        ...

    def follow(self, topic: str, after: str | None = None) -> AsyncIterator[Event]:
        """Give every event behind a cursor, or from now on, as they come; for ever.

        *Errors*: ``FeedGapError`` where one may be missing.
        """
        ...
