"""Loyalty accounts."""

import domain.loyalty
from domain.policy import Category
from schema.field import plain, publishes
from schema.node import Node
from schema.provenance import Provenance


@publishes(domain.loyalty.LoyaltyAccount, person=True)
class LoyaltyAccount(Node):
    """A customer's membership in the loyalty programme."""

    number: str | None = plain("The number on the card.", category=Category.IDENTIFIER)
    points: int | None = plain("Points that can be spent.", category=Category.LOYALTY)
    tier: str | None = plain("The tier that is reached.", category=Category.LOYALTY)
    provenance: Provenance | None = plain(
        "Where this comes from, and how old it is.", category=Category.LOYALTY
    )
