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
        ("PRICES", "MATNR", {"VKORG": "PL01", "KONWA": "PLN", "PRSDT": "20261122"}),
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
