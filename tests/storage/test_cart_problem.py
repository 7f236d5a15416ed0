"""What is wrong with a cart: found anew on every read, and never a reason not to be read."""

from decimal import Decimal
from typing import Any

import pytest

from domain.campaign import Campaigns
from domain.carriage import DeliveryMode, Method
from domain.cart import Rules
from domain.promotion import Coupon, Percentage, Promotion
from storage.store import Store
from tests.storage.shop import ANNA, Shop, customer
from tests.storage.test_cart import add, begin, do

READ = """query ($id: ID!) { cart(id: $id) {
  version isPriced totals { total { gross { minor } } }
  lines { key sku quantity isLastKnown total { gross { minor } } problems { __typename } }
  problems { __typename line fixes { mutation line quantity code }
    ... on PriceChangedProblem { before { minor } now { minor } }
    ... on ShortageProblem { wanted available }
    ... on SourceDegradedProblem { what }
    ... on PromotionLostProblem { promotion { key } code state } } } }"""
ACCEPT = """mutation ($input: CartPricesAcceptInput!) { cartPricesAccept(input: $input) {
  cart { problems { __typename } } userErrors { __typename } } }"""
SELECT = """mutation ($input: CartDeliverySelectInput!) { cartDeliverySelect(input: $input) {
  cart { version } userErrors { __typename } } }"""
CODES = """mutation ($input: CartCouponsInput!) { cartCouponsAdd(input: $input) {
  cart { version } userErrors { __typename } } }"""
HOME = {"lines": ["ul. Długa 1"], "postalCode": "00-238", "city": "Warszawa", "country": "PL"}


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


async def _cart(shop: Shop, *lines: tuple[str, int]) -> str:
    anna = customer(ANNA)
    id = await begin(shop, anna)
    payload = await add(shop, anna, "add-0001", id, *lines)
    assert payload["userErrors"] == []
    return id


async def _seen(shop: Shop, id: str) -> Any:
    answer = await shop.ask(READ, customer(ANNA), id=id)
    assert answer["errors"] == [], answer
    return answer["data"]["cart"]


def _kinds(seen: Any) -> list[str]:
    return [each["__typename"] for each in seen["problems"]]


async def test_a_changed_price_is_charged_and_told_until_it_is_accepted(shop: Shop) -> None:
    """The cart never keeps an old price in silence: its total is today's, and it says what the
    piece cost before, until the customer accepts."""
    id = await _cart(shop, ("S1", 2))
    assert (await _seen(shop, id))["problems"] == []
    shop.offers.others["S1"] = 1250
    for _ in range(2):
        seen = await _seen(shop, id)
        (problem,) = seen["problems"]
        assert (problem["before"], problem["now"]) == ({"minor": 1000}, {"minor": 1250})
        assert seen["totals"]["total"]["gross"]["minor"] == 2500
    await add(shop, customer(ANNA), "add-0002", id, ("S1", 1))
    assert _kinds(await _seen(shop, id)) == ["PriceChangedProblem"]
    input = {"idempotencyKey": "accept-1", "cart": id}
    answer = await shop.ask(ACCEPT, customer(ANNA), input=input)
    assert answer["data"]["cartPricesAccept"] == {"cart": {"problems": []}, "userErrors": []}
    assert (await _seen(shop, id))["problems"] == []


async def test_what_is_not_sold_any_more_is_told_and_not_charged(shop: Shop) -> None:
    """A line whose variant has no price any more stays, says so, and is not in the total."""
    id = await _cart(shop, ("S1", 1), ("S2", 1))
    shop.offers.others["S1"] = None
    seen = await _seen(shop, id)
    assert _kinds(seen) == ["NotSoldHereProblem"]
    assert [each["total"] for each in seen["lines"]] == [None, {"gross": {"minor": 1000}}]
    assert (seen["isPriced"], seen["totals"]["total"]["gross"]["minor"]) == (False, 1000)


async def test_the_last_known_price_stands_while_its_system_is_away(shop: Shop) -> None:
    """With prices and products away the cart is read and priced as it was, and marked."""
    id = await _cart(shop, ("S1", 3))
    shop.offers.is_away = shop.products.is_away = True
    seen = await _seen(shop, id)
    assert seen["lines"][0]["isLastKnown"]
    assert seen["totals"]["total"]["gross"]["minor"] == 3000
    told = {each.get("what") for each in seen["problems"]}
    assert {"PRICE", "PRODUCT"} <= told


async def test_two_lines_on_one_stock_are_added_up(store: Store) -> None:
    """What one line takes another one does not get, though they come in different ways."""
    rules = Rules(
        delivery={
            "courier": Method(market="PL", mode=DeliveryMode.SHIP, price={"PLN": "12.99"}),
            "collect": Method(market="PL", mode=DeliveryMode.COLLECT, price={"PLN": "0"}),
        }
    )
    shop = Shop(store, rules=rules)
    anna = customer(ANNA)
    id = await begin(shop, anna)
    await add(shop, anna, "add-0000", id, ("S1", 998))
    (alone,) = (await _seen(shop, id))["problems"]
    payload = await add(shop, anna, "add-0001", id, ("S1", 1))
    key = payload["cart"]["lines"][0]["key"]
    input = {"idempotencyKey": "select-1", "cart": id, "method": "courier", "address": HOME,
             "lines": [key]}  # fmt: skip
    answer = await shop.ask(SELECT, anna, input=input)
    assert answer["data"]["cartDeliverySelect"]["userErrors"] == []
    payload = await add(shop, anna, "add-0002", id, ("S1", 1))
    assert len(payload["cart"]["lines"]) == 2
    version = payload["cart"]["version"]
    quantities = [{"line": each["key"], "quantity": 998} for each in payload["cart"]["lines"]]
    await do(shop, anna, "cartLinesUpdate", "update-1", cart=id, expectedVersion=version,
             lines=quantities)  # fmt: skip
    seen = await _seen(shop, id)
    short = [each for each in seen["problems"] if each["__typename"] == "ShortageProblem"]
    assert short
    held = {line["key"]: line["quantity"] for line in seen["lines"]}
    had = sum(held.values()) - sum(each["wanted"] - each["available"] for each in short)
    assert had == alone["available"] > 0
    lacking = {each["line"]: each["available"] for each in short}
    fixes = {each["line"]: each["fixes"][0] for each in short}
    for line, available in lacking.items():
        mutation = "cartLinesUpdate" if available else "cartLinesRemove"
        assert (fixes[line]["mutation"], fixes[line]["line"]) == (mutation, line)
    # Put right as the problems say, nothing is short any more.
    wanted = [{"line": line, "quantity": n} for line, n in lacking.items() if n]
    gone = [line for line, n in lacking.items() if not n]
    version = seen["version"]
    if wanted:
        payload = await do(shop, anna, "cartLinesUpdate", "update-2", cart=id,
                           expectedVersion=version, lines=wanted)  # fmt: skip
        version = payload["cart"]["version"]
    if gone:
        await do(shop, anna, "cartLinesRemove", "remove-1", cart=id, expectedVersion=version,
                 lines=gone)  # fmt: skip
    seen = await _seen(shop, id)
    assert "ShortageProblem" not in _kinds(seen)
    assert sum(line["quantity"] for line in seen["lines"]) == had


async def test_a_promotion_that_is_lost_is_told(store: Store) -> None:
    """A promotion that acted when the cart was changed and acts no more is told, and so is a
    coupon that takes nothing off."""
    tenth = Promotion(key="tenth", name="A tenth off", effect=Percentage(Decimal(10)))
    code = Promotion(
        key="code", name="Code", effect=Percentage(Decimal(5)), coupon=Coupon(frozenset({"FIVE"}))
    )
    anna = customer(ANNA)
    with_both = Shop(store, campaigns=Campaigns([tenth, code]))
    id = await _cart(with_both, ("S1", 1))
    input = {"idempotencyKey": "codes-01", "cart": id, "codes": ["five"]}
    answer = await with_both.ask(CODES, anna, input=input)
    assert answer["data"]["cartCouponsAdd"]["userErrors"] == []
    seen = await _seen(with_both, id)
    assert seen["problems"] == []
    assert seen["totals"]["total"]["gross"]["minor"] == 855
    seen = await _seen(Shop(store), id)
    assert seen["totals"]["total"]["gross"]["minor"] == 1000
    lost = [each for each in seen["problems"] if each["__typename"] == "PromotionLostProblem"]
    assert {(each["code"], each["state"]) for each in lost} == {("FIVE", "UNKNOWN"), (None, None)}
    assert "PriceChangedProblem" in _kinds(seen)


async def test_what_was_lost_is_told_until_it_is_accepted(store: Store) -> None:
    """A change of something else takes no notice of a lost promotion; accepting prices does."""
    tenth = Promotion(key="tenth", name="A tenth off", effect=Percentage(Decimal(10)))
    anna = customer(ANNA)
    id = await _cart(Shop(store, campaigns=Campaigns([tenth])), ("S1", 1))
    later = Shop(store)
    assert "PromotionLostProblem" in _kinds(await _seen(later, id))
    await add(later, anna, "more-0001", id, ("S2", 1))
    seen = await _seen(later, id)
    assert "PromotionLostProblem" in _kinds(seen)
    input = {"idempotencyKey": "accept-01", "cart": id}
    answer = await later.ask(ACCEPT, anna, input=input)
    assert answer["data"]["cartPricesAccept"]["userErrors"] == []
    assert "PromotionLostProblem" not in _kinds(await _seen(later, id))


async def test_many_lines_cost_no_more_calls_than_one(shop: Shop) -> None:
    """A cart of a hundred lines asks each system once, like a cart of one."""
    anna = customer(ANNA)
    counts = []
    for number, lines in enumerate((1, 100)):
        id = await begin(shop, anna, f"create-{number}")
        await add(shop, anna, f"add-000{number}", id, *((f"S{n}", 1) for n in range(lines)))
        answer = await shop.ask(READ, anna, id=id)
        counts.append(answer["calls"])
    assert counts[0] == counts[1]
