"""Looks at people's data: what is handed on, once for each operation and person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domain.policy import Category, View
from domain.viewer import Purpose, Role


class AccessSummary(Struct, frozen=True, kw_only=True):
    """What one operation showed its viewer of one person.

    *Shape*: ``subject`` is a key of the person in some system, the customer's own where that is
    known; ``viewer`` and ``client`` are who looked, None for those whom nobody knows.
    ``categories`` has the widest view that was given of each. ``cases`` are the keys of the cases
    that it rested on.
    """

    at: datetime
    request_id: str
    role: Role
    purpose: Purpose
    viewer: str | None
    client: str | None
    subject: str
    categories: Mapping[Category, View]
    cases: Sequence[str] = ()


class AccessRecord(Protocol):
    """Takes note of looks at people's data."""

    def note(self, summaries: Sequence[AccessSummary]) -> None:
        """Take note of all that one operation showed. It does not wait, and never fails."""
        ...


class AccessReader(Protocol):
    """Takes what was noted, to tell it or to keep it."""

    async def read(self, summaries: Sequence[AccessSummary]) -> None:
        """Take these, the oldest first.

        *Errors*: any; then the same ones, and perhaps more, are handed to it again.
        """
        ...


class _Unrecorded:
    def note(self, summaries: Sequence[AccessSummary]) -> None:
        """Take no note."""


UNRECORDED: AccessRecord = _Unrecorded()
