"""Promotions on offers: which articles they mean, since when, and what is without their data."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.ask import Ask
from domain.campaign import Campaigns
from domain.category import ROOT, Category
from domain.deadline import Deadline
from domain.errors import Failure, SourceUnavailable
from domain.money import Money, Price
from domain.offer import Offer, PriceRule
from domain.port import Ports
from domain.product import Product, Variant
from domain.promotion import Percentage, Period, Promotion, Selection
from domain.provenance import CATALOGUE, PRICE, Provenance
from domain.viewer import Channel
from execution.lineage import Lineage
from execution.loaders import Loaders
from execution.offering import Offering

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
SOURCE = Provenance("erp", NOW, CATALOGUE)
# Shoes hold boots, boots hold ankle boots.
TREE = {"erp:40": ROOT, "erp:4010": "erp:40", "erp:401001": "erp:4010", "erp:50": ROOT}
OFF = Percentage(Decimal(10))
SHOES = Promotion(key="shoes", name="shoes", effect=OFF, selection=Selection(frozenset({"40"})))


def ask() -> Ask:
    return Ask(Deadline.after(10), "PL", "PLN", "pl", Channel.WEB)


def variant(sku: str, product: str, category: str | None = None) -> Variant:
    return Variant(sku=sku, product_key=product, category_key=category, provenance=SOURCE)


class Erp:
    """Everything costs 100.00; a product's category is what its key says."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.is_away = False

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if self.is_away and call != "offer_by_sku":
            raise SourceUnavailable("erp", call, "away")

    async def product_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Product]:
        self._called("product_by_key")
        return {
            key: Product(
                key=key,
                code=key,
                name=key,
                locale="pl",
                category=_category(f"erp:{key.rpartition('-')[2]}"),
                provenance=SOURCE,
            )
            for key in keys
        }

    async def variant_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        self._called("variant_by_sku")
        return {}

    async def category_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Category]:
        self._called("category_by_key")
        return {key: _category(key) for key in keys if key in TREE}

    async def categories_by_parent(
        self, parents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Category]]:
        self._called("categories_by_parent")
        return {
            parent: [_category(key) for key, above in TREE.items() if above == parent]
            for parent in parents
        }

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer]:
        self._called("offer_by_sku")
        price = Price.containing(Money(100_00, "PLN"), Decimal(23))
        source = Provenance("erp", NOW, PRICE)
        return {
            sku: Offer(sku=sku, price=price, list_price=price, version="v", provenance=source)
            for sku in skus
        }


def _category(key: str) -> Category:
    code = key.partition(":")[2]
    return Category(key=key, code=code, name=code, parent_key=TREE[key], provenance=SOURCE)


class Shelf:
    """Offers over the ERP, each question an operation of its own."""

    def __init__(self, *promotions: Promotion) -> None:
        self.erp = Erp()
        erp: Any = self.erp
        self.ports = Ports(product=erp, offer=erp, category=erp)
        self.lineage = Lineage()
        self.offering = Offering(self.lineage, Campaigns(promotions))

    async def offers(self, *variants: Variant, now: datetime = NOW) -> list[Offer | Failure | None]:
        loaders = Loaders(self.ports, ask())
        try:
            return await self.offering.offers(variants, loaders, ask(), now)
        finally:
            loaders.close()


def minor(offer: Offer | Failure | None) -> int:
    assert isinstance(offer, Offer)
    return offer.price.gross.minor


async def test_a_promotion_on_a_category_means_all_below_it() -> None:
    """Goods anywhere below a category that a promotion names are reduced, others are not."""
    shelf = Shelf(SHOES)
    boots, bag = variant("A", "erp:a-401001"), variant("B", "erp:b-50")
    assert list(map(minor, await shelf.offers(boots, bag))) == [90_00, 100_00]


async def test_where_goods_stand_is_asked_once() -> None:
    """What is known of products and categories costs no call, and nothing where none is named."""
    shelf = Shelf(SHOES)
    async with shelf.lineage.running(shelf.ports.category, ask):
        shelf.erp.calls.clear()
        said = variant("A", "erp:a-4010", "erp:4010")
        assert list(map(minor, await shelf.offers(said))) == [90_00]
        assert shelf.erp.calls == ["offer_by_sku"]
        silent = variant("C", "erp:c-401001")
        for _ in range(2):
            assert list(map(minor, await shelf.offers(silent))) == [90_00]
        assert shelf.erp.calls.count("product_by_key") == 1
    everywhere = Shelf(Promotion(key="all", name="all", effect=OFF))
    assert list(map(minor, await everywhere.offers(silent))) == [90_00]
    assert everywhere.erp.calls == ["offer_by_sku"]


async def test_a_price_that_is_not_known_is_not_told_too_high() -> None:
    """Where it cannot be read which promotions mean a product, its price fails with that."""
    shelf = Shelf(SHOES)
    shelf.erp.is_away = True
    (found,) = await shelf.offers(variant("A", "erp:a-4010"))
    assert isinstance(found, SourceUnavailable)
    shelf.erp.is_away = False
    assert minor((await shelf.offers(variant("A", "erp:a-4010")))[0]) == 90_00


async def test_an_offer_ends_when_a_promotion_on_it_begins_or_ends() -> None:
    """A promoted offer says since when and until when, and has a version of its own."""
    begins, ends = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    promotion = Promotion(key="p", name="p", effect=OFF, periods={"PL": Period(begins, ends)})
    shelf, shoe = Shelf(promotion), variant("A", "erp:a-4010")
    found = [
        offer
        for at in (NOW, begins, ends)
        for offer in await shelf.offers(shoe, now=at)
        if isinstance(offer, Offer)
    ]
    assert [each.price.gross.minor for each in found] == [100_00, 90_00, 100_00]
    assert [each.valid_until for each in found] == [begins, ends, None]
    assert [each.winning_rule for each in found] == [None, PriceRule.PROMOTION, None]
    assert len({each.version for each in found}) == 2
    (reduction,) = found[1].applied_reductions
    assert (reduction.amount.minor, reduction.starts_at, reduction.ends_at) == (
        10_00,
        begins,
        ends,
    )
