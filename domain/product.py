"""Products and their variants: what is sold, described."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.identity import ExternalId, external_id, node_id
from domain.page import Page, PageRequest
from domain.provenance import Provenance


class AttributeValue(Struct, frozen=True, gc=False):
    """One described property of a product, as text in the language served."""

    name: str
    value: str
    unit: str | None = None


class Media(Struct, frozen=True, gc=False):
    """A picture or film of a product."""

    url: str
    alt: str | None = None


class Category(Struct, frozen=True, gc=False):
    """A place in the retailer's assortment."""

    code: str
    name: str


class Option(Struct, frozen=True, gc=False):
    """One of the choices that tell a product's variants apart, such as size M."""

    name: str
    value: str


class Variant(Struct, frozen=True, gc=False, kw_only=True):
    """The sellable unit of a product. Its key is its SKU.

    *Shape*: ``gtins`` GS1 numbers of 8, 12, 13 or 14 digits; ``product_key`` as ``Product.key``.
    """

    sku: str
    product_key: str
    name: str | None = None
    gtins: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    media: tuple[Media, ...] = ()
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Variant", self.sku)


class Product(Struct, frozen=True, gc=False, kw_only=True):
    """A style: what a shopper looks at, with everything one can buy of it.

    *Shape*: ``locale`` BCP 47, the language that ``name`` and ``description`` are really in.
    """

    key: str
    code: str
    name: str
    locale: str
    description: str | None = None
    brand: str | None = None
    category: Category | None = None
    attributes: tuple[AttributeValue, ...] = ()
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


class ProductQuery(Struct, frozen=True, gc=False):
    """Which products are wanted: all of them, or those whose words match ``search``."""

    page: PageRequest
    search: str | None = None


@runtime_checkable
class ProductPort(Protocol):
    """The system that owns product data. *Errors* of all ports: ``SourceFailure``."""

    async def product_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Product]:
        """Read products, with all their variants; unknown keys are absent."""
        ...

    async def variant_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        """Read variants; unknown SKUs are absent."""
        ...

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        """Read one page for each query; a query that fails has its failure in the place of it.

        *Errors*: ``BadInput`` for a cursor that is not its own.
        """
        ...
