"""Where a value comes from, how old it is, and what that makes of it."""

from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct


class Freshness(Enum):
    """How far a value can be trusted for its age."""

    LIVE = "LIVE"
    RECENT = "RECENT"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"


class Lifetime(Struct, frozen=True, gc=False):
    """How long a kind of value counts as fresh, and how long it may be shown at all."""

    fresh: timedelta
    usable: timedelta


CATALOGUE = Lifetime(timedelta(hours=1), timedelta(days=7))
PRICE = Lifetime(timedelta(seconds=60), timedelta(minutes=5))
STOCK = Lifetime(timedelta(seconds=30), timedelta(minutes=5))
INTERACTION = Lifetime(timedelta(seconds=60), timedelta(hours=24))
LOYALTY = Lifetime(timedelta(seconds=60), timedelta(hours=24))
ORDER = Lifetime(timedelta(seconds=30), timedelta(hours=24))
PROFILE = Lifetime(timedelta(seconds=60), timedelta(seconds=60))
TRACKING = Lifetime(timedelta(minutes=5), timedelta(hours=24))
PLACE = Lifetime(timedelta(hours=1), timedelta(days=7))

_LIVE = timedelta(seconds=5)


class Provenance(Struct, frozen=True, gc=False):
    """The system a value was read from, and when that system's word was true.

    *Freshness*: ``observed_at`` is the system's own stamp where it gives one, else the time its
    answer arrived; UTC. ``fallback_reason`` says why nothing is to be promised on it,
    however young it is.
    """

    system: str
    observed_at: datetime
    lifetime: Lifetime
    fallback_reason: str | None = None

    def age(self, now: datetime) -> timedelta:
        """Tell how old the value is; a stamp from the future counts as now."""
        return max(now - self.observed_at, timedelta())

    def freshness(self, now: datetime) -> Freshness:
        """Judge the age by the lifetime of this kind of value."""
        if self.fallback_reason is not None:
            return Freshness.STALE
        age = self.age(now)
        if age <= min(_LIVE, self.lifetime.fresh):
            return Freshness.LIVE
        return Freshness.RECENT if age <= self.lifetime.fresh else Freshness.STALE

    def is_usable(self, now: datetime) -> bool:
        """Tell whether anything may still be said on it."""
        return self.age(now) <= self.lifetime.usable
