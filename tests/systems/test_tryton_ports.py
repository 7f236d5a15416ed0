"""What every port promises, held against Tryton: the same tests as for every adapter.

But for those that make a system fail: nobody can make Tryton do that.
"""

from collections.abc import Mapping

import msgspec
import pytest

from adapters._upstream import Upstream
from adapters.tryton import Adapter
from domain.customer import Trait, TraitKind
from tests.adapters.counterpart import (
    Counterpart,
    Promise,
    location_queries,
    order_queries,
    product_queries,
    product_selections,
)
from tests.adapters.test_ports import (  # noqa: F401 - the promises are one suite
    promise,
    pytest_generate_tests,
    test_a_cursor_of_another_list_is_bad_input,
    test_a_listing_is_walked_through_by_its_cursors,
    test_keys_that_are_not_the_systems_are_never_sent,
    test_known_keys_are_found_and_unknown_ones_absent,
    test_languages_fall_back,
    test_more_keys_than_the_limit_are_split,
    test_one_key_or_a_whole_batch_is_one_call,
    test_pages_join_without_gap_and_without_twice,
    test_the_order_of_keys_does_not_matter,
    test_values_say_where_and_when_they_were_read,
    test_values_stand_under_their_own_key,
)
from tests.systems.tryton_server import Server, Tryton

# The other modules come later, when Tryton has been made: they would wait for it.
pytestmark = [pytest.mark.systems, pytest.mark.long]

SERVED = {
    "erp": (
        "product_by_key", "variant_by_sku", "variant_by_gtin", "products_by_query",
        "product_count_by_query", "offer_by_sku", "stock_by_sku", "location_by_key",
        "locations_by_query", "customer_by_key", "customers_by_trait", "order_by_key",
        "order_by_number", "orders_by_customer",
    )
}  # fmt: skip


@pytest.fixture
def counterpart(
    system: str, adapter: Adapter, upstream: Upstream, promises: Mapping[str, Promise]
) -> Counterpart:
    """Tryton behind its adapter; nobody can make it fail, and nobody counts but the client."""
    kept = {name: msgspec.structs.replace(each, adapter=adapter) for name, each in promises.items()}
    return Counterpart(promises=kept, upstreams={system: upstream})


@pytest.fixture(scope="module")
def promises(server: Server) -> Mapping[str, Promise]:
    """What Tryton holds, looked up once; each test has an adapter of its own."""
    adapter, tryton = None, Tryton(server.url)
    sold = [["salable", "=", True], ["code", "not like", "TEST-%"]]
    skus = [row["code"] for row in tryton.find("product.product", sold, "code")]
    gtins = [
        each["code"]
        for row in tryton.find(
            "product.product", sold, "code", "identifiers.type", "identifiers.code"
        )
        for each in row["identifiers."]
        if each["type"] == "ean" and len(each["code"]) == 13
    ]
    priced = [
        row["code"]
        for row in tryton.find("product.product", sold, "code", "list_price_used")
        if row["list_price_used"] is not None
    ]
    styles = [row["id"] for row in tryton.find("product.template", [["salable", "=", True]], "id")]
    places = tryton.find("stock.location", [["type", "=", "warehouse"]], "id")
    sales = tryton.find("sale.sale", [["state", "=", "processing"]], "number", "party")
    parties = tryton.find(
        "party.party",
        [["contact_mechanisms.type", "=", "email"]],
        *("name", "contact_mechanisms.type", "contact_mechanisms.value"),
    )
    buyers = list(dict.fromkeys(f"erp:{row['party']}" for row in sales))
    traits = [
        Trait(kind, each["value"])
        for row in parties
        for each in row["contact_mechanisms."]
        for kind in (TraitKind.EMAIL if each["type"] == "email" else TraitKind.PHONE,)
    ] + [Trait(TraitKind.NAME, row["name"].split()[-1]) for row in parties]
    far = ("wms:1", "erp", "", "erp:x", "erp:01")
    no_sku = ("", "x" * 200, "a\0b", "\ud800")
    return {
        "product_by_key": Promise(
            adapter, [f"erp:{number}" for number in styles], 100, ["erp:999999"], far
        ),
        "variant_by_sku": Promise(adapter, skus, 100, ["nothing"], no_sku),
        "variant_by_gtin": Promise(
            adapter, gtins, 100, ["5901234123457"], ["", "x", "1" * 11, "a\0b"]
        ),
        "offer_by_sku": Promise(adapter, priced, 100, ["nothing"], no_sku),
        "products_by_query": Promise(adapter, product_queries(1), 1),
        "product_count_by_query": Promise(adapter, product_selections(), 1),
        "locations_by_query": Promise(adapter, location_queries(1), 1),
        "stock_by_sku": Promise(adapter, skus, 200, ["nothing"], no_sku, len(places) + 1),
        "location_by_key": Promise(
            adapter, [f"erp:{row['id']}" for row in places], 200, ["erp:999999"], far
        ),
        "customer_by_key": Promise(
            adapter, [f"erp:{row['id']}" for row in parties], 200, ["erp:999999"], far
        ),
        "customers_by_trait": Promise(
            adapter,
            list(dict.fromkeys(traits)),
            100,
            [Trait(TraitKind.EMAIL, "nobody@example.com"), Trait(TraitKind.NAME, "%_")],
            [
                Trait(TraitKind.BIRTH_DATE, "1980-01-01"),
                Trait(TraitKind.EXTERNAL, "crm:1"),
                Trait(TraitKind.PHONE, "none"),
                Trait(TraitKind.NAME, "a\0b"),
            ],
        ),
        "order_by_key": Promise(
            adapter, [f"erp:{row['id']}" for row in sales], 100, ["erp:999999"], far
        ),
        "order_by_number": Promise(
            adapter, [row["number"] for row in sales], 100, ["999999"], ["", "żółw", "a\0b"]
        ),
        "orders_by_customer": Promise(
            adapter,
            order_queries(buyers),
            100,
            order_queries(["erp:999999"]),
            order_queries(far),
            calls=2,
        ),
    }
