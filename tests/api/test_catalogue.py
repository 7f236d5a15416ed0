"""The catalogue: its tree, search, filters, order and facets, compared with the ERP's own words."""

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.shop import Answer, Shop, serve

ERP_KEY = {"APIKey": "sandbox-erp-key"}
WMS_KEY = {"Authorization": "Bearer sandbox-wms-key"}
TODAY = date.today()  # noqa: DTZ011 - the ERP's days are the market's, and so are the test's

FIND = """
query Find($search: String, $where: ProductFilter, $sort: ProductSort! = RELEVANCE,
           $first: Int! = 48, $after: String) {
  products(search: $search, where: $where, sort: $sort, first: $first, after: $after) {
    complete missing
    totalCount { value isExact }
    pageInfo { hasNextPage endCursor }
    nodes {
      id code name brand
      category { id code name parent { code } }
      variants { sku options { code choice value } }
    }
  }
}
"""
LISTING = """
query Listing($where: ProductFilter, $first: Int!) {
  products(where: $where, first: $first) {
    complete
    totalCount { value isExact }
    pageInfo { hasNextPage endCursor }
    facets {
      __typename code name count
      ... on CategoryFacet { categories { count category { id name } } }
      ... on ChoiceFacet { choices { code text count } }
      ... on NumberFacet { min max unit }
      ... on PriceFacet { lowest { minor } highest { minor } }
    }
    nodes {
      id name brand media { url }
      priceSpan { min { gross { minor formatted } } max { gross { minor } } }
      variants {
        sku options { name value }
        offer {
          price { gross { minor } } isReduced
          priorPrice { price { gross { minor } } percentOff }
        }
        availability { band }
      }
    }
  }
}
"""


@pytest.fixture(scope="session")
def large() -> Iterator[Shop]:
    """The gateway beside a retailer of real size."""
    with serve(size="large") as shop:
        yield shop


def erp(shop: Shop, name: str, body: Any) -> Any:
    """The ERP's own answer."""
    return shop.post("erp", f"/sap/zretail/{name}", body, ERP_KEY)["d"]


def listed(shop: Shop, **search: Any) -> list[Any]:
    """All styles of one search, as the ERP tells them."""
    found: list[Any] = []
    while True:
        page = erp(shop, "ARTICLE_SEARCH", {"TOP": 100, "SKIP": len(found), **search})["results"]
        found += page
        if not page:
            return found


def codes(styles: list[Any]) -> list[str]:
    return [style["SATNR"].lstrip("0") for style in styles]


def find(shop: Shop, persona: str | None = None, **variables: Any) -> list[Any]:
    """All products of one listing, page by page."""
    found: list[Any] = []
    after = None
    while True:
        answer = shop.ask(FIND, {**variables, "after": after}, persona=persona)
        assert answer.errors == []
        page = answer.data["products"]
        found += page["nodes"]
        assert page["totalCount"]["isExact"] is True
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"]["value"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


def category(shop: Shop, code: str) -> str:
    """The id of a category by its code."""
    tree = shop.ask("{ categories { id code children { id code children { id code } } } }").data
    every = tree["categories"]
    for _ in range(2):
        every = every + [below for each in every for below in each.get("children", ())]
    return next(str(each["id"]) for each in every if each["code"] == code)


def test_the_tree_is_the_erps(shop: Shop) -> None:
    """Categories stand where the ERP has them, and count what it lists; a level is one call."""
    query = """{ categories { code name productCount parent { code } children {
        code productCount parent { code } children { code productCount children { code } } } } }"""
    answer = shop.ask(query, persona="system")
    assert answer.errors == []
    groups = shop.post  # the ERP's tree comes by GET, so its counts are compared below
    top = answer.data["categories"]
    assert [each["code"] for each in top] == ["10", "20", "30", "40", "50"]
    assert all(each["parent"] is None for each in top)
    every = [*top, *(c for each in top for c in each["children"])]
    every += [c for each in top for below in each["children"] for c in below["children"]]
    told = erp(shop, "MATERIAL_GROUP_COUNTS", {"MATKL": [each["code"] for each in every]})
    counts = {row["MATKL"]: row["ANZAHL"] for row in told["results"]}
    assert {each["code"]: each["productCount"] for each in every} == counts
    assert {len(each["code"]) for each in every} == {2, 4, 6}
    for each in top:
        assert all(below["parent"]["code"] == each["code"] for below in each["children"])
    assert answer.calls == {"erp": 7}
    assert groups is not None


def test_a_category_can_be_had_again(shop: Shop) -> None:
    """A category's id leads back to it, by its own field, by node, and by the ERP's code."""
    id = category(shop, "1010")
    query = """query ($id: ID!) {
        category(id: $id) { code name parent { code } }
        node(id: $id) { ... on Category { code } }
        lookup(kind: CATEGORY, system: "erp", id: "1010") { id }
        absent: lookup(kind: CATEGORY, system: "erp", id: "9999") { id } }"""
    answer = shop.ask(query, {"id": id}, persona="system")
    assert answer.errors == []
    assert answer.data["category"]["parent"] == {"code": "10"}
    assert answer.data["node"] == {"code": "1010"}
    assert answer.data["lookup"] == {"id": id}
    assert answer.data["absent"] is None


def test_a_search_is_the_erps(shop: Shop) -> None:
    """Words find what the ERP finds, in its order."""
    for words in ("sukienka", "dress black", "LIPOWA premium", "no such thing"):
        found = [each["code"] for each in find(shop, search=words)]
        assert found == codes(listed(shop, SEARCH=words))


@pytest.mark.parametrize(
    ("where", "wire"),
    [
        ({"brands": ["TRAKT", "KRĘTA 17"]}, {"BRAND_ID": ["TRAKT", "KRĘTA 17"]}),
        (
            {"options": [{"code": "colour", "values": ["BLK", "NVY"]}]},
            {"AUSP": [{"ATNAM": "ZCOLOUR", "ATWRT": ["BLK", "NVY"]}]},
        ),
        (
            {
                "options": [
                    {"code": "colour", "values": ["BLK"]},
                    {"code": "size", "values": ["M", "38"]},
                ]
            },
            {
                "AUSP": [
                    {"ATNAM": "ZCOLOUR", "ATWRT": ["BLK"]},
                    {"ATNAM": "ZSIZE", "ATWRT": ["M", "38"]},
                ]
            },
        ),
        (
            {"attributes": [{"code": "material", "values": ["WO"]}]},
            {"AUSP": [{"ATNAM": "ZMATERIAL", "ATWRT": ["WO"]}]},
        ),
        (
            {"attributes": [{"code": "heel", "min": "2.5", "max": "7"}]},
            {"AUSP": [{"ATNAM": "ZHEEL", "LOW": 2.5, "HIGH": 7}]},
        ),
        (
            {"attributes": [{"code": "recycled", "isTrue": True}]},
            {"AUSP": [{"ATNAM": "ZRECYCLED", "ATWRT": ["X"]}]},
        ),
        (
            {"price": {"min": "50", "max": "119.99"}, "isReduced": True},
            {"KONP": {"VKORG": "PL01", "LOW": 5000, "HIGH": 11999, "ZSAL": True}},
        ),
        ({"attributes": [{"code": "nothing", "values": ["X"]}]}, {"BRAND_ID": ["nobody"]}),
    ],
)
def test_a_filter_is_the_erps(shop: Shop, where: Any, wire: Any) -> None:
    """A filter finds what the same criteria find in the ERP, however many pages it takes."""
    if "KONP" in wire:
        wire = {"KONP": {**wire["KONP"], "PRSDT": f"{TODAY:%Y%m%d}"}}
    found = [each["code"] for each in find(shop, where=where, first=17)]
    assert found == codes(listed(shop, **wire))
    assert bool(found) is (wire.get("BRAND_ID") != ["nobody"])


def test_criteria_hold_for_one_variant(shop: Shop) -> None:
    """Colour and size are those of one and the same variant."""
    where = {
        "category": category(shop, "10"),
        "options": [{"code": "colour", "values": ["BLK"]}, {"code": "size", "values": ["M"]}],
    }
    found = find(shop, where=where)
    assert found
    for each in found:
        assert each["category"]["code"].startswith("10")
        chosen = [{o["code"]: o["choice"] for o in v["options"]} for v in each["variants"]]
        assert {"colour": "BLK", "size": "M"} in chosen


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("NEWEST", "ERSDA desc"),
        ("PRICE_ASC", "KBETR"),
        ("PRICE_DESC", "KBETR desc"),
        ("NAME", "MAKTX"),
        ("LAST_CHANGED", "LAEDA desc"),
    ],
)
def test_an_order_is_the_erps(shop: Shop, sort: str, order: str) -> None:
    """A listing comes in the order that the ERP has by that name."""
    priced = {"VKORG": "PL01", "PRSDT": f"{TODAY:%Y%m%d}"}
    told = listed(shop, ORDERBY=order, KONP=priced, SPRAS=["EN", "PL"])
    found = [each["code"] for each in find(shop, persona="system", sort=sort, first=100)]
    assert found == codes(told)
    assert found != sorted(found)


def test_a_market_filters_by_its_own_prices(shop: Shop) -> None:
    """A price range is of the operation's currency and market."""
    headers = {"Commerce-Market": "DE"}
    answer = shop.ask(FIND, {"where": {"price": {"max": "15"}}}, headers=headers)
    priced = {"VKORG": "DE01", "PRSDT": f"{TODAY:%Y%m%d}", "HIGH": 1500}
    assert answer.errors == []
    told = codes(listed(shop, KONP=priced))
    assert [each["code"] for each in answer.data["products"]["nodes"]] == told[:48]
    assert answer.data["products"]["totalCount"]["value"] == len(told) > 10


def stores(shop: Shop) -> list[Any]:
    query = """{ variant(sku: "100001001") {
        availability { locations(first: 100) { location { id name externalIds { id } } } } } }"""
    places = shop.ask(query, persona="system").data["variant"]["availability"]["locations"]
    return [each["location"] for each in places if each["location"]["name"].find("Centrum") < 0]


def test_in_stock_means_that_a_piece_can_be_promised(shop: Shop) -> None:
    """Listed for a store is what one variant of it can be promised there, and nothing else."""
    store = stores(shop)[0]
    code = store["externalIds"][0]["id"]
    where = {"inStockAt": store["id"], "options": [{"code": "colour", "values": ["BLK"]}]}
    found = find(shop, where=where)
    black = listed(shop, AUSP=[{"ATNAM": "ZCOLOUR", "ATWRT": ["BLK"]}])
    expected = []
    for style in black:
        skus = [
            variant["MATNR"].lstrip("0")
            for variant in style["VARIANTS"]
            if variant["AUSP"][0]["ATWRT"] == "BLK"
        ]
        body = {"articles": skus, "sites": [code]}
        rows = shop.post("wms", "/v2/stock/query", body, WMS_KEY)["articles"]
        levels = [level for row in rows for level in row["stock"]]
        if any(each["qoh"] - each["alloc"] - each["ss"] > 0 for each in levels):
            expected.append(style)
    assert [each["code"] for each in found] == codes(expected)
    assert 0 < len(found) < len(black)


def test_in_stock_costs_one_more_call(shop: Shop) -> None:
    """What is in stock at a store is one call to the stock system, whatever is listed."""
    store = stores(shop)[0]["id"]
    shop.mend()
    answer = shop.ask(LISTING, {"where": {"inStockAt": store}, "first": 48}, persona="system")
    assert answer.errors == []
    assert answer.calls == {"erp": 4, "wms": 2, "store": 1}
    paths = sorted(each["path"] for each in shop.requests("wms"))
    assert paths == ["/v2/stock/available", "/v2/stock/query"]


def test_an_unknown_place_has_nothing_in_stock(shop: Shop) -> None:
    """A location that the stock system does not know lists nothing; one of another is none."""
    from domain.identity import node_id

    for key in ("wms:NONE", "crm:WAW1"):
        answer = shop.ask(FIND, {"where": {"inStockAt": node_id("Location", key)}})
        assert answer.errors == []
        assert answer.data["products"]["nodes"] == []
        assert answer.data["products"]["totalCount"] == {"value": 0, "isExact": True}


def test_in_stock_needs_the_stock_system(shop: Shop) -> None:
    """With the stock system down a listing by stock fails with a code; others do not."""
    store = stores(shop)[0]["id"]
    shop.fault("wms", mode="down")
    answer = shop.ask(FIND, {"where": {"inStockAt": store}})
    assert (answer.status, answer.codes) == (200, ["SOURCE_UNAVAILABLE"])
    assert shop.ask(FIND, {"first": 3}).errors == []


def test_facets_are_the_erps(shop: Shop) -> None:
    """Each facet has the ERP's counts, its own choice left open, with texts in the language."""
    where = {"options": [{"code": "colour", "values": ["BLK"]}]}
    answer = shop.ask(LISTING, {"where": where, "first": 1})
    assert answer.errors == []
    facets = {each["code"]: each for each in answer.data["products"]["facets"]}
    told = erp(
        shop,
        "ARTICLE_SEARCH",
        {
            "AUSP": [{"ATNAM": "ZCOLOUR", "ATWRT": ["BLK"]}],
            "KONP": {"VKORG": "PL01", "PRSDT": f"{TODAY:%Y%m%d}"},
            "FACETS": ["*"],
            "TOP": 0,
            "SPRAS": ["EN", "PL"],
        },
    )
    rows = {row["ATNAM"]: row for row in told["FACETS"]}
    assert answer.data["products"]["totalCount"]["value"] == int(told["__count"])
    colours = [(each["code"], each["count"]) for each in facets["colour"]["choices"]]
    assert colours == [(v["ATWRT"], v["ANZAHL"]) for v in rows["ZCOLOUR"]["VALUES"]]
    assert len(colours) > 10, "the other colours stay open to choose"
    assert facets["colour"]["name"] == "Colour"
    assert ("BLK", "black") in [(e["code"], e["text"]) for e in facets["colour"]["choices"]]
    groups = {each["category"]["name"]: each["count"] for each in facets["category"]["categories"]}
    texts = {v["T023T"][0]["WGBEZ"]: v["ANZAHL"] for v in rows["MATKL"]["VALUES"]}
    assert groups == texts
    price = facets["price"]
    assert price["lowest"]["minor"] == int(Decimal(rows["KONP"]["LOW"]) * 100)
    assert price["highest"]["minor"] == int(Decimal(rows["KONP"]["HIGH"]) * 100)
    assert facets["reduced"]["count"] == rows["ZSAL"]["ANZAHL"]
    heel = facets["heel"]
    assert (Decimal(heel["min"]), heel["unit"]) == (Decimal(rows["ZHEEL"]["LOW"]), "cm")
    assert facets["recycled"]["__typename"] == "FlagFacet"
    assert not any(code.startswith("z") for code in facets if code != "z"), "no vendor word"


def test_only_the_facets_asked_for(shop: Shop) -> None:
    """Facets can be named; what the listing does not have is left out."""
    query = '{ products(first: 1) { facets(codes: ["brand", "size", "none"]) { code } } }'
    assert shop.ask(query).data["products"]["facets"] == [{"code": "brand"}, {"code": "size"}]


@pytest.mark.parametrize("count", [1, 48, 100])
def test_a_listing_with_facets_is_one_call_per_port_and_level(large: Shop, count: int) -> None:
    """A web listing with facets, prices, prior prices and stock makes as many calls for a hundred
    products as for one: page, facets, prices, price history; stock; and the gateway's own ledger.
    """
    large.mend()
    answer = large.ask(LISTING, {"first": count}, persona="system")
    assert answer.errors == []
    page = answer.data["products"]
    assert len(page["nodes"]) == count
    assert page["totalCount"] == {"value": 2_000, "isExact": True}
    reduced = any(
        v["offer"] and v["offer"]["isReduced"] for p in page["nodes"] for v in p["variants"]
    )
    own = {"erp": 4, "store": 1} if reduced else {"erp": 3}
    assert answer.calls == {"wms": 1, **own}
    assert len(large.requests("erp")) == answer.calls["erp"]


def test_no_page_reads_all_of_an_upstream(large: Shop) -> None:
    """Of 12,000 variants a page asks the systems for its own products only."""
    large.mend()
    assert large.ask(LISTING, {"first": 48}, persona="system").errors == []
    for system in ("erp", "wms"):
        for request in large.requests(system):
            assert sum(request["keys"].values()) <= 48 * 20
            if request["path"].endswith("ARTICLES"):
                assert "top=48&" in request["query"]
            else:
                assert request["body"].get("TOP", 0) <= 48


def test_a_total_that_nobody_asks_for_is_not_counted(shop: Shop) -> None:
    """The count comes with the page where the system tells it: no call of its own."""
    answer = shop.ask("{ products(first: 1) { totalCount { value } } }", persona="system")
    assert answer.data["products"]["totalCount"] == {"value": 300}
    assert answer.calls == {"erp": 1}


def test_attributes_have_types(shop: Shop) -> None:
    """Text, number with unit, boolean and coded values come as what they are, in the language."""
    query = """query ($where: ProductFilter) { products(where: $where, first: 1) { nodes {
        composition { code name percent }
        safety { responsiblePerson { name email address { lines postalCode city country } }
                 warnings }
        attributes { __typename code name value unit locale
          ... on NumberAttribute { number }
          ... on BooleanAttribute { isTrue }
          ... on CodedAttribute { choice } } } } }"""
    where = {"attributes": [{"code": "heel", "min": "1"}]}
    answers = {
        language: shop.ask(query, {"where": where}, headers={"Accept-Language": language})
        for language in ("en", "de")
    }
    found = {
        language: {each["code"]: each for each in answer.data["products"]["nodes"][0]["attributes"]}
        for language, answer in answers.items()
    }
    for each in found.values():
        assert each["model"]["__typename"] == "TextAttribute"
        assert each["heel"]["unit"] == "cm"
        assert each["heel"]["value"] == each["heel"]["number"]
        assert each["recycled"]["__typename"] == "BooleanAttribute"
        assert each["care"]["choice"] == "WP"
    assert found["en"]["care"]["value"] == "wipe with a damp cloth"
    assert found["de"]["care"]["value"] == "feucht abwischen"
    assert (found["en"]["care"]["locale"], found["de"]["care"]["locale"]) == ("en", "de")
    product = answers["en"].data["products"]["nodes"][0]
    assert sum(Decimal(each["percent"]) for each in product["composition"]) == 100
    person = product["safety"]["responsiblePerson"]
    assert "@" in person["email"]
    assert person["address"]["country"] in ("PL", "DE")


def test_warnings_are_told(shop: Shop) -> None:
    """What must be warned of is there, in the language served."""
    query = "query ($w: ProductFilter) { products(where: $w) { nodes { safety { warnings } } } }"
    where = {"category": category(shop, "3040")}
    for language, text in (("en", "Keep away from fire."), ("pl", "Trzymać z dala od ognia.")):
        answer = shop.ask(query, {"w": where}, headers={"Accept-Language": language})
        nodes = answer.data["products"]["nodes"]
        assert nodes
        assert all(each["safety"]["warnings"] == [text] for each in nodes)


@pytest.mark.parametrize(
    "variables",
    [
        {"where": {"isDiscontinued": True}},
        {"where": {"isDiscontinued": False}},
        {"where": {"brands": ["TRAKT"], "isDiscontinued": True}},
        {"sort": "LAST_CHANGED"},
    ],
)
def test_a_filter_by_what_one_may_not_read_is_refused(shop: Shop, variables: Any) -> None:
    """Filters and orders are decided like reading, before any system is asked."""
    for persona in (None, "customer"):
        shop.mend()
        answer = shop.ask(FIND, variables, persona=persona)
        assert answer.codes == ["FORBIDDEN"]
        assert answer.data is None
        assert shop.requests("erp") == []
    assert shop.ask(FIND, variables, persona="associate").errors == []


def test_a_filter_by_what_staff_may_read_is_right(shop: Shop) -> None:
    """Staff find what will not be made again, and may read that it is so."""
    where = {"isDiscontinued": True}
    found = [each["code"] for each in find(shop, persona="associate", where=where)]
    assert found == codes(listed(shop, MSTAE=["Z9"]))
    assert found
    query = "{ products(first: 2) { missing nodes { isDiscontinued changedAt } } }"
    shown = shop.ask(query, persona="associate").data["products"]
    assert shown["missing"] == []
    assert len(shown["nodes"]) == 2
    assert all(each["isDiscontinued"] is not None for each in shown["nodes"])
    hidden = shop.ask(query).data["products"]
    assert hidden["missing"] is None
    assert hidden["nodes"] == [{"isDiscontinued": None, "changedAt": None}] * 2


@pytest.mark.parametrize(
    ("where", "argument"),
    [
        ({"price": {}}, "where.price"),
        ({"price": {"min": "10", "max": "5"}}, "where.price"),
        ({"price": {"min": "-1"}}, "where.price"),
        ({"price": {"min": "1.001"}}, "where.price"),
        ({"brands": []}, "where.brands"),
        ({"brands": ["x"] * 51}, "where.brands"),
        ({"options": [{"code": "", "values": ["x"]}]}, "where.options.code"),
        ({"options": [{"code": "size", "values": []}]}, "where.options.values"),
        ({"options": [{"code": "size", "values": ["M"]}] * 11}, "where.options"),
        ({"attributes": [{"code": "heel"}]}, "where.attributes"),
        ({"attributes": [{"code": "heel", "values": ["1"], "isTrue": True}]}, "where.attributes"),
        ({"attributes": [{"code": "heel", "min": "2", "max": "1"}]}, "where.attributes"),
        ({"category": "x"}, "where.category"),
        ({"inStockAt": "x"}, "where.inStockAt"),
    ],
)
def test_a_criterion_that_makes_no_sense_is_bad_input(
    shop: Shop, where: Any, argument: str
) -> None:
    """What cannot be meant is refused by name, before any system is asked."""
    shop.mend()
    answer = shop.ask(FIND, {"where": where})
    assert answer.codes == ["BAD_INPUT"]
    assert answer.errors[0]["extensions"]["argument"] == argument
    assert shop.requests("erp") == []


def test_a_cursor_of_another_list_costs_its_own_field(shop: Shop) -> None:
    """A bad cursor is refused by name; what is asked beside it is answered."""
    query = '{ a: products(after: "x") { nodes { id } } b: products(first: 1) { nodes { id } } }'
    answer = shop.ask(query)
    assert answer.codes == ["BAD_INPUT"]
    assert answer.data["a"] is None
    assert len(answer.data["b"]["nodes"]) == 1


def test_a_price_span_is_that_of_the_offers(shop: Shop) -> None:
    """The span of a product goes from its cheapest variant's price to its dearest's."""
    nodes = shop.ask(LISTING, {"first": 48}).data["products"]["nodes"]
    spans = 0
    for node in nodes:
        prices = [v["offer"]["price"]["gross"]["minor"] for v in node["variants"] if v["offer"]]
        if prices:
            assert node["priceSpan"]["min"]["gross"]["minor"] == min(prices)
            assert node["priceSpan"]["max"]["gross"]["minor"] == max(prices)
            spans += min(prices) != max(prices)
        else:
            assert node["priceSpan"] is None
    assert spans


OFFERS = """
query Offers($where: ProductFilter, $after: String) {
  products(where: $where, first: 60, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { variants { sku offer {
      price { gross { minor } } listPrice { gross { minor } } isReduced winningRule
      appliedReductions { rule amount { minor } startsAt endsAt }
      priorPrice { price { gross { minor currency } } since reducedAt percentOff
                   provenance { freshness } }
    } } }
  }
}
"""


def offers(shop: Shop, **variables: Any) -> dict[str, Any]:
    answer = shop.ask(OFFERS, variables, persona="system")
    assert answer.errors == []
    nodes = answer.data["products"]["nodes"]
    return {v["sku"]: v["offer"] for node in nodes for v in node["variants"] if v["offer"]}


def test_a_reduction_is_what_lies_between_list_price_and_price(shop: Shop) -> None:
    """Applied reductions add up to the difference, and the rule that won is told."""
    found = offers(shop, where={"isReduced": True})
    assert any(offer["isReduced"] for offer in found.values())
    for offer in found.values():
        off = offer["listPrice"]["gross"]["minor"] - offer["price"]["gross"]["minor"]
        assert sum(each["amount"]["minor"] for each in offer["appliedReductions"]) == off
        assert offer["isReduced"] is (off > 0)
        assert offer["winningRule"] in (("SALE", "PROMOTION") if off else ("LIST_PRICE",))


def test_the_prior_price_follows_from_the_erps_history(shop: Shop) -> None:
    """Each prior price is the lowest public price of the thirty days before the reduction began,
    counted day by day over the ERP's own history.
    """
    found = offers(shop, where={"isReduced": True})
    numbers = [sku.zfill(18) for sku in found]
    history = erp(
        shop,
        "PRICE_HISTORY",
        {
            "MATNR": numbers,
            "VKORG": "PL01",
            "KONWA": "PLN",
            "DATAB": f"{TODAY - timedelta(days=550):%Y%m%d}",
            "DATBI": f"{TODAY:%Y%m%d}",
        },
    )["results"]
    checked = {"steps": 0, "plain": 0, "none": 0, "hidden": 0}
    for row in history:
        offer = found[row["MATNR"].lstrip("0")]
        if offer["winningRule"] == "PROMOTION":
            continue
        rows = row["KONP"]
        checked["hidden"] += any(each["KDGRP"] or each["KFRST"] for each in rows)
        prior = offer["priorPrice"]
        days = [TODAY - timedelta(days=back) for back in range(500)]
        paid = [_paid(rows, day) for day in days]
        if not paid[0] or not paid[0][1]:
            assert prior is None
            continue
        began = 0
        while paid[began + 1] and paid[began + 1][1] and paid[began + 1][0] >= paid[began][0]:
            began += 1
        window = [each[0] for each in paid[began + 1 : began + 31] if each]
        if not window:
            assert prior is None
            checked["none"] += 1
            continue
        assert prior["price"]["gross"] == {"minor": min(window), "currency": "PLN"}
        off = min(window) - offer["price"]["gross"]["minor"]
        assert prior["percentOff"] == (off * 100 // min(window) if off > 0 else None)
        checked["steps" if paid[began][0] > paid[0][0] else "plain"] += 1
    assert min(checked["plain"], checked["steps"], checked["hidden"]) > 0


def _paid(rows: list[Any], day: date) -> Any:
    """What everybody paid on a day in minor units, and whether it was reduced; None if unsold."""
    text = f"{day:%Y%m%d}"
    valid = {
        each["KSCHL"]: int(Decimal(each["KBETR"]) * 100 / int(each["KPEIN"]))
        for each in rows
        if each["DATAB"] <= text <= each["DATBI"] and not each["KDGRP"] and not each["KFRST"]
    }
    if not valid:
        return ()
    price = valid.get("ZSAL", valid.get("PR00"))
    return (price, price < valid.get("PR00", price)) if price is not None else ()


def test_a_history_is_read_only_where_it_is_needed(shop: Shop) -> None:
    """The history is asked of variants that are reduced, and of none if nobody asks."""
    shop.mend()
    found = offers(shop, where=None)
    asked = [each for each in shop.requests("erp") if each["path"].endswith("PRICE_HISTORY")]
    assert len(asked) == 1
    reduced = {sku.zfill(18) for sku, offer in found.items() if offer["isReduced"]}
    assert set(asked[0]["body"]["MATNR"]) == reduced
    shop.mend()
    shop.ask("{ products(first: 10) { nodes { variants { offer { isReduced } } } } }")
    assert not any(each["path"].endswith("PRICE_HISTORY") for each in shop.requests("erp"))


def test_a_history_that_fails_costs_the_prior_price_alone(shop: Shop) -> None:
    """Without the price history the price stays, and the prior price is null with a code."""
    shop.fault("erp", mode="down", paths=["/sap/zretail/PRICE_HISTORY"])
    answer = shop.ask(OFFERS, {"where": {"isReduced": True}})
    assert set(answer.codes) == {"SOURCE_UNAVAILABLE"}
    found = [v["offer"] for n in answer.data["products"]["nodes"] for v in n["variants"]]
    shown = [each for each in found if each]
    assert shown
    assert all(each["price"] for each in shown)
    assert all(each["priorPrice"] is None for each in shown)


def test_facets_that_fail_cost_themselves(shop: Shop) -> None:
    """A count that makes no sense costs the facets, and the listing stays."""
    shop.fault("erp", garbage="types", paths=["/sap/zretail/MATERIAL_GROUP_COUNTS"])
    answer = shop.ask("{ categories { code productCount } }")
    assert set(answer.codes) == {"SOURCE_CONTRACT"}
    assert [each["code"] for each in answer.data["categories"]] == ["10", "20", "30", "40", "50"]
    assert all(each["productCount"] is None for each in answer.data["categories"])


def test_a_field_inside_itself_is_bounded(shop: Shop) -> None:
    """Where types lead back to each other a document may not go round without end."""
    deep = "children { parent { " * 4 + "code" + " } }" * 4
    answer: Answer = shop.ask(f"{{ categories {{ {deep} }} }}")
    assert answer.codes == ["QUERY_TOO_COMPLEX"]


def test_pages_of_a_large_listing_follow_each_other(large: Shop) -> None:
    """Walking a filtered, sorted listing of the large retailer meets every product once."""
    where = {"options": [{"code": "colour", "values": ["BLK", "WHT"]}]}
    found = find(large, where=where, sort="PRICE_DESC", first=100)
    ids = [each["id"] for each in found]
    assert len(set(ids)) == len(ids) > 300
    told = listed(
        large,
        ORDERBY="KBETR desc",
        AUSP=[{"ATNAM": "ZCOLOUR", "ATWRT": ["BLK", "WHT"]}],
        KONP={"VKORG": "PL01", "PRSDT": f"{TODAY:%Y%m%d}"},
    )
    assert [each["code"] for each in found] == codes(told)
    assert list(itertools.islice(ids, 3))


def test_what_is_discontinued_is_sold_off(shop: Shop) -> None:
    """A shopper finds a discontinued style as any other while it lasts; staff see what it is."""
    query = """query ($where: ProductFilter) { products(first: 5, where: $where) {
        nodes { id isDiscontinued } } }"""
    where = {"where": {"isDiscontinued": True}}
    found = shop.ask(query, where, persona="agent").data["products"]["nodes"]
    assert found
    assert all(each["isDiscontinued"] is True for each in found)
    page = """query ($id: ID!) { product(id: $id) { name isDiscontinued
        variants { offer { price { gross { minor } } } availability { band } } } }"""
    answer = shop.ask(page, {"id": found[0]["id"]})
    assert answer.errors == []
    shown = answer.data["product"]
    assert (bool(shown["name"]), shown["isDiscontinued"]) == (True, None)
    bands = [each["availability"]["band"] for each in shown["variants"] if each["availability"]]
    assert bands
    assert all(bands)
    assert shop.ask(query, where).codes == ["FORBIDDEN"]
