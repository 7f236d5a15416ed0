"""A customer who has had the processing restricted (GDPR, article 18), as callers meet them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from domain.identity import node_id
from sandbox.contact import person_at
from sandbox.crm import KEY
from sandbox.persona import CUSTOMER_CONTACT, RESTRICTED_CONTACT, RESTRICTED_INDEX
from tests.shop import ROOT, Answer, Shop, keyed, serve, stand_in

WHO = node_id("Customer", f"crm:{RESTRICTED_CONTACT}")
CUSTOMER = node_id("Customer", f"crm:{CUSTOMER_CONTACT}")
PERSON = person_at(RESTRICTED_INDEX)
SYSTEMS = ("erp", "wms", "pos", "carrier")
FIELDS = """id number name { full { text masked } } email { text masked } phone { text masked }
  birthDate segments consents { purpose } addresses { city { text masked } } isRestricted
  loyalty { points } orders(first: 3) { nodes { id number } } interactions { nodes { subject } }
  carts { id }"""
BY_ID = f"query ($id: ID!) {{ customer(id: $id) {{ {FIELDS} }} }}"
START = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
  case { id } userErrors { message } } }"""
END = "mutation ($input: AssistEndInput!) { assistEnd(input: $input) { case { closedAt } } }"
DENIED = ("birthDate", "segments", "consents", "loyalty", "orders", "interactions", "carts")


_PURPOSES = """
[auth.issuers.sandbox.purposes]
sandbox-agent = ["CUSTOMER_SERVICE", "ORDER_FULFILMENT", "RETURNS", "FRAUD_REVIEW"]
sandbox-system = ["ORDER_FULFILMENT", "LEGAL", "MARKETING"]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A gateway of this module's own, since the CRM is told of restrictions."""
    config = tmp_path_factory.mktemp("restriction") / "gateway.toml"
    config.write_text(keyed((ROOT / "gateway.toml").read_text()) + _PURPOSES)
    with serve(config) as served:
        yield served


@pytest.fixture(autouse=True)
def _mended(shop: Shop) -> None:
    shop.mend()


@contextmanager
def case(shop: Shop, purpose: str = "CUSTOMER_SERVICE", customer: str = WHO) -> Iterator[None]:
    given = {
        "idempotencyKey": str(uuid.uuid4()),
        "customer": customer,
        "purpose": purpose,
        "reason": "ticket 4711",
        "verification": "KNOWLEDGE",
    }
    opened = shop.ask(START, {"input": given}, persona="agent").data["assistStart"]["case"]["id"]
    shop.mend()
    try:
        yield
    finally:
        ending = {"idempotencyKey": str(uuid.uuid4()), "case": opened}
        assert shop.ask(END, {"input": ending}, persona="agent").errors == []


@contextmanager
def restricted(shop: Shop, contact: str, *, so: bool) -> Iterator[None]:
    """Let the CRM say of a contact whether their processing is restricted, then as it was."""
    path, key = "/api/v1/contacts/restriction", {"X-Api-Key": KEY}
    shop.post("crm", path, {"ids": [contact], "restricted": so}, key)
    try:
        yield
    finally:
        shop.post("crm", path, {"ids": [contact], "restricted": not so}, key)


def seen(shop: Shop, persona: str, purpose: str, id: str = WHO) -> Answer:
    headers = {"Commerce-Purpose": purpose}
    answer = shop.ask(BY_ID, {"id": id}, persona=persona, headers=headers)
    assert answer.errors == []
    return answer


def assert_masked(answer: Answer) -> None:
    """Nothing of the person is there but what one recognises them by."""
    for text in (PERSON.email, PERSON.phone, PERSON.family):
        assert str(text) not in answer.response.text


@pytest.mark.parametrize("purpose", ["CUSTOMER_SERVICE", "ORDER_FULFILMENT", "RETURNS"])
def test_a_case_does_not_open_a_restricted_customer(shop: Shop, purpose: str) -> None:
    """With a case open an agent sees of a restricted customer what they see without one, by
    whichever way, and no system is asked for the rest."""
    with case(shop, purpose):
        answer = seen(shop, "agent", purpose)
        found = answer.data["customer"]
        assert_masked(answer)
        assert found["email"]["masked"].startswith(PERSON.email[0] + "•••@")
        assert [found[name] for name in DENIED] == [None] * len(DENIED)
        assert found["isRestricted"] is True
        assert [len(shop.requests(each)) for each in SYSTEMS] == [0] * len(SYSTEMS)
        paths = {each["path"] for each in shop.requests("crm")}
        assert paths == {"/api/v1/contacts/batch"}


WAYS = [
    f"query ($id: ID!) {{ node(id: $id) {{ ... on Customer {{ {FIELDS} }} }} }}",
    f'{{ lookup(kind: CUSTOMER, system: "crm", id: "{RESTRICTED_CONTACT}") '
    f"{{ ... on Customer {{ {FIELDS} }} }} }}",
    f'{{ findCustomers(where: {{ email: "{PERSON.email}" }}) {{ nodes {{ {FIELDS} }} }} }}',
    f'{{ customer360(phone: "{PERSON.phone}") {{ customer {{ {FIELDS} }} }} }}',
    f"{{ viewer {{ cases {{ customer {{ {FIELDS} }} }} }} }}",
    """query ($id: ID!) { customer360(id: $id) {
      profile { access content { name { full { text } } email { text } } }
      identities { access content { evidence } } consents { access content { purpose } }
      loyalty { access content { points } } orders { access content { nodes { number } } }
      carts { access content { id } } interactions { access content { nodes { subject } } } } }""",
]


@pytest.mark.parametrize("query", WAYS)
def test_no_way_leads_around_the_restriction(shop: Shop, query: str) -> None:
    """Lookups, lists, the agent's own cases and the whole screen show a restricted customer
    masked."""
    orders = seen(shop, "officer", "PRIVACY_REQUEST").data["customer"]["orders"]["nodes"]
    assert orders
    with case(shop):
        variables = {"id": WHO} if "$id" in query else {}
        answer = shop.ask(query, variables, persona="agent")
        assert answer.errors == []
        assert_masked(answer)
        assert "•••@" in answer.response.text or "DENIED" in answer.response.text
        for order in orders:
            assert order["number"] not in answer.response.text


def test_the_orders_of_a_restricted_customer_are_absent(shop: Shop) -> None:
    """By id, an order of a restricted customer is answered like one that does not exist."""
    orders = seen(shop, "officer", "PRIVACY_REQUEST").data["customer"]["orders"]["nodes"]
    query = "query ($id: ID!) { order(id: $id) { number } }"
    with case(shop):
        answers = [
            shop.ask(query, {"id": id}, persona="agent").body
            for id in (orders[0]["id"], node_id("Order", "erp:0000000001"))
        ]
    assert answers[0]["data"] == answers[1]["data"] == {"order": None}
    assert answers[0].get("extensions", {}).get("access") is None


@pytest.mark.parametrize("purpose", ["CUSTOMER_SERVICE", "RETURNS"])
def test_a_store_recognises_a_restricted_customer_and_no_more(shop: Shop, purpose: str) -> None:
    """In a store, too, a restricted customer is a mask, without anything that they bought."""
    answer = seen(shop, "associate", purpose)
    assert_masked(answer)
    found = answer.data["customer"]
    given, family = PERSON.given[0], PERSON.family[0]
    assert found["name"]["full"] == {"text": None, "masked": f"{given}••• {family}•••"}
    assert [found[name] for name in ("number", "loyalty", "orders", "interactions")] == [None] * 4
    with restricted(shop, RESTRICTED_CONTACT, so=False):
        assert seen(shop, "associate", purpose).data["customer"]["orders"]["nodes"]


@pytest.mark.parametrize(
    ("persona", "purpose"),
    [
        ("restricted", "SHOPPING"),
        ("officer", "PRIVACY_REQUEST"),
        ("officer", "LEGAL"),
        ("system", "LEGAL"),
        ("system", "ORDER_FULFILMENT"),
    ],
)
def test_what_does_not_stand_on_the_restriction_goes_on(
    shop: Shop, persona: str, purpose: str
) -> None:
    """The person themselves, the data protection officer, and the machines that carry out what was
    agreed or is due see a restricted customer as before."""
    found = seen(shop, persona, purpose).data["customer"]
    assert found["email"]["text"] == PERSON.email
    assert found["name"]["full"]["text"] == f"{PERSON.given} {PERSON.family}"
    assert found["orders"]["nodes"]
    assert found["birthDate"] == str(PERSON.birth)


def test_a_review_of_fraud_goes_on(shop: Shop) -> None:
    """Whether a purchase is honest is looked into, with a case, whatever is restricted."""
    with case(shop, "FRAUD_REVIEW"):
        found = seen(shop, "agent", "FRAUD_REVIEW").data["customer"]
    assert found["email"]["text"] == PERSON.email
    assert found["orders"]["nodes"]


@pytest.mark.parametrize(
    ("persona", "purpose", "field"),
    [
        ("marketer", "MARKETING", "segments"),
        ("marketer", "MARKETING", "loyalty"),
        ("marketer", "ANALYTICS", "orders"),
        ("merchandiser", "ANALYTICS", "orders"),
        ("system", "MARKETING", "email"),
    ],
)
def test_nobody_advertises_to_or_counts_the_restricted(
    shop: Shop, persona: str, purpose: str, field: str
) -> None:
    """Marketing and counting leave a restricted customer out, although they agreed to both, and
    have them back when the restriction is lifted."""

    def shown() -> object:
        # Whoever may see nothing of the person is told of nobody.
        known = stand_in(WHO, purpose) if persona in ("marketer", "merchandiser") else WHO
        found = seen(shop, persona, purpose, known).data["customer"]
        return found and found[field]

    assert not shown()
    with restricted(shop, RESTRICTED_CONTACT, so=False):
        assert shown()
    assert not shown()


def test_a_case_changes_nothing_for_the_restricted(shop: Shop) -> None:
    """An agent's case lets them change what is a customer's, and nothing of one who has had the
    processing restricted; that is answered as for nobody, until the restriction is lifted."""
    create = """mutation ($input: WishlistCreateInput!) { wishlistCreate(input: $input) {
      wishlist { id } userErrors { message } } }"""
    add = """mutation ($input: WishlistLinesAddInput!) { wishlistLinesAdd(input: $input) {
      wishlist { id lines { sku } } } }"""

    def made(customer: str) -> Answer:
        given = {"idempotencyKey": str(uuid.uuid4()), "name": "a gift", "customer": customer}
        return shop.ask(create, {"input": given}, persona="agent")

    def added(wishlist: str) -> Answer:
        given = {
            "idempotencyKey": str(uuid.uuid4()),
            "wishlist": wishlist,
            "lines": [{"sku": "100003001"}],
        }
        return shop.ask(add, {"input": given}, persona="agent")

    with case(shop):
        assert made(WHO).codes == ["NOT_FOUND"] == made(node_id("Customer", "crm:nobody")).codes
        with restricted(shop, RESTRICTED_CONTACT, so=False):
            wishlist = made(WHO).data["wishlistCreate"]["wishlist"]["id"]
            assert added(wishlist).errors == []
        refused = added(wishlist)
        assert refused.codes == ["NOT_FOUND"] == added(node_id("Wishlist", "nobodys")).codes
        assert wishlist not in refused.response.text


def test_a_restriction_holds_from_the_next_operation_on(shop: Shop) -> None:
    """What the CRM says of a restriction is kept nowhere: the next answer follows it."""
    with case(shop, customer=CUSTOMER):

        def text() -> object:
            answer = seen(shop, "agent", "CUSTOMER_SERVICE", CUSTOMER)
            return answer.data["customer"]["email"]["text"]

        assert text()
        with restricted(shop, CUSTOMER_CONTACT, so=True):
            assert text() is None
        assert text()
