"""Loyalty accounts: points and tier."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.identity import node_id
from domain.provenance import Provenance


class LoyaltyAccount(Struct, frozen=True, gc=False, kw_only=True):
    """A customer's membership. *Units*: ``points`` in whole points that can be spent."""

    key: str
    customer_key: str
    number: str | None = None
    points: int
    tier: str | None = None
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("LoyaltyAccount", self.key)

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return frozenset((self.customer_key,))


@runtime_checkable
class LoyaltyPort(Protocol):
    """The system that keeps points."""

    async def loyalty_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, LoyaltyAccount]:
        """Read accounts by the customer's key; customers without one are absent."""
        ...

    async def loyalty_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, LoyaltyAccount]:
        """Read accounts by their own key; unknown keys are absent."""
        ...
