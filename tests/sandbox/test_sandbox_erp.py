"""The ERP's words, limits, paging and errors."""

from typing import Any

import pytest

from sandbox.persona import CUSTOMER_KUNNR, CUSTOMER_ORDERS, NEIGHBOUR_KUNNR
from tests.sandbox.running import Sandbox

FIRST = "000000000000100001"
FIRST_VARIANT = "000000000100001001"


def _refusal(sandbox: Sandbox, name: str, body: Any) -> tuple[int, str, str]:
    answer = sandbox.clients["erp"].post(f"/sap/zretail/{name}", json=body)
    error = answer.json()["error"]
    assert error["message"]["lang"] == "en"
    return answer.status_code, error["code"], error["message"]["value"]


def test_listing_pages_through_all_styles(sandbox: Sandbox) -> None:
    """$top and $skip together show every style once, in the order of numbers."""
    found: list[str] = []
    while True:
        page = sandbox.articles(top=100, skip=len(found))
        assert page["__count"] == "300"
        if not page["results"]:
            break
        found += [style["SATNR"] for style in page["results"]]
    assert found == sorted(set(found))
    assert len(found) == 300


def test_search_finds_words_in_every_language_without_diacritics(sandbox: Sandbox) -> None:
    """A search takes words in any case, order and language, with or without diacritics."""
    polish = sandbox.articles(search="płaszcz", top=100)
    assert int(polish["__count"]) > 0
    assert sandbox.articles(search="PLASZCZ", top=100)["results"] == polish["results"]
    german = sandbox.articles(search="damenmantel", top=100)
    assert {s["MATKL"] for s in german["results"]} == {s["MATKL"] for s in polish["results"]}
    assert sandbox.articles(search="no such words")["results"] == []


def test_listing_filters_by_group_prefix(sandbox: Sandbox) -> None:
    """MATKL takes a group with everything below it."""
    shoes = sandbox.articles(MATKL="40", top=100)["results"]
    assert shoes
    assert all(style["MATKL"].startswith("40") for style in shoes)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"top": 101}, "ZR/003"),
        ({"top": 0}, "ZR/003"),
        ({"top": "x"}, "ZR/003"),
        ({"skip": -1}, "ZR/003"),
        ({"SPRAS": "FR"}, "ZR/002"),
        ({"orderby": "MAKTX"}, "ZR/005"),
    ],
)
def test_listing_refuses_what_it_does_not_know(
    sandbox: Sandbox, query: dict[str, object], code: str
) -> None:
    """A listing's bad parameter is an error in the ERP's own form."""
    names = {"top": "$top", "skip": "$skip", "orderby": "$orderby"}
    parameters = {names.get(name, name): str(value) for name, value in query.items()}
    answer = sandbox.clients["erp"].get("/sap/zretail/ARTICLES", params=parameters)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("name", "key", "more"),
    [
        ("ARTICLE_BY_SATNR", "SATNR", {}),
        ("ARTICLE_BY_MATNR", "MATNR", {}),
        ("ARTICLE_BY_EAN11", "EAN11", {}),
        ("ORDERS_BY_VBELN", "VBELN", {}),
        ("ORDERS_BY_KUNNR", "KUNNR", {}),
        ("ORDER_COUNT_BY_KUNNR", "KUNNR", {}),
    ],
)
def test_batches_take_at_most_200_keys(
    sandbox: Sandbox, name: str, key: str, more: dict[str, str]
) -> None:
    """A batch of 200 keys is answered, of 201 refused; unknown keys are absent."""
    assert sandbox.erp(name, {key: [f"nobody-{n}" for n in range(200)], **more}) == []
    found = _refusal(sandbox, name, {key: ["x"] * 201, **more})
    assert found == (400, "ZR/001", "201 keys requested, at most 200 are allowed")


@pytest.mark.parametrize(
    ("name", "days"),
    [("PRICES", ("PRSDT",)), ("PRICE_HISTORY", ("DATAB", "DATBI"))],
)
def test_prices_take_at_most_1000_keys(sandbox: Sandbox, name: str, days: tuple[str, ...]) -> None:
    """Prices and their history are asked of up to 1,000 variants at once."""
    body = {"VKORG": "PL01", "KONWA": "PLN", **dict.fromkeys(days, "20261122")}
    assert sandbox.erp(name, {**body, "MATNR": [f"nobody-{n}" for n in range(1_000)]}) == []
    found = _refusal(sandbox, name, {**body, "MATNR": ["x"] * 1_001})
    assert found == (400, "ZR/001", "1001 keys requested, at most 1000 are allowed")


def test_articles_come_whole_by_any_key(sandbox: Sandbox) -> None:
    """A style, one of its variants and its barcode lead to the same article, given once."""
    by_style = sandbox.erp("ARTICLE_BY_SATNR", {"SATNR": [FIRST, FIRST, "1"]})
    assert [style["SATNR"] for style in by_style] == [FIRST]
    variants = by_style[0]["VARIANTS"]
    numbers = [variant["MATNR"] for variant in variants]
    codes = [variant["EAN11"] for variant in variants]
    assert sandbox.erp("ARTICLE_BY_MATNR", {"MATNR": numbers}) == by_style
    assert sandbox.erp("ARTICLE_BY_EAN11", {"EAN11": codes}) == by_style


def test_numbers_without_their_zeros_are_unknown(sandbox: Sandbox) -> None:
    """The ERP knows its numbers with leading zeros only."""
    assert sandbox.erp("ARTICLE_BY_MATNR", {"MATNR": ["100001001"]}) == []


def test_prices_follow_the_day(sandbox: Sandbox) -> None:
    """Conditions valid on the day are answered, with both days of validity included."""
    listed = [v["MATNR"] for s in sandbox.articles(top=30)["results"] for v in s["VARIANTS"]]
    body = {"MATNR": listed, "VKORG": "PL01", "KONWA": "PLN"}
    for day in ("20260831", "20260901", "20270105"):
        rows = sandbox.erp("PRICES", {**body, "PRSDT": day})
        assert rows
        for row in rows:
            kinds = [condition["KSCHL"] for condition in row["KONP"]]
            assert sorted(kinds) in (["PR00"], ["PR00", "ZSAL"])
            assert all(c["DATAB"] <= day <= c["DATBI"] for c in row["KONP"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"VKORG": "FR01"}, "VK/101"),
        ({"KONWA": "EUR"}, "VK/102"),
        ({"PRSDT": "2026-11-22"}, "VK/103"),
        ({"PRSDT": "20261301"}, "VK/103"),
        ({"EXTRA": 1}, "ZR/004"),
        ({"MATNR": "x"}, "ZR/004"),
    ],
)
def test_prices_refuse_what_the_organisation_does_not_know(
    sandbox: Sandbox, change: dict[str, Any], code: str
) -> None:
    """A price call's bad parameter is an error in the ERP's own form."""
    body = {"MATNR": [FIRST_VARIANT], "VKORG": "PL01", "KONWA": "PLN", "PRSDT": "20261122"}
    assert _refusal(sandbox, "PRICES", {**body, **change})[:2] == (400, code)


def test_orders_of_customers_are_paged_newest_first(sandbox: Sandbox) -> None:
    """TOP limits each customer's orders, SKIP moves one customer's page, ANZAHL counts all."""
    body = {"KUNNR": [NEIGHBOUR_KUNNR, CUSTOMER_KUNNR, "0000000001"], "TOP": 100}
    whole = {row["KUNNR"]: row for row in sandbox.erp("ORDERS_BY_KUNNR", body)}
    assert set(whole) == {NEIGHBOUR_KUNNR, CUSTOMER_KUNNR}
    numbers = [order["VBELN"] for order in whole[CUSTOMER_KUNNR]["VBAK"]]
    assert len(numbers) == whole[CUSTOMER_KUNNR]["ANZAHL"] == CUSTOMER_ORDERS
    assert numbers == sorted(numbers, reverse=True)
    page = {"KUNNR": [CUSTOMER_KUNNR], "TOP": 5, "SKIP": {CUSTOMER_KUNNR: 5}}
    [row] = sandbox.erp("ORDERS_BY_KUNNR", page)
    assert [order["VBELN"] for order in row["VBAK"]] == numbers[5:10]
    assert row["ANZAHL"] == CUSTOMER_ORDERS


def test_orders_by_number_are_those_of_the_customer(sandbox: Sandbox) -> None:
    """An order reads the same by its number and by its customer."""
    [row] = sandbox.erp("ORDERS_BY_KUNNR", {"KUNNR": [CUSTOMER_KUNNR], "TOP": 3})
    numbers = [order["VBELN"] for order in row["VBAK"]]
    assert sandbox.erp("ORDERS_BY_VBELN", {"VBELN": [*numbers, "4599999999"]}) == row["VBAK"]


def test_key_is_required(sandbox: Sandbox) -> None:
    """Without the right key the ERP answers 401 in its own form."""
    for key in ("", "wrong"):
        answer = sandbox.clients["erp"].get("/sap/zretail/ARTICLES", headers={"APIKey": key})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "SY/401")


def test_unknown_paths_and_methods_are_errors_of_the_erp(sandbox: Sandbox) -> None:
    """404 and 405 come in the ERP's own form."""
    erp = sandbox.clients["erp"]
    assert erp.get("/sap/zretail/NOTHING").json()["error"]["code"] == "SY/404"
    assert erp.get("/sap/zretail/PRICES").json()["error"]["code"] == "SY/405"


def _search(sandbox: Sandbox, **body: Any) -> Any:
    answer = sandbox.clients["erp"].post("/sap/zretail/ARTICLE_SEARCH", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["d"]


def _every(sandbox: Sandbox, **body: Any) -> list[Any]:
    found: list[Any] = []
    while True:
        page = _search(sandbox, TOP=100, SKIP=len(found), **body)
        found += page["results"]
        if not page["results"]:
            assert page["__count"] == str(len(found))
            return found


def _coloured(style: Any, colour: str, size: str) -> bool:
    return any(
        [value["ATWRT"] for value in variant["AUSP"]] == [colour, size]
        for variant in style["VARIANTS"]
    )


def test_a_search_takes_criteria_together(sandbox: Sandbox) -> None:
    """A style is found when one and the same variant of it meets every criterion."""
    every = _every(sandbox)
    black = {"ATNAM": "ZCOLOUR", "ATWRT": ["BLK"]}
    medium = {"ATNAM": "ZSIZE", "ATWRT": ["M"]}
    found = _every(sandbox, AUSP=[black, medium], MATKL=["10", "20"])
    assert [style["SATNR"] for style in found] == [
        style["SATNR"]
        for style in every
        if style["MATKL"][:2] in ("10", "20") and _coloured(style, "BLK", "M")
    ]
    assert found


def test_a_search_is_ordered_by_price(sandbox: Sandbox) -> None:
    """By price, the cheapest matching variant counts upwards, the dearest downwards."""
    priced = {"VKORG": "PL01", "PRSDT": "20261122", "LOW": 5000, "HIGH": 20000, "ZSAL": True}
    found = {
        order: [style["SATNR"] for style in _every(sandbox, KONP=priced, ORDERBY=order)]
        for order in ("KBETR", "KBETR desc")
    }
    assert set(found["KBETR"]) == set(found["KBETR desc"])
    for order, pick in (("KBETR", min), ("KBETR desc", max)):
        amounts = []
        for number in found[order]:
            [style] = sandbox.erp("ARTICLE_BY_SATNR", {"SATNR": [number]})
            rows = sandbox.erp(
                "PRICES",
                {
                    "MATNR": [variant["MATNR"] for variant in style["VARIANTS"]],
                    "VKORG": "PL01", "KONWA": "PLN", "PRSDT": "20261122",
                },
            )  # fmt: skip
            paid = [
                float(c["KBETR"]) / int(c["KPEIN"])
                for row in rows for c in row["KONP"] if c["KSCHL"] == "ZSAL"
            ]  # fmt: skip
            amounts.append(pick(amount for amount in paid if 50 <= amount <= 200))
        assert amounts == sorted(amounts, reverse=order.endswith("desc"))
        assert len(amounts) > 5


def test_facets_count_as_if_their_own_choice_were_open(sandbox: Sandbox) -> None:
    """A facet's count is what choosing that value, and no other of the facet, would find."""
    black = {"ATNAM": "ZCOLOUR", "ATWRT": ["BLK"]}
    answer = _search(
        sandbox, AUSP=[black], MATKL=["10"], FACETS=["ZCOLOUR", "BRAND_ID", "MATKL"], TOP=0
    )
    facets = {facet["ATNAM"]: facet for facet in answer["FACETS"]}
    assert answer["results"] == []
    for value in facets["ZCOLOUR"]["VALUES"][:4]:
        chosen = {"ATNAM": "ZCOLOUR", "ATWRT": [value["ATWRT"]]}
        assert len(_every(sandbox, AUSP=[chosen], MATKL=["10"])) == value["ANZAHL"]
    for value in facets["BRAND_ID"]["VALUES"]:
        brand = [value["ATWRT"]]
        assert len(_every(sandbox, AUSP=[black], MATKL=["10"], BRAND_ID=brand)) == value["ANZAHL"]
    for value in facets["MATKL"]["VALUES"][:6]:
        assert len(_every(sandbox, AUSP=[black], MATKL=[value["ATWRT"]])) == value["ANZAHL"]


def test_a_search_can_be_restricted_to_variants(sandbox: Sandbox) -> None:
    """With MATNR, only styles of those variants are found."""
    numbers = [variant["MATNR"] for style in _every(sandbox)[:3] for variant in style["VARIANTS"]]
    found = _every(sandbox, MATNR=[numbers[0], numbers[-1], "x"])
    wanted = sandbox.erp("ARTICLE_BY_MATNR", {"MATNR": [numbers[0], numbers[-1]]})
    assert found == wanted
    assert len(found) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"ORDERBY": "ZUFALL"}, "ZR/005"),
        ({"TOP": 101}, "ZR/003"),
        ({"MATKL": ["x"] * 501}, "ZR/003"),
        ({"MATNR": ["x"] * 20_001}, "ZR/003"),
        ({"KONP": {"VKORG": "FR01", "PRSDT": "20261122"}}, "VK/101"),
        ({"KONP": {"VKORG": "PL01", "PRSDT": "x"}}, "VK/103"),
        ({"NAME": "x"}, "ZR/004"),
    ],
)
def test_a_search_refuses_what_it_does_not_know(
    sandbox: Sandbox, body: dict[str, Any], code: str
) -> None:
    """A search's bad criterion is an error in the ERP's own form."""
    assert _refusal(sandbox, "ARTICLE_SEARCH", body)[:2] == (400, code)


def test_groups_are_a_tree_with_counts(sandbox: Sandbox) -> None:
    """Every group's parent is a group, and a group counts what its listing holds."""
    groups = sandbox.clients["erp"].get("/sap/zretail/MATERIAL_GROUPS").json()["d"]["results"]
    codes = {group["MATKL"]: group["PARENT"] for group in groups}
    assert all(not parent or parent in codes for parent in codes.values())
    counted = sandbox.erp("MATERIAL_GROUP_COUNTS", {"MATKL": [*list(codes)[:12], "99"]})
    assert [row["MATKL"] for row in counted] == list(codes)[:12]
    for row in counted:
        assert sandbox.articles(MATKL=row["MATKL"])["__count"] == str(row["ANZAHL"])
