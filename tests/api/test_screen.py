"""Whole screens in one query each: right, and one call for each port and level, however many."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from domain.identity import node_id
from sandbox.contact import person_at
from sandbox.number import kunnr_of
from sandbox.persona import CUSTOMER_CONTACT, CUSTOMER_INDEX
from tests.shop import Shop, serve

ME = person_at(CUSTOMER_INDEX)
HERE = {"latitude": 52.2297, "longitude": 21.0122}
SYSTEMS = ("erp", "wms", "crm", "pos", "carrier")
PAGE = """query Page($id: ID!, $near: GeoPointInput!) { product(id: $id) {
  name description brand category { name parent { name } } media { url alt }
  attributes { code name value } composition { name percent } safety { warnings }
  variants { sku gtins options { code value }
    offer { price { gross { formatted } } listPrice { gross { formatted } }
      priorPrice { price { gross { formatted } } percentOff } validUntil }
    availability(near: $near) { band isAvailable nextSupply { expectedAt }
      modes { mode band promise { availableFrom cutOff } }
      locations(first: 5) { band distance
        location { name kind isOpen address { lines city } } promise { availableFrom } } } } } }"""
LISTING = """query Listing($first: Int!, $where: ProductFilter) {
  products(first: $first, where: $where) { complete
    totalCount { value isExact } pageInfo { hasNextPage endCursor }
    facets { code count ... on ChoiceFacet { choices { code text count } } }
    nodes { name brand media { url } priceSpan { min { gross { minor } } }
      variants { sku offer { price { gross { formatted } } listPrice { gross { formatted } } }
        availability { band } } } } }"""
AGENT = """query Agent($email: String, $phone: String, $number: String) {
  customer360(email: $email, phone: $phone, orderNumber: $number) {
    customer { id }
    profile { access content { name { full { text } } email { text } phone { text }
      addresses { city { text } } } }
    identities { access content { system strength score customer { number } } }
    consents { content { purpose state } }
    loyalty { content { points tier ledger(first: 10) { nodes { kind points } } } }
    orders(first: 100) { content { complete nodes { number state total { formatted }
      location { name } payments { method }
      lines { name quantity variant { sku product { name } } }
      fulfillments { state location { name } shipment { state } } timeline { complete } } } }
    interactions(first: 100) { content { nodes { kind subject } } } } }"""
PEOPLE = """query People($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { number
  loyalty { points } orders(first: 5) { complete nodes { number location { name }
    lines { sku variant { product { name } } } } } } } }"""


@pytest.fixture(scope="module")
def served() -> Iterator[Shop]:
    """The gateway beside a retailer of real size."""
    with serve(size="large") as shop:
        # What a system draws up at the first question is not what is measured here.
        for _ in range(20):
            if not shop.ask(AGENT, {"email": ME.email}, persona="system").errors:
                break
        yield shop


def calls(shop: Shop) -> Counter[tuple[str, str]]:
    """How often each path of each system was asked."""
    return Counter((each, asked["path"]) for each in SYSTEMS for asked in shop.requests(each))


def listed(shop: Shop, first: int) -> list[dict[str, Any]]:
    query = "query ($n: Int!) { products(first: $n) { nodes { id variants { id } } } }"
    nodes: list[dict[str, Any]] = shop.ask(query, {"n": first}).data["products"]["nodes"]
    return nodes


def test_the_apps_product_page_is_one_call_for_each_port(shop: Shop) -> None:
    """Product, prices, stock, the shops near me with their promises: six calls, none twice."""
    product = listed(shop, 1)[0]
    shop.mend()
    answer = shop.ask(PAGE, {"id": product["id"], "near": HERE})
    assert answer.errors == []
    asked = calls(shop)
    assert set(asked.values()) == {1}, asked
    shown = answer.data["product"]
    assert len(shown["variants"]) == len(product["variants"]) > 1
    for variant in filter(lambda each: each["availability"], shown["variants"]):
        distances = [place["distance"] for place in variant["availability"]["locations"]]
        assert distances == sorted(distances)
        assert {mode["mode"] for mode in variant["availability"]["modes"]} >= {"SHIP", "COLLECT"}


@pytest.mark.parametrize("first", [1, 48, 100])
def test_the_webs_listing_is_one_call_for_each_port(shop: Shop, first: int) -> None:
    """A page with its facets, count, prices and stock: one search for the page, one for facets."""
    answer = shop.ask(LISTING, {"first": first, "where": {"isReduced": True}}, persona="system")
    assert answer.errors == []
    asked = calls(shop)
    assert asked.pop(("erp", "/sap/zretail/ARTICLE_SEARCH")) <= 2
    # Prices are asked for a thousand variants at once, and so is stock.
    assert set(asked.values()) == {1}, asked
    found = answer.data["products"]
    assert len(found["nodes"]) == first
    assert found["complete"] is True
    assert found["totalCount"]["value"] > 100
    assert {"brand", "colour", "size", "price"} <= {each["code"] for each in found["facets"]}


def test_the_agents_screen_is_one_call_for_each_port_and_level(shop: Shop) -> None:
    """Whoever calls, by mail, telephone or order, is one screen; no port is asked twice a level."""
    by_mail = shop.ask(AGENT, {"email": ME.email}, persona="system")
    assert by_mail.errors == []
    orders = by_mail.data["customer360"]["orders"]["content"]["nodes"]
    assert len(orders) > 10
    assert by_mail.data["customer360"]["customer"]["id"] == node_id(
        "Customer", f"crm:{CUSTOMER_CONTACT}"
    )
    for by in ({"email": ME.email}, {"phone": ME.phone}, {"number": orders[0]["number"]}):
        shop.mend()
        answer = shop.ask(AGENT, by, persona="system")
        assert answer.data == by_mail.data
        asked = calls(shop)
        # Who it is, and who else they may be, are two levels.
        assert asked.pop(("crm", "/api/v1/contacts/match")) == 2
        # A till's own receipt of what the ERP has booked is known only from the ERP's order; a
        # number that somebody tells on the telephone may be either's.
        assert asked.pop(("pos", "/backoffice/receipts"), 0) <= 1 + ("number" in by)
        assert set(asked.values()) == {1}, asked


@pytest.mark.parametrize("count", [1, 20, 100])
def test_a_hundred_customers_are_as_many_calls_as_one(shop: Shop, count: int) -> None:
    """Accounts, orders of both systems, their lines and products: the same calls for any number."""
    people = [n for n in range(1, 400) if kunnr_of(n) is not None][:count]
    ids = [node_id("Customer", f"crm:C-{n:06d}") for n in people]
    answer = shop.ask(PEOPLE, {"ids": ids}, persona="system")
    assert answer.errors == []
    assert all(each["number"] for each in answer.data["nodes"])
    orders = [each["orders"]["nodes"] for each in answer.data["nodes"]]
    assert sum(map(len, orders)) > count
    skus = {line["sku"] for own in orders for order in own for line in order["lines"]}
    asked = calls(shop)
    # The ERP takes two hundred articles at once.
    assert asked.pop(("erp", "/sap/zretail/ARTICLE_BY_MATNR")) <= -(-len(skus) // 200)
    assert set(asked.values()) == {1}, asked
