"""Customers."""

from datetime import date
from typing import Annotated

import domain.customer
import resolvers.customer
import resolvers.order
import resolvers.wishlist
from domain.policy import Category
from schema.field import argument, batch, plain, publishes
from schema.location import Address
from schema.loyalty import LoyaltyAccount
from schema.node import ExternalId, Node, external_ids
from schema.order import Order
from schema.page import Connection
from schema.provenance import Provenance
from schema.wishlist import Wishlist


@publishes(domain.customer.PersonName)
class PersonName:
    """A person's name."""

    full: str = plain("The whole name as the person writes it.")
    given: str | None = plain("The given name.")
    family: str | None = plain("The family name.")


@publishes(domain.customer.Customer, person=True)
class Customer(Node):
    """A person who buys, as the retailer's systems know them together."""

    number: str | None = plain("The customer number.", category=Category.IDENTIFIER)
    name: PersonName | None = plain("What they are called.", category=Category.NAME)
    email: str | None = plain("Their e-mail address.", category=Category.CONTACT)
    phone: str | None = plain("Their telephone number.", category=Category.CONTACT)
    birth_date: date | None = plain("When they were born.", category=Category.BIRTH)
    language: str | None = plain(
        "The language they are written to in, as BCP 47 names it.", category=Category.CONTACT
    )
    addresses: list[Address] | None = plain("Where they get post.", category=Category.ADDRESS)
    external_ids: list[ExternalId] | None = external_ids()
    provenance: Provenance | None = plain(
        "Where this comes from, and how old it is.", category=Category.IDENTIFIER
    )

    @batch(resolvers.customer.loyalty_of_customer, category=Category.LOYALTY)
    def loyalty(self) -> LoyaltyAccount | None:
        """Their membership; null where they have none."""

    @batch(resolvers.order.orders_of_customer, category=Category.PURCHASE_HISTORY)
    def orders(
        self,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 10,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[Order] | None:
        """Their purchases in all channels, newest first."""

    @batch(resolvers.wishlist.wishlists_of_customer, category=Category.PURCHASE_HISTORY)
    def wishlists(self) -> list[Wishlist] | None:
        """Their wish lists, newest first: at most 50."""
