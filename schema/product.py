"""Products and variants."""

from typing import Annotated

import strawberry

import domain.product
import resolvers.availability
import resolvers.product
from domain.availability import FulfilmentMode
from schema.availability import Availability
from schema.field import argument, batch, plain, publishes
from schema.location import GeoPointInput
from schema.node import ExternalId, Node, external_ids
from schema.offer import Offer
from schema.provenance import Provenance


@publishes(domain.product.AttributeValue)
class AttributeValue:
    """A described property, as text in the language served."""

    name: str = plain("What is described.")
    value: str = plain("What it is.")
    unit: str | None = plain("The unit of the value, where it has one.")


@publishes(domain.product.Media)
class Media:
    """A picture or film."""

    url: str = plain("Where it is.")
    alt: str | None = plain("What it shows, in words.")


@publishes(domain.product.Category)
class Category:
    """A place in the assortment."""

    code: str = plain("The retailer's code.")
    name: str = plain("What shoppers call it, in the language served.")


@publishes(domain.product.Option)
class Option:
    """One of the choices that tell a product's variants apart."""

    name: str = plain("What is chosen, such as the size.")
    value: str = plain("The choice, such as M.")


@publishes(domain.product.Variant)
class Variant(Node):
    """The unit that is sold: one colour, one size."""

    sku: str = plain("The stock keeping unit: the retailer's own number, the same everywhere.")
    name: str | None = plain("What tells it apart, in the language served.")
    gtins: list[str] = plain("Its GS1 numbers, as the barcode has them.")
    options: list[Option] = plain("The choices it stands for.")
    media: list[Media] = plain("Its own pictures.")
    provenance: Provenance = plain("Where the description comes from.")

    @batch(resolvers.product.product_of_variant)
    def product(self) -> "Product | None":
        """The style that it belongs to."""

    @batch(resolvers.product.offer_of_variant)
    def offer(self) -> Offer | None:
        """Its price here; null where it is not sold in this market, channel and currency."""

    @batch(resolvers.availability.availability)
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
            list[strawberry.ID] | None, argument("Looks at these locations only: at most 100.")
        ] = None,
    ) -> Availability | None:
        """What can be promised of it; null where the stock system does not know it."""


@publishes(domain.product.Product)
class Product(Node):
    """A style: what a shopper looks at, with everything one can buy of it."""

    code: str = plain("The retailer's style number.")
    name: str = plain("What it is called, in the language served.")
    locale: str = plain("The language that the texts are really in, as BCP 47 names it.")
    description: str | None = plain("What it is, in plain text.")
    brand: str | None = plain("The brand.")
    category: Category | None = plain("Its place in the assortment.")
    attributes: list[AttributeValue] = plain("Its described properties.")
    media: list[Media] = plain("Its pictures, the main one first.")
    variants: list[Variant] = plain("What can be bought of it.")
    external_ids: list[ExternalId] | None = external_ids()
    provenance: Provenance = plain("Where the description comes from.")
