"""Whose records belong together."""

from typing import TYPE_CHECKING, Annotated

import strawberry

import domain.match
import resolvers.customer
from domain.policy import Category
from schema.field import batch, enumerates, plain, publishes

if TYPE_CHECKING:
    from schema.customer import Customer

enumerates(
    domain.match.LinkMethod,
    "How it was found that a record is a customer's.",
    DETERMINISTIC="By something that only one person can have.",
    PROBABILISTIC="By weighing what the records have in common.",
)
enumerates(
    domain.match.LinkStrength,
    "What may rest on a link.",
    CERTAIN="It is the same person.",
    LIKELY="It is almost certainly the same person.",
    POSSIBLE="It may be the same person: somebody has to look at it.",
)
enumerates(
    domain.match.Evidence,
    "What speaks for a link.",
    REFERENCE="The customer's own record names it.",
    CUSTOMER_NUMBER="Both have the same number in another system.",
    EMAIL="Both have the same e-mail address.",
    PHONE="Both have the same telephone number.",
    NAME="Their names are alike.",
    BIRTH_DATE="They were born on the same day, or it was written down in the wrong order.",
    ADDRESS="They live at the same address.",
)


@publishes(domain.match.IdentityLink, part_of=Category.IDENTIFIER)
class IdentityLink:
    """A record in some system that is a customer's, or may be."""

    system: str | None = plain("The system that has the record.", category=Category.OPERATIONAL)
    id: strawberry.ID | None = plain(
        "The record's id in that system.", category=Category.OPERATIONAL
    )
    method: domain.match.LinkMethod = plain("How it was found.")
    strength: domain.match.LinkStrength = plain("What may rest on it.")
    score: float = plain("How likely it is the same person: 0 to 1.")
    evidence: list[domain.match.Evidence] = plain("What speaks for it.")

    @batch(resolvers.customer.customer_of_link)
    def customer(
        self,
    ) -> Annotated["Customer", strawberry.lazy("schema.customer")] | None:
        """The customer that the record is, where the person registered more than once."""
