"""Cases: an agent's stated reason to see one customer's data as it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.identity import node_id
from domain.viewer import Purpose


class Verification(Enum):
    """How somebody made sure that they speak with the customer."""

    SIGNED_IN = "SIGNED_IN"
    CODE = "CODE"
    CALL_BACK = "CALL_BACK"
    KNOWLEDGE = "KNOWLEDGE"
    DOCUMENT = "DOCUMENT"
    NOT_PRESENT = "NOT_PRESENT"


class Case(Struct, frozen=True, gc=False, kw_only=True):
    """What lets one agent see one customer's data, for one purpose and a while.

    *Shape*: ``customer_key`` is the key of the customer's own record, ``agent`` the ``subject`` of
    the viewer who opened it. ``reason`` is what they gave as theirs; ``NOT_PRESENT`` as
    ``verification`` says that the customer has no part in it, as in the review of a fraud.
    """

    key: str
    customer_key: str
    agent: str
    purpose: Purpose
    reason: str
    verification: Verification
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None = None

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Case", self.key)

    def is_open(self, now: datetime) -> bool:
        """Whether it lets anybody see anything."""
        return self.closed_at is None and self.opened_at <= now < self.expires_at


MAX_OPEN_CASES = 20
"""How many cases one agent has open at once."""


@runtime_checkable
class CasePort(Protocol):
    """The store that keeps cases. *Errors* of all calls: ``StoreUnavailable``."""

    async def open_cases_by_agent(
        self, agents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Case]]:
        """Read each agent's open cases, newest first, at most ``MAX_OPEN_CASES``.

        An agent without any is absent. *Freshness*: as of now; a case that was ended is in no
        answer to a call that began after.
        """
        ...
