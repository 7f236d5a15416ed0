"""The customer as a screen for staff."""

from typing import Annotated, Any

import domain.section
import resolvers.customer360
from domain.policy import Category, Record
from schema.cart import Cart
from schema.consent import Consent
from schema.customer import Customer
from schema.field import argument, batch, enumerates, plain, publishes
from schema.identity import IdentityLink
from schema.interaction import Interaction
from schema.loyalty import LoyaltyAccount
from schema.order import Order
from schema.page import Connection
from schema.provenance import Provenance

enumerates(
    domain.section.SectionAccess,
    "What has become of a section.",
    ALLOWED="It is shown; where it holds nothing, there is nothing.",
    DENIED="This caller may not see it for this purpose; no system was asked for it.",
    UNAVAILABLE="A system kept it away; `errors` says how.",
)


def _access() -> Any:
    return plain("Whether it may be seen, and could be had.")


def _provenance() -> Any:
    return plain("The systems that something in it came from, each with its oldest word.")


@publishes(domain.section.Section, passage=True)
class ProfileSection:
    """Who the customer is."""

    access: domain.section.SectionAccess = _access()
    provenance: list[Provenance] = _provenance()

    @batch(resolvers.customer360.content, category=Category.NAME, record=Record.PROFILE, cost=0)
    def content(self) -> Customer | None:
        """The profile."""


@publishes(domain.section.Section, passage=True)
class IdentitiesSection:
    """Whose records are the customer's."""

    access: domain.section.SectionAccess = _access()
    provenance: list[Provenance] = _provenance()

    @batch(
        resolvers.customer360.content, category=Category.IDENTIFIER, record=Record.IDENTITY, cost=0
    )
    def content(self) -> list[IdentityLink] | None:
        """The links, the surest first."""


@publishes(domain.section.Section, passage=True)
class ConsentsSection:
    """What the customer has said to each purpose."""

    access: domain.section.SectionAccess = _access()
    provenance: list[Provenance] = _provenance()

    @batch(resolvers.customer360.content, category=Category.CONSENT, record=Record.CONSENT, cost=0)
    def content(self) -> list[Consent] | None:
        """The consents; a purpose never asked for is not among them."""


@publishes(domain.section.Section, passage=True)
class LoyaltySection:
    """The customer's membership."""

    access: domain.section.SectionAccess = _access()
    provenance: list[Provenance] = _provenance()

    @batch(resolvers.customer360.content, category=Category.LOYALTY, record=Record.LOYALTY, cost=0)
    def content(self) -> LoyaltyAccount | None:
        """The account; null where there is none."""


@publishes(domain.section.Section, passage=True)
class OrdersSection:
    """What the customer has bought."""

    access: domain.section.SectionAccess = _access()
    provenance: list[Provenance] = _provenance()

    @batch(
        resolvers.customer360.content,
        category=Category.PURCHASE_HISTORY,
        record=Record.ORDER,
        cost=0,
    )
    def content(self) -> Connection[Order] | None:
        """A page of the orders in all channels, newest first."""


@publishes(domain.section.Section, passage=True)
class CartsSection:
    """What the customer has put together and not bought yet."""

    access: domain.section.SectionAccess = _access()
    provenance: list[Provenance] = _provenance()

    @batch(resolvers.customer360.content, category=Category.CART, record=Record.CART, cost=0)
    def content(self) -> list[Cart] | None:
        """The active carts in every channel, the last changed first; at most 20."""


@publishes(domain.section.Section, passage=True)
class InteractionsSection:
    """What was said between the retailer and the customer."""

    access: domain.section.SectionAccess = _access()
    provenance: list[Provenance] = _provenance()

    @batch(
        resolvers.customer360.content,
        category=Category.INTERACTION,
        record=Record.INTERACTION,
        cost=0,
    )
    def content(self) -> Connection[Interaction] | None:
        """A page of the conversations, newest first."""


_First = Annotated[int, argument("How many at most: 1 to 100.")]
_After = Annotated[str | None, argument("The cursor to go on behind.")]


@publishes(domain.section.Customer360, person=Record.PROFILE)
class Customer360:
    """A customer in sections, each saying where it comes from and whether it may be seen."""

    customer: Customer | None = plain("The customer.", category=Category.NAME)
    others: list[Customer | None] = plain(
        "Further customers to whom the same e-mail address or telephone number leads.",
        goes_along=True,
    )

    @batch(resolvers.customer360.profile, cost=0, goes_along=True)
    def profile(self) -> ProfileSection:
        """Who they are."""

    @batch(resolvers.customer360.identities, goes_along=True)
    def identities(self) -> IdentitiesSection:
        """Whose records are theirs."""

    @batch(resolvers.customer360.consents, cost=0, goes_along=True)
    def consents(self) -> ConsentsSection:
        """What they have said to each purpose."""

    @batch(resolvers.customer360.loyalty, goes_along=True)
    def loyalty(self) -> LoyaltySection:
        """Their membership."""

    @batch(resolvers.customer360.orders, goes_along=True)
    def orders(self, first: _First = 10, after: _After = None) -> OrdersSection:
        """What they have bought."""

    @batch(resolvers.customer360.carts, goes_along=True)
    def carts(self) -> CartsSection:
        """What they have put together and not bought yet."""

    @batch(resolvers.customer360.interactions, goes_along=True)
    def interactions(self, first: _First = 10, after: _After = None) -> InteractionsSection:
        """What was said."""
