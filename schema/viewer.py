"""Who is asking."""

import domain.viewer
import resolvers.assist
import resolvers.cart
import resolvers.customer
import resolvers.reservation
from domain.policy import Category
from schema.assist import Case
from schema.cart import Cart
from schema.customer import Customer
from schema.field import batch, plain, publishes
from schema.purpose import Purpose
from schema.reservation import Reservation
from schema.role import Role


@publishes(domain.viewer.Viewer)
class Viewer:
    """The caller, as the access token proves them."""

    role: Role = plain("What the caller is to the retailer.")
    purposes: list[Purpose] = plain("What the caller may ask for data for; the first by default.")

    @batch(resolvers.customer.customer_of_viewer)
    def customer(self) -> Customer | None:
        """The caller's own customer record; null for those who are not customers."""

    @batch(resolvers.reservation.reservations_of_viewer)
    def reservations(self) -> list[Reservation] | None:
        """What is held for the caller, newest first; a guest asks by id and secret."""

    @batch(resolvers.assist.cases_of_viewer, category=Category.OPERATIONAL, action="assistStart")
    def cases(self) -> list[Case] | None:
        """The caller's open cases, newest first; null for those who open none."""

    @batch(resolvers.cart.cart_of_viewer)
    def cart(self) -> Cart | None:
        """The cart that the caller changed last; null for those who are not customers."""
