"""Interactions: what was said between the retailer and a customer, and where."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.page import Page, PageRequest
from domain.provenance import Provenance


class InteractionKind(Enum):
    """How they met."""

    CALL = "CALL"
    CHAT = "CHAT"
    EMAIL = "EMAIL"
    VISIT = "VISIT"


class Direction(Enum):
    """Who began."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class Interaction(Struct, frozen=True, gc=False, kw_only=True):
    """One conversation.

    *Shape*: ``topic`` is the system's own heading, a code; ``subject`` and ``text`` are what
    somebody wrote down; ``order_key`` the order it was about, where it was about one.
    """

    key: str
    customer_key: str
    kind: InteractionKind
    direction: Direction | None = None
    at: datetime
    topic: str | None = None
    subject: str | None = None
    text: str | None = None
    order_key: str | None = None
    provenance: Provenance

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return frozenset((self.customer_key,))


class InteractionQuery(Struct, frozen=True, gc=False):
    """A page of one customer's conversations, newest first."""

    customer_key: str
    page: PageRequest

    def rank(self, interaction: Interaction) -> float:
        """Tell a conversation's place among those of several systems; the least comes first."""
        return -interaction.at.timestamp()


@runtime_checkable
class InteractionPort(Protocol):
    """The system that keeps what was said."""

    async def interactions_by_customer(
        self, queries: Sequence[InteractionQuery], ask: Ask
    ) -> Mapping[InteractionQuery, Page[Interaction] | Failure]:
        """Read one page for each customer, newest first.

        A customer whom the system does not know has an empty page; a
        cursor that is not its own is ``BadInput`` in the place of that page.
        """
        ...
