"""Prices are written down by whoever shows them, and by a sweep, without anybody waiting for it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from domain.ask import Ask
from domain.campaign import Campaigns
from domain.deadline import Deadline
from domain.errors import Failure, SourceUnavailable, StoreUnavailable
from domain.filter import ProductQuery, ProductSelection
from domain.ledger import LedgerEntry, Place, Quote
from domain.money import Money, Price
from domain.offer import Offer
from domain.page import Page
from domain.port import Ports
from domain.product import Product, Variant
from domain.promotion import Percentage, Promotion
from domain.provenance import CATALOGUE, PRICE, Provenance
from domain.viewer import Channel
from execution.lineage import Lineage
from execution.loaders import Loaders
from execution.offering import Offering
from execution.price import PriceNotes, PriceSweep, Settings
from storage.store import Store

pytestmark = pytest.mark.anyio

PRODUCTS = 230
WEB = Place("PL", Channel.WEB, "PLN")
TENTH = Promotion(key="tenth", name="tenth", effect=Percentage(Decimal(10)))


def ask(place: Place = WEB) -> Ask:
    return Ask(Deadline.after(10), place.market, place.currency, "pl", place.channel)


def variant(number: int, part: int) -> Variant:
    source = Provenance("erp", datetime.now(UTC), CATALOGUE)
    return Variant(sku=f"S{number}-{part}", product_key=f"erp:{number}", provenance=source)


class Erp:
    """A product system of 230 styles in two sizes; of each tenth style one size is not sold."""

    def __init__(self) -> None:
        self.minor = 100_00
        self.broken: frozenset[str] = frozenset()

    def product(self, number: int) -> Product:
        source = Provenance("erp", datetime.now(UTC), CATALOGUE)
        return Product(
            key=f"erp:{number}",
            code=str(number),
            name="Shirt",
            locale="pl",
            variants=(variant(number, 0), variant(number, 1)),
            provenance=source,
        )

    async def product_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Product]:
        return {key: self.product(int(key.partition(":")[2])) for key in keys}

    async def variant_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        return {}

    async def variant_by_gtin(self, gtins: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        return {}

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product] | Failure]:
        found: dict[ProductQuery, Page[Product] | Failure] = {}
        for query in queries:
            start = int(query.page.after or 0)
            numbers = range(start, min(start + query.page.first, PRODUCTS))
            found[query] = Page(
                items=tuple(map(self.product, numbers)),
                cursors=tuple(str(number + 1) for number in numbers),
                has_next=numbers.stop < PRODUCTS,
            )
        return found

    async def product_count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask
    ) -> Mapping[ProductSelection, int | Failure]:
        return {}

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Any]:
        price = Price.containing(Money(self.minor, ask.currency), Decimal(23))
        found: dict[str, Offer | Failure] = {
            sku: Offer(
                sku=sku,
                price=price,
                list_price=price,
                version=f"v{self.minor}",
                provenance=Provenance("erp", datetime.now(UTC), PRICE),
            )
            for sku in skus
            if not sku.endswith("0-1")
        }
        found |= {
            sku: SourceUnavailable("erp", "offer_by_sku", "away")
            for sku in skus
            if sku in self.broken
        }
        return found


def sweep(store: Store, erp: Erp, *promotions: Promotion) -> PriceSweep:
    ports = Ports(product=erp, offer=erp)
    offering = Offering(Lineage(), Campaigns(promotions))
    return PriceSweep(store.prices, ports, offering, ask, [WEB], Settings())


async def paid(store: Store, *skus: str) -> dict[str, list[int | None]]:
    found = await store.prices.price_ledger_by_sku(skus, ask())
    return {sku: [_minor(entry) for entry in entries] for sku, entries in found.items()}


def _minor(entry: LedgerEntry) -> int | None:
    return entry.price.gross.minor if entry.price else None


async def test_what_nobody_looks_at_is_written_down(store: Store) -> None:
    """A sweep writes the price of every variant on every page, with promotions, and only changes;
    a price that could not be read stays as it was.
    """
    erp = Erp()
    every = sweep(store, erp, TENTH)
    assert await every.look() == PRODUCTS * 2
    assert await paid(store, "S0-0", "S229-1", "S10-1") == {"S0-0": [90_00], "S229-1": [90_00]}
    await every.look()
    erp.minor, erp.broken = 80_00, frozenset({"S7-0"})
    assert await every.look() == PRODUCTS * 2 - 1
    assert await paid(store, "S0-0", "S7-0") == {"S0-0": [90_00, 72_00], "S7-0": [90_00]}
    booked = (await store.prices.booked_offer_by_sku(["S0-0"], ask()))["S0-0"]
    assert isinstance(booked, Offer)
    assert (booked.price.gross.minor, booked.applied_promotions) == (80_00, ())


class Writer:
    """Stands where the store does, and can be away."""

    def __init__(self) -> None:
        self.is_away = False
        self.quotes: list[Quote] = []
        self.written = asyncio.Event()
        self.refused = asyncio.Event()

    async def write(self, quotes: Sequence[Quote], seconds: float) -> None:
        if self.is_away:
            self.refused.set()
            raise StoreUnavailable("away")
        self.quotes += quotes
        self.written.set()

    async def claim(self, name: str, seconds: float) -> bool:
        return True


async def show(notes: PriceNotes, erp: Erp, numbers: Sequence[int]) -> None:
    loaders = Loaders(Ports(product=erp, offer=erp), ask())
    offering = Offering(Lineage(), recorder=notes)
    await offering.offers([variant(n, 0) for n in numbers], loaders, ask(), datetime.now(UTC))
    loaders.close()


async def test_a_price_that_is_shown_is_written_once() -> None:
    """What is shown is written, what was noted before is not; closing writes what waits."""
    erp, writer = Erp(), Writer()
    notes = PriceNotes(writer)
    async with notes.running():
        for _ in range(3):
            await show(notes, erp, range(1, 9))
        async with asyncio.timeout(10):
            await writer.written.wait()
        assert len(writer.quotes) == 8
        erp.minor = 80_00
        await show(notes, erp, [1])
    assert [quote.public.version for quote in writer.quotes[8:] if quote.public] == ["v8000"]


async def test_a_store_that_is_away_costs_no_price() -> None:
    """What could not be written is noted again when it is shown again."""
    erp, writer = Erp(), Writer()
    writer.is_away = True
    notes = PriceNotes(writer)
    async with notes.running():
        await show(notes, erp, range(1, 5))
        async with asyncio.timeout(10):
            await writer.refused.wait()
        writer.is_away = False
        await show(notes, erp, range(1, 5))
    assert {quote.sku for quote in writer.quotes} == {f"S{n}-0" for n in range(1, 5)}


async def test_what_waits_is_bounded() -> None:
    """However many prices are shown at once, no more than ten thousand wait."""
    writer = Writer()
    price = Price.containing(Money(1, "PLN"), Decimal(23))
    one = Offer(
        sku="A",
        price=price,
        list_price=price,
        version="v",
        provenance=Provenance("erp", datetime.now(UTC), PRICE),
    )
    skus = [f"S{number}" for number in range(10_500)]
    offers = [replace(one, sku=sku) for sku in skus]
    notes = PriceNotes(writer)
    notes.note(ask(), skus, offers, offers)
    async with notes.running():
        pass
    assert len(writer.quotes) == 10_000
    notes.note(ask(), skus, offers, offers)
    async with notes.running():
        pass
    assert len({quote.sku for quote in writer.quotes}) == len(writer.quotes) == 10_500
