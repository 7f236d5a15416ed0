"""Carts that are merged, handed on, resumed, found by staff, and swept out."""

import asyncio
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.cart import MAX_CARTS, Rules
from domain.deadline import Duration
from domain.handoff import TRIES
from domain.opaque import content, opaque
from domain.viewer import ANONYMOUS, Viewer
from storage.store import Store
from tests.storage.shop import AGENT, ANNA, ASSOCIATE, PIOTR, Shop, customer
from tests.storage.test_cart import ANNA_ID, READ, add, begin, held
from tests.storage.test_cart import do as change

MERGE = """cart { id version state quantity
    lines { key sku quantity added { channel actor } changed { actor } variant { name } } }
  merge { id isUndone coupons lines { sku result moved left line } }
  userErrors { __typename message }"""
FIELDS = {
    "cartMerge": MERGE,
    "cartMergeUndo": MERGE,
    "cartClaim": MERGE,
    "cartHandOff": "cart { id } code expiresAt userErrors { __typename }",
    "cartResume": "cart { id version changed { actor } expiresAt } userErrors { __typename }",
}
CARTS = """query ($where: CartFilter, $first: Int!, $after: String) {
  carts(where: $where, first: $first, after: $after) {
    nodes { id quantity customer { id } } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


async def do(shop: Shop, viewer: Viewer, mutation: str, key: str, **input: Any) -> Any:
    kind = mutation[0].upper() + mutation[1:]
    document = f"""mutation ($input: {kind}Input!) {{
      {mutation}(input: $input) {{ {FIELDS[mutation]} }} }}"""
    answer = await shop.ask(document, viewer, input={"idempotencyKey": key, **input})
    return answer["data"][mutation] or answer["errors"]


async def guests(shop: Shop, *lines: tuple[str, int]) -> tuple[str, str]:
    """A guest's cart with goods in it, and its secret."""
    secret = secrets.token_urlsafe(32)
    id = await begin(shop, ANONYMOUS, secret=secret)
    await add(shop, ANONYMOUS, "add-guest", id, *lines, secret=secret)
    return id, secret


async def quantities(shop: Shop, viewer: Viewer, id: str, secret: str | None = None) -> Any:
    answer = await shop.ask(READ, viewer, id=id, secret=secret)
    found = answer["data"]["cart"]
    return {line["sku"]: line["quantity"] for line in found["lines"]} if found else None


async def test_a_guests_cart_is_merged_at_login_and_taken_back(shop: Shop) -> None:
    """Quantities add, the report tells of each line, merging again changes nothing, and undoing
    takes out what came in while what was done since stays done."""
    anna = customer(ANNA)
    own = await begin(shop, anna)
    await add(shop, anna, "add-0001", own, ("S1", 1))
    guest, secret = await guests(shop, ("S1", 2), ("S2", 3))
    wish = {"cart": guest, "secret": secret}
    first = await do(shop, anna, "cartMerge", "merge-01", **wish)
    assert first["userErrors"] == []
    assert first["cart"]["id"] == own
    assert held(first) == {"S1": 3, "S2": 3}
    assert first["cart"]["lines"][1]["added"]["actor"] == "GUEST"
    report = [(line["sku"], line["result"], line["moved"]) for line in first["merge"]["lines"]]
    assert report == [("S1", "COMBINED", 2), ("S2", "ADDED", 3)]
    for key in ("merge-01", "merge-02"):
        again = await do(shop, anna, "cartMerge", key, **wish)
        assert (again["merge"]["id"], held(again)) == (first["merge"]["id"], held(first))
    assert await quantities(shop, ANONYMOUS, guest, secret) == {}
    payload = await add(shop, ANONYMOUS, "add-0009", guest, ("S1", 1), secret=secret)
    assert payload["userErrors"][0]["__typename"] == "CartClosed"
    await add(shop, anna, "add-0002", own, ("S1", 5), ("S3", 1))
    wish_back = {"merge": first["merge"]["id"]}
    piotr = customer(PIOTR)
    assert await do(shop, piotr, "cartMergeUndo", "undo-001", **wish_back) == ["NOT_FOUND"]
    for key in ("undo-001", "undo-001", "undo-002"):
        undone = await do(shop, anna, "cartMergeUndo", key, **wish_back)
        assert undone["merge"]["isUndone"]
        assert held(undone) == {"S1": 6, "S3": 1}
    assert await quantities(shop, ANONYMOUS, guest, secret) == {"S1": 2, "S2": 3}
    payload = await do(shop, anna, "cartMerge", "merge-03", **wish)
    assert held(payload) == {"S1": 8, "S2": 3, "S3": 1}


async def test_merging_loses_nothing_where_there_is_no_room(shop: Shop) -> None:
    """What the customer's cart cannot take stays in the guest's, and the report says so."""
    anna = customer(ANNA)
    own = await begin(shop, anna)
    await add(shop, anna, "add-0001", own, ("S1", 998))
    guest, secret = await guests(shop, ("S1", 3), ("S2", 1))
    payload = await do(shop, anna, "cartMerge", "merge-01", cart=guest, secret=secret)
    line = payload["merge"]["lines"][0]
    assert (line["result"], line["moved"], line["left"]) == ("COMBINED", 1, 2)
    assert held(payload) == {"S1": 999, "S2": 1}
    assert await quantities(shop, ANONYMOUS, guest, secret) == {"S1": 2}


async def test_undoing_gives_back_what_came_and_loses_nothing_since(shop: Shop) -> None:
    """A cart that went over in two parts gets each back, in any order, on top of what was put
    into it meanwhile."""
    anna = customer(ANNA)
    own = await begin(shop, anna)
    payload = await add(shop, anna, "add-0001", own, ("S1", 995))
    guest, secret = await guests(shop, ("S1", 10))
    wish = {"cart": guest, "secret": secret, "into": own}
    first = await do(shop, anna, "cartMerge", "merge-01", **wish)
    await add(shop, ANONYMOUS, "add-0002", guest, ("S2", 3), secret=secret)
    line = payload["cart"]["lines"][0]["key"]
    few = {"expectedVersion": first["cart"]["version"], "lines": [{"line": line, "quantity": 100}]}
    await change(shop, anna, "cartLinesUpdate", "update-1", cart=own, **few)
    second = await do(shop, anna, "cartMerge", "merge-02", **wish)
    assert held(second) == {"S1": 106, "S2": 3}
    await do(shop, anna, "cartMergeUndo", "undo-001", merge=first["merge"]["id"])
    assert await quantities(shop, anna, own) == {"S1": 102, "S2": 3}
    assert await quantities(shop, ANONYMOUS, guest, secret) == {"S1": 4}
    await do(shop, anna, "cartMergeUndo", "undo-002", merge=second["merge"]["id"])
    assert await quantities(shop, anna, own) == {"S1": 96}
    assert await quantities(shop, ANONYMOUS, guest, secret) == {"S1": 10, "S2": 3}


async def test_undoing_gives_nobody_more_carts_than_one_may_have(shop: Shop) -> None:
    """A cart that comes back by undoing counts like one that is begun."""
    anna = customer(ANNA)
    other, own = await begin(shop, anna), await begin(shop, anna, "create-2")
    await add(shop, anna, "add-0001", other, ("S1", 1))
    made = await do(shop, anna, "cartMerge", "merge-01", cart=other, into=own)
    for number in range(MAX_CARTS - 1):
        await begin(shop, anna, f"create-{number + 3}")
    wish = {"merge": made["merge"]["id"]}
    payload = await do(shop, anna, "cartMergeUndo", "undo-001", **wish)
    assert payload["userErrors"][0]["__typename"] == "CartLimitReached"
    assert await quantities(shop, anna, own) == {"S1": 1}


async def test_a_customer_without_a_cart_gets_one_and_only_what_is_theirs(shop: Shop) -> None:
    """Merging begins a cart where there is none; nobody merges what they do not hold, and no
    customer's cart goes into another customer's."""
    guest, secret = await guests(shop, ("S1", 1))
    piotr = customer(PIOTR)
    assert await do(shop, piotr, "cartMerge", "merge-01", cart=guest) == ["NOT_FOUND"]
    payload = await do(shop, piotr, "cartMerge", "merge-02", cart=guest, secret=secret)
    assert held(payload) == {"S1": 1}
    theirs = payload["cart"]["id"]
    payload = await do(shop, ASSOCIATE, "cartMerge", "merge-03", cart=theirs, customer=ANNA_ID)
    assert payload == ["BAD_INPUT"]
    assert await quantities(shop, piotr, theirs) == {"S1": 1}


async def test_merges_at_once_move_everything_once(shop: Shop) -> None:
    """However many devices sign in together, each piece comes over once."""
    anna = customer(ANNA)
    own = await begin(shop, anna)
    guest, secret = await guests(shop, ("S1", 2))
    payloads = await asyncio.gather(
        *(
            do(shop, anna, "cartMerge", f"merge-{number:02}", cart=guest, secret=secret)
            for number in range(8)
        )
    )
    assert {each["merge"]["id"] for each in payloads} == {payloads[0]["merge"]["id"]}
    assert await quantities(shop, anna, own) == {"S1": 2}


async def test_a_code_hands_a_cart_on_once(shop: Shop) -> None:
    """A code is good once, for another device of the guest, which then holds the cart, too; a
    newer code ends it."""
    id, secret = await guests(shop, ("S1", 1))
    codes = []
    for key in ("hand-001", "hand-001", "hand-002"):
        payload = await do(shop, ANONYMOUS, "cartHandOff", key, cart=id, secret=secret)
        codes.append(payload["code"])
    assert codes[0] == codes[1] != codes[2]
    assert [len(each) for each in codes] == [8, 8, 8]
    other = secrets.token_urlsafe(32)
    refused = await do(shop, ANONYMOUS, "cartClaim", "claim-01", code=codes[0], secret=other)
    assert refused["userErrors"][0]["__typename"] == "CodeRefused"
    typed = f"{codes[2][:4].lower()}-{codes[2][4:]}".replace("0", "o")
    for _ in range(2):
        payload = await do(shop, ANONYMOUS, "cartClaim", "claim-02", code=typed, secret=other)
        assert (payload["cart"]["id"], held(payload)) == (id, {"S1": 1})
    for mine in (secret, other):
        assert await quantities(shop, ANONYMOUS, id, mine) == {"S1": 1}
    third = secrets.token_urlsafe(32)
    refused = await do(shop, ANONYMOUS, "cartClaim", "claim-03", code=codes[2], secret=third)
    assert refused["userErrors"][0]["__typename"] == "CodeRefused"
    assert await quantities(shop, ANONYMOUS, id, third) is None


async def test_a_code_of_a_guest_merges_for_a_customer(shop: Shop) -> None:
    """A customer who takes a guest's cart over gets its goods in their own, with a report."""
    anna = customer(ANNA)
    id, secret = await guests(shop, ("S1", 1))
    code = (await do(shop, ANONYMOUS, "cartHandOff", "hand-001", cart=id, secret=secret))["code"]
    payload = await do(shop, anna, "cartClaim", "claim-01", code=code)
    assert [line["result"] for line in payload["merge"]["lines"]] == ["ADDED"]
    assert payload["cart"]["id"] != id


async def test_a_customers_code_is_of_use_to_them_and_to_staff_only(shop: Shop) -> None:
    """A code that is overheard gives nobody a customer's cart; the till takes it over."""
    anna = customer(ANNA)
    id = await begin(shop, anna)
    await add(shop, anna, "add-0001", id, ("S1", 1))
    code = (await do(shop, anna, "cartHandOff", "hand-001", cart=id))["code"]
    secret = secrets.token_urlsafe(32)
    for viewer, more in ((customer(PIOTR), {}), (ANONYMOUS, {"secret": secret})):
        payload = await do(shop, viewer, "cartClaim", "claim-01", code=code, **more)
        assert payload["userErrors"][0]["__typename"] == "CodeRefused"
        assert payload["cart"] is None
    payload = await do(shop, ASSOCIATE, "cartClaim", "claim-01", code=code)
    assert (payload["cart"]["id"], held(payload)) == (id, {"S1": 1})


async def test_codes_can_be_tried_a_few_times_only(shop: Shop) -> None:
    """Whoever guesses is stopped, by type, long before they could meet a code."""
    piotr = customer(PIOTR)
    kinds = []
    for number in range(TRIES.capacity + 2):
        payload = await do(shop, piotr, "cartClaim", f"claim-{number:02}", code="ABCDEFGH")
        kinds.append(payload["userErrors"][0]["__typename"])
    assert kinds == ["CodeRefused"] * TRIES.capacity + ["TooManyTries"] * 2
    assert await do(shop, customer(ANNA), "cartClaim", "claim-01", code="ABC") == ["BAD_INPUT"]


async def test_a_code_ends_after_its_minutes(store: Store) -> None:
    """A code whose time is over hands nothing on."""
    shop = Shop(store, rules=Rules(code_expiry=Duration(1e-6)))
    id, secret = await guests(shop, ("S1", 1))
    code = (await do(shop, ANONYMOUS, "cartHandOff", "hand-001", cart=id, secret=secret))["code"]
    payload = await do(shop, AGENT, "cartClaim", "claim-01", code=code)
    assert payload["userErrors"][0]["__typename"] == "CodeRefused"


async def test_staff_find_abandoned_carts_page_by_page_and_go_on_with_them(shop: Shop) -> None:
    """Staff list carts by age and value, every one once, and resume them; agents list those of whom
    they serve, and nobody else lists."""
    anna, before = customer(ANNA), datetime.now(UTC)
    made = []
    for number in range(3):
        id = await begin(shop, anna, f"create-{number}")
        await add(shop, anna, f"add-000{number}", id, ("S1", number + 1))
        made.append(id)
    await begin(shop, anna, "create-9")
    guest, _ = await guests(shop, ("S1", 9))
    found, after, mark = [], None, b""
    while True:
        answer = await shop.ask(CARTS, ASSOCIATE, where=None, first=2, after=after)
        page = answer["data"]["carts"]
        found += [each["id"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        mark = mark or content(after, 1_024)[:6]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == [guest, *reversed(made)]

    async def ids(**where: Any) -> list[str]:
        answer = await shop.ask(CARTS, ASSOCIATE, where=where, first=10, after=None)
        return [each["id"] for each in answer["data"]["carts"]["nodes"]]

    assert await ids(isGuest=True) == [guest]
    assert await ids(changedBefore=before.isoformat()) == []
    assert len(await ids(changedSince=before.isoformat())) == 4
    assert await ids(minValue=1_000_000) == []
    forged = opaque(mark + f"0001-01-01T00:00:00+14:00 {uuid.uuid4()}".encode())
    answer = await shop.ask(CARTS, ASSOCIATE, where=None, first=10, after=forged)
    assert answer["errors"] == ["BAD_INPUT"]
    answer = await shop.ask(CARTS, ASSOCIATE, where=None, first=10, after="bm9uZQ")
    assert answer["errors"] == ["BAD_INPUT"]
    for viewer in (anna, ANONYMOUS, AGENT):
        answer = await shop.ask(CARTS, viewer, where=None, first=2, after=None)
        assert answer["data"]["carts"] is None
    await shop.open_case(AGENT, ANNA_ID)
    answer = await shop.ask(CARTS, AGENT, where=None, first=10, after=None)
    assert [each["id"] for each in answer["data"]["carts"]["nodes"]] == [*reversed(made)]
    payload = await do(shop, AGENT, "cartResume", "resume-1", cart=made[0])
    assert payload["cart"]["changed"]["actor"] == "AGENT"
    assert (await ids())[0] == made[0]


async def test_what_has_expired_is_gone_and_swept_out(store: Store) -> None:
    """A cart whose time is over cannot be read, and is swept out with its secret, its guest and
    whatever was kept of its mutations; others stay."""
    short = Shop(store, rules=Rules(guest_expiry=Duration(0.001)))
    shop = Shop(store)
    kept, mine = await guests(shop, ("S1", 1))
    own = await begin(shop, customer(ANNA))
    secret = secrets.token_urlsafe(32)
    gone = await begin(short, ANONYMOUS, "create-2", secret=secret)
    assert await quantities(shop, ANONYMOUS, gone, secret) is None
    assert await store.sweep.sweep() == 1
    assert await store.sweep.sweep() == 0
    assert await quantities(shop, ANONYMOUS, kept, mine) == {"S1": 1}
    assert await quantities(shop, customer(ANNA), own) == {}
    # The secret is free again, so nothing of the first cart is left.
    again = await begin(shop, ANONYMOUS, "create-2", secret=secret)
    assert again not in (gone, kept)
