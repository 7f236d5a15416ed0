"""Allocations: what is held with us, set aside in the stock system as well, where it can."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.hold import ReservationLine


class AllocationRequest(Struct, frozen=True):
    """What is to be set aside for one reservation in one system.

    *Shape*: ``key`` names it for every try: the same key sets nothing aside twice, and with other
    lines or another end it is changed. ``expires_at`` is when the system lets it go by itself.
    """

    key: str
    lines: tuple[ReservationLine, ...]
    expires_at: datetime | None


class Allocation(Struct, frozen=True):
    """What a system has set aside: perhaps less than was asked for.

    *Freshness*: every figure that the system observed at ``included_from`` or later, by its own
    clock, has this subtracted.
    """

    key: str
    lines: tuple[ReservationLine, ...]
    included_from: datetime


@runtime_checkable
class Allocator(Protocol):
    """A stock system that can set goods aside. *Errors* of all calls: ``SourceFailure``."""

    async def allocations_by_request(
        self, requests: Sequence[AllocationRequest], ask: Ask
    ) -> Mapping[str, Allocation | Failure]:
        """Set goods aside, each request whole or as far as there is something; by key."""
        ...

    async def released_by_key(self, keys: Sequence[str], ask: Ask) -> frozenset[str]:
        """Let goods go; tells which are let go, those included that nothing was set aside for."""
        ...
