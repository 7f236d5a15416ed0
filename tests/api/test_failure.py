"""A system that fails costs its own fields; the rest of the answer is whole."""

from typing import Any

import pytest

from tests.shop import Shop

DETAIL = """{ variant(sku: "100001001") { sku product { name }
    offer { price { gross { minor } } } availability { band locations { location { name } } } } }"""


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"mode": "down"}, "SOURCE_UNAVAILABLE"),
        ({"mode": "drop"}, "SOURCE_UNAVAILABLE"),
        ({"garbage": "truncated"}, "SOURCE_CONTRACT"),
        ({"garbage": "html"}, "SOURCE_CONTRACT"),
        ({"garbage": "types"}, "SOURCE_CONTRACT"),
        ({"garbage": "nan"}, "SOURCE_CONTRACT"),
        ({"latency_ms": 5000}, "SOURCE_TIMEOUT"),
        ({"garbage": "drip", "drip_ms": 200}, "SOURCE_TIMEOUT"),
    ],
)
def test_a_broken_wms_costs_availability_alone(
    shop: Shop, fault: dict[str, Any], code: str
) -> None:
    """Whatever is wrong with the WMS, product and price are there and availability says why not."""
    shop.fault("wms", **fault)
    answer = shop.ask(DETAIL)
    assert answer.status == 200
    variant = answer.data["variant"]
    assert variant["product"]["name"]
    assert variant["offer"]["price"]["gross"]["minor"] > 0
    assert variant["availability"] is None
    assert answer.codes == [code]
    assert answer.errors[0]["path"] == ["variant", "availability"]


def test_a_shopper_is_not_told_whose_fault_it_is(shop: Shop) -> None:
    """An error's text and extensions name no system to a shopper."""
    shop.fault("wms", mode="down")
    answer = shop.ask(DETAIL)
    assert "wms" not in answer.response.text.lower().replace("availability", "")


def test_a_wrong_currency_is_no_price(shop: Shop) -> None:
    """A price in another currency than asked for is never shown, and never converted."""
    shop.fault("erp", garbage="currency", paths=["/sap/zretail/PRICES"])
    answer = shop.ask(DETAIL)
    assert answer.data["variant"]["offer"] is None
    assert answer.data["variant"]["availability"]["band"]
    assert answer.codes == ["SOURCE_CONTRACT"]


def test_everything_down_is_still_an_answer(shop: Shop) -> None:
    """With all systems down the answer is a GraphQL answer with its errors, not a failure."""
    for system in ("erp", "wms", "crm"):
        shop.fault(system, mode="drop")
    answer = shop.ask("{ viewer { role } products { nodes { id } } }")
    assert answer.status == 200
    assert answer.data == {"viewer": {"role": "ANONYMOUS"}, "products": None}
    assert answer.codes == ["SOURCE_UNAVAILABLE"]


def test_a_system_that_comes_back_is_back(shop: Shop) -> None:
    """Once a system is well again, the next operation has its values."""
    shop.fault("wms", mode="drop")
    assert shop.ask(DETAIL).data["variant"]["availability"] is None
    shop.mend()
    answer = shop.ask(DETAIL)
    assert answer.errors == []
    assert answer.data["variant"]["availability"]["band"]


def test_what_is_degraded_is_noticed(shop: Shop) -> None:
    """A value that its system kept back is in the notices, with its path."""
    shop.fault("wms", mode="down")
    notices = shop.ask(DETAIL).extensions["notices"]
    assert [(each["code"], each["path"]) for each in notices] == [
        ("DEGRADED", ["variant", "availability"])
    ]


def test_what_is_stale_is_noticed(shop: Shop) -> None:
    """Every object that is shown stale is in the notices, with its path, and no other."""
    shop.fault("wms", stale_ms=120_000)
    answer = shop.ask(
        """{ products(first: 30) { nodes { variants { availability {
             provenance { freshness } } } } } }"""
    )
    stale = [
        ["products", "nodes", i, "variants", j, "availability"]
        for i, product in enumerate(answer.data["products"]["nodes"])
        for j, variant in enumerate(product["variants"])
        if variant["availability"]["provenance"]
        and variant["availability"]["provenance"]["freshness"] == "STALE"
    ]
    assert stale
    noticed = [each["path"] for each in answer.extensions.get("notices", [])]
    assert noticed == stale[:50]
