"""Products and their variants: what is sold, described."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.attribute import AttributeValue, FibreShare, ProductSafety
from domain.category import Category
from domain.errors import Failure
from domain.filter import ProductQuery, ProductSelection
from domain.identity import ExternalId, external_id, node_id
from domain.money import Price
from domain.page import Connection, Page
from domain.provenance import Provenance


class Media(Struct, frozen=True, gc=False):
    """A picture or film of a product."""

    url: str
    alt: str | None = None


class Option(Struct, frozen=True, gc=False):
    """One of the choices that tell a product's variants apart, such as size M.

    *Shape*: ``code`` and ``choice`` are the retailer's codes, which filters take; ``name`` and
    ``value`` say the same in the language served.
    """

    code: str
    name: str
    choice: str
    value: str


class Component(Struct, frozen=True, gc=False):
    """What a bundle is packed of. *Units*: ``quantity`` in pieces for one bundle."""

    sku: str
    quantity: int


class Variant(Struct, frozen=True, gc=False, kw_only=True):
    """The sellable unit of a product. Its key is its SKU.

    *Shape*: ``gtins`` GS1 numbers of 8, 12, 13 or 14 digits; ``product_key`` as ``Product.key``;
    ``category_key`` is the product's category, None where the system does not say it here;
    ``style`` is the whole product where it came along, None where it has to be asked for;
    ``components`` what a bundle is packed of, which lies on the shelves instead of it.
    """

    sku: str
    product_key: str
    category_key: str | None = None
    name: str | None = None
    gtins: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    media: tuple[Media, ...] = ()
    components: tuple[Component, ...] = ()
    style: "Product | None" = None
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Variant", self.sku)


class Product(Struct, frozen=True, gc=False, kw_only=True):
    """A style: what a shopper looks at, with everything one can buy of it.

    *Shape*: ``locale`` BCP 47, the language that ``name`` and ``description`` are really in;
    ``is_discontinued`` and ``changed_at`` None where the system does not say.
    """

    key: str
    code: str
    name: str
    locale: str
    description: str | None = None
    brand: str | None = None
    category: Category | None = None
    attributes: tuple[AttributeValue, ...] = ()
    composition: tuple[FibreShare, ...] = ()
    safety: ProductSafety | None = None
    is_discontinued: bool | None = None
    changed_at: datetime | None = None
    media: tuple[Media, ...] = ()
    variants: tuple[Variant, ...] = ()
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Product", self.key)

    @property
    def external_ids(self) -> tuple[ExternalId, ...]:
        """What the owning system calls it."""
        return (external_id(self.key),)


class ProductConnection(Connection[Product], frozen=True, kw_only=True):
    """A page of a listing, which still knows what it lists."""

    query: ProductQuery
    total: int | None = None


class PriceSpan(Struct, frozen=True, gc=False):
    """What the variants of a product cost, from the cheapest to the dearest."""

    min: Price
    max: Price


@runtime_checkable
class ProductPort(Protocol):
    """The system that owns product data. *Errors* of all ports: ``SourceFailure``."""

    async def product_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Product | Failure]:
        """Read products, with all their variants; unknown keys are absent."""
        ...

    async def variant_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants; unknown SKUs are absent."""
        ...

    async def variant_by_gtin(
        self, gtins: Sequence[str], ask: Ask
    ) -> Mapping[str, Variant | Failure]:
        """Read variants by GS1's numbers, as ``domain.gtin`` writes them; unknown ones are absent.

        A number that two variants have is a ``SourceContract`` failure: nobody guesses which.
        """
        ...

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        """Read one page for each query.

        What is wrong with one query is that query's value: ``BadInput`` for a cursor that is not
        the list's own, and for a criterion that the system cannot apply, which is never left out;
        ``SourceFailure`` for a page that could not be had.
        """
        ...

    async def product_count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask
    ) -> Mapping[ProductSelection, int | Failure]:
        """Count each listing, all its pages together; failures as with the pages."""
        ...
