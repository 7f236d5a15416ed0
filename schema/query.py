"""Where every read begins."""

from typing import Annotated

import strawberry

import resolvers.availability
import resolvers.cart
import resolvers.category
import resolvers.customer
import resolvers.customer360
import resolvers.location
import resolvers.node
import resolvers.preview
import resolvers.product
import resolvers.reservation
import resolvers.viewer
import resolvers.wishlist
from domain.availability import FulfilmentMode
from domain.filter import ProductSort
from domain.identity import Kind
from domain.location import LocationKind, LocationService
from domain.policy import Category
from schema.availability import Availability
from schema.cart import Cart, CartFilter
from schema.category import Category as ProductCategory
from schema.customer import Customer, CustomerFilter
from schema.customer360 import Customer360
from schema.field import argument, batch, publishes
from schema.filter import ProductFilter
from schema.location import GeoPointInput, Location
from schema.node import Node
from schema.order import Order
from schema.page import Connection
from schema.preview import AccessPreview
from schema.product import Product, ProductConnection, Variant
from schema.purpose import Purpose
from schema.reservation import Reservation
from schema.role import Role
from schema.viewer import Viewer
from schema.wishlist import SharedWishlist, Wishlist

GUARDED = frozenset({"accessPreview"})
"""Queries that the policy table names among the actions."""

# What every guest is answered alike, so that a cache in front may keep it while it is fresh.
SHARED = frozenset({"product", "products", "variant"})


@publishes(type(None))
class Query:
    """Everything that can be read."""

    @batch(resolvers.viewer.viewer)
    def viewer(self) -> Viewer:
        """The caller, as the access token proves them."""

    @batch(resolvers.node.node)
    def node(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Node | None:
        """Anything by its global id; null where it is absent or not the caller's to see."""

    @batch(resolvers.node.nodes)
    def nodes(
        self, ids: Annotated[list[strawberry.ID], argument("Global ids: at most 100.")]
    ) -> list[Node | None]:
        """Things by their global ids, in the order asked; null for each that is absent."""

    @batch(resolvers.node.lookup, category=Category.OPERATIONAL)
    def lookup(
        self,
        kind: Annotated[Kind, argument("What is looked for: systems number each kind apart.")],
        system: Annotated[str, argument("The system's configured name.")],
        id: Annotated[str, argument("The thing's id in that system.")],
    ) -> Node | None:
        """A thing by what one of the retailer's systems calls it; for staff."""

    @batch(resolvers.node.product)
    def product(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Product | None:
        """A product by its global id."""

    @batch(resolvers.product.variant)
    def variant(
        self,
        sku: Annotated[str | None, argument("The SKU.")] = None,
        gtin: Annotated[
            str | None, argument("A GS1 number, as the barcode has it: 8, 12, 13 or 14 digits.")
        ] = None,
    ) -> Variant | None:
        """A variant by exactly one of the arguments."""

    @batch(resolvers.product.products, cost=2)
    def products(
        self,
        search: Annotated[
            str | None, argument("Words that the product's texts hold: 1 to 200 characters.")
        ] = None,
        where: Annotated[
            ProductFilter | None, argument("Which products; all of them if null.")
        ] = None,
        sort: Annotated[ProductSort, argument("In which order.")] = ProductSort.RELEVANCE,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 20,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> ProductConnection | None:
        """The assortment, a page at a time."""

    @batch(resolvers.category.categories)
    def categories(self) -> list[ProductCategory] | None:
        """The topmost categories, in the retailer's order."""

    @batch(resolvers.node.category)
    def category(
        self, id: Annotated[strawberry.ID, argument("The global id.")]
    ) -> ProductCategory | None:
        """A category by its global id."""

    @batch(resolvers.node.customer)
    def customer(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Customer | None:
        """A customer; null where absent or not the caller's to see."""

    @batch(resolvers.node.order)
    def order(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Order | None:
        """An order; null where absent or not the caller's to see."""

    @batch(resolvers.customer.find_customers, category=Category.OPERATIONAL, cost=2)
    def find_customers(
        self,
        where: Annotated[CustomerFilter, argument("What is known of them.")],
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 20,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[Customer] | None:
        """Customers by what is known of them; for staff, by what they may read themselves."""

    @batch(resolvers.customer360.customer360, category=Category.OPERATIONAL, cost=2)
    def customer360(
        self,
        id: Annotated[strawberry.ID | None, argument("The customer's global id.")] = None,
        email: Annotated[
            str | None, argument("An e-mail address.", category=Category.CONTACT)
        ] = None,
        phone: Annotated[
            str | None, argument("A telephone number.", category=Category.CONTACT)
        ] = None,
        order_number: Annotated[
            str | None,
            argument(
                "The number of an order, or of a till's receipt.",
                category=Category.REFERENCE,
            ),
        ] = None,
    ) -> Customer360 | None:
        """One customer in sections, found by exactly one of the arguments; for staff."""

    @batch(resolvers.location.locations)
    def locations(
        self,
        near: Annotated[
            GeoPointInput | None, argument("Sorts by distance from here; by name without it.")
        ] = None,
        kind: Annotated[LocationKind | None, argument("Only places of this kind.")] = None,
        service: Annotated[LocationService | None, argument("Only places that offer this.")] = None,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 20,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[Location] | None:
        """The retailer's places, a page at a time."""

    @batch(resolvers.availability.availability_of_skus, cost=2)
    def availability(
        self,
        skus: Annotated[list[str], argument("SKUs: 1 to 100.")],
        near: Annotated[
            GeoPointInput | None, argument("Sorts the locations by distance from here.")
        ] = None,
        modes: Annotated[
            list[FulfilmentMode] | None, argument("The ways that are of interest; all without it.")
        ] = None,
        quantity: Annotated[int, argument("How many are wanted together: 1 to 10,000.")] = 1,
    ) -> list[Availability | None] | None:
        """What can be promised of each SKU, in the order asked; null for each that is unknown."""

    @batch(resolvers.reservation.reservation)
    def reservation(
        self,
        id: Annotated[strawberry.ID, argument("The global id.")],
        secret: Annotated[str | None, argument("The secret of the guest it is held for.")] = None,
    ) -> Reservation | None:
        """A reservation; null where absent or not the caller's to see."""

    @batch(resolvers.cart.cart)
    def cart(
        self,
        id: Annotated[strawberry.ID | None, argument("The global id.")] = None,
        secret: Annotated[
            str | None, argument("The secret of a guest's cart, with the id or without.")
        ] = None,
    ) -> Cart | None:
        """A cart; null where absent or not the caller's to see."""

    @batch(resolvers.cart.carts, category=Category.OPERATIONAL, cost=2)
    def carts(
        self,
        where: Annotated[CartFilter | None, argument("Which carts; all without it.")] = None,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 20,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[Cart] | None:
        """Active carts with goods in them, such as abandoned ones, newest first; for staff.

        Agents see those of customers on whom they have a case open; null without one.
        """

    @batch(resolvers.preview.access_preview)
    def access_preview(
        self,
        role: Annotated[Role, argument("The role of the caller.")],
        purpose: Annotated[Purpose, argument("What they would state.")],
        operation: Annotated[str, argument("A GraphQL document with one operation.")],
    ) -> AccessPreview | None:
        """What such a caller would see, and why; for the data protection officer and leads."""

    @batch(resolvers.wishlist.wishlist)
    def wishlist(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Wishlist | None:
        """A wish list; null where absent or not the caller's to see."""

    @batch(resolvers.wishlist.wishlist_by_link)
    def wishlist_by_link(
        self, secret: Annotated[str, argument("The secret of the link.")]
    ) -> SharedWishlist | None:
        """A wish list that was shared; null where the link shows none."""
