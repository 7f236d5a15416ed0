"""The vocabulary of changes: who may make them, up to which amount, and who decides above it."""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol

from msgspec import Struct

from domain.policy import Decision
from domain.viewer import Purpose, Role


class Measure(Enum):
    """What a change may contain that is bounded by itself, whichever mutation it is part of."""

    REFUND = "REFUND"
    GOODWILL = "GOODWILL"
    PRICE_OVERRIDE = "PRICE_OVERRIDE"
    MERGE = "MERGE"


class Permit(Struct, frozen=True):
    """What one role may do of one action.

    *Shape*: ``decision`` says on whose objects: ``FULL`` where the action is allowed. ``limits``
    are amounts by currency up to which nobody else is needed, None where there is no limit.
    ``second`` are the roles of which another person has to agree above it, ``purposes`` those for
    which it may be done at all.
    *Units*: minor units.
    """

    decision: Decision = Decision()
    limits: Mapping[str, int] | None = None
    second: frozenset[Role] = frozenset()
    purposes: frozenset[Purpose] = frozenset(Purpose)

    def is_within(self, minor: int, currency: str) -> bool:
        """Whether an amount needs nobody else; a currency that is not listed always does."""
        return self.limits is None or minor <= self.limits.get(currency, -1)


class ActionPolicy(Protocol):
    """Decides on changes; implemented in auth."""

    def permit(self, action: str, role: Role) -> Permit:
        """Tell what a role may do of a mutation, or of a measure, by its name.

        What the table does not speak of is permitted to nobody.
        """
        ...


class _Nobody:
    """Permits nothing."""

    def permit(self, action: str, role: Role) -> Permit:  # noqa: ARG002 - of any
        """Permit nothing."""
        return Permit()


NOBODY: ActionPolicy = _Nobody()
