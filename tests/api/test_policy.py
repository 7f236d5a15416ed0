"""The policy as callers meet it: cases, masks, arguments, and what the systems are asked."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from domain.identity import node_id, node_key
from domain.opaque import content
from sandbox.contact import person_at
from sandbox.persona import (
    CUSTOMER_CARD,
    CUSTOMER_CONTACT,
    CUSTOMER_INDEX,
    NEIGHBOUR_CONTACT,
    NEIGHBOUR_INDEX,
)
from tests.shop import ROOT, Answer, Shop, keyed, serve, stand_in

CUSTOMER = node_id("Customer", f"crm:{CUSTOMER_CONTACT}")
NEIGHBOUR = node_id("Customer", f"crm:{NEIGHBOUR_CONTACT}")
ME, OTHER = person_at(CUSTOMER_INDEX), person_at(NEIGHBOUR_INDEX)
SYSTEMS = ("erp", "wms", "crm", "pos", "carrier")
SEEN = """query ($id: ID!) { customer(id: $id) {
  id number name { full { text masked } } email { text masked } phone { text masked } birthDate
  addresses { lines { text masked } city { text masked } country }
  loyalty { points } orders(first: 3) { nodes { id number } } } }"""
START = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
  case { id } userErrors { message } } }"""
END = """mutation ($input: AssistEndInput!) { assistEnd(input: $input) { case { closedAt } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A gateway of this module's own, so that no case is open in it but ours."""
    config = tmp_path_factory.mktemp("policy") / "gateway.toml"
    config.write_text(keyed((ROOT / "gateway.toml").read_text()))
    with serve(config) as served:
        yield served


@pytest.fixture(autouse=True)
def _mended(shop: Shop) -> None:
    shop.mend()


def opened(shop: Shop, persona: str = "agent", purpose: str = "CUSTOMER_SERVICE") -> str:
    given = {
        "idempotencyKey": str(uuid.uuid4()),
        "customer": CUSTOMER,
        "purpose": purpose,
        "reason": "ticket 4711",
        "verification": "KNOWLEDGE",
    }
    answer = shop.ask(START, {"input": given}, persona=persona)
    assert answer.errors == []
    case: str = answer.data["assistStart"]["case"]["id"]
    return case


def ended(shop: Shop, case: str, persona: str = "agent") -> None:
    given = {"idempotencyKey": str(uuid.uuid4()), "case": case}
    assert shop.ask(END, {"input": given}, persona=persona).errors == []


@pytest.fixture
def case(shop: Shop) -> Iterator[str]:
    found = opened(shop)
    shop.mend()
    yield found
    ended(shop, found)


def seen(shop: Shop, persona: str, id: str = CUSTOMER, **headers: str) -> Answer:
    return shop.ask(SEEN, {"id": id}, persona=persona, headers=headers)


def asked(shop: Shop) -> set[str]:
    """The fields of contacts that the CRM was asked for."""
    bodies = [each["body"] for each in shop.requests("crm") if "contacts" in each["path"]]
    return {name for body in bodies for name in body["fields"]}


def assert_masked(answer: Answer, person: object) -> None:
    """Nothing of the customer is there but what one recognises them by."""
    found = answer.data["customer"]
    assert found["email"]["text"] is found["name"]["full"]["text"] is None
    assert found["email"]["masked"].startswith(getattr(person, "email")[0] + "•••@")  # noqa: B009
    assert [found[each] for each in ("number", "birthDate", "loyalty", "orders")] == [None] * 4
    for each in ("email", "phone", "family"):
        assert str(getattr(person, each)) not in answer.response.text


def test_an_agent_without_a_case_recognises_and_no_more(shop: Shop) -> None:
    """Without an open case an agent sees masked texts, nothing else, and no system but the one
    that has them is asked."""
    answer = seen(shop, "agent")
    assert answer.errors == []
    assert_masked(answer, ME)
    assert [len(shop.requests(each)) for each in ("erp", "wms", "pos", "carrier")] == [0] * 4
    assert [each["path"] for each in shop.requests("crm")] == ["/api/v1/contacts/batch"]
    assert asked(shop) == {"addresses", "emails", "externalRefs", "name", "phones", "restricted"}


def test_a_case_opens_its_customer_and_nobody_else(shop: Shop, case: str) -> None:
    """With a case open an agent sees the customer as they are, and everybody else masked."""
    answer = seen(shop, "agent")
    found = answer.data["customer"]
    assert found["email"]["text"] == ME.email
    assert found["orders"]["nodes"]
    assert_masked(seen(shop, "agent", NEIGHBOUR), OTHER)
    # For another purpose it is as good as none, and for another agent, too.
    assert_masked(seen(shop, "agent", **{"Commerce-Purpose": "RETURNS"}), ME)
    assert_masked(seen(shop, "lead"), ME)


def test_the_crm_is_asked_for_each_customer_as_far_as_they_are_seen(shop: Shop, case: str) -> None:
    """What is denied of one customer is not asked for, though it is shown of another in the same
    answer."""
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { birthDate } } }"
    shop.ask(query, {"ids": [CUSTOMER, NEIGHBOUR]}, persona="agent")
    asked_for = {
        key: set(each["body"]["fields"])
        for each in shop.requests("crm")
        for key in each["body"]["ids"]
    }
    assert "birthDate" in asked_for[CUSTOMER_CONTACT]
    assert "birthDate" not in asked_for[NEIGHBOUR_CONTACT]


def test_who_is_looked_for_is_read_as_far_as_they_are_seen(shop: Shop, case: str) -> None:
    """While a case is open on somebody, a search asks for no more of a stranger than without one;
    whoever the case is on is read again, once, with all that it opens."""
    query = "query ($mail: String) { customer360(email: $mail) { customer { id birthDate } } }"
    stranger = shop.ask(query, {"mail": OTHER.email}, persona="agent")
    assert stranger.data["customer360"]["customer"] == {"id": NEIGHBOUR, "birthDate": None}
    searched, *others = shop.requests("crm")
    assert (searched["path"], len(others)) == ("/api/v1/contacts/match", 1)
    assert "birthDate" not in searched["body"]["fields"]
    assert others[0]["body"]["ids"] == [CUSTOMER_CONTACT]
    shop.mend()
    found = shop.ask(query, {"mail": ME.email}, persona="agent")
    assert found.data["customer360"]["customer"] == {"id": CUSTOMER, "birthDate": str(ME.birth)}
    match, batch = shop.requests("crm")
    assert "birthDate" not in match["body"]["fields"]
    assert (batch["body"]["ids"], "birthDate" in batch["body"]["fields"]) == (
        [CUSTOMER_CONTACT],
        True,
    )


@pytest.mark.parametrize(
    "path",
    [
        "customer(id: $id) { id birthDate }",
        "node(id: $id) { ... on Customer { id birthDate } }",
        "customer360(id: $id) { profile { content { id birthDate } } }",
        "nodes(ids: [$id]) { ... on Node { ... on Customer { b: birthDate } } }",
        "customer(id: $id) { id ... @defer { birthDate } }",
    ],
)
def test_a_denied_field_is_asked_of_nobody_on_any_path(shop: Shop, path: str) -> None:
    """A birthday, which a store may not see, is in no request to the CRM."""
    answer = shop.ask(f"query ($id: ID!) {{ {path} }}", {"id": CUSTOMER}, persona="associate")
    assert answer.errors == []
    assert str(ME.birth) not in answer.response.text
    assert "birthDate" not in asked(shop)


_MORE = """query ($id: ID!) { customer(id: $id) {
  interactions(first: 3) { nodes { kind topic text subject order { number } } }
  orders(first: 20) { nodes { number receiptNumber payments { method } } } } }"""


def test_what_stands_beside_is_not_fetched_either(shop: Shop) -> None:
    """What somebody wrote down, and how a sale was paid, are asked of no system for a store, which
    may see neither; whoever may is shown both."""
    answer = shop.ask(_MORE, {"id": CUSTOMER}, persona="associate")
    talks = answer.data["customer"]["interactions"]["nodes"]
    sales = answer.data["customer"]["orders"]["nodes"]
    assert talks
    assert all(each["topic"] and each["text"] is each["subject"] is None for each in talks)
    assert any(each["receiptNumber"] for each in sales)
    assert all(each["payments"] is None for each in sales)
    fields = [e["body"]["fields"] for e in shop.requests("crm") if "interactions" in e["path"]]
    assert fields == [["kind", "direction", "at", "topic", "reference"]]
    assert {each["body"]["pay"] for each in shop.requests("pos")} == {False}
    # That it was paid stands in its timeline all the same.
    told = """query ($id: ID!) { customer(id: $id) {
      orders { nodes { timeline { entries { kind } } } } } }"""
    events = shop.ask(told, {"id": CUSTOMER}, persona="associate")
    assert '"PAID"' in events.response.text
    shop.mend()
    shown = shop.ask(_MORE, {"id": CUSTOMER}, persona="officer").data["customer"]
    assert all(each["text"] and each["subject"] for each in shown["interactions"]["nodes"])
    assert any(each["payments"] for each in shown["orders"]["nodes"])
    assert {each["body"]["pay"] for each in shop.requests("pos")} == {True}


def test_a_case_that_ended_opens_nothing(shop: Shop) -> None:
    """From the moment a case is ended the customer is masked again."""
    ended(shop, opened(shop))
    assert_masked(seen(shop, "agent"), ME)


_AT_ONCE = """mutation ($start: AssistStartInput!, $end: AssistEndInput!, $id: ID!) {
  before: cartCreate(input: { idempotencyKey: "%s", customer: $id }) { cart { id } }
  assistStart(input: $start) { case { id customer { ...seen } } }
  after: cartCreate(input: { idempotencyKey: "%s", customer: $id }) {
    cart { customer { ...seen } } }
  assistEnd(input: $end) { case { customer { ...seen } } }
}
fragment seen on Customer { %s }"""


@pytest.mark.parametrize(
    "seen", ["birthDate email { text }", "... @defer { birthDate } email { text }"]
)
def test_a_case_holds_from_its_own_payload_on(shop: Shop, seen: str) -> None:
    """In the operation that opens it a case shows the customer, and lets changes through; the end
    of one holds at once, too. Before it the CRM is
    asked for no more than a mask."""
    first = {
        "idempotencyKey": str(uuid.uuid4()),
        "customer": CUSTOMER,
        "purpose": "CUSTOMER_SERVICE",
        "reason": "ticket 4711",
        "verification": "KNOWLEDGE",
    }
    # The same try again gives the same case, whose id is known before.
    old = shop.ask(START, {"input": first}, persona="agent").data["assistStart"]["case"]["id"]
    shop.mend()
    given = {**first, "idempotencyKey": str(uuid.uuid4()), "customer": NEIGHBOUR}
    ending = {"idempotencyKey": str(uuid.uuid4()), "case": old}
    document = _AT_ONCE % (uuid.uuid4(), uuid.uuid4(), seen)
    answer = shop.ask(document, {"start": given, "end": ending, "id": NEIGHBOUR}, persona="agent")
    assert [(each["path"], each["extensions"]["code"]) for each in answer.errors] == [
        (["before"], "NOT_FOUND")
    ]
    for found in (answer.data["assistStart"]["case"], answer.data["after"]["cart"]):
        assert found["customer"]["email"]["text"] == OTHER.email
        assert found["customer"]["birthDate"] == str(OTHER.birth)
    about = [
        "birthDate" in each["body"]["fields"]
        for each in shop.requests("crm")
        if NEIGHBOUR_CONTACT in each["body"].get("ids", ())
    ]
    assert about[0] is False
    assert True in about
    ended_now = answer.data["assistEnd"]["case"]["customer"]
    assert ended_now["email"]["text"] is ended_now["birthDate"] is None
    ended(shop, answer.data["assistStart"]["case"]["id"])


_REPLAYED = {
    "wishlistShare": "wishlist { id } secret",
    "cartHandOff": "cart { id } code",
    "cartMerge": "cart { id } merge { lines { sku } }",
}


def test_a_replay_shows_nothing_by_a_case_that_has_ended(shop: Shop) -> None:
    """A try again is answered only to whom it may still be done for: neither what an ended case
    let somebody do, nor what they did in another role, is told once more."""
    case = opened(shop)
    skus = [{"sku": "100001001"}]
    made = _tried(
        shop,
        "wishlistCreate",
        "wishlist { id }",
        {"name": "Later", "customer": CUSTOMER},
    )
    theirs = _tried(shop, "cartCreate", "cart { id }", {"customer": CUSTOMER})
    other = _tried(shop, "cartCreate", "cart { id }", {"customer": CUSTOMER})
    cart, source = (each.data["cartCreate"]["cart"]["id"] for each in (theirs, other))
    _tried(shop, "cartLinesAdd", "cart { id }", {"cart": source, "lines": skus})
    given = {
        "wishlistShare": {"wishlist": made.data["wishlistCreate"]["wishlist"]["id"]},
        "cartHandOff": {"cart": cart},
        "cartMerge": {"cart": source, "into": cart},
    }
    given = {name: {"idempotencyKey": str(uuid.uuid4()), **each} for name, each in given.items()}

    def tries(**headers: str) -> list[Answer]:
        return [
            _tried(shop, name, _REPLAYED[name], each, **headers) for name, each in given.items()
        ]

    first = tries()
    assert [each.codes for each in first] == [[]] * 3
    assert [each.data for each in tries()] == [each.data for each in first]
    # Another purpose is another case's, which is not open.
    assert [each.codes for each in tries(**{"Commerce-Purpose": "RETURNS"})] == [["NOT_FOUND"]] * 3
    ended(shop, case)
    again = tries()
    assert [each.codes for each in again] == [["NOT_FOUND"]] * 3
    told = first[0].data["wishlistShare"]["secret"], first[1].data["cartHandOff"]["code"]
    for each in again:
        assert not any(secret in each.response.text for secret in (*told, "100001001"))


def _tried(
    shop: Shop,
    mutation: str,
    shown: str,
    given: dict[str, object],
    *,
    persona: str | None = "agent",
    **headers: str,
) -> Answer:
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    given = {"idempotencyKey": str(uuid.uuid4()), **given}
    document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {shown} }} }}"
    return shop.ask(document, {"input": given}, persona=persona, headers=headers)


def test_a_cart_to_merge_into_is_looked_at_by_whom_it_is_for(shop: Shop) -> None:
    """Of a cart that is not theirs to change nobody learns that it exists, not by what else is
    asked for its sake: an agent without a case is told, and costs, the same as for none."""
    case = opened(shop)
    theirs = _tried(shop, "cartCreate", "cart { id }", {"customer": CUSTOMER})
    cart = theirs.data["cartCreate"]["cart"]["id"]
    _tried(shop, "cartLinesAdd", "cart { id }", {"cart": cart, "lines": [{"sku": "100001001"}]})
    ended(shop, case)
    secret = uuid.uuid4().hex + uuid.uuid4().hex
    guests = _tried(shop, "cartCreate", "cart { id }", {"secret": secret}, persona=None)
    source = guests.data["cartCreate"]["cart"]["id"]
    told = []
    for into in (cart, node_id("Cart", str(uuid.uuid4()))):
        shop.mend()
        given = {"cart": source, "secret": secret, "into": into}
        answer = _tried(shop, "cartMerge", "cart { id }", given)
        assert answer.codes == ["NOT_FOUND"]
        told.append((answer.body, [len(shop.requests(each)) for each in SYSTEMS]))
    assert told[0] == told[1]


def test_both_in_one_answer(shop: Shop, case: str) -> None:
    """Of two customers in one list, the one whose case is open is shown and the other masked."""
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer {
        id email { text masked } loyalty { points } } } }"""
    answer = shop.ask(query, {"ids": [NEIGHBOUR, CUSTOMER]}, persona="agent")
    masked, full = answer.data["nodes"]
    assert (masked["email"]["text"], masked["loyalty"]) == (None, None)
    assert full["email"]["text"] == ME.email
    assert full["loyalty"]["points"] is not None
    assert [each["path"] for each in answer.extensions["access"]] == [["nodes", 0, "loyalty"]]


def test_somebody_elses_order_is_absent(shop: Shop, case: str) -> None:
    """With a case an agent sees the customer's orders by id; another's and none are the same."""
    orders = seen(shop, "agent").data["customer"]["orders"]["nodes"]
    others = seen(shop, "system", NEIGHBOUR).data["customer"]["orders"]["nodes"]
    query = "query ($id: ID!) { order(id: $id) { number } }"
    answers = []
    for id in (orders[-1]["id"], others[-1]["id"], node_id("Order", "erp:0000000001")):
        shop.mend()
        answer = shop.ask(query, {"id": id}, persona="agent")
        asked = [len(shop.requests(each)) for each in SYSTEMS]
        answers.append((answer.body, asked))
    assert answers[0][0]["data"]["order"]["number"] == orders[-1]["number"]
    assert answers[1] == answers[2]
    assert answers[1][0]["data"] == {"order": None}


@pytest.mark.parametrize("planned", [True, False])
def test_a_deferred_part_is_under_the_same_policy(shop: Shop, planned: bool) -> None:
    """What comes later is masked as what comes at once."""
    late = "... @defer(if: true) { email { text masked } }" if not planned else "email { text }"
    query = f"query ($id: ID!) {{ customer(id: $id) {{ id {late} name {{ full {{ text }} }} }} }}"
    answer = shop.ask(query, {"id": CUSTOMER}, persona="agent")
    assert answer.errors == []
    assert ME.email not in answer.response.text
    assert answer.data["customer"]["email"]["text"] is None


USES = [
    '{ findCustomers(where: { email: "a@b.example" }) { nodes { id } } }',
    '{ customer360(phone: "+48 1") { customer { id } } }',
    'query ($w: CustomerFilter = { email: "a" }) { findCustomers(where: $w) { nodes { id } } }',
    '{ ...F } fragment F on Query { customer360(email: "x") { customer { id } } }',
    '{ ... @include(if: true) { customer360(email: "x") { customer { id } } } }',
]


@pytest.mark.parametrize("use", USES)
def test_a_denied_argument_refuses_the_operation(shop: Shop, use: str) -> None:
    """Whoever may not read a value may not look by it: the whole operation is refused, whatever
    else it asks for, before any system is called."""
    body = use.replace("{", "{ products(first: 1) { nodes { id } } ", 1)
    if use.startswith("query"):
        body = use.replace(") { find", ") { products(first: 1) { nodes { id } } find", 1)
    answer = shop.ask(body, persona="associate")
    assert answer.codes == ["FORBIDDEN"]
    assert answer.data is None
    assert [len(shop.requests(each)) for each in SYSTEMS] == [0] * len(SYSTEMS)


def test_an_argument_left_out_refuses_nothing(shop: Shop) -> None:
    """An argument that is not used, or stands where nothing is asked, is nobody's concern."""
    body = """query ($no: Boolean = false) {
        findCustomers(where: { name: "Nowak" }) { nodes { id } }
        customer360(email: "x") @include(if: $no) { customer { id } } }"""
    assert shop.ask(body, persona="associate").errors == []


def test_an_agent_may_look_for_whom_they_serve(shop: Shop) -> None:
    """An agent without a case finds a customer by what the caller says, and sees them masked."""
    query = "query ($mail: String) { customer360(email: $mail) { customer { id email { text } } } }"
    answer = shop.ask(query, {"mail": ME.email}, persona="agent")
    found = answer.data["customer360"]["customer"]
    assert found == {"id": CUSTOMER, "email": {"text": None}}


def test_wish_lists_ask_the_table(shop: Shop) -> None:
    """A mutation is for whom its action names: a case is needed where it says so."""
    query = """mutation ($input: WishlistCreateInput!) {
        wishlistCreate(input: $input) { wishlist { id } userErrors { message } } }"""

    def create(persona: str | None) -> Answer:
        given = {"idempotencyKey": str(uuid.uuid4()), "name": "Later", "customer": CUSTOMER}
        return shop.ask(query, {"input": given}, persona=persona)

    assert create(None).codes == ["UNAUTHENTICATED"]
    assert create("marketer").codes == ["FORBIDDEN"]
    assert create("agent").codes == ["NOT_FOUND"]
    case = opened(shop)
    assert create("agent").data["wishlistCreate"]["wishlist"]["id"]
    ended(shop, case)
    assert create("neighbour").codes == ["NOT_FOUND"]


PREVIEW = """query ($role: Role!, $purpose: Purpose!, $operation: String!) {
  accessPreview(role: $role, purpose: $purpose, operation: $operation) {
    refused fields { path type category views { view conditions } rule basis retention } } }"""


def previewed(shop: Shop, role: str, purpose: str, operation: str, persona: str) -> Answer:
    given = {"role": role, "purpose": purpose, "operation": operation}
    return shop.ask(PREVIEW, given, persona=persona)


def test_a_preview_tells_what_another_would_see_and_why(shop: Shop) -> None:
    """For each field that is decided on, a preview has the views, their conditions, the rule and
    the ground; nothing is executed for it."""
    text = 'query { customer(id: "x") { c: email { text } birthDate } products { nodes { name } } }'
    answer = previewed(shop, "AGENT", "CUSTOMER_SERVICE", text, "officer")
    fields = {".".join(each["path"]): each for each in answer.data["accessPreview"]["fields"]}
    assert set(fields) == {"customer.c", "customer.birthDate"}
    assert fields["customer.c"]["views"] == [
        {"view": "FULL", "conditions": ["CASE", "UNRESTRICTED"]},
        {"view": "MASKED", "conditions": []},
    ]
    assert fields["customer.c"]["rule"].startswith("An agent sees a customer as they are")
    assert (fields["customer.c"]["basis"], fields["customer.c"]["retention"]) == ("contract", "P3Y")
    marketer = previewed(shop, "MARKETER", "MARKETING", text, "lead").data["accessPreview"]
    assert {each["path"][-1]: each["views"] for each in marketer["fields"]}["birthDate"] == []
    assert [len(shop.requests(each)) for each in SYSTEMS] == [0] * len(SYSTEMS)


def test_a_preview_tells_what_would_be_refused(shop: Shop) -> None:
    """An operation that uses what the caller may not read is told to be refused, with the reason;
    a document that is none is BAD_INPUT."""
    text = '{ findCustomers(where: { email: "a@b.example" }) { nodes { id } } }'
    found = previewed(shop, "ASSOCIATE", "RETURNS", text, "system").data["accessPreview"]
    assert "may not use 'email'" in found["refused"]
    assert (
        previewed(shop, "AGENT", "RETURNS", text, "system").data["accessPreview"]["refused"] is None
    )
    assert previewed(shop, "AGENT", "RETURNS", "{ nonsense }", "system").codes == ["BAD_INPUT"]


@pytest.mark.parametrize(
    ("persona", "code"),
    [(None, "UNAUTHENTICATED"), ("customer", "FORBIDDEN"), ("agent", "FORBIDDEN")],
)
def test_previews_are_for_who_answers_for_access(
    shop: Shop, persona: str | None, code: str
) -> None:
    """Nobody else is told what others may see."""
    given = {"role": "AGENT", "purpose": "RETURNS", "operation": "{ viewer { role } }"}
    assert shop.ask(PREVIEW, given, persona=persona).codes == [code]


@pytest.mark.parametrize("purpose", ["ANALYTICS", "MARKETING"])
def test_stand_ins_are_not_undone(shop: Shop, purpose: str) -> None:
    """Who is told customers apart by stand-ins reads no system's own id of them anywhere."""
    query = """query ($id: ID!) { customer(id: $id) { id externalIds { system id } } }"""
    known = shop.ask(query, {"id": CUSTOMER}, persona="system").data["customer"]
    told = shop.ask(
        query,
        {"id": stand_in(CUSTOMER, purpose)},
        persona="marketer",
        headers={"Commerce-Purpose": purpose},
    ).data["customer"]
    assert len(known["externalIds"]) == 3
    assert told["id"] == stand_in(CUSTOMER, purpose)
    assert told["externalIds"] is None


def test_whose_a_stand_in_is_cannot_be_asked(shop: Shop) -> None:
    """Who knows people by stand-ins finds nobody by an id or a stand-in of another purpose; what is
    somebody's is found by its stand-in."""
    headers = {"Commerce-Purpose": "ANALYTICS"}

    def asked(document: str, **variables: str) -> Answer:
        return shop.ask(document, variables, persona="marketer", headers=headers)

    page = """query ($id: ID!, $after: String) { node(id: $id) { ... on Customer {
      orders(first: 2, after: $after) { nodes { id } edges { cursor } pageInfo {
      startCursor endCursor } } } } }"""
    first = asked(page, id=stand_in(CUSTOMER, "ANALYTICS")).data["node"]["orders"]
    end = first["pageInfo"]["endCursor"]
    second = asked(page, id=stand_in(CUSTOMER, "ANALYTICS"), after=end).data["node"]["orders"]
    known = shop.ask(page.replace("first: 2", "first: 4"), {"id": CUSTOMER}, persona="system")
    ids = [each["id"] for each in known.data["node"]["orders"]["nodes"]]
    told = [each["id"] for part in (first, second) for each in part["nodes"]]
    assert told == [stand_in(each, "ANALYTICS") for each in ids]
    order = "query ($id: ID!) { order(id: $id) { id total { minor } } }"
    assert asked(order, id=told[0]).data["order"]["id"] == told[0]
    documents = (
        "query ($id: ID!) { customer(id: $id) { id } }",
        "query ($id: ID!) { node(id: $id) { id } }",
        "query ($id: ID!) { nodes(ids: [$id]) { id } }",
        "query ($id: ID!) { customer360(id: $id) { loyalty { content { points } } } }",
    )
    for document in documents:
        for id in (CUSTOMER, node_id("Customer", "crm:nobody")):
            answer = asked(document, id=id)
            assert list(answer.data.values()) in ([None], [[None]]), document
            assert answer.calls == {}, document
        wrong = asked(document, id=stand_in(CUSTOMER, "MARKETING"))
        assert wrong.codes == ["BAD_INPUT"], document
    assert asked(order, id=ids[0]).data == {"order": None}


def test_nobody_is_found_by_what_is_shown_as_a_stand_in(shop: Shop) -> None:
    """Who is given stand-ins for people finds nobody by a card or a number, and asks no system."""
    query = """query ($kind: Kind = CUSTOMER, $system: String!, $id: String!) {
        lookup(kind: $kind, system: $system, id: $id) { id } }"""
    card = {"system": "pos", "id": CUSTOMER_CARD}
    assert shop.ask(query, card, persona="system").data["lookup"]["id"] == CUSTOMER
    shop.mend()
    for purpose in ("ANALYTICS", "MARKETING"):
        for kind in ("CUSTOMER", "ORDER", "LOYALTY_ACCOUNT"):
            headers = {"Commerce-Purpose": purpose}
            given = {**card, "kind": kind}
            assert shop.ask(query, given, persona="marketer", headers=headers).codes == [
                "FORBIDDEN"
            ]
    assert [len(shop.requests(each)) for each in SYSTEMS] == [0] * len(SYSTEMS)
    style = {"kind": "PRODUCT", "system": "erp", "id": "100001"}
    assert shop.ask(query, style, persona="marketer").errors == []


def test_a_cursor_tells_nobody_whose_it_is(shop: Shop) -> None:
    """What a page is gone on from holds no id, number or system that can be read, and equal
    cursors do not tell for another purpose that a stand-in is the same person's."""
    query = """query ($id: ID!, $after: String) { customer(id: $id) {
        orders(first: 2, after: $after) { edges { cursor node { id } } } } }"""

    def edges(persona: str, after: str | None = None, **headers: str) -> list[dict[str, Any]]:
        id = stand_in(CUSTOMER, "ANALYTICS") if persona == "marketer" else CUSTOMER
        answer = shop.ask(query, {"id": id, "after": after}, persona=persona, headers=headers)
        assert answer.errors == []
        found: list[dict[str, Any]] = answer.data["customer"]["orders"]["edges"]
        return found

    counting = edges("marketer", **{"Commerce-Purpose": "ANALYTICS"})
    for each, known in zip(counting, edges("system")):
        kind, key = node_key(known["node"]["id"])
        system, _, number = key.partition(":")
        found = content(each["cursor"], 1_024)
        assert kind == "Order"
        assert not any(part.encode() in found for part in (system, number, number.lstrip("0")))
        assert each["cursor"] != known["cursor"]
    after = counting[-1]["cursor"]
    rest = edges("marketer", after, **{"Commerce-Purpose": "ANALYTICS"})
    assert rest
    assert not {each["node"]["id"] for each in rest} & {each["node"]["id"] for each in counting}


def test_ids_of_systems_wait_for_a_case(shop: Shop) -> None:
    """Before a case is open an agent reads nothing that is never masked, the ids of systems too."""
    query = """query ($id: ID!) { customer(id: $id) { number externalIds { id } } }"""
    found = shop.ask(query, {"id": CUSTOMER}, persona="agent")
    assert found.data["customer"] == {"number": None, "externalIds": None}


def test_a_screen_that_nobody_gets_is_asked_for_nowhere(shop: Shop) -> None:
    """Whose role never sees the screen is told by no call whether an order or customer exists."""
    query = "query ($id: ID!) { customer360(id: $id) { customer { id } } }"
    headers = {"Commerce-Purpose": "ANALYTICS"}
    for id in (CUSTOMER, node_id("Customer", "crm:nobody")):
        answer = shop.ask(query, {"id": id}, persona="merchandiser", headers=headers)
        assert (answer.data, answer.calls) == ({"customer360": None}, {})


@pytest.mark.parametrize("persona", ["marketer", "merchandiser"])
def test_a_receipt_leads_counters_to_nobody(shop: Shop, persona: str) -> None:
    """Who counts is told no number of an order, receipt or parcel, and finds nobody by one."""
    fields = """number receiptNumber externalIds { id } state total { minor }
      fulfillments { number trackingNumber shipment { trackingNumber state } }
      timeline { entries { fulfillment kind } }"""
    query = f"query ($id: ID!) {{ customer(id: $id) {{ orders {{ nodes {{ {fields} }} }} }} }}"
    known = shop.ask(query, {"id": CUSTOMER}, persona="system").data["customer"]["orders"]["nodes"]
    headers = {"Commerce-Purpose": "ANALYTICS"}
    given = {"id": stand_in(CUSTOMER, "ANALYTICS")}
    answer = shop.ask(query, given, persona=persona, headers=headers)
    told = answer.data["customer"]["orders"]["nodes"]
    assert [each["total"] for each in told] == [each["total"] for each in known]
    numbers = re.findall(r"'(?:number|receiptNumber|trackingNumber|id)': '([^']+)'", str(known))
    assert len(numbers) > len(known)
    assert not [each for each in numbers if each in answer.response.text]
    looks = "query ($number: String!) { findCustomers(where: { orderNumber: $number }) {"
    for document in (
        looks + " nodes { id } } }",
        "query ($number: String!) { customer360(orderNumber: $number) { access: __typename } }",
    ):
        given = {"number": known[0]["number"]}
        found = shop.ask(document, given, persona=persona, headers=headers)
        assert found.codes == ["FORBIDDEN"]
