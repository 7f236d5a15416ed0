"""README's one cart with three faces, as a reader would try it."""

import re
import uuid
from pathlib import Path
from typing import Any

from tests.shop import Answer, Shop

README = (Path(__file__).parent.parent.parent / "README.md").read_text()
DOCUMENTS = {
    found[1]: block
    for block in re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
    if (found := re.match(r"(?:mutation|query) (\w+)", block))
}
END = """mutation ($input: AssistEndInput!) { assistEnd(input: $input) {
  userErrors { message } } }"""
RELEASE = """mutation ($input: ReservationReleaseInput!) { reservationRelease(input: $input) {
  userErrors { message } } }"""
OPEN = """mutation ($input: AssistStartInput!) { assistStart(input: $input) {
  case { id } userErrors { message } } }"""
PICK = """{ products(first: 20) { nodes { variants { sku offer { version }
  availability { band } } } } }"""


def _run(shop: Shop, name: str, persona: str, channel: str, **variables: Any) -> Answer:
    headers = {"Commerce-Channel": channel}
    answer = shop.ask(DOCUMENTS[name], variables, persona=persona, headers=headers)
    assert answer.errors == [], answer.errors
    return answer


def _change(shop: Shop, name: str, persona: str, channel: str, **input: Any) -> Any:
    given = {"idempotencyKey": str(uuid.uuid4()), **input}
    payload = next(iter(_run(shop, name, persona, channel, input=given).data.values()))
    assert payload["userErrors"] == []
    return payload


def test_one_cart_has_three_faces(shop: Shop) -> None:
    """A cart begun in the app is gone on with on the web and finished by an agent, by the queries
    that README shows: the same goods, the same total, held in the shop."""
    sku = next(
        variant["sku"]
        for product in shop.ask(PICK).data["products"]["nodes"]
        for variant in product["variants"]
        if variant["offer"] and variant["availability"]["band"] == "LOTS"
    )
    begun = _change(shop, "Begin", "customer", "APP")["cart"]["id"]
    filled = _change(
        shop, "Fill", "customer", "APP", cart=begun, lines=[{"sku": sku, "quantity": 2}]
    )
    assert filled["cart"]["lines"][0]["problems"] == []

    found = _run(shop, "GoOn", "customer", "WEB").data["viewer"]["cart"]
    assert found["id"] == begun
    assert found["lines"][0]["added"] == {"channel": "APP", "actor": "CUSTOMER"}
    (group,) = found["deliveryGroups"]
    option = next(each for each in group["options"] if each["mode"] == "RESERVE")

    me = shop.ask("{ viewer { customer { id } } }", persona="customer").data["viewer"]["customer"]
    customer = me["id"]
    case = {"idempotencyKey": str(uuid.uuid4()), "customer": customer, "reason": "calls",
            "purpose": "CUSTOMER_SERVICE", "verification": "CALL_BACK"}  # fmt: skip
    opened = shop.ask(OPEN, {"input": case}, persona="agent").data["assistStart"]["case"]["id"]
    carts = _run(shop, "Find", "agent", "AGENT", customer=customer).data["customer"]["carts"]
    (seen,) = (each for each in carts if each["id"] == begun)
    assert seen["totals"]["total"]["gross"]["minor"] == found["totals"]["total"]["gross"]["minor"]
    where = option["location"]["id"]
    chosen = _change(
        shop, "Collect", "agent", "AGENT", cart=begun, method=option["method"], location=where
    )
    assert chosen["cart"]["deliveryGroups"][0]["location"]["name"] == option["location"]["name"]
    held = _change(
        shop, "Hold", "agent", "AGENT", customer=customer, location=where,
        lines=[{"sku": line["sku"], "quantity": line["quantity"]} for line in seen["lines"]],
    )  # fmt: skip
    assert held["reservation"]["state"] == "HELD"
    assert held["reservation"]["lines"] == [{"sku": sku, "quantity": 2}]
    # The gateway is the whole run's: nobody else is to meet what was opened and held here.
    end = {"idempotencyKey": str(uuid.uuid4()), "case": opened}
    assert shop.ask(END, {"input": end}, persona="agent").errors == []
    let_go = {"idempotencyKey": str(uuid.uuid4()), "reservation": held["reservation"]["id"]}
    assert shop.ask(RELEASE, {"input": let_go}, persona="customer").errors == []
