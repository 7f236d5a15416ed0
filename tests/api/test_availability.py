"""Availability near me: one screen, one query, one call per port and level."""

from datetime import datetime
from typing import Any

import pytest

from domain.identity import node_id
from tests.shop import Shop

HERE = {"latitude": 52.2297, "longitude": 21.0122}

PROMISE = "promise { availableFrom availableUntil cutOff }"
NEAR_ME = f"""fragment nearMe on Availability {{
  sku band isAvailable complete nextSupply {{ expectedAt }} provenance {{ freshness }}
  modes {{ mode band isAvailable distance {PROMISE}
    location {{ id name kind hours {{ timeZone }} }} }}
  locations(first: 5) {{ band isAvailable distance modes {PROMISE}
    stock {{ onHand available safetyStock damaged inTransit }}
    location {{ id name kind isOpen services address {{ lines city }} }} }} }}"""
PAGE = (
    """query ($id: ID!, $near: GeoPointInput!) { product(id: $id) { name description
    media { url } variants { sku options { name value } offer { price { gross { formatted } } }
      availability(near: $near) { ...nearMe } } } } """
    + NEAR_ME
)
SHELF = (
    """query ($ids: [ID!]!, $near: GeoPointInput!) { nodes(ids: $ids) { ... on Variant {
      offer { price { gross { minor } } } availability(near: $near) { ...nearMe } } } } """
    + NEAR_ME
)
SKUS = (
    """query ($skus: [String!]!, $near: GeoPointInput, $modes: [FulfilmentMode!],
    $quantity: Int!) { availability(skus: $skus, near: $near, modes: $modes, quantity: $quantity)
    { ...nearMe } } """
    + NEAR_ME
)


def variants(shop: Shop, count: int) -> list[dict[str, Any]]:
    """So many variants of the assortment, in its order."""
    query = "query ($first: Int!) { products(first: $first) { nodes { id variants { id sku } } } }"
    found: list[dict[str, Any]] = []
    for product in shop.ask(query, {"first": 100}).data["products"]["nodes"]:
        found += [{**variant, "product": product["id"]} for variant in product["variants"]]
    return found[:count]


def test_the_app_product_page_is_one_query(shop: Shop) -> None:
    """Product, prices and availability near me: one call to each port at each level."""
    answer = shop.ask(PAGE, {"id": variants(shop, 1)[0]["product"], "near": HERE}, persona="system")
    assert answer.errors == []
    # ERP: the product, its prices. WMS: stock, the places that have it, the nearest locker.
    assert answer.calls == {"erp": 2, "wms": 3}
    for variant in answer.data["product"]["variants"]:
        found = variant["availability"]
        assert [each["mode"] for each in found["modes"]] == [
            "SHIP",
            "COLLECT",
            "LOCKER",
            "KERBSIDE",
        ]
        distances = [each["distance"] for each in found["locations"]]
        assert distances == sorted(distances)


@pytest.mark.parametrize("count", [1, 20, 100])
def test_the_number_of_items_costs_no_calls(shop: Shop, count: int) -> None:
    """A hundred items near me take the calls that one takes."""
    ids = [each["id"] for each in variants(shop, count)]
    answer = shop.ask(SHELF, {"ids": ids, "near": HERE}, persona="system")
    assert answer.errors == []
    assert len(answer.data["nodes"]) == count
    assert answer.calls == {"erp": 2, "wms": 3}


def test_availability_of_a_list_of_skus(shop: Shop) -> None:
    """SKUs are answered in their order, unknown ones with null, with the WMS alone asked."""
    skus = [each["sku"] for each in variants(shop, 99)]
    answer = shop.ask(
        SKUS, {"skus": [*skus, "nobody's"], "near": HERE, "quantity": 1}, persona="system"
    )
    assert answer.errors == []
    found = answer.data["availability"]
    assert [each and each["sku"] for each in found] == [*skus, None]
    assert answer.calls == {"wms": 3}


def test_modes_are_those_asked_for(shop: Shop) -> None:
    """Only the ways that are of interest are told, in the order asked, and no locker is looked
    for where none is wanted."""
    sku = variants(shop, 1)[0]["sku"]
    variables = {"skus": [sku], "modes": ["KERBSIDE", "SHIP"], "quantity": 1}
    answer = shop.ask(SKUS, variables, persona="system")
    assert [each["mode"] for each in answer.data["availability"][0]["modes"]] == [
        "KERBSIDE", "SHIP",
    ]  # fmt: skip
    assert answer.calls == {"wms": 2}


def test_what_is_promised_can_be_kept(shop: Shop) -> None:
    """A window begins in the future, ends after it begins, is ordered before its cut-off, and is
    given only by places that hand over and have all that is wanted."""
    skus = [each["sku"] for each in variants(shop, 60)]
    answer = shop.ask(SKUS, {"skus": skus, "near": HERE, "quantity": 2}, persona="system")
    now = datetime.now().astimezone()
    promised = 0
    for found in answer.data["availability"]:
        for place in found["locations"]:
            assert place["isAvailable"] is (place["stock"]["available"] >= 2)
            assert (place["promise"] is None) or place["isAvailable"]
            if place["promise"] is not None:
                assert {"COLLECT", "KERBSIDE"} & set(place["modes"])
        for each in [*found["modes"], *found["locations"]]:
            if each["promise"] is None:
                continue
            promised += 1
            starts, ends, cut_off = map(datetime.fromisoformat, each["promise"].values())
            assert now < ends
            assert starts < ends
            assert now < cut_off
    assert promised > 20


def test_a_stale_figure_withdraws_the_promise_everywhere(shop: Shop) -> None:
    """With figures of an hour ago no band says more than FEW, and nobody is promised a time."""
    shop.fault("wms", stale_ms=120_000)
    skus = [each["sku"] for each in variants(shop, 40)]
    answer = shop.ask(SKUS, {"skus": skus, "near": HERE, "quantity": 1})
    for found in answer.data["availability"]:
        assert found["provenance"] is None or found["provenance"]["freshness"] == "STALE"
        for each in [found, *found["modes"], *found["locations"]]:
            assert each["band"] in ("FEW", "NONE")
            assert each.get("promise") is None
    assert {each["code"] for each in answer.extensions["notices"]} == {"STALE"}


def test_staff_see_exact_states_on_the_same_path(shop: Shop) -> None:
    """An agent sees the figures behind the band; a shopper sees the band."""
    variables = {"skus": [variants(shop, 1)[0]["sku"]], "near": HERE, "quantity": 1}
    staff = shop.ask(SKUS, variables, persona="system").data["availability"][0]["locations"]
    shopper = shop.ask(SKUS, variables).data["availability"][0]["locations"]
    assert staff
    assert all(place["stock"]["onHand"] is not None for place in staff)
    assert [place["stock"] for place in shopper] == [None] * len(staff)
    assert [place["location"] for place in shopper] == [place["location"] for place in staff]


@pytest.mark.parametrize(
    ("variables", "argument"),
    [
        ({"skus": []}, "skus"),
        ({"skus": ["1"] * 101}, "skus"),
        ({"skus": [""]}, "skus"),
        ({"skus": ["1" * 101]}, "skus"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 10_001}, "quantity"),
        ({"near": {"latitude": 0, "longitude": 999}}, "near"),
    ],
)
def test_what_cannot_be_meant_is_bad_input(
    shop: Shop, variables: dict[str, Any], argument: str
) -> None:
    """Too many SKUs, an empty one, a quantity or a point that is none: each is named."""
    answer = shop.ask(SKUS, {"skus": ["100001001"], "quantity": 1, **variables})
    assert answer.codes == ["BAD_INPUT"]
    assert answer.errors[0]["extensions"]["argument"] == argument
    assert shop.requests("wms") == []


def test_an_unknown_place_is_not_sold_out(shop: Shop) -> None:
    """No location at all is refused, and one that nobody knows is UNKNOWN, not NONE."""
    sku = variants(shop, 1)[0]["sku"]
    query = """query ($sku: String!, $at: [ID!]) { variant(sku: $sku) {
        availability(locations: $at) { band locations { band } } } }"""
    assert shop.ask(query, {"sku": sku, "at": []}).codes == ["BAD_INPUT"]
    nowhere = node_id("Location", "wms:XXX9")
    answer = shop.ask(query, {"sku": sku, "at": [nowhere]})
    assert answer.errors == []
    assert answer.data["variant"]["availability"] == {"band": "UNKNOWN", "locations": []}
    locker = shop.ask("{ locations(kind: LOCKER, first: 1) { nodes { id } } }").data["locations"]
    empty = shop.ask(query, {"sku": sku, "at": [locker["nodes"][0]["id"]]})
    assert empty.data["variant"]["availability"]["band"] == "NONE"


def test_stock_from_yesterday_is_unknown(shop: Shop) -> None:
    """Figures beyond their time say neither that there is some nor that there is none."""
    skus = [each["sku"] for each in variants(shop, 40)]
    query = """query ($skus: [String!]!) { availability(skus: $skus) { band isAvailable
        modes { band isAvailable promise { cutOff } } locations { band } } }"""
    shop.fault("wms", stale_ms=86_400_000)
    answer = shop.ask(query, {"skus": skus})
    assert answer.errors == []
    assert any(each["locations"] for each in answer.data["availability"])
    for each in answer.data["availability"]:
        if each["locations"]:
            assert (each["band"], each["isAvailable"]) == ("UNKNOWN", False)
            assert {place["band"] for place in each["locations"]} == {"UNKNOWN"}
        assert not any(mode["isAvailable"] or mode["promise"] for mode in each["modes"])


def test_how_much_comes_next_is_for_staff(shop: Shop) -> None:
    """A shopper learns when there is more, and not how many pieces."""
    skus = [each["sku"] for each in variants(shop, 100)]
    query = """query ($skus: [String!]!) {
        availability(skus: $skus) { nextSupply { quantity expectedAt } } }"""
    mine = shop.ask(query, {"skus": skus}).data["availability"]
    coming = [each["nextSupply"] for each in mine if each["nextSupply"]]
    assert coming
    assert all(each["expectedAt"] and each["quantity"] is None for each in coming)
    theirs = shop.ask(query, {"skus": skus}, persona="agent").data["availability"]
    figures = [each["nextSupply"]["quantity"] for each in theirs if each["nextSupply"]]
    assert len(figures) == len(coming)
    assert min(figures) > 0


def test_without_places_nearness_is_missing_and_said_to_be(shop: Shop) -> None:
    """Where places cannot be read, stock is told without distances, and a notice says so."""
    sku = next(each["sku"] for each in variants(shop, 40))
    query = """query ($sku: String!, $near: GeoPointInput!) { variant(sku: $sku) {
        availability(near: $near) { band locations(first: 100) { distance } } } }"""
    shop.fault("wms", mode="down", paths=["/v2/sites"])
    answer = shop.ask(query, {"sku": sku, "near": HERE})
    found = answer.data["variant"]["availability"]
    assert found["band"] in ("LOTS", "SOME", "FEW", "NONE")
    assert {each["distance"] for each in found["locations"]} == {None}
    assert [each["code"] for each in answer.extensions["notices"]] == ["DEGRADED"]
