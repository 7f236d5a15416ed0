"""Every loader of an operation, named after the port's method that it batches for."""

from collections.abc import Sequence

from domain.ask import Ask
from domain.category import Category
from domain.errors import Failure
from domain.page import Page
from domain.port import Ports
from domain.product import Product
from execution.loader import Batches, Loader


class Loaders:
    """The loaders of one operation; whoever made it closes it."""

    def __init__(self, ports: Ports, ask: Ask) -> None:
        own = self._batches = Batches()
        self.products_by_query = Loader(ports.product.products_by_query, ask, own, self._keep_page)
        self.product_count_by_query = Loader(ports.product.product_count_by_query, ask, own)
        self.facets_by_query = Loader(ports.facet.facets_by_query, ask, own)
        self.category_by_key = Loader(ports.category.category_by_key, ask, own)
        self.categories_by_parent = Loader(
            ports.category.categories_by_parent, ask, own, self._keep_categories
        )
        self.product_count_by_category = Loader(ports.category.product_count_by_category, ask, own)
        self.product_by_key = Loader(ports.product.product_by_key, ask, own, self._keep_product)
        self.variant_by_sku = Loader(ports.product.variant_by_sku, ask, own)
        self.offer_by_sku = Loader(ports.offer.offer_by_sku, ask, own)
        self.price_history_by_sku = Loader(ports.price_history.price_history_by_sku, ask, own)
        self.stock_by_sku = Loader(ports.stock.stock_by_sku, ask, own)
        self.skus_by_location = Loader(ports.assortment.skus_by_location, ask, own)
        self.location_by_key = Loader(ports.location.location_by_key, ask, own)
        self.customer_by_key = Loader(ports.customer.customer_by_key, ask, own)
        self.loyalty_by_customer = Loader(ports.loyalty.loyalty_by_customer, ask, own)
        self.loyalty_by_key = Loader(ports.loyalty.loyalty_by_key, ask, own)
        self.order_by_key = Loader(ports.order.order_by_key, ask, own)
        self.orders_by_customer = Loader(ports.order.orders_by_customer, ask, own)

    def close(self) -> None:
        """End the batches that are still under way."""
        self._batches.close()

    def _keep_categories(self, categories: Sequence[Category]) -> None:
        for category in categories:
            self.category_by_key.prime(category.key, category)

    def _keep_page(self, page: Page[Product] | Failure) -> None:
        for product in () if isinstance(page, Failure) else page.items:
            self.product_by_key.prime(product.key, product)
            self._keep_product(product)

    def _keep_product(self, product: Product) -> None:
        for variant in product.variants:
            self.variant_by_sku.prime(variant.sku, variant)
