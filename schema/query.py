"""Where every read begins."""

from typing import Annotated

import strawberry

import resolvers.node
import resolvers.product
import resolvers.viewer
import resolvers.wishlist
from domain.identity import Kind
from domain.policy import Category
from schema.customer import Customer
from schema.field import argument, batch, publishes
from schema.node import Node
from schema.order import Order
from schema.page import Connection
from schema.product import Product, Variant
from schema.viewer import Viewer
from schema.wishlist import SharedWishlist, Wishlist

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
    def variant(self, sku: Annotated[str, argument("The SKU.")]) -> Variant | None:
        """A variant by its SKU."""

    @batch(resolvers.product.products, cost=2)
    def products(
        self,
        search: Annotated[
            str | None, argument("Words that the product's texts hold: 1 to 200 characters.")
        ] = None,
        first: Annotated[int, argument("How many at most: 1 to 100.")] = 20,
        after: Annotated[str | None, argument("The cursor to go on behind.")] = None,
    ) -> Connection[Product] | None:
        """The assortment, a page at a time."""

    @batch(resolvers.node.customer)
    def customer(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Customer | None:
        """A customer; null where absent or not the caller's to see."""

    @batch(resolvers.node.order)
    def order(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Order | None:
        """An order; null where absent or not the caller's to see."""

    @batch(resolvers.wishlist.wishlist)
    def wishlist(self, id: Annotated[strawberry.ID, argument("The global id.")]) -> Wishlist | None:
        """A wish list; null where absent or not the caller's to see."""

    @batch(resolvers.wishlist.wishlist_by_link)
    def wishlist_by_link(
        self, secret: Annotated[str, argument("The secret of the link.")]
    ) -> SharedWishlist | None:
        """A wish list that was shared; null where the link shows none."""
