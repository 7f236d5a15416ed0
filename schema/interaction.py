"""Interactions."""

from datetime import datetime

import domain.interaction
import resolvers.interaction
from domain.policy import Category, Record
from schema.field import batch, enumerates, plain, publishes
from schema.order import Order
from schema.provenance import Provenance

enumerates(
    domain.interaction.InteractionKind,
    "How the retailer and a customer met.",
    CALL="By telephone.",
    CHAT="In a chat.",
    EMAIL="By e-mail.",
    VISIT="In a shop.",
)
enumerates(
    domain.interaction.Direction,
    "Who began.",
    INBOUND="The customer.",
    OUTBOUND="The retailer.",
)


@publishes(domain.interaction.Interaction, person=Record.INTERACTION)
class Interaction:
    """A conversation between the retailer and a customer."""

    kind: domain.interaction.InteractionKind | None = plain(
        "How they met.", category=Category.INTERACTION
    )
    direction: domain.interaction.Direction | None = plain(
        "Who began; null where that is not known.", category=Category.INTERACTION
    )
    at: datetime | None = plain("When it was.", category=Category.INTERACTION)
    topic: str | None = plain(
        "What it was about, in the retailer's own headings.", category=Category.INTERACTION
    )
    subject: str | None = plain(
        "What it was about, as somebody wrote it down.", category=Category.FREE_TEXT
    )
    text: str | None = plain(
        "What was said, as somebody wrote it down.", category=Category.FREE_TEXT
    )
    provenance: Provenance | None = plain(
        "Where this comes from, and how old it is.", category=Category.INTERACTION
    )

    @batch(
        resolvers.interaction.order_of_interaction,
        category=Category.PURCHASE_HISTORY,
        reads=["order_key"],
    )
    def order(self) -> Order | None:
        """The order that it was about; null where it was about none."""
