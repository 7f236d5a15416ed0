"""What every port promises, held against every adapter.

A system joins by a fixture ``<name>_counterpart`` that yields a ``Counterpart``, and its name in
``_SYSTEMS``.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import (
    SourceContract,
    SourceFailure,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from domain.page import Page
from tests.adapters.counterpart import Counterpart, Promise, got, is_page_call, plain_mapping

_SYSTEMS = ["sandbox"]
_CALLS = [
    "product_by_key", "variant_by_sku", "products_by_query", "offer_by_sku", "stock_by_sku",
    "location_by_key", "customer_by_key", "loyalty_by_customer", "loyalty_by_key", "order_by_key",
    "orders_by_customer",
]  # fmt: skip


@pytest.fixture(params=_SYSTEMS)
def counterpart(request: pytest.FixtureRequest) -> Counterpart:
    """Each system in turn."""
    found: Counterpart = request.getfixturevalue(f"{request.param}_counterpart")
    return found


@pytest.fixture(params=_CALLS)
def call(request: pytest.FixtureRequest, counterpart: Counterpart) -> str:
    """Each method that the system serves."""
    name: str = request.param
    if name not in counterpart.promises:
        pytest.skip(f"the system does not serve {name}")
    return name


@pytest.fixture
def promise(call: str, counterpart: Counterpart) -> Promise:
    """How the system keeps the method."""
    return counterpart.promises[call]


async def _read(call: str, promise: Promise, keys: Any, ask: Any) -> dict[Any, Any]:
    found = await getattr(promise.adapter, call)(keys, ask)
    return {key: got(value) for key, value in found.items()}


async def test_the_order_of_keys_does_not_matter(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """The same keys in any order, and given twice, give the same answer."""
    seed = random.randrange(1 << 30)
    keys = list(promise.keys[: promise.limit * 2])
    first = await _read(call, promise, keys, counterpart.ask())
    random.Random(seed).shuffle(keys)
    again = await _read(call, promise, [*keys, *keys[:3]], counterpart.ask())
    assert plain_mapping(again) == plain_mapping(first), f"seed {seed}"
    assert first


async def test_known_keys_are_found_and_unknown_ones_absent(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """A key nobody knows is absent, or has an empty page, and harms no other key."""
    known = list(promise.keys[:5])
    good = await _read(call, promise, known, counterpart.ask())
    mixed = [*promise.strangers, *known, *promise.foreign]
    found = await _read(call, promise, mixed, counterpart.ask())
    if is_page_call(call):
        empty: Page[Any] = Page((), (), has_next=False, total=0)
        assert all(found.pop(key) == empty for key in {*promise.strangers, *promise.foreign})
    assert plain_mapping(found) == plain_mapping(good)


async def test_keys_that_are_not_the_systems_are_never_sent(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """No key, or only keys of others, makes no call at all."""
    for keys in ([], list(promise.foreign)):
        ask = counterpart.ask()
        await _read(call, promise, keys, ask)
        assert ask.calls.total() == 0
    assert counterpart.seen is None or counterpart.seen() == 0


async def test_one_key_or_a_whole_batch_is_one_call(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """Up to the system's limit, any number of keys is one call."""
    for count in {1, min(promise.limit, 100), min(promise.limit, len(promise.keys))}:
        ask = counterpart.ask()
        await _read(call, promise, promise.keys[:count], ask)
        assert ask.calls.total() == 1


async def test_more_keys_than_the_limit_are_split(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """Beyond the limit there are as few calls as the limit allows, and nothing is lost."""
    ask = counterpart.ask()
    found = await _read(call, promise, promise.keys, ask)
    assert ask.calls.total() == -(-len(promise.keys) // promise.limit)
    if counterpart.seen is not None:
        assert counterpart.seen() == ask.calls.total()
    last = promise.keys[-3:]
    tail = await _read(call, promise, last, counterpart.ask())
    some = {key: value for key, value in found.items() if key in last}
    assert plain_mapping(some) == plain_mapping(tail)


async def test_values_say_where_and_when_they_were_read(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """Every value carries the system's name in the configuration and a time that can be true."""
    found = await _read(call, promise, promise.keys[:20], counterpart.ask())
    now = datetime.now(UTC)
    values: list[Any] = []
    for value in found.values():
        inner = value.items if isinstance(value, Page) else value
        values += inner if isinstance(inner, tuple) else [inner]
    assert values
    for value in values:
        assert value.provenance.system in counterpart.upstreams
        assert now - timedelta(days=1) < value.provenance.observed_at <= now


async def test_values_stand_under_their_own_key(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """What is found under a key is the thing of that key."""
    attribute = {
        "product_by_key": "key", "variant_by_sku": "sku", "offer_by_sku": "sku",
        "location_by_key": "key", "customer_by_key": "key", "order_by_key": "key",
        "loyalty_by_key": "key", "loyalty_by_customer": "customer_key",
    }.get(call)  # fmt: skip
    found = await _read(call, promise, promise.keys[:50], counterpart.ask())
    for key, value in found.items():
        if attribute is not None:
            assert getattr(value, attribute) == key
        elif call == "stock_by_sku":
            assert all(level.sku == key for level in value)
        elif call == "orders_by_customer":
            assert all(order.customer_key in key.identities for order in value.items)


@pytest.mark.parametrize("garbage", ["truncated", "html", "types", "nan", "cut", "gzip_bomb"])
async def test_garbage_is_a_failure_and_never_a_value(
    counterpart: Counterpart, call: str, promise: Promise, garbage: str
) -> None:
    """An answer that is none is a failure that names the system and the call."""
    if counterpart.fault is None:
        pytest.skip("nobody can make this system fail")
    if garbage == "nan" and call == "customer_by_key":
        pytest.skip("there is no number in it")
    counterpart.fault(garbage=garbage, seed=3)
    with pytest.raises(SourceFailure) as failed:
        await _read(call, promise, promise.keys[:20], counterpart.ask())
    expected = SourceUnavailable if garbage == "cut" else SourceContract
    assert type(failed.value) is expected
    assert failed.value.system in counterpart.upstreams
    assert failed.value.call == call
    assert failed.value.message.count("erp") == 0, "no system is named to any caller"


@pytest.mark.parametrize("call", ["offer_by_sku", "orders_by_customer", "order_by_key"])
async def test_a_wrong_currency_is_never_a_price(counterpart: Counterpart, call: str) -> None:
    """Money in a currency that cannot be right is a contract failure, never converted."""
    if counterpart.fault is None or call not in counterpart.promises:
        pytest.skip("nobody can make this system fail so")
    counterpart.fault(garbage="currency")
    promise = counterpart.promises[call]
    with pytest.raises(SourceContract, match="currency"):
        await _read(call, promise, promise.keys[:20], counterpart.ask())


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ({"mode": "down"}, SourceUnavailable),
        ({"mode": "down", "status": 500}, SourceUnavailable),
        ({"mode": "down", "status": 429}, SourceUnavailable),
        ({"mode": "down", "status": 403}, SourceRejected),
        ({"mode": "drop"}, SourceUnavailable),
        ({"latency_ms": 60_000}, SourceTimeout),
    ],
)
async def test_a_system_in_trouble_is_a_failure_of_its_kind(
    counterpart: Counterpart,
    call: str,
    promise: Promise,
    fault: dict[str, Any],
    failure: type[SourceFailure],
) -> None:
    """Down, refusing, gone or slow: each is the failure that says so, within the deadline."""
    if counterpart.fault is None:
        pytest.skip("nobody can make this system fail")
    counterpart.fault(**fault)
    with pytest.raises(SourceFailure) as failed:
        await _read(call, promise, promise.keys[:20], counterpart.ask(seconds=0.3))
    assert type(failed.value) is failure
    assert failed.value.call == call


async def test_languages_fall_back(counterpart: Counterpart) -> None:
    """A product is served in the language asked for, or says in which one it is."""
    promise = counterpart.promises["product_by_key"]
    for language in ("pl", "de", "en", "de-AT", "cs"):
        found = await _read(
            "product_by_key", promise, promise.keys[:200], counterpart.ask(language)
        )
        served = [product.locale for product in found.values()]
        wanted = language.partition("-")[0]
        assert all(product.name for product in found.values())
        if wanted in served:
            assert served.count(wanted) > len(served) / 2


async def test_a_listing_is_walked_through_by_its_cursors(counterpart: Counterpart) -> None:
    """Following the cursors shows every product once, and says when there is no more."""
    query = type(counterpart.promises["products_by_query"].keys[0])
    request = type(counterpart.promises["products_by_query"].keys[0].page)
    adapter = counterpart.promises["products_by_query"].adapter
    found: list[str] = []
    after: str | None = None
    while True:
        wanted = query(request(70, after))
        page = (await adapter.products_by_query([wanted], counterpart.ask()))[wanted]
        assert len(page.items) == len(page.cursors)
        found += [product.key for product in page.items]
        if not page.has_next:
            break
        after = page.cursors[-1]
    assert len(found) == len(set(found))
    assert page.total in (None, len(found))
    # A cursor in the middle of a page goes on right behind its item.
    first = query(request(5))
    cursors = (await adapter.products_by_query([first], counterpart.ask()))[first].cursors
    middle = query(request(3, cursors[1]))
    page = (await adapter.products_by_query([middle], counterpart.ask()))[middle]
    assert [product.key for product in page.items] == found[2:5]
