"""The ledger and the book of prices, on either database."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import PriceExpired
from domain.ledger import Place, Quote
from domain.money import Money, Price
from domain.offer import Offer, PriceRule, Reduction
from domain.provenance import PRICE, Freshness, Provenance
from domain.viewer import Channel
from storage.settings import StorageSettings
from storage.store import Store, open_store

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC).replace(microsecond=0)
WEB = Place("PL", Channel.WEB, "PLN")
DAY = timedelta(days=1)


def ask(channel: Channel = Channel.WEB) -> Ask:
    return Ask(Deadline.after(10), "PL", "PLN", "pl", channel)


def price(minor: int) -> Price:
    return Price.containing(Money(minor, "PLN"), Decimal(23))


def offer(minor: int, list_minor: int | None = None, *, until: datetime | None = None) -> Offer:
    return Offer(
        sku="A",
        price=price(minor),
        list_price=price(list_minor or minor),
        version=f"v{minor}",
        valid_until=until,
        provenance=Provenance("erp", NOW, PRICE),
    )


def quote(found: Offer | None, seen_at: datetime = NOW, sku: str = "A") -> Quote:
    return Quote(sku, WEB, found, found, seen_at)


async def ledger(store: Store) -> list[tuple[datetime, int | None]]:
    found = await store.prices.price_ledger_by_sku(["A"], ask())
    return [(each.starts_at, each.price.gross.minor if each.price else None) for each in found["A"]]


async def test_only_changes_are_written_into_the_ledger(store: Store) -> None:
    """A price seen ten times is one entry; another price, and none, are one more each."""
    for days, found in enumerate([offer(100), offer(100), offer(80, 100), None, None, offer(100)]):
        await store.prices.write([quote(found, NOW + days * DAY)], 5)
    assert await ledger(store) == [
        (NOW, 100),
        (NOW + 2 * DAY, 80),
        (NOW + 3 * DAY, None),
        (NOW + 5 * DAY, 100),
    ]


async def test_a_reduction_holds_since_it_says_it_began(store: Store) -> None:
    """An entry begins when its reduction did, and never before the entry before it."""
    began = NOW - 10 * DAY
    reduction = Reduction(PriceRule.SALE, Money(20, "PLN"), began)
    reduced = Offer(
        sku="A",
        price=price(80),
        list_price=price(100),
        applied_reductions=(reduction,),
        version="v",
        provenance=Provenance("erp", NOW, PRICE),
    )
    await store.prices.write([quote(reduced)], 5)
    await store.prices.write([quote(offer(100), NOW + DAY)], 5)
    await store.prices.write([quote(reduced, NOW + 2 * DAY)], 5)
    assert await ledger(store) == [(began, 80), (NOW + DAY, 100), (NOW + 2 * DAY, 80)]


async def test_several_processes_write_one_change_once(
    store: Store, settings: StorageSettings
) -> None:
    """Twenty processes' tasks that see the same new prices at once make one entry of each."""
    other = open_store(settings)
    assert await other.start() is None
    skus = ["A", *(f"B{number}" for number in range(50))]
    try:
        await asyncio.gather(
            *(
                (store, other)[n % 2].prices.write(
                    [quote(offer(100), NOW, sku) for sku in (skus if n % 3 else skus[::-1])], 10
                )
                for n in range(20)
            )
        )
    finally:
        await other.close()
    found = await store.prices.price_ledger_by_sku(skus, ask())
    assert {sku: len(found[sku]) for sku in skus} == dict.fromkeys(skus, 1)


async def test_places_do_not_mix(store: Store) -> None:
    """What was public in one channel says nothing of another."""
    await store.prices.write([quote(offer(100))], 5)
    assert await store.prices.price_ledger_by_sku(["A"], ask(Channel.APP)) == {}
    assert await store.prices.booked_offer_by_sku(["A"], ask(Channel.APP)) == {}


async def test_a_booked_price_is_good_until_it_is_not(store: Store) -> None:
    """A price can be sold at until its own end, or a day after it was seen; then it is expired."""
    seen = NOW - timedelta(hours=1)
    await store.prices.write([quote(offer(100), seen)], 5)
    booked = (await store.prices.booked_offer_by_sku(["A", "B"], ask()))["A"]
    assert isinstance(booked, Offer)
    assert (booked.price, booked.version) == (price(100), "v100")
    assert booked.valid_until == seen + DAY
    assert booked.provenance.freshness(NOW) is Freshness.STALE
    assert booked.provenance.system == "erp"
    for expired in (
        quote(offer(100, until=NOW - timedelta(seconds=1)), seen),
        quote(offer(100), NOW - DAY),
    ):
        await store.prices.write([expired], 5)
        found = await store.prices.booked_offer_by_sku(["A"], ask())
        assert isinstance(found["A"], PriceExpired)
    await store.prices.write([quote(None)], 5)
    assert await store.prices.booked_offer_by_sku(["A"], ask()) == {}


async def test_one_process_at_a_time_has_a_claim(store: Store, settings: StorageSettings) -> None:
    """Of several that claim a piece of work one has it, until its time is over."""
    other = open_store(settings)
    assert await other.start() is None
    try:
        won = await asyncio.gather(
            *((store, other)[n % 2].prices.claim("work", 60) for n in range(10))
        )
        assert sorted(won) == [False] * 9 + [True]
        assert await other.prices.claim("short", 0)
        assert await store.prices.claim("short", 0)
    finally:
        await other.close()
