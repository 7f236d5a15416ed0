"""Products and variants."""

from datetime import datetime
from typing import Annotated

import strawberry

import domain.product
import resolvers.availability
import resolvers.product
from domain.availability import FulfilmentMode
from domain.policy import Category
from schema.attribute import AttributeValue, FibreShare, ProductSafety
from schema.availability import Availability
from schema.category import Category as ProductCategory
from schema.facet import Facet
from schema.field import argument, batch, plain, publishes
from schema.location import GeoPointInput
from schema.money import Price
from schema.node import ExternalId, Node, external_ids
from schema.offer import Offer
from schema.page import Connection, Count
from schema.provenance import Provenance


@publishes(domain.product.Media)
class Media:
    """A picture or film."""

    url: str = plain("Where it is.")
    alt: str | None = plain("What it shows, in words.")


@publishes(domain.product.Option)
class Option:
    """One of the choices that tell a product's variants apart."""

    code: str = plain("The option's code, such as `size`, which filters take.")
    name: str = plain("What is chosen, in the language served.")
    choice: str = plain("The choice's code, the same in every language, which filters take.")
    value: str = plain("The choice, in the language served, such as M or black.")


@publishes(domain.product.Component)
class BundleComponent:
    """What a bundle is packed of."""

    sku: str = plain("The component's SKU.")
    quantity: int = plain("How many pieces of it are in one bundle.")

    @batch(resolvers.product.variant_of_component)
    def variant(self) -> "Variant | None":
        """The component; null where it is not known."""


@publishes(domain.product.Variant, thing=True)
class Variant(Node):
    """The unit that is sold: one colour, one size."""

    sku: str = plain("The stock keeping unit: the retailer's own number, the same everywhere.")
    name: str | None = plain("What tells it apart, in the language served.")
    gtins: list[str] = plain("Its GS1 numbers, as the barcode has them.")
    options: list[Option] = plain("The choices it stands for.")
    media: list[Media] = plain("Its own pictures.")
    components: list[BundleComponent] = plain(
        "What a bundle is packed of: it can be had as often as there is all of this. Empty for "
        "what is no bundle."
    )
    provenance: Provenance = plain("Where the description comes from.")

    @batch(resolvers.product.product_of_variant, reads=["style"])
    def product(self) -> "Product | None":
        """The style that it belongs to."""

    @batch(resolvers.product.offer_of_variant)
    def offer(self) -> Offer | None:
        """Its price here; null where it is not sold in this market, channel and currency."""

    @batch(resolvers.availability.availability, reads=["components"])
    def availability(
        self,
        near: Annotated[
            GeoPointInput | None, argument("Sorts the locations by distance from here.")
        ] = None,
        modes: Annotated[
            list[FulfilmentMode] | None, argument("The ways that are of interest; all without it.")
        ] = None,
        quantity: Annotated[int, argument("How many are wanted together: 1 to 10,000.")] = 1,
        locations: Annotated[
            list[strawberry.ID] | None, argument("Looks at these locations only: 1 to 100.")
        ] = None,
    ) -> Availability | None:
        """What can be promised of it; null where the stock system does not know it."""


@publishes(domain.product.PriceSpan)
class PriceSpan:
    """What the variants of a product cost."""

    min: Price = plain("The cheapest variant's price.")
    max: Price = plain("The dearest variant's price.")


@publishes(domain.product.Product)
class Product(Node):
    """A style: what a shopper looks at, with everything one can buy of it."""

    code: str = plain("The retailer's style number.")
    name: str = plain("What it is called, in the language served.")
    locale: str = plain("The language that the texts are really in, as BCP 47 names it.")
    description: str | None = plain("What it is, in plain text.")
    brand: str | None = plain("The brand.")
    category: ProductCategory | None = plain("Its place in the assortment.")
    attributes: list[AttributeValue] = plain("Its described properties, one for each value.")
    composition: list[FibreShare] = plain("What its textiles are made of.")
    safety: ProductSafety | None = plain(
        "Who answers for it, and what it warns of; null where that is not recorded."
    )
    is_discontinued: bool | None = plain(
        "Whether it will not be made again; for staff.", category=Category.OPERATIONAL
    )
    changed_at: datetime | None = plain(
        "When its record was last changed; for staff.", category=Category.OPERATIONAL
    )
    media: list[Media] = plain("Its pictures, the main one first.")
    variants: list[Variant] = plain("What can be bought of it.")
    external_ids: list[ExternalId] | None = external_ids()
    provenance: Provenance = plain("Where the description comes from.")

    @batch(resolvers.product.price_span_of_product, reads=["variants"])
    def price_span(self) -> PriceSpan | None:
        """What its variants cost here; null where none is sold."""


@publishes(domain.product.ProductConnection)
class ProductConnection(Connection[Product]):
    """A page of a listing of products."""

    @batch(resolvers.product.total_count)
    def total_count(self) -> Count | None:
        """How many products the listing has on all its pages; counted only when asked for."""

    @batch(resolvers.product.facets, cost=2)
    def facets(
        self,
        codes: Annotated[
            list[str] | None,
            argument("Only these, at most 20; one that nothing here has is left out. All if null."),
        ] = None,
    ) -> list[Facet] | None:
        """What each further choice would leave."""
