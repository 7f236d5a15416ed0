"""Products, offers and availability over a real ERP and WMS of the sandbox."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.shop import Shop

LISTING = """
query Listing($first: Int!, $after: String) {
  products(first: $first, after: $after) {
    complete
    pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { cursor node { id code name locale variants { id sku gtins } } }
  }
}
"""
SHELF = """
query Shelf($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Variant {
      sku
      offer {
        price {
          gross { minor currency digits decimal formatted }
          net { minor } tax { minor }
          taxes { rate net { minor } tax { minor } gross { minor } }
        }
        listPrice { gross { minor } }
        isReduced version provenance { freshness ageSeconds system }
      }
      availability {
        band isAvailable
        locations(first: 5) {
          band distance
          stock { onHand allocated reserved safetyStock available isNegative }
        }
      }
    }
  }
}
"""
SITES = SHELF.replace("band distance", "location { externalIds { id } }")
WMS_KEY = {"Authorization": "Bearer sandbox-wms-key"}
ERP_KEY = {"APIKey": "sandbox-erp-key"}


def variants(shop: Shop, count: int) -> list[dict[str, str]]:
    """The first variants of the assortment."""
    found: list[dict[str, str]] = []
    after = None
    while len(found) < count:
        page = shop.ask(LISTING, {"first": 50, "after": after}).data["products"]
        found += [each for edge in page["edges"] for each in edge["node"]["variants"]]
        after = page["pageInfo"]["endCursor"]
    return found[:count]


@pytest.mark.parametrize("count", [1, 50, 100])
def test_a_shelf_costs_two_calls(shop: Shop, count: int) -> None:
    """Variants with price and stock make one call to each system, for one of them or a hundred."""
    ids = [each["id"] for each in variants(shop, count)]
    shop.mend()
    answer = shop.ask(SHELF, {"ids": ids}, persona="system")
    assert answer.errors == []
    assert len([each for each in answer.data["nodes"] if each]) == count
    assert answer.calls == {"erp": 2, "wms": 1}
    assert [len(shop.requests(system)) for system in ("erp", "wms", "crm")] == [2, 1, 0]


def test_a_listing_costs_one_call_each(shop: Shop) -> None:
    """A page of products with price and stock is one catalogue, one price and one stock call."""
    query = """{ products(first: 24) { nodes { name variants {
        sku offer { price { gross { minor } } } availability { band } } } } }"""
    answer = shop.ask(query, persona="system")
    assert answer.errors == []
    assert answer.calls == {"erp": 2, "wms": 1}


def test_prices_are_the_erps(shop: Shop) -> None:
    """A gross price is the ERP's condition, in minor units, with the tax that it contains."""
    some = variants(shop, 40)
    skus = {each["sku"].zfill(18): each["sku"] for each in some}
    told = shop.post(
        "erp",
        "/sap/zretail/PRICES",
        {
            "MATNR": list(skus),
            "VKORG": "PL01",
            "KONWA": "PLN",
            "PRSDT": datetime.now(ZoneInfo("Europe/Warsaw")).strftime("%Y%m%d"),
        },
        ERP_KEY,
    )["d"]["results"]
    expected = {}
    for row in told:
        valid = {each["KSCHL"]: each for each in row["KONP"]}
        paid = valid.get("ZSAL", valid.get("PR00"))
        if paid is not None:
            minor = Decimal(paid["KBETR"]) * 100 / Decimal(str(paid["KPEIN"]))
            expected[skus[row["MATNR"]]] = int(minor)
    answer = shop.ask(SHELF, {"ids": [each["id"] for each in some]})
    shown = {
        each["sku"]: each["offer"]["price"]["gross"]["minor"]
        for each in answer.data["nodes"]
        if each["offer"]
    }
    assert shown == expected
    assert len(shown) > 20
    for each in answer.data["nodes"]:
        if each["offer"]:
            price = each["offer"]["price"]
            assert price["net"]["minor"] + price["tax"]["minor"] == price["gross"]["minor"]
            assert Decimal(price["gross"]["decimal"]) * 100 == price["gross"]["minor"]


def test_stock_is_the_wmss(shop: Shop) -> None:
    """Each location's figures are the WMS's, and what is available follows from the formula."""
    some = variants(shop, 30)
    told = {
        each["article"]: {
            row["site"]: (row["qoh"], row["alloc"], row["ss"]) for row in each["stock"]
        }
        for each in shop.post(
            "wms", "/v2/stock/query", {"articles": [each["sku"] for each in some]}, WMS_KEY
        )["articles"]
    }
    answer = shop.ask(SITES, {"ids": [each["id"] for each in some]}, persona="system")
    seen = 0
    for each in answer.data["nodes"]:
        for place in each["availability"]["locations"]:
            stock = place["stock"]
            (site,) = [here["id"] for here in place["location"]["externalIds"]]
            figures = (stock["onHand"], stock["allocated"], stock["safetyStock"])
            assert figures == told[each["sku"]][site]
            free = figures[0] - figures[1] - figures[2]
            assert stock["available"] == max(0, free - stock["reserved"])
            assert stock["isNegative"] is (stock["onHand"] < 0)
            seen += 1
    assert seen > 30


def test_a_market_has_its_own_prices(shop: Shop) -> None:
    """The market's header changes currency and tax of every price, and is echoed."""
    ids = [each["id"] for each in variants(shop, 20)]
    answer = shop.ask(SHELF, {"ids": ids}, headers={"Commerce-Market": "DE"})
    prices = [each["offer"]["price"] for each in answer.data["nodes"] if each["offer"]]
    assert {price["gross"]["currency"] for price in prices} == {"EUR"}
    assert {Decimal(tax["rate"]) for price in prices for tax in price["taxes"]} == {19}
    assert answer.extensions["context"]["market"] == "DE"
    assert answer.extensions["context"]["currency"] == "EUR"


def test_a_language_is_served_where_it_is_there(shop: Shop) -> None:
    """Names come in the language asked for, and say which language they are really in."""
    for header, expected in (("de-DE,en;q=0.5", "de"), ("pl", "pl"), ("xx", "en"), ("en", "en")):
        answer = shop.ask(LISTING, {"first": 20}, headers={"Accept-Language": header})
        locales = [edge["node"]["locale"] for edge in answer.data["products"]["edges"]]
        assert answer.extensions["context"]["language"] == expected
        assert expected in locales


def test_pages_follow_each_other(shop: Shop) -> None:
    """Walking the cursors meets every product once, whatever the size of the page."""
    small: list[str] = []
    large: list[str] = []
    for size, found in ((37, small), (100, large)):
        after = None
        while True:
            page = shop.ask(LISTING, {"first": size, "after": after}).data["products"]
            found += [edge["node"]["id"] for edge in page["edges"]]
            assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
    assert small == large
    assert len(set(small)) == len(small) > 200


def test_the_nearest_store_comes_first(shop: Shop) -> None:
    """With a point, locations are sorted by distance and say how far they are."""
    sku = variants(shop, 1)[0]["sku"]
    answer = shop.ask(
        """query ($sku: String!) { variant(sku: $sku) { product { name }
             availability(near: {latitude: 52.23, longitude: 21.01}) { locations(first: 8) {
               distance location { id name kind coordinates { latitude longitude } } } } } }""",
        {"sku": sku},
    )
    assert answer.errors == []
    places = answer.data["variant"]["availability"]["locations"]
    distances = [place["distance"] for place in places]
    assert len(distances) == 8
    assert len(set(distances)) > 1
    assert distances == sorted(distances)
    assert answer.data["variant"]["product"]["name"]


def test_named_locations_only(shop: Shop) -> None:
    """Availability in five stores looks at those five only, with one stock call."""
    sku = variants(shop, 1)[0]["sku"]
    query = """query ($sku: String!, $at: [ID!]) { variant(sku: $sku) {
        availability(locations: $at) { locations(first: 100) { location { id } } } } }"""
    every = shop.ask(query, {"sku": sku}).data["variant"]["availability"]["locations"]
    some = [each["location"]["id"] for each in every][:5]
    answer = shop.ask(query, {"sku": sku, "at": some}, persona="system")
    found = answer.data["variant"]["availability"]["locations"]
    assert [each["location"]["id"] for each in found] == some
    assert answer.calls == {"erp": 1, "wms": 2}


def test_a_till_finds_what_it_scans(shop: Shop) -> None:
    """A variant is found by its GTIN, many in one call, and asked by exactly one of its numbers."""
    query = "query ($gtin: String, $sku: String) { variant(gtin: $gtin, sku: $sku) { sku } }"
    gtins = "{ products(first: 20) { nodes { variants { sku gtins } } } }"
    nodes = shop.ask(gtins).data["products"]["nodes"]
    some = [each for node in nodes for each in node["variants"]][:40]
    shop.mend()
    fields = " ".join(
        f'v{n}: variant(gtin: "{each["gtins"][0]}") {{ sku product {{ name }} }}'
        for n, each in enumerate(some)
    )
    answer = shop.ask(f"{{ {fields} }}", persona="system")
    assert [found["sku"] for found in answer.data.values()] == [each["sku"] for each in some]
    assert answer.calls == {"erp": 1}
    for variables, codes in (
        ({"gtin": "5901234123457"}, []),
        ({"gtin": "5901234123458"}, ["BAD_INPUT"]),
        ({}, ["BAD_INPUT"]),
        ({"sku": some[0]["sku"], "gtin": some[0]["gtins"][0]}, ["BAD_INPUT"]),
    ):
        nothing = shop.ask(query, variables)
        assert (nothing.data, nothing.codes) == ({"variant": None}, codes)
