"""Loyalty accounts: points, tier, and the ledger that they are the sum of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.identity import node_id
from domain.page import Page, PageRequest
from domain.provenance import Provenance


class TierProgress(Struct, frozen=True, gc=False):
    """The way to the next tier. *Units*: points that count towards tiers.

    *Shape*: ``reached`` of ``required`` points are there; ``share`` is how much of the way from
    the present tier's threshold to the next one's is behind.
    """

    next_tier: str
    reached: int
    required: int
    share: float

    @property
    def missing(self) -> int:
        """How many points are still to go."""
        return max(0, self.required - self.reached)


def tier_progress(reached: int, floor: int, next_tier: str, required: int) -> TierProgress:
    """Measure the way from the present tier's threshold to the next one's.

    *Errors*: ``ValueError`` where the next tier does not lie above the present one.
    """
    if required <= floor:
        raise ValueError("the next tier does not lie above the present one")
    share = (reached - floor) / (required - floor)
    return TierProgress(next_tier, reached, required, min(1.0, max(0.0, share)))


class LoyaltyAccount(Struct, frozen=True, gc=False, kw_only=True):
    """A customer's membership.

    *Shape*: ``number`` is what stands on the card; ``progress`` is None in the highest tier.
    *Units*: ``points`` in whole points that can be spent, ``lifetime_points`` in those that count
    towards tiers.
    """

    key: str
    customer_key: str
    number: str | None = None
    points: int
    lifetime_points: int | None = None
    tier: str | None = None
    progress: TierProgress | None = None
    member_since: datetime | None = None
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("LoyaltyAccount", self.key)

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return frozenset((self.customer_key,))


class LoyaltyEntryKind(Enum):
    """Why points came or went."""

    EARN = "EARN"
    REDEEM = "REDEEM"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"
    ADJUST = "ADJUST"


class LoyaltyEntry(Struct, frozen=True, gc=False, kw_only=True):
    """A row of an account's ledger. *Units*: ``points`` signed: below zero they went."""

    key: str
    kind: LoyaltyEntryKind
    points: int
    at: datetime
    order_key: str | None = None
    provenance: Provenance


class LedgerQuery(Struct, frozen=True, gc=False):
    """A page of one account's ledger, newest first."""

    account_key: str
    page: PageRequest

    def rank(self, entry: LoyaltyEntry) -> float:
        """Tell a row's place among those of several systems; the least comes first."""
        return -entry.at.timestamp()


@runtime_checkable
class LoyaltyPort(Protocol):
    """The system that keeps points."""

    async def loyalty_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, LoyaltyAccount | Failure]:
        """Read accounts by the customer's key; customers without one are absent."""
        ...

    async def loyalty_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, LoyaltyAccount | Failure]:
        """Read accounts by their own key; unknown keys are absent."""
        ...

    async def ledger_by_account(
        self, queries: Sequence[LedgerQuery], ask: Ask
    ) -> Mapping[LedgerQuery, Page[LoyaltyEntry] | Failure]:
        """Read one page of each account's ledger, newest first.

        An account that the system does not know has an empty page; a
        cursor that is not its own is ``BadInput`` in the place of that page.
        """
        ...
