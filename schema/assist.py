"""Cases: what opens a customer to an agent."""

from datetime import datetime

import strawberry

import domain.assist
import domain.case
import resolvers.assist
from domain.case import Verification
from domain.policy import Category
from schema.customer import Customer
from schema.field import accepts, batch, enumerates, plain, publishes
from schema.outcome import Notice, UserError
from schema.purpose import Purpose

enumerates(
    Verification,
    "How somebody made sure that they speak with the customer.",
    SIGNED_IN="The customer was signed in, in the shop's own pages or app.",
    CODE="The customer repeated a code that was sent to the address or number on record.",
    CALL_BACK="The customer was called back on the number on record.",
    KNOWLEDGE="The customer answered questions that only they can answer.",
    DOCUMENT="The customer showed a document.",
    NOT_PRESENT="The customer has no part in it, as in the review of a fraud.",
)


@publishes(domain.case.Case)
class Case:
    """A customer opened to one agent, for a purpose and a while.

    Without an open case agents and their leads see customers masked. A case holds for requests
    that state its purpose, and for nobody else.
    """

    id: strawberry.ID = plain("What `assistEnd` takes.")
    purpose: Purpose | None = plain(
        "What it was opened for, and what requests that rest on it state.",
        category=Category.OPERATIONAL,
    )
    reason: str | None = plain("What the agent gave as reason.", category=Category.OPERATIONAL)
    verification: Verification | None = plain(
        "How the agent made sure of the customer.", category=Category.OPERATIONAL
    )
    opened_at: datetime | None = plain("Since when it is open.", category=Category.OPERATIONAL)
    expires_at: datetime | None = plain(
        "When it ends by itself: an hour after it was opened.", category=Category.OPERATIONAL
    )
    closed_at: datetime | None = plain(
        "When it was ended; null while it was not.", category=Category.OPERATIONAL
    )

    @batch(resolvers.assist.customer_of_case)
    def customer(self) -> Customer | None:
        """Whom it opens."""


_KEY = (
    "Names this wish: 8 to 128 printable characters, made anew for each, the same for every try. "
    "Within a day the same key with the same input happens once and answers the same."
)


@accepts(domain.assist.AssistStart, name="AssistStartInput")
class AssistStartInput:
    """A case to open."""

    idempotency_key: str = plain(_KEY)
    customer: strawberry.ID = plain("The customer.")
    purpose: Purpose = plain("What for; one that the access token allows.")
    reason: str = plain("Why: 3 to 500 characters, such as the number of a ticket.")
    verification: Verification = plain("How it was made sure that it is the customer.")


@accepts(domain.assist.AssistEnd, name="AssistEndInput")
class AssistEndInput:
    """A case to end."""

    idempotency_key: str = plain(_KEY)
    case: strawberry.ID = plain("The case.")


@publishes(domain.assist.AssistOutcome)
class AssistPayload:
    """What became of a case."""

    case: Case | None = plain("The case after the change; null where nothing changed.")
    user_errors: list[UserError] = plain("Why nothing changed; empty where it did.")
    notices: list[Notice] = plain("What to know about the change.")


@publishes(domain.assist.CaseLimitReached, made_by=["assistStart"])
class CaseLimitReached(UserError):
    """The agent has as many cases open as one may have."""

    limit: int = plain("How many that is.")


USER_ERRORS: tuple[type, ...] = (CaseLimitReached,)
