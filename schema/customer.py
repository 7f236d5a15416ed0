"""Customers."""

from datetime import date
from typing import Annotated

import domain.customer
import resolvers.cart
import resolvers.customer
import resolvers.interaction
import resolvers.loyalty
import resolvers.order
import resolvers.personal
import resolvers.reservation
import resolvers.wishlist
from domain.policy import Category, Record
from schema.cart import Cart
from schema.consent import Consent
from schema.field import accepts, argument, batch, plain, publishes
from schema.identity import IdentityLink
from schema.interaction import Interaction
from schema.loyalty import LoyaltyAccount
from schema.node import ExternalId, Node, external_ids
from schema.order import Order
from schema.page import Connection
from schema.personal import PersonalAddress, PersonalText
from schema.provenance import Provenance
from schema.reservation import Reservation
from schema.wishlist import Wishlist


@publishes(domain.customer.PersonName, part_of=Category.NAME)
class PersonName:
    """A person's name."""

    @batch(resolvers.personal.full, cost=0)
    def full(self) -> PersonalText | None:
        """The whole name as the person writes it."""

    @batch(resolvers.personal.given, cost=0)
    def given(self) -> PersonalText | None:
        """The given name."""

    @batch(resolvers.personal.family, cost=0)
    def family(self) -> PersonalText | None:
        """The family name."""


@publishes(domain.customer.Customer, person=Record.PROFILE)
class Customer(Node):
    """A person who buys, as the retailer's systems know them together."""

    number: str | None = plain("The customer number.", category=Category.IDENTIFIER)
    name: PersonName | None = plain("What they are called.", category=Category.NAME)
    birth_date: date | None = plain("When they were born.", category=Category.BIRTH)
    language: str | None = plain(
        "The language they are written to in, as BCP 47 names it.", category=Category.CONTACT
    )
    addresses: list[PersonalAddress] | None = plain(
        "Where they get post.", category=Category.ADDRESS
    )
    consents: list[Consent] | None = plain(
        "What they have said to each purpose that rests on their word.",
        category=Category.CONSENT,
        record=Record.CONSENT,
    )
    segments: list[str] | None = plain(
        "The groups that the retailer counts them among, by its own names.",
        category=Category.BEHAVIOUR,
    )
    is_blocked: bool | None = plain(
        "Whether the retailer takes no orders from them; null where that is not recorded.",
        category=Category.STATUS,
    )
    is_restricted: bool | None = plain(
        "Whether the processing of their data is restricted (GDPR, article 18): then staff see no "
        "more of them than anybody's mask, but for what law and the rights of others ask for.",
        category=Category.STATUS,
    )
    external_ids: list[ExternalId] | None = external_ids(Category.IDENTIFIER)
    provenance: Provenance | None = plain(
        "Where this comes from, and how old it is.", category=Category.IDENTIFIER
    )

    @batch(resolvers.personal.email, category=Category.CONTACT, reads=["email"], cost=0)
    def email(self) -> PersonalText | None:
        """Their e-mail address."""

    @batch(resolvers.personal.phone, category=Category.CONTACT, reads=["phone"], cost=0)
    def phone(self) -> PersonalText | None:
        """Their telephone number."""

    @batch(
        resolvers.customer.identities_of_customer,
        category=Category.IDENTIFIER,
        record=Record.IDENTITY,
        reads=resolvers.customer.TRAITS,
    )
    def identities(self) -> list[IdentityLink] | None:
        """Whose records, in whichever system, are theirs; for staff also those that may be."""

    @batch(resolvers.loyalty.loyalty_of_customer, category=Category.LOYALTY, record=Record.LOYALTY)
    def loyalty(self) -> LoyaltyAccount | None:
        """Their membership; null where they have none."""

    @batch(
        resolvers.order.orders_of_customer,
        category=Category.PURCHASE_HISTORY,
        record=Record.ORDER,
    )
    def orders(
        self,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 10,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[Order] | None:
        """Their purchases in all channels, newest first."""

    @batch(
        resolvers.wishlist.wishlists_of_customer,
        category=Category.PURCHASE_HISTORY,
        record=Record.WISHLIST,
    )
    def wishlists(self) -> list[Wishlist] | None:
        """Their wish lists, newest first: at most 50."""

    @batch(
        resolvers.reservation.reservations_of_customer, category=Category.CART, record=Record.CART
    )
    def reservations(self) -> list[Reservation] | None:
        """What is held for them, newest first."""

    @batch(resolvers.cart.carts_of_customer, category=Category.CART, record=Record.CART)
    def carts(self) -> list[Cart] | None:
        """Their active carts in every channel, the last changed first; at most 20."""

    @batch(
        resolvers.interaction.interactions_of_customer,
        category=Category.INTERACTION,
        record=Record.INTERACTION,
    )
    def interactions(
        self,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 10,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[Interaction] | None:
        """What was said between the retailer and them, newest first."""


@accepts(domain.customer.CustomerFilter, name="CustomerFilter")
class CustomerFilter:
    """What is known of a customer who is looked for. All that is given has to apply."""

    email: str | None = plain(
        "An e-mail address, in any case of letters.", category=Category.CONTACT
    )
    phone: str | None = plain(
        "A telephone number, with whatever between its digits.",
        category=Category.CONTACT,
    )
    order_number: str | None = plain(
        "The number of an order, or of a till's receipt.",
        category=Category.REFERENCE,
    )
    name: str | None = plain(
        "A family name or its beginning, or given and family name in either order.",
        category=Category.NAME,
    )
    birth_date: date | None = plain("A birthday.", category=Category.BIRTH)
    postal_code: str | None = plain(
        "The postal code they live at; only together with a name.",
        category=Category.ADDRESS,
    )
