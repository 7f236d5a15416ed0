"""Customers, their loyalty and orders: right, and only for those who may see them."""

import pytest

from domain.identity import node_id, node_key
from sandbox.contact import contact_at, person_at
from sandbox.persona import (
    CUSTOMER_CONTACT,
    CUSTOMER_INDEX,
    CUSTOMER_KUNNR,
    CUSTOMER_ORDERS,
    CUSTOMER_RECEIPTS,
    NEIGHBOUR_CONTACT,
)
from tests.shop import Answer, Shop

CUSTOMER = node_id("Customer", f"crm:{CUSTOMER_CONTACT}")
NEIGHBOUR = node_id("Customer", f"crm:{NEIGHBOUR_CONTACT}")
WHOLE = """
query Whole($id: ID!) {
  customer(id: $id) {
    id number name { full { text } given { text } family { text } }
    email { text masked } phone { text }
    birthDate addresses { city { text } country }
    externalIds { system id } provenance { system freshness }
    loyalty { points tier }
    orders(first: 10) {
      complete pageInfo { hasNextPage }
      nodes { id number state placedAt channel total { minor currency formatted } tax { minor }
        lines { position sku name quantity total { minor }
          variant { sku product { id name } } } }
    }
  }
}
"""


def whole(shop: Shop, persona: str | None, customer: str = CUSTOMER) -> Answer:
    return shop.ask(WHOLE, {"id": customer}, persona=persona)


def test_a_customer_with_ten_orders_costs_five_calls(shop: Shop) -> None:
    """Profile, loyalty, ten orders of ERP and tills, lines and products are at most five calls."""
    answer = whole(shop, "system")
    assert answer.errors == []
    assert len(answer.data["customer"]["orders"]["nodes"]) == 10
    assert sum(answer.calls.values()) <= 5
    assert sum(len(shop.requests(each)) for each in ("erp", "wms", "crm", "pos")) <= 5


def test_orders_are_the_erps_and_the_tills(shop: Shop) -> None:
    """Orders come newest first with the ERP's own numbers; not booked sales with the tills'."""
    told = shop.post(
        "erp",
        "/sap/zretail/ORDERS_BY_KUNNR",
        {"KUNNR": [CUSTOMER_KUNNR], "TOP": 10},
        {"APIKey": "sandbox-erp-key"},
    )["d"]["results"][0]
    shown = whole(shop, "system").data["customer"]["orders"]
    assert told["ANZAHL"] == CUSTOMER_ORDERS
    assert shown["pageInfo"]["hasNextPage"] is True
    booked = [each["number"] for each in shown["nodes"][CUSTOMER_RECEIPTS:]]
    assert booked == [each["VBELN"] for each in told["VBAK"]][: len(booked)]
    moments = [each["placedAt"] for each in shown["nodes"]]
    assert moments == sorted(moments, reverse=True)
    for order in shown["nodes"]:
        assert all(line["variant"] for line in order["lines"])


def test_a_customer_sees_their_own(shop: Shop) -> None:
    """The customer sees what the agent sees of them, but not how the shop works inside."""
    mine, agents = whole(shop, "customer"), whole(shop, "system")
    seen, known = mine.data["customer"], agents.data["customer"]
    assert (seen["email"], seen["orders"]) == (known["email"], known["orders"])
    assert known["externalIds"]
    assert seen["externalIds"] == [{**each, "system": None} for each in known["externalIds"]]
    assert seen["provenance"]["system"] is None
    assert sorted(each["path"] for each in mine.extensions["access"]) == [
        *(["customer", "externalIds", n, "system"] for n in range(len(seen["externalIds"]))),
        ["customer", "provenance", "system"],
    ]
    assert "cost" not in mine.extensions


@pytest.mark.parametrize("persona", [None, "neighbour"])
def test_not_yours_is_the_same_as_absent(shop: Shop, persona: str | None) -> None:
    """Who may not see a customer gets the very answer of a customer who does not exist."""
    others = whole(shop, persona)
    absent = whole(shop, persona, node_id("Customer", "crm:C-999999"))
    assert others.body == absent.body
    assert others.data == {"customer": None}
    assert [len(shop.requests(each)) for each in ("erp", "wms", "crm")] == [0, 0, 0]


def test_an_order_is_its_buyers(shop: Shop) -> None:
    """An order by id is its buyer's, the staff's, and absent for everybody else."""
    order = whole(shop, "system").data["customer"]["orders"]["nodes"][0]["id"]
    query = """query ($id: ID!) { node(id: $id) { id ... on Order { number } }
                 order(id: $id) { number lines { sku } } }"""
    seen = {
        persona: shop.ask(query, {"id": order}, persona=persona)
        for persona in ("customer", "system", "neighbour", None)
    }
    assert seen["customer"].data == seen["system"].data
    assert seen["customer"].data["order"]["number"]
    assert seen["neighbour"].data == seen[None].data == {"node": None, "order": None}
    absent = shop.ask(query, {"id": node_id("Order", "erp:0000000001")}, persona="neighbour")
    assert absent.body == seen["neighbour"].body


def test_an_associate_serves_and_does_not_reach(shop: Shop) -> None:
    """A store associate sees name, orders and points, not how to reach or visit a customer."""
    answer = whole(shop, "associate")
    customer = answer.data["customer"]
    assert customer["name"]["full"]["text"]
    assert customer["loyalty"]["points"] is not None
    assert customer["email"]["text"] is customer["phone"]["text"] is None
    assert "•••@" in customer["email"]["masked"]
    assert customer["birthDate"] is customer["addresses"] is None
    denied = {each["path"][-1] for each in answer.extensions["access"]}
    assert {"birthDate", "addresses"} <= denied


@pytest.mark.parametrize(
    "disguise",
    [
        "{ a: customer(id: $id) { b: birthDate } }",
        "{ customer(id: $id) { ...on Node { ...on Customer { birthDate } } } }",
        "{ customer(id: $id) { ...F } } fragment F on Customer { birthDate }",
        "{ node(id: $id) { ...on Customer { birthDate } } }",
        "{ nodes(ids: [$id]) { ...on Customer { birthDate } } }",
        "{ customer(id: $id) { __typename @skip(if: true) birthDate } }",
    ],
)
def test_no_disguise_shows_what_is_denied(shop: Shop, disguise: str) -> None:
    """Aliases, fragments, interfaces and nodes show an associate no birthday."""
    answer = shop.ask(f"query ($id: ID!) {disguise}", {"id": CUSTOMER}, persona="associate")
    assert str(person_at(CUSTOMER_INDEX).birth) not in answer.response.text
    assert answer.extensions["access"]


def test_who_is_asking(shop: Shop) -> None:
    """The viewer is who the token proves, with the customer's own record."""
    query = "{ viewer { role purposes customer { id email { text } } } }"
    customer = shop.ask(query, persona="customer").data["viewer"]
    assert (customer["role"], customer["customer"]["id"]) == ("CUSTOMER", CUSTOMER)
    for persona, role in ((None, "ANONYMOUS"), ("agent", "AGENT"), ("associate", "ASSOCIATE")):
        found = shop.ask(query, persona=persona).data["viewer"]
        assert (found["role"], found["customer"]) == (role, None)


@pytest.mark.parametrize("kind", ["CUSTOMER", "VARIANT"])
def test_lookup_in_a_system_that_is_none_is_told(shop: Shop, kind: str) -> None:
    """A system that is not configured is BAD_INPUT with those that are, for every kind."""
    text = f'{{ lookup(kind: {kind}, system: "sap", id: "100001001") {{ id }} }}'
    answer = shop.ask(text, persona="system")
    assert answer.data == {"lookup": None}
    assert answer.errors[0]["extensions"] == {"code": "BAD_INPUT", "argument": "system"}
    assert "'sap'; allowed: erp, wms, crm" in answer.errors[0]["message"]
    shopper = shop.ask(text)
    assert shopper.errors == []
    assert "erp" not in shopper.response.text


def test_lookup_is_for_staff(shop: Shop) -> None:
    """Staff find a thing by a system's own id; for others the field is denied, not asked."""
    query = """query ($id: String!) { lookup(kind: CUSTOMER, system: "crm", id: $id) {
        id ... on Customer { email { text } } } }"""
    assert (
        shop.ask(query, {"id": CUSTOMER_CONTACT}, persona="system").data["lookup"]["id"] == CUSTOMER
    )
    shop.mend()
    denied = shop.ask(query, {"id": CUSTOMER_CONTACT}, persona="customer")
    assert denied.data == {"lookup": None}
    assert denied.extensions["access"][0]["path"] == ["lookup"]
    assert shop.requests("crm") == []


@pytest.mark.parametrize("persona", ["customer", "neighbour"])
def test_a_broken_crm_tells_nobody_whose_an_order_is(shop: Shop, persona: str) -> None:
    """Without the viewer's own record an order is a failure, whoever's it is, and if it is none."""
    order = whole(shop, "system").data["customer"]["orders"]["nodes"][0]["id"]
    shop.fault("crm", mode="down")
    query = "query ($id: ID!) { order(id: $id) { number } }"
    answers = [
        shop.ask(query, {"id": id}, persona=persona)
        for id in (order, node_id("Order", "erp:0000000001"))
    ]
    assert answers[0].body == answers[1].body
    assert answers[0].codes == ["SOURCE_UNAVAILABLE"]


@pytest.mark.parametrize(("system", "nobodys"), [("pos", "WAW1-01-999999"), ("erp", "0000000001")])
def test_looking_for_an_order_costs_the_same_whoevers_it_is(
    shop: Shop, system: str, nobodys: str
) -> None:
    """Somebody else's order and none at all cost the same calls: time tells nothing."""
    orders = whole(shop, "system").data["customer"]["orders"]["nodes"]
    ids = [each["id"] for each in orders]
    order = next(id for id in ids if node_key(id)[1].startswith(f"{system}:"))
    query = "query ($id: ID!) { order(id: $id) { number } }"
    asked = []
    for id in (order, node_id("Order", f"{system}:{nobodys}")):
        shop.mend()
        assert shop.ask(query, {"id": id}, persona="neighbour").data == {"order": None}
        asked.append([len(shop.requests(each)) for each in (system, "wms", "crm")])
    assert asked[0] == asked[1] == [1, 0, 1]


def test_staff_see_who_is_blocked(shop: Shop) -> None:
    """A contact that the CRM has blocked is shown as such to those who serve them, not before an
    agent's case is open, and to nobody else."""
    query = "query ($id: ID!) { customer(id: $id) { number isBlocked } }"
    blocked = next(n for n in range(101, 400) if contact_at(n).status == "blocked")
    who = node_id("Customer", f"crm:C-{blocked:06d}")
    assert shop.ask(query, {"id": who}, persona="associate").data["customer"]["isBlocked"] is True
    mine = {"id": CUSTOMER}
    assert shop.ask(query, mine, persona="associate").data["customer"]["isBlocked"] is False
    assert shop.ask(query, mine, persona="agent").data["customer"]["isBlocked"] is None
    assert shop.ask(query, mine, persona="customer").data["customer"]["isBlocked"] is None
