"""Loyalty accounts."""

from datetime import datetime
from typing import Annotated

import domain.loyalty
import resolvers.loyalty
from domain.policy import Category, Record
from schema.field import argument, batch, enumerates, plain, publishes
from schema.node import Node
from schema.order import Order
from schema.page import Connection
from schema.provenance import Provenance

enumerates(
    domain.loyalty.LoyaltyEntryKind,
    "Why points came or went.",
    EARN="They were earned.",
    REDEEM="They were spent.",
    HOLD="They are set aside for a purchase that is not finished.",
    RELEASE="They were set aside and are free again.",
    EXPIRE="They were not used in time.",
    ADJUST="They were put right, for instance after a return.",
)


@publishes(domain.loyalty.TierProgress, part_of=Category.LOYALTY)
class TierProgress:
    """The way to the next tier, in points that count towards tiers."""

    next_tier: str = plain("The tier that comes next.")
    reached: int = plain("How many points are there.")
    required: int = plain("How many points the next tier asks for.")
    missing: int = plain("How many are still to go.")
    share: float = plain("How much of the way from this tier to the next is behind: 0 to 1.")


@publishes(domain.loyalty.LoyaltyEntry, part_of=Category.LOYALTY)
class LoyaltyEntry:
    """A row of an account's ledger."""

    kind: domain.loyalty.LoyaltyEntryKind = plain("Why the points came or went.")
    points: int = plain("How many came, or, below zero, went.")
    at: datetime = plain("When.")
    provenance: Provenance = plain("Where this comes from, and how old it is.")

    @batch(resolvers.loyalty.order_of_entry)
    def order(self) -> Order | None:
        """The order that the points came of; null where they came of none."""


@publishes(domain.loyalty.LoyaltyAccount, person=Record.LOYALTY)
class LoyaltyAccount(Node):
    """A customer's membership in the loyalty programme."""

    number: str | None = plain("The number on the card.", category=Category.IDENTIFIER)
    points: int | None = plain("Points that can be spent.", category=Category.LOYALTY)
    lifetime_points: int | None = plain(
        "Points that count towards tiers; null where their system does not count them.",
        category=Category.LOYALTY,
    )
    tier: str | None = plain("The tier that is reached.", category=Category.LOYALTY)
    progress: TierProgress | None = plain(
        "The way to the next tier; null in the highest.", category=Category.LOYALTY
    )
    member_since: datetime | None = plain("When they joined.", category=Category.LOYALTY)
    provenance: Provenance | None = plain(
        "Where this comes from, and how old it is.", category=Category.LOYALTY
    )

    @batch(resolvers.loyalty.ledger_of_account, category=Category.LOYALTY)
    def ledger(
        self,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 10,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[LoyaltyEntry] | None:
        """What came and went, newest first; the points are its sum."""
