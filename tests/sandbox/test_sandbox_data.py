"""The retailer in the sandbox: the same at every start, and true to itself."""

import itertools
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from sandbox import crm, erp, wms
from sandbox.catalogue import Catalogue
from sandbox.group import GROUPS
from sandbox.persona import CUSTOMER_CONTACT, CUSTOMER_KUNNR, CUSTOMER_ORDERS
from sandbox.scale import LARGE
from tests.sandbox.running import Running, Sandbox

CENT = Decimal("0.01")
RATES = {"P1": 23, "P2": 8, "D1": 19, "C1": 21, "C2": 12}
ORDERS = [str(4_500_000_001 + n) for n in range(1_500)]


@pytest.fixture
def styles(sandbox: Sandbox) -> list[Any]:
    """All styles of the ERP."""
    pages = (sandbox.articles(top=100, skip=skip)["results"] for skip in (0, 100, 200))
    return list(itertools.chain.from_iterable(pages))


def _orders(sandbox: Sandbox) -> list[Any]:
    chunks = [ORDERS[start : start + 200] for start in range(0, len(ORDERS), 200)]
    found = [sandbox.erp("ORDERS_BY_VBELN", {"VBELN": chunk}) for chunk in chunks]
    return list(itertools.chain.from_iterable(found))


def _prices(sandbox: Sandbox, numbers: list[str], organisation: str, currency: str) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(numbers), 200):
        body = {
            "MATNR": numbers[start : start + 200],
            "VKORG": organisation, "KONWA": currency, "PRSDT": "20261122",
        }  # fmt: skip
        found += sandbox.erp("PRICES", body)
    return found


def _everything(sandbox: Sandbox) -> list[object]:
    articles = [f"100{n:03d}001" for n in range(1, 120)]
    stock = sandbox.stock(articles)
    for rows in stock.values():
        for row in rows:
            row["asof"] = None
    return [
        sandbox.articles(top=100),
        sandbox.articles(search="sukienka"),
        _prices(sandbox, [number.zfill(18) for number in articles], "DE01", "EUR"),
        sandbox.erp("ORDERS_BY_KUNNR", {"KUNNR": [CUSTOMER_KUNNR], "TOP": 100}),
        stock,
        sandbox.clients["wms"].get("/v2/sites").json(),
        sandbox.clients["crm"].get("/api/v1/contacts", params={"limit": 100}).json(),
        sandbox.crm("loyalty/accounts/batch", {"contactIds": [CUSTOMER_CONTACT, "C-000007"]}),
    ]


def test_every_start_serves_the_same_records(sandbox: Sandbox) -> None:
    """Another start, with another hash seed, serves the same records."""
    again = Running(environment={"PYTHONHASHSEED": "4711"})
    try:
        for first, second in zip(_everything(sandbox), _everything(Sandbox(again)), strict=True):
            assert first == second
    finally:
        again.end()


def test_numbers_are_unique_and_barcodes_check(styles: list[Any]) -> None:
    """Every MATNR and EAN is given once; EANs have 13 digits and the right check digit."""
    variants = [variant for style in styles for variant in style["VARIANTS"]]
    assert 1_400 < len(variants) < 1_900
    assert len({variant["MATNR"] for variant in variants}) == len(variants)
    codes = {variant["EAN11"] for variant in variants}
    assert len(codes) == len(variants)
    for code in codes:
        weighed = (int(digit) * (1, 3)[place % 2] for place, digit in enumerate(code))
        assert len(code) == 13
        assert sum(weighed) % 10 == 0


def test_names_fit_and_polish_is_never_missing(styles: list[Any]) -> None:
    """Names have at most 40 characters; some styles lack German or English, none Polish."""
    spoken = [{text["SPRAS"] for text in style["MAKT"]} for style in styles]
    assert all("PL" in languages for languages in spoken)
    assert any("DE" not in languages for languages in spoken)
    assert any("EN" not in languages for languages in spoken)
    assert all(len(text["MAKTX"]) <= 40 for style in styles for text in style["MAKT"])
    assert all(path["PATH"].startswith("/media/") for s in styles for path in s["MEDIA"])


def test_variants_differ_in_colour_or_size(styles: list[Any]) -> None:
    """No two variants of a style have the same characteristics."""
    for style in styles:
        options = [
            tuple((value["ATNAM"], value["ATWRT"]) for value in variant["AUSP"])
            for variant in style["VARIANTS"]
        ]
        assert len(options) == len(set(options))
        assert all([name for name, _ in each] == ["ZCOLOUR", "ZSIZE"] for each in options)


@pytest.mark.parametrize(
    ("organisation", "currency"), [("PL01", "PLN"), ("DE01", "EUR"), ("CZ01", "CZK")]
)
def test_prices_are_gross_and_carry_the_countrys_tax(
    sandbox: Sandbox, styles: list[Any], organisation: str, currency: str
) -> None:
    """Prices are positive, in the organisation's currency, reduced if on sale, taxed as coded."""
    numbers = [variant["MATNR"] for style in styles for variant in style["VARIANTS"]]
    rows = _prices(sandbox, numbers, organisation, currency)
    assert 0 < len(rows) < len(numbers), "some have a price and some have none"
    sales = 0
    for row in rows:
        amounts = {c["KSCHL"]: Decimal(c["KBETR"]) for c in row["KONP"]}
        sales += "ZSAL" in amounts
        assert 0 < amounts.get("ZSAL", Decimal(0)) < amounts["PR00"] or "ZSAL" not in amounts
        assert {c["KONWA"] for c in row["KONP"]} == {currency}
        assert Decimal(row["MWST"]["KBETR"]) == RATES[row["MWST"]["MWSKZ"]]
        assert {c["MWSKZ"] for c in row["KONP"]} == {row["MWST"]["MWSKZ"]}
        per = {Decimal(c["KPEIN"]) for c in row["KONP"]}
        assert per in ({Decimal(1)}, {Decimal(10)})
        assert all((a / min(per)) % CENT == 0 for a in amounts.values())
    assert len(rows) * 0.1 < sales < len(rows) * 0.5


def test_order_totals_add_up(sandbox: Sandbox) -> None:
    """Net and tax of items and charges make the header's, and each tax is its rate's share."""
    orders = _orders(sandbox)
    assert len(orders) == 1_500
    for order in orders:
        parts = order["VBAP"] + order["KONV"]
        for column, whole in (("NETWR", "NETWR"), ("MWSBP", "MWSBK")):
            assert sum(Decimal(part[column]) for part in parts) == Decimal(order[whole])
        for part in parts:
            gross = Decimal(part["NETWR"]) + Decimal(part["MWSBP"])
            rate = RATES[part["MWSKZ"]]
            share = (gross * rate / (100 + rate)).quantize(CENT, ROUND_HALF_UP)
            assert Decimal(part["MWSBP"]) == share
        for item in order["VBAP"]:
            gross = Decimal(item["NETWR"]) + Decimal(item["MWSBP"])
            assert gross == Decimal(item["KZWI1"]) + Decimal(item["KZWI2"]) > 0
            assert Decimal(item["KZWI2"]) <= 0


def test_orders_are_of_real_articles_places_and_customers(
    sandbox: Sandbox, styles: list[Any]
) -> None:
    """Every order names variants, sites and customers that their systems know."""
    known = {variant["MATNR"] for style in styles for variant in style["VARIANTS"]}
    sites = {s["code"] for s in sandbox.clients["wms"].get("/v2/sites").json()["sites"]}
    orders = _orders(sandbox)
    assert {item["MATNR"] for order in orders for item in order["VBAP"]} <= known
    assert {item["WERKS"] for order in orders for item in order["VBAP"]} <= sites
    buyers = sorted({order["KUNNR"] for order in orders if not order["XCPDK"]})
    linked = [
        reference["id"]
        for start in range(0, len(buyers), 100)
        for contact in sandbox.crm("contacts/search", {"erpNumbers": buyers[start : start + 100]})
        for reference in contact["externalRefs"]
        if reference["system"] == "ERP"
    ]
    assert sorted(linked) == buyers
    assert any(order["XCPDK"] for order in orders), "some buy as guests"
    states = {(order["GBSTK"], order["LFSTK"]) for order in orders}
    assert states == {("A", "A"), ("B", "B"), ("C", "C"), ("C", "A")}


def test_order_numbers_follow_time(sandbox: Sandbox) -> None:
    """A higher number is never older, so newest first is highest first."""
    times = [(order["ERDAT"], order["ERZET"]) for order in _orders(sandbox)]
    assert times == sorted(times)


def test_the_persona_has_a_story(sandbox: Sandbox, styles: list[Any]) -> None:
    """The customer of the documentation has twelve orders, a loyalty account and real articles."""
    [row] = sandbox.erp("ORDER_COUNT_BY_KUNNR", {"KUNNR": [CUSTOMER_KUNNR]})
    assert row["ANZAHL"] == CUSTOMER_ORDERS
    [account] = sandbox.crm("loyalty/accounts/batch", {"contactIds": [CUSTOMER_CONTACT]})
    assert account["balance"]["points"] > 0
    assert account["tier"]["code"] in ("SLV", "GLD", "PLT")


def test_stock_is_as_in_life(sandbox: Sandbox, styles: list[Any]) -> None:
    """Most articles lie somewhere, a few nowhere; few figures are below zero; lockers hold none."""
    articles = [v["MATNR"].lstrip("0") for style in styles for v in style["VARIANTS"]]
    found: dict[str, Any] = {}
    for start in range(0, len(articles), 500):
        found |= sandbox.stock(articles[start : start + 500])
    assert sorted(found) == sorted(articles)
    assert 0 < sum(not rows for rows in found.values()) < len(found) / 10
    rows = [row for article in found.values() for row in article]
    below = sum(row["qoh"] < 0 for row in rows)
    assert 0 < below < len(rows) / 50
    assert all(row["alloc"] >= 0 and row["ss"] >= 0 for row in rows)
    assert all(row["alloc"] <= max(0, row["qoh"]) for row in rows)
    assert not any(row["site"].startswith("LK") for row in rows)
    by_site: dict[str, int] = defaultdict(int)
    for row in rows:
        by_site[row["site"]] += row["qoh"] > 0
    assert len(by_site) == 27


def test_a_retailers_size_is_built_on_demand() -> None:
    """The large retailer is the same one, larger; of its records only articles are drawn ahead."""
    for build in (erp.build, wms.build, crm.build):
        assert build(LARGE).name


def test_the_large_retailer_has_the_size_of_a_real_one() -> None:
    """Large means 2,000 styles with 12,000 variants in a tree of three levels."""
    catalogue = Catalogue(LARGE.styles)
    styles = [catalogue.style(index) for index in range(LARGE.styles)]
    assert len(styles) == 2_000
    assert 12_000 <= sum(style.variants for style in styles) < 12_500
    assert {len(code) for code in GROUPS} == {2, 4, 6}
    assert all(not group.parent or group.parent in GROUPS for group in GROUPS.values())
    assert all(style.group.code.startswith(style.category.code) for style in styles)


def test_price_history_is_as_in_life(sandbox: Sandbox, styles: list[Any]) -> None:
    """The history has what is paid today, earlier list prices, steps, and prices nobody paid."""
    numbers = [variant["MATNR"] for style in styles for variant in style["VARIANTS"]][:1_000]
    body = {"MATNR": numbers, "VKORG": "PL01", "KONWA": "PLN"}
    days = {"DATAB": "20250522", "DATBI": "20261122"}
    history = {row["MATNR"]: row for row in sandbox.erp("PRICE_HISTORY", {**body, **days})}
    today = {row["MATNR"]: row for row in sandbox.erp("PRICES", {**body, "PRSDT": "20261122"})}
    assert history.keys() == today.keys()
    kinds, steps, lists = set(), 0, 0
    for number, row in history.items():
        rows = row["KONP"]
        public = [r for r in rows if not r["KDGRP"] and not r["KFRST"]]
        valid = [r for r in public if r["DATAB"] <= "20261122" <= r["DATBI"]]
        plain = [{k: v for k, v in r.items() if k not in ("KDGRP", "KFRST")} for r in valid]
        assert plain == today[number]["KONP"]
        assert row["MWST"] == today[number]["MWST"]
        kinds |= {(r["KSCHL"], r["KDGRP"], r["KFRST"]) for r in rows}
        steps += sum(r["KSCHL"] == "ZSAL" for r in public) == 3
        lists += sum(r["KSCHL"] == "PR00" for r in public) > 1
    assert kinds >= {
        ("PR00", "", ""), ("ZSAL", "", ""), ("ZSAL", "", "B"), ("ZEMP", "MA", ""),
    }  # fmt: skip
    assert min(steps, lists) > 10


def test_safety_and_fibres_are_told(styles: list[Any]) -> None:
    """Every style names who answers for it, and its fibres make a hundred percent."""
    warned = 0
    for style in styles:
        person = style["GPSR"]["VERANT"]
        assert all(person.values())
        assert "@" in person["SMTP_ADDR"]
        warned += bool(style["GPSR"]["WARN"])
        assert sum(int(row["ANTEIL"]) for row in style["FASER"]) == 100
    assert 0 < warned < len(styles)
