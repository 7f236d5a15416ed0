"""Every loader of an operation, named after the port's method that it batches for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from domain.ask import Ask
from domain.category import Category
from domain.customer import Customer, Trait, TraitKind
from domain.errors import Failure
from domain.location import Location
from domain.offer import Offer
from domain.order import Order
from domain.page import Page
from domain.port import NOTHING_OWNED, OwnPorts, Ports
from domain.product import Product, Variant
from execution.loader import Batches, Loader

T = TypeVar("T")


class Loaders:
    """The loaders of one operation; whoever made it closes it."""

    def __init__(self, ports: Ports, ask: Ask, kept: OwnPorts = NOTHING_OWNED) -> None:
        own = self._batches = Batches()
        product, keep, category = ports.product, self._keep_product, ports.category
        self.products_by_query = Loader(
            product.products_by_query, ask, own, self._keep_page, of=Product
        )
        self.product_count_by_query = Loader(product.product_count_by_query, ask, own)
        self.facets_by_query = Loader(ports.facet.facets_by_query, ask, own)
        self.category_by_key = Loader(category.category_by_key, ask, own)
        self.categories_by_parent = Loader(
            category.categories_by_parent, ask, own, self._keep_categories
        )
        self.product_count_by_category = Loader(category.product_count_by_category, ask, own)
        self.product_by_key = Loader(product.product_by_key, ask, own, keep, of=Product)
        self.variant_by_sku = Loader(product.variant_by_sku, ask, own, of=Variant)
        self.offer_by_sku = Loader(ports.offer.offer_by_sku, ask, own, of=Offer)
        self.price_history_by_sku = Loader(ports.price_history.price_history_by_sku, ask, own)
        self.stock_by_sku = Loader(ports.stock.stock_by_sku, ask, own)
        self.skus_by_location = Loader(ports.assortment.skus_by_location, ask, own)
        self.location_by_key = Loader(ports.location.location_by_key, ask, own)
        self.locations_by_query = Loader(
            ports.location.locations_by_query, ask, own, self._keep_places
        )
        self.customer_by_key = Loader(ports.customer.customer_by_key, ask, own, self._keep_customer)
        self.loyalty_by_customer = Loader(ports.loyalty.loyalty_by_customer, ask, own)
        self.loyalty_by_key = Loader(ports.loyalty.loyalty_by_key, ask, own)
        self.order_by_key = Loader(ports.order.order_by_key, ask, own)
        self.orders_by_customer = Loader(
            ports.order.orders_by_customer, ask, own, self._keep_orders
        )
        self.order_by_number = Loader(ports.order.order_by_number, ask, own, self._keep_order)
        self.customers_by_trait = Loader(
            ports.customer.customers_by_trait, ask, own, self._keep_customers
        )
        self.ledger_by_account = Loader(ports.loyalty.ledger_by_account, ask, own)
        self.interactions_by_customer = Loader(ports.interaction.interactions_by_customer, ask, own)
        self.shipment_by_tracking = Loader(ports.shipment.shipment_by_tracking, ask, own)
        self.wishlists_by_customer = Loader(kept.wishlist.wishlists_by_customer, ask, own)
        self.wishlist_by_key = Loader(kept.wishlist.wishlist_by_key, ask, own)
        self.wishlist_by_link = Loader(kept.wishlist.wishlist_by_link, ask, own)

    def narrow(self, reads: Mapping[type, frozenset[str]]) -> None:
        """Tell the ports which attributes of each domain class this operation will read."""
        for loader in (
            self.products_by_query,
            self.product_by_key,
            self.variant_by_sku,
            self.offer_by_sku,
        ):
            if loader.of is not None and loader.of in reads:
                loader.narrow(reads[loader.of])

    def close(self) -> None:
        """End the batches that are still under way."""
        self._batches.close()

    def _keep_categories(self, categories: Sequence[Category | Failure]) -> None:
        for category in _whole(categories):
            self.category_by_key.prime(category.key, category)

    def _keep_customers(self, customers: Sequence[Customer]) -> None:
        for customer in customers:
            self.customer_by_key.prime(customer.key, customer)
            self._keep_customer(customer)

    def _keep_customer(self, customer: Customer) -> None:
        for key in customer.identities[1:]:
            self.customers_by_trait.prime(Trait(TraitKind.EXTERNAL, key), (customer,))

    def _keep_orders(self, page: Page[Order]) -> None:
        for order in _whole(page.items):
            self._keep_order(order)

    def _keep_order(self, order: Order) -> None:
        self.order_by_key.prime(order.key, order)

    def _keep_page(self, page: Page[Product]) -> None:
        for product in _whole(page.items):
            self.product_by_key.prime(product.key, product)
            self._keep_product(product)

    def _keep_places(self, page: Page[Location]) -> None:
        for place in _whole(page.items):
            self.location_by_key.prime(place.key, place)

    def _keep_product(self, product: Product) -> None:
        for variant in product.variants:
            self.variant_by_sku.prime(variant.sku, variant)


def _whole(items: Iterable[T | Failure]) -> Iterator[T]:
    """Leave out what could not be read; it is nobody's to remember."""
    return (each for each in items if not isinstance(each, Failure))
