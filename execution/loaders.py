"""Every loader of an operation, named after the port's method that it batches for."""

from collections.abc import Mapping

from domain.ask import Ask
from domain.offer import Offer
from domain.page import Page
from domain.port import NOTHING_OWNED, OwnPorts, Ports
from domain.product import Product, Variant
from execution.loader import Batches, Loader


class Loaders:
    """The loaders of one operation; whoever made it closes it."""

    def __init__(self, ports: Ports, ask: Ask, kept: OwnPorts = NOTHING_OWNED) -> None:
        own = self._batches = Batches()
        product, keep = ports.product, self._keep_product
        self.products_by_query = Loader(
            product.products_by_query, ask, own, self._keep_page, of=Product
        )
        self.product_by_key = Loader(product.product_by_key, ask, own, keep, of=Product)
        self.variant_by_sku = Loader(product.variant_by_sku, ask, own, of=Variant)
        self.offer_by_sku = Loader(ports.offer.offer_by_sku, ask, own, of=Offer)
        self.stock_by_sku = Loader(ports.stock.stock_by_sku, ask, own)
        self.location_by_key = Loader(ports.location.location_by_key, ask, own)
        self.customer_by_key = Loader(ports.customer.customer_by_key, ask, own)
        self.loyalty_by_customer = Loader(ports.loyalty.loyalty_by_customer, ask, own)
        self.loyalty_by_key = Loader(ports.loyalty.loyalty_by_key, ask, own)
        self.order_by_key = Loader(ports.order.order_by_key, ask, own)
        self.orders_by_customer = Loader(ports.order.orders_by_customer, ask, own)
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

    def _keep_page(self, page: Page[Product]) -> None:
        for product in page.items:
            self.product_by_key.prime(product.key, product)
            self._keep_product(product)

    def _keep_product(self, product: Product) -> None:
        for variant in product.variants:
            self.variant_by_sku.prime(variant.sku, variant)
