"""What every port promises, held against every adapter.

A system joins by a fixture ``<name>_counterpart`` that yields a ``Counterpart``, and by what it
serves in ``SERVED``.
"""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.customer import Customer, Trait, TraitKind
from domain.errors import (
    BadInput,
    SourceContract,
    SourceFailure,
    SourceRejected,
    SourceTimeout,
    SourceUnavailable,
)
from domain.page import Page, PageRequest
from domain.partial import Partial
from sandbox.contact import fold
from tests.adapters.counterpart import (
    PAGE_CALLS,
    Counterpart,
    Promise,
    failures_in,
    got,
    is_page_call,
    is_part,
    plain_mapping,
)

pytestmark = pytest.mark.long
_CALLS = (
    "product_by_key", "variant_by_sku", "products_by_query", "offer_by_sku", "stock_by_sku",
    "location_by_key", "locations_by_query", "customer_by_key", "loyalty_by_customer",
    "loyalty_by_key", "order_by_key", "orders_by_customer", "product_count_by_query",
    "facets_by_query", "category_by_key", "categories_by_parent", "product_count_by_category",
    "price_history_by_sku", "skus_by_location", "order_by_number", "customers_by_trait",
    "ledger_by_account", "interactions_by_customer", "shipment_by_tracking", "variant_by_gtin",
)  # fmt: skip
SERVED: Mapping[str, Sequence[str]] = {
    "sandbox": _CALLS,
    "tills": ("order_by_key", "order_by_number", "orders_by_customer"),
}
# Whose answers have no number that could be none; amounts and counts are texts there.
_WITHOUT_NUMBERS = (
    *("customer_by_key", "category_by_key", "categories_by_parent", "product_count_by_query"),
    *("customers_by_trait", "interactions_by_customer"),
)
_OF_ONE_VALUE = ("product_count_by_query", "facets_by_query", "skus_by_location")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each system in turn, with each method that it serves and the test is about."""
    about = metafunc.definition.get_closest_marker("calls")
    cases = [
        (system, call)
        for system, calls in metafunc.module.SERVED.items()
        for call in calls
        if about is None or call in about.args
    ]
    if "call" in metafunc.fixturenames:
        metafunc.parametrize(("system", "call"), cases)
    elif "system" in metafunc.fixturenames:
        metafunc.parametrize("system", dict.fromkeys(system for system, _ in cases))


@pytest.fixture
def counterpart(request: pytest.FixtureRequest, system: str) -> Counterpart:
    """The system whose turn it is."""
    found: Counterpart = request.getfixturevalue(f"{system}_counterpart")
    return found


@pytest.fixture
def fault(counterpart: Counterpart) -> Callable[..., None]:
    """What makes the system fail."""
    assert counterpart.fault is not None, "nobody can make this system fail"
    return counterpart.fault


@pytest.fixture
def promise(call: str, counterpart: Counterpart) -> Promise:
    """How the system keeps the method."""
    return counterpart.promises[call]


async def _raw(call: str, promise: Promise, keys: Any, ask: Any) -> dict[Any, Any]:
    return dict(await getattr(promise.adapter, call)(keys, ask))


async def _read(call: str, promise: Promise, keys: Any, ask: Any) -> dict[Any, Any]:
    found = await _raw(call, promise, keys, ask)
    return {key: got(value) for key, value in found.items()}


async def test_the_order_of_keys_does_not_matter(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """The same keys in any order, and given twice, give the same answer."""
    seed = random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
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
        empty = [found.pop(key) for key in {*promise.strangers, *promise.foreign}]
        assert all(page.items == () and not page.has_next and not page.total for page in empty)
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
        assert 1 <= ask.calls.total() <= promise.calls


async def test_more_keys_than_the_limit_are_split(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """Beyond the limit there are as few calls as the limit allows, and nothing is lost."""
    ask = counterpart.ask()
    found = await _read(call, promise, promise.keys, ask)
    assert ask.calls.total() <= -(-len(promise.keys) // promise.limit) * promise.calls
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
        values += inner if isinstance(inner, tuple | list) else [inner]
    if call.startswith("product_count_by"):
        assert all(type(value) is int for value in values)
        return
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
        "category_by_key": "key", "price_history_by_sku": "sku", "skus_by_location": "location_key",
        "shipment_by_tracking": "tracking_number", "order_by_number": "number",
    }.get(call)  # fmt: skip
    found = await _read(call, promise, promise.keys[:50], counterpart.ask())
    assert found
    for key, value in found.items():
        if attribute is not None:
            assert getattr(value, attribute) == key
        elif call == "variant_by_gtin":
            assert key in value.gtins
        elif call == "categories_by_parent":
            assert all(category.parent_key == key for category in value)
        elif call == "stock_by_sku":
            assert all(level.sku == key for level in value)
        elif call == "orders_by_customer":
            assert all(order.customer_key in key.identities for order in value.items)
        elif call == "interactions_by_customer":
            assert all(each.customer_key == key.customer_key for each in value.items)
        elif call == "ledger_by_account":
            assert all(entry.key.startswith(f"{key.account_key}:") for entry in value.items)
        elif call == "customers_by_trait":
            assert value
            assert all(_is_trait_of(customer, key) for customer in value)


def _is_trait_of(customer: Customer, trait: Trait) -> bool:
    """Whether the customer can be found by the trait, as the port promises it."""
    if trait.kind is TraitKind.EMAIL:
        mails = (customer.email, *customer.other_emails)
        return trait.value.lower() in {mail.lower() for mail in mails if mail}
    if trait.kind is TraitKind.PHONE:
        phones = (customer.phone, *customer.other_phones)
        digits = {"".join(filter(str.isdigit, phone)) for phone in phones if phone}
        return "".join(filter(str.isdigit, trait.value)) in digits
    if trait.kind is TraitKind.EXTERNAL:
        return trait.value in customer.identities
    if trait.kind is TraitKind.BIRTH_DATE:
        return str(customer.birth_date) == trait.value
    return customer.name is not None and fold(trait.value) in fold(customer.name.full)


@pytest.mark.calls("orders_by_customer", "ledger_by_account", "interactions_by_customer")
async def test_pages_join_without_gap_and_without_twice(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """Whatever the size of its pages, a list shows each of its items once, newest first."""
    pages = await _read(call, promise, promise.keys[: promise.limit], counterpart.ask())
    query = max(pages, key=lambda each: (len(pages[each].items), pages[each].has_next))
    whole = await _walk(call, promise, query, 100, counterpart)
    assert len(whole) > 1
    for size in (1, 2, 3):
        assert await _walk(call, promise, query, size, counterpart) == whole
    assert len(set(whole)) == len(whole)


async def _walk(
    call: str, promise: Promise, query: Any, size: int, counterpart: Counterpart
) -> list[str]:
    """Follow the cursors of one list; the keys of what is on it."""
    found: list[str] = []
    times: list[datetime] = []
    after: str | None = None
    for _ in range(200):
        wanted = msgspec.structs.replace(query, page=PageRequest(size, after))
        page = (await _read(call, promise, [wanted], counterpart.ask()))[wanted]
        assert len(page.items) == len(page.cursors) <= size
        found += [item.key for item in page.items]
        times += [getattr(item, "placed_at", None) or item.at for item in page.items]
        if not page.has_next:
            assert times == sorted(times, reverse=True)
            return found
        after = page.cursors[-1]
    raise AssertionError("the list has no end")


@pytest.mark.calls(
    "orders_by_customer", "ledger_by_account", "products_by_query", "locations_by_query"
)
async def test_a_cursor_of_another_list_is_bad_input(
    counterpart: Counterpart, call: str, promise: Promise
) -> None:
    """A cursor that the list has not handed out is refused by name, before any call."""
    for cursor in ("x", "-1", "1 OR 1=1", "9" * 40, "\u0664"):
        wanted = msgspec.structs.replace(promise.keys[0], page=PageRequest(2, cursor))
        ask = counterpart.ask()
        with pytest.raises(BadInput, match="after"):
            await _read(call, promise, [wanted], ask)
        assert ask.calls.total() == 0


@pytest.mark.calls(*PAGE_CALLS)
@pytest.mark.parametrize(
    "cursor", ["x", "-1", "9" * 9, "9" * 40, "\u0664", "\x00", "1.2.3", "zzz" * 300]
)
async def test_a_forged_cursor_harms_no_other_list(
    counterpart: Counterpart, call: str, promise: Promise, cursor: str
) -> None:
    """Whatever stands in a cursor costs its own page at most; the lists beside it are whole."""
    good = list(promise.keys[:3])
    true = plain_mapping(await _read(call, promise, good, counterpart.ask()))
    forged = msgspec.structs.replace(promise.keys[3], page=PageRequest(2, cursor))
    found = await _raw(call, promise, [good[0], forged, *good[1:]], counterpart.ask())
    mine = found.pop(forged)
    assert plain_mapping({key: got(value) for key, value in found.items()}) == true
    assert isinstance(mine, BadInput) or (len(mine.items) <= 2 and not failures_in(mine))


@pytest.mark.parametrize("garbage", ["truncated", "html", "types", "cut", "gzip_bomb"])
async def test_garbage_is_a_failure_and_never_a_value(
    counterpart: Counterpart,
    call: str,
    promise: Promise,
    fault: Callable[..., None],
    garbage: str,
) -> None:
    """An answer that is none is a failure that names the system and the call."""
    await _is_a_failure(counterpart, call, promise, fault, garbage)


@pytest.mark.calls(*(call for call in _CALLS if call not in _WITHOUT_NUMBERS))
async def test_what_is_no_number_is_a_failure_and_never_a_value(
    counterpart: Counterpart, call: str, promise: Promise, fault: Callable[..., None]
) -> None:
    """NaN where a number stands is a failure as well."""
    await _is_a_failure(counterpart, call, promise, fault, "nan")


async def _is_a_failure(
    counterpart: Counterpart,
    call: str,
    promise: Promise,
    fault: Callable[..., None],
    garbage: str,
) -> None:
    keys = promise.keys[:20]
    true = plain_mapping(await _read(call, promise, keys, counterpart.ask()))
    fault(garbage=garbage, seed=3, garbage_bytes=1 << 26)
    failures: list[SourceFailure] = []
    try:
        found = await _raw(call, promise, keys, counterpart.ask())
    except SourceFailure as failed:
        failures.append(failed)
    else:
        # A damaged row costs its own value; what is shown of the others is true.
        assert set(found) == set(true)
        for key, value in found.items():
            failures += failures_in(value)
            assert is_part(value, true[key])
    assert failures
    expected = SourceUnavailable if garbage == "cut" else SourceContract
    for failure in failures:
        assert type(failure) is expected
        assert failure.system in counterpart.upstreams
        assert failure.call == call
        assert failure.message.count("erp") == 0, "no system is named to any caller"


@pytest.mark.calls(*(call for call in _CALLS if call not in _OF_ONE_VALUE))
async def test_a_damaged_row_costs_its_own_value_only(
    counterpart: Counterpart, call: str, promise: Promise, fault: Callable[..., None]
) -> None:
    """Of many rows one that is damaged, at any depth, is one failure at most; others stand."""
    keys = _apart(call, promise)
    true = plain_mapping(await _read(call, promise, keys, counterpart.ask()))
    damaged = 0
    for seed in range(1, 13):
        fault(garbage="row", seed=seed)
        found = await _raw(call, promise, keys, counterpart.ask())
        assert set(found) == set(true), f"seed {seed}"
        assert all(is_part(value, true[key]) for key, value in found.items()), f"seed {seed}"
        failures = [failure for value in found.values() for failure in failures_in(value)]
        parts = [value for value in found.values() if isinstance(value, Partial)]
        # What is damaged may be something that nobody reads, or a word that several need.
        is_word = all("nothing is known of" in each.detail for each in failures)
        assert len(failures) + len(parts) <= 1 or is_word, f"seed {seed}"
        damaged += len(failures) + len(parts)
        assert all((each.call, type(each)) == (call, SourceContract) for each in failures)
    assert damaged


def _apart(call: str, promise: Promise) -> list[Any]:
    """Keys of which no two are about one row of the system."""
    keys = list(promise.keys[:60])
    if promise.limit == 1:
        return [msgspec.structs.replace(keys[0], page=PageRequest(10))]
    if call == "variant_by_sku":
        return list({sku[:6]: sku for sku in keys}.values())
    if call == "variant_by_gtin":
        return list({gtin[:9]: gtin for gtin in keys}.values())
    if call == "customers_by_trait":
        return [trait for trait in keys if trait.kind is TraitKind.EMAIL]
    return keys


@pytest.mark.calls("offer_by_sku", "price_history_by_sku", "orders_by_customer", "order_by_key")
async def test_a_wrong_currency_is_never_a_price(
    counterpart: Counterpart, call: str, promise: Promise, fault: Callable[..., None]
) -> None:
    """Money in a currency that cannot be right is a contract failure, never converted."""
    true = await _read(call, promise, promise.keys[:20], counterpart.ask())
    fault(garbage="currency")
    found = await _raw(call, promise, promise.keys[:20], counterpart.ask())
    assert set(found) == set(true)
    for key, value in found.items():
        failures = failures_in(value)
        assert len(failures) == (len(true[key].items) if isinstance(value, Page) else 1)
        assert all(type(each) is SourceContract and "currency" in each.detail for each in failures)


@pytest.mark.parametrize(
    ("trouble", "failure"),
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
    fault: Callable[..., None],
    trouble: dict[str, Any],
    failure: type[SourceFailure],
) -> None:
    """Down, refusing, gone or slow: each is the failure that says so, within the deadline."""
    fault(**trouble)
    with pytest.raises(SourceFailure) as failed:
        await _read(call, promise, promise.keys[:20], counterpart.ask(seconds=0.3))
    assert type(failed.value) is failure
    assert failed.value.call == call


@pytest.mark.calls("product_by_key")
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


@pytest.mark.calls("products_by_query")
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
