"""A customer on one screen: found by what is known, in sections, whole while systems fail."""

from collections import Counter

import pytest

from domain.identity import node_id
from sandbox.contact import person_at
from sandbox.persona import CUSTOMER_CONTACT, CUSTOMER_INDEX, CUSTOMER_ORDERS, CUSTOMER_RECEIPTS
from sandbox.twin import AGAIN, link_of
from tests.shop import Answer, Shop

CUSTOMER = node_id("Customer", f"crm:{CUSTOMER_CONTACT}")
ME = person_at(CUSTOMER_INDEX)
SYSTEMS = ("erp", "wms", "crm", "pos", "carrier")
SECTIONS = """
  customer { id }
  profile { access provenance { system } content { name { full { text } }
    email { text masked } phone { text }
    addresses { city { text } } } }
  identities { access content { system id method strength score evidence } }
  consents { access content { purpose state since source } }
  loyalty { access provenance { system }
    content { points tier progress { nextTier missing }
      ledger(first: 5) { nodes { kind points at } } } }
  orders(first: 20) { access provenance { system }
    content { complete missing nodes { number receiptNumber channel state placedAt
      total { formatted } lines { name quantity }
      fulfillments { kind state shipment { state carrier } }
      timeline { complete missing entries { kind at provenance { system } } } } } }
  interactions(first: 5) { access content { nodes { kind at topic subject text } } }
"""
SCREEN = (
    "query Screen($id: ID, $email: String, $phone: String, $order: String) {"
    " customer360(id: $id, email: $email, phone: $phone, orderNumber: $order) {" + SECTIONS + "} }"
)


def screen(shop: Shop, persona: str = "system", **by: str) -> Answer:
    return shop.ask(SCREEN, by or {"id": CUSTOMER}, persona=persona)


def test_a_caller_is_found_by_whatever_is_known(shop: Shop) -> None:
    """Id, e-mail, telephone and the numbers of order and receipt lead to the same screen."""
    whole = screen(shop).data["customer360"]
    orders = whole["orders"]["content"]["nodes"]
    assert len(orders) == CUSTOMER_ORDERS + CUSTOMER_RECEIPTS
    booked = next(each for each in orders if each["number"] != each["receiptNumber"])
    assert ME.phone is not None
    for by in (
        {"email": ME.email.upper()},
        {"phone": ME.phone.replace(" ", "-")},
        {"order": booked["number"]},
        {"order": orders[0]["receiptNumber"]},
    ):
        answer = screen(shop, **by)
        assert answer.errors == []
        assert answer.data["customer360"]["customer"]["id"] == CUSTOMER, by
        found = answer.data["customer360"]["orders"]["content"]["nodes"]
        assert [each["number"] for each in found] == [each["number"] for each in orders]


def test_a_screen_is_one_call_for_each_port_and_level(shop: Shop) -> None:
    """No path of a system is asked twice, however many orders, parcels and receipts there are."""
    for by in ({"id": CUSTOMER}, {"phone": str(ME.phone)}):
        shop.mend()
        assert screen(shop, **by).errors == []
        for system in SYSTEMS:
            paths = Counter(request["path"] for request in shop.requests(system))
            # Finding somebody and finding out who else they may be are two levels.
            allowed = {"/api/v1/contacts/match": 2}
            assert all(count <= allowed.get(path, 1) for path, count in paths.items()), paths


def test_each_sale_stands_there_once_in_the_order_of_time(shop: Shop) -> None:
    """What a till sold and the ERP booked is one order; what is not booked yet is there too."""
    orders = screen(shop).data["customer360"]["orders"]["content"]["nodes"]
    moments = [each["placedAt"] for each in orders]
    assert moments == sorted(moments, reverse=True)
    receipts = [each["receiptNumber"] for each in orders if each["receiptNumber"]]
    assert len(receipts) == len(set(receipts)) > 1
    unbooked = [each for each in orders if each["number"] == each["receiptNumber"]]
    assert len(unbooked) == CUSTOMER_RECEIPTS


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_over_erp_and_tills_join(shop: Shop, size: int) -> None:
    """Pages of any size over both systems show each sale once, as one long page does."""
    query = """query ($id: ID!, $first: Int!, $after: String) { customer(id: $id) {
        orders(first: $first, after: $after) { complete nodes { number }
          pageInfo { hasNextPage endCursor } } } }"""

    def walk(first: int) -> list[str]:
        found: list[str] = []
        after = None
        while True:
            variables = {"id": CUSTOMER, "first": first, "after": after}
            page = shop.ask(query, variables, persona="system").data["customer"]["orders"]
            assert page["complete"] is True
            found += [each["number"] for each in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    assert walk(size) == walk(100)


def test_the_timeline_is_everybodys_word(shop: Shop) -> None:
    """A booked sale is told by till and ERP, a parcel by ERP and carrier, in the order of time."""
    orders = screen(shop).data["customer360"]["orders"]["content"]["nodes"]
    told = []
    for order in orders:
        line = order["timeline"]
        assert line["complete"] is True
        moments = [each["at"] for each in line["entries"] if each["at"]]
        assert moments == sorted(moments)
        told.append({each["provenance"]["system"] for each in line["entries"]})
    assert {"erp", "pos"} in told
    assert {"erp", "carrier"} in told
    assert {"pos"} in told


@pytest.mark.parametrize("system", ["erp", "pos", "carrier", "wms"])
def test_a_system_that_is_down_costs_its_own_part(shop: Shop, system: str) -> None:
    """The rest of the screen is whole, and what is missing is said and named to staff."""
    whole = screen(shop).data["customer360"]
    shop.fault(system, mode="down")
    answer = screen(shop)
    assert answer.status == 200
    found = answer.data["customer360"]
    for section in ("profile", "identities", "consents", "interactions"):
        assert found[section] == whole[section]
    orders = found["orders"]["content"]
    if system in ("erp", "pos"):
        assert (orders["complete"], orders["missing"]) == (False, [system])
        kept = {each["number"] for each in whole["orders"]["content"]["nodes"]}
        assert orders["nodes"]
        if system == "pos":
            assert {each["number"] for each in orders["nodes"]} < kept
        assert any(each["code"] == "INCOMPLETE" for each in answer.extensions["notices"])
    if system == "carrier":
        assert orders["complete"] is True
        lines = [each["timeline"] for each in orders["nodes"]]
        assert {tuple(each["missing"]) for each in lines} == {(), ("carrier",)}
        assert set(answer.codes) == {"SOURCE_UNAVAILABLE"}


def test_without_the_crm_there_is_nobody(shop: Shop) -> None:
    """What cannot be looked up is null with a code, never somebody else's screen."""
    shop.fault("crm", mode="down")
    answer = screen(shop, email=ME.email)
    assert answer.data == {"customer360": None}
    assert answer.codes == ["SOURCE_UNAVAILABLE"]


def test_an_associate_gets_the_sections_a_store_needs(shop: Shop) -> None:
    """In a store, consents are denied and no text of a conversation is shown or fetched."""
    answer = screen(shop, "associate")
    found = answer.data["customer360"]
    assert found["profile"]["content"]["name"]["full"]["text"]
    assert found["profile"]["content"]["email"]["text"] is None
    assert (found["consents"]["access"], found["consents"]["content"]) == ("DENIED", None)
    assert found["orders"]["access"] == found["loyalty"]["access"] == "ALLOWED"
    talks = found["interactions"]["content"]["nodes"]
    assert talks
    assert all(each["kind"] and each["subject"] is each["text"] is None for each in talks)
    denied = {each["path"][-1] for each in answer.extensions["access"]}
    assert {"subject", "text"} <= denied


@pytest.mark.parametrize("by", [{"email": "a@b.example"}, {"phone": "+48 1"}])
def test_who_may_not_read_contacts_may_not_search_by_them(shop: Shop, by: dict[str, str]) -> None:
    """A store associate's search by e-mail or telephone is refused before any system is asked."""
    refused = screen(shop, "associate", **by)
    assert refused.codes == ["FORBIDDEN"]
    name = next(iter(by))
    listed = shop.ask(
        f'{{ findCustomers(where: {{ {name}: "{by[name]}" }}) {{ nodes {{ id }} }} }}',
        persona="associate",
    )
    assert listed.codes == ["FORBIDDEN"]
    assert [len(shop.requests(each)) for each in SYSTEMS] == [0] * len(SYSTEMS)


@pytest.mark.parametrize("persona", [None, "customer", "neighbour"])
def test_the_screen_is_for_staff(shop: Shop, persona: str | None) -> None:
    """Others get the answer of a customer who does not exist, and no system is asked."""
    answer = shop.ask(SCREEN, {"email": ME.email}, persona=persona)
    assert answer.data == {"customer360": None}
    listed = shop.ask('{ findCustomers(where: { name: "Nowak" }) { nodes { id } } }')
    assert listed.data == {"findCustomers": None}
    assert [len(shop.requests(each)) for each in SYSTEMS] == [0] * len(SYSTEMS)


def test_exactly_one_thing_is_known(shop: Shop) -> None:
    """None, or several at once, is refused by name."""
    for arguments in ("", '(email: "a@b.example", phone: "123")'):
        answer = shop.ask(f"{{ customer360{arguments} {{ customer {{ id }} }} }}", persona="system")
        assert answer.codes == ["BAD_INPUT"]


FIND = """query Find($where: CustomerFilter!, $first: Int!, $after: String) {
  findCustomers(where: $where, first: $first, after: $after) {
    nodes { id number name { given { text } family { text } } birthDate }
    pageInfo { hasNextPage endCursor } } }"""


def find(shop: Shop, first: int = 100, **where: str) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        variables = {"where": where, "first": first, "after": after}
        page = shop.ask(FIND, variables, persona="system").data["findCustomers"]
        found += [each["number"] for each in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_all_criteria_have_to_apply(shop: Shop) -> None:
    """Each further criterion leaves fewer; names are found in either order, without diacritics."""
    everybody = find(shop, name=ME.family)
    assert CUSTOMER_CONTACT in everybody
    named = find(shop, name=f"{ME.given} {ME.family}")
    assert CUSTOMER_CONTACT in named
    assert set(named) < set(everybody)
    assert find(shop, name=f"{ME.family} {ME.given}") == named
    assert set(find(shop, name="malgorzata grabowska")) == set(named)
    assert find(shop, name=ME.family, birthDate=str(ME.birth)) == [CUSTOMER_CONTACT]
    assert find(shop, email=ME.email, name="Nobody") == []
    assert find(shop, 3, name=ME.family) == everybody


@pytest.mark.parametrize("where", ["{}", '{ postalCode: "00-590" }', '{ name: " " }'])
def test_a_search_says_what_it_looks_for(shop: Shop, where: str) -> None:
    """A filter that says nothing is refused, not answered with everybody."""
    answer = shop.ask(f"{{ findCustomers(where: {where}) {{ nodes {{ id }} }} }}", persona="system")
    assert answer.codes == ["BAD_INPUT"]
    assert shop.requests("crm") == []


def test_who_registered_twice_is_linked(shop: Shop) -> None:
    """A second registration is linked with evidence and score; a customer is not told of it."""
    index = next(n for n in range(101, 401) if (link := link_of(n)) and link.kind == AGAIN)
    link = link_of(index)
    assert link is not None
    query = """query ($id: ID!) { customer(id: $id) { identities {
        method strength score evidence customer { number } } } }"""
    who = node_id("Customer", f"crm:C-{link.origin:06d}")
    links = shop.ask(query, {"id": who}, persona="system").data["customer"]["identities"]
    twin = next(
        each
        for each in links
        if each["customer"] and each["customer"]["number"] == f"C-{index:06d}"
    )
    assert twin["strength"] in ("CERTAIN", "LIKELY")
    assert twin["score"] >= 0.95
    assert "NAME" in twin["evidence"]
    mine = shop.ask(query, {"id": CUSTOMER}, persona="customer").data["customer"]["identities"]
    assert {tuple(each["evidence"]) for each in mine} == {("REFERENCE",)}


def test_a_customer_reads_their_own_conversations_and_ledger(shop: Shop) -> None:
    """What was said to a customer, and their points, are theirs to read and nobody else's."""
    query = """query ($id: ID!) { customer(id: $id) {
        consents { purpose state } interactions { nodes { kind text } }
        loyalty { points ledger(first: 100) { nodes { points } } } } }"""
    mine = shop.ask(query, {"id": CUSTOMER}, persona="customer")
    assert mine.errors == []
    found = mine.data["customer"]
    assert all(each["text"] for each in found["interactions"]["nodes"])
    rows = found["loyalty"]["ledger"]["nodes"]
    assert sum(each["points"] for each in rows) == found["loyalty"]["points"]
    other = shop.ask(query, {"id": CUSTOMER}, persona="neighbour")
    assert other.data == {"customer": None}


def test_a_customer_is_found_by_any_systems_number(shop: Shop) -> None:
    """The ERP's customer number and the number on the card lead to the CRM's customer."""
    query = """query ($system: String!, $id: String!) {
        lookup(kind: CUSTOMER, system: $system, id: $id) { id } }"""
    links = shop.ask(
        "query ($id: ID!) { customer(id: $id) { externalIds { system id } } }",
        {"id": CUSTOMER},
        persona="system",
    ).data["customer"]["externalIds"]
    assert {each["system"] for each in links} == {"crm", "erp", "pos"}
    for link in links:
        assert shop.ask(query, link, persona="system").data["lookup"]["id"] == CUSTOMER
    nobody = shop.ask(query, {"system": "erp", "id": "0009999999"}, persona="system")
    assert nobody.data == {"lookup": None}


def test_a_receipt_is_its_buyers(shop: Shop) -> None:
    """A sale at a till, by the till's own number, is its buyer's and absent for others."""
    orders = screen(shop).data["customer360"]["orders"]["content"]["nodes"]
    receipt = node_id("Order", f"pos:{orders[0]['receiptNumber']}")
    query = "query ($id: ID!) { order(id: $id) { number payments { method } } }"
    mine = shop.ask(query, {"id": receipt}, persona="customer").data["order"]
    assert mine["payments"]
    assert shop.ask(query, {"id": receipt}, persona="neighbour").data == {"order": None}
    assert shop.ask(query, {"id": receipt}).data == {"order": None}
    store = shop.ask(query, {"id": receipt}, persona="associate").data["order"]
    assert (store["number"], store["payments"]) == (orders[0]["receiptNumber"], None)
