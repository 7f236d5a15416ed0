"""Where a cart goes, in the view that each caller has of it."""

from pathlib import Path
from typing import Any

import pytest

from auth.table import DEFAULT_TABLE
from domain.carriage import DeliveryMode, Method
from domain.cart import Rules
from domain.viewer import Viewer
from storage.store import Store
from tests.storage.shop import AGENT, ANNA, Shop, customer
from tests.storage.test_cart import add, begin

HOME = {"lines": ["ul. Długa 1", "m. 7"], "postalCode": "00-238", "city": "Warszawa",
        "country": "PL"}  # fmt: skip
SELECT = """mutation ($input: CartDeliverySelectInput!) { cartDeliverySelect(input: $input) {
  cart { version } userErrors { __typename } } }"""
READ = """query ($id: ID!) { cart(id: $id) { deliveryGroups { key address {
  country lines { text masked } postalCode { text masked } city { text masked } } } } }"""
_CELL = 'CART = "full if own, full if case and unrestricted"'
COURIER = Rules(
    delivery={"courier": Method(market="PL", mode=DeliveryMode.SHIP, price={"PLN": "12.99"})}
)
ANYBODYS = 'CART = "full"'


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table by which agents see anybody's cart, and of addresses what they always do."""
    text = DEFAULT_TABLE.read_text(encoding="utf-8")
    assert _CELL in text
    file = tmp_path / "policy.toml"
    file.write_text(text.replace(_CELL, ANYBODYS), encoding="utf-8")
    return file


async def _select(shop: Shop, viewer: Viewer, key: str, cart: str, **address: Any) -> Any:
    input = {"idempotencyKey": key, "cart": cart, "method": "courier", "address": address}
    return await shop.ask(SELECT, viewer, input=input)


async def test_an_address_is_masked_to_whom_it_is_to_be(store: Store, table: Path) -> None:
    """An agent without a case sees of a delivery's address what tells it from others, and no text;
    what is left of it cannot be sent back as an address."""
    shop = Shop(store, rules=COURIER, table=table)
    anna = customer(ANNA)
    id = await begin(shop, anna)
    await add(shop, anna, "add-0001", id, ("S1", 1))
    answer = await _select(shop, anna, "select-1", id, **HOME)
    assert answer["data"]["cartDeliverySelect"]["userErrors"] == []
    (whole,) = (await shop.ask(READ, anna, id=id))["data"]["cart"]["deliveryGroups"]
    assert whole["address"]["country"] == "PL"
    assert [each["text"] for each in whole["address"]["lines"]] == HOME["lines"]
    (group,) = (await shop.ask(READ, AGENT, id=id))["data"]["cart"]["deliveryGroups"]
    seen = group["address"]
    assert group["key"] == whole["key"]
    assert seen["country"] is None
    assert [each["masked"] for each in seen["lines"]] == ["u•••", "m•••"]
    assert (seen["city"]["masked"], seen["postalCode"]["masked"]) == ("W•••", "0•••")
    assert {each["text"] for each in (*seen["lines"], seen["city"], seen["postalCode"])} == {None}
    for changed in (
        {"lines": [each["masked"] for each in seen["lines"]]},
        {"city": seen["city"]["masked"]},
    ):
        refused = await _select(shop, anna, "select-2", id, **(HOME | changed))
        assert refused["errors"] == ["BAD_INPUT"]
    (after,) = (await shop.ask(READ, anna, id=id))["data"]["cart"]["deliveryGroups"]
    assert after == whole
