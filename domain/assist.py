"""Opening a customer to an agent, and closing them again: what is asked, and what comes of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec.structs import replace
from uuid_utils import uuid7

from domain.case import MAX_OPEN_CASES, Case, Verification
from domain.errors import BadInput
from domain.outcome import Input, Outcome, UserError
from domain.viewer import Purpose

LIFETIME = timedelta(hours=1)
"""How long a case is open where nobody ends it: a conversation, not a working day."""

_MIN_REASON, _MAX_REASON = 3, 500


class AssistStart(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A case to open; ``customer`` is a global id."""

    customer: str
    purpose: Purpose
    reason: str
    verification: Verification


class AssistEnd(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A case to end; ``case`` is its id."""

    case: str


class AssistOutcome(Outcome, frozen=True, kw_only=True):
    """What became of a case; None where nothing did."""

    case: Case | None = None

    @property
    def subject(self) -> str | None:
        """Whom the case is about."""
        return self.case.customer_key if self.case else None


class CaseLimitReached(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The agent has as many cases open as one may have."""

    limit: int


def new_case(input: AssistStart, customer_key: str, agent: str, now: datetime) -> Case:
    """Open a case. *Errors*: ``BadInput`` for a reason of other than 3 to 500 characters."""
    reason = input.reason.strip()
    if not _MIN_REASON <= len(reason) <= _MAX_REASON:
        found, allowed = f"{len(reason)} characters", f"{_MIN_REASON} to {_MAX_REASON} characters"
        raise BadInput("input.reason", found, allowed)
    return Case(
        key=str(uuid7()),
        customer_key=customer_key,
        agent=agent,
        purpose=input.purpose,
        reason=reason,
        verification=input.verification,
        opened_at=now,
        expires_at=now + LIFETIME,
    )


def succeeded(case: Case, others: Sequence[Case]) -> list[Case]:
    """Choose the open cases that a new one takes the place of: same customer, same purpose."""
    return [
        each
        for each in others
        if (each.customer_key, each.purpose) == (case.customer_key, case.purpose)
    ]


def limit_reached(others: Sequence[Case]) -> CaseLimitReached | None:
    """Tell whether an agent with these open cases may open no other."""
    if len(others) < MAX_OPEN_CASES:
        return None
    message = f"At most {MAX_OPEN_CASES} cases may be open; end some first."
    return CaseLimitReached(message=message, path=("input",), limit=MAX_OPEN_CASES)


def ended(case: Case, now: datetime) -> Case:
    """End a case; one that has ended stays as it is."""
    return case if not case.is_open(now) else replace(case, closed_at=now)


class CaseChanges(Protocol):
    """What one transaction may do to cases."""

    async def open_of(self, agent: str, now: datetime) -> Sequence[Case]:
        """Read an agent's open cases, newest first."""
        ...

    async def read(self, key: str) -> Case | None:
        """Read a case, keeping others from changing it meanwhile."""
        ...

    async def add(self, case: Case) -> None:
        """Write a new case."""
        ...

    async def end(self, case: Case) -> None:
        """Write the end of a case."""
        ...
