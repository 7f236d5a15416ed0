"""Where a value comes from and how old it is."""

from datetime import datetime

import domain.provenance
import resolvers.provenance
from domain.policy import Category
from schema.field import batch, enumerates, plain, publishes

enumerates(
    domain.provenance.Freshness,
    "How far a value can be trusted for its age.",
    LIVE="Read from its system for this answer, or moments ago.",
    RECENT="Within the time that this kind of value counts as fresh.",
    STALE="Older than that: shown, but nothing is promised on it.",
    UNKNOWN="Nothing is known of its age.",
)


@publishes(domain.provenance.Provenance, thing=True)
class Provenance:
    """Where a value comes from and how old it is."""

    system: str | None = plain(
        "The system that it was read from; for staff.", category=Category.OPERATIONAL
    )
    observed_at: datetime = plain("When the value was true in its system.")
    fallback_reason: str | None = plain(
        "Why nothing is promised on the value, however young it is; null where that is no matter."
    )

    @batch(resolvers.provenance.age_seconds, cost=0)
    def age_seconds(self) -> int:
        """How many whole seconds ago the value was observed."""

    @batch(resolvers.provenance.freshness, cost=0)
    def freshness(self) -> domain.provenance.Freshness:
        """How far the value can be trusted for its age."""
