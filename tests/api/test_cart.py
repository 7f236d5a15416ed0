"""Carts over HTTP, beside the retailer's systems: what they come to, and what is wrong."""

import secrets
import uuid
from typing import Any

import pytest

from tests.shop import Shop

PICK = """{ products(first: 20) { nodes { variants { sku offer { price { gross { minor } } }
  availability { band locations { location { id name services } stock { available } } } } } } }"""
CART = """
fragment cart on Cart {
  id version quantity isPriced
  lines {
    key sku quantity isLastKnown
    unitPrice { gross { minor } } total { gross { minor } } allocations { amount { minor } }
    problems { __typename message fixes { mutation line quantity } }
  }
  totals {
    goods { minor } delivery { minor } discounts { minor }
    total { gross { minor } net { minor } tax { minor } }
  }
  deliveryGroups { key mode lines { sku } total { gross { minor } } address { city { text } } }
  coupons { code state }
  problems {
    __typename line
    ... on PriceChangedProblem { before { minor } now { minor } }
    ... on SourceDegradedProblem { what }
    ... on ShortageProblem { wanted available }
    ... on PromotionLostProblem { code state }
  }
}"""
OPTIONS = """query ($id: ID!) { cart(id: $id) { deliveryGroups {
  key options(near: { latitude: 52.23, longitude: 21.01 }) {
    method mode price { minor } carbonGrams isAvailable distance
    window { availableFrom availableUntil } location { id name kind } } } } }"""


def carry_out(shop: Shop, mutation: str, persona: str | None = "customer", **input: Any) -> Any:
    kind = mutation[0].upper() + mutation[1:]
    if mutation.startswith("cartCoupons"):
        kind = "CartCoupons"
    document = f"""mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{
      cart {{ ...cart }} notices {{ code }} userErrors {{ __typename message
        ... on CouponRefused {{ state }} ... on DeliveryRefused {{ reason }}
        ... on CurrencyMismatch {{ currency }} }} }} }}"""
    headers = input.pop("headers", None)
    input = {"idempotencyKey": str(uuid.uuid4()), **input}
    answer = shop.ask(document + CART, {"input": input}, persona=persona, headers=headers)
    assert answer.errors == [], answer.errors
    return answer.data[mutation]


def read(shop: Shop, id: str, persona: str | None = "customer", **headers: str) -> Any:
    document = "query ($id: ID!) { cart(id: $id) { ...cart } }" + CART
    answer = shop.ask(document, {"id": id}, persona=persona, headers=headers)
    assert answer.errors == [], answer.errors
    return answer.data["cart"]


@pytest.fixture
def sku(shop: Shop) -> str:
    """A variant that there is plenty of, at a price."""
    for product in shop.ask(PICK, persona="system").data["products"]["nodes"]:
        for variant in product["variants"]:
            if variant["offer"] and variant["availability"]["band"] == "LOTS":
                found: str = variant["sku"]
                return found
    raise AssertionError("the sandbox has nothing to sell")


@pytest.fixture
def cart(shop: Shop, sku: str) -> Any:
    """A cart of the customer's with two pieces in it."""
    id = carry_out(shop, "cartCreate")["cart"]["id"]
    made = carry_out(shop, "cartLinesAdd", cart=id, lines=[{"sku": sku, "quantity": 2}])
    yield made["cart"]
    # What a customer may have is little, and the gateway is the whole run's.
    shop.mend()
    left = read(shop, id)
    keys = [line["key"] for line in left["lines"]]
    if keys:
        carry_out(shop, "cartLinesRemove", cart=id, expectedVersion=left["version"], lines=keys)
    carts = shop.ask("{ viewer { customer { carts { id currency } } } }", persona="customer")
    for other in carts.data["viewer"]["customer"]["carts"]:
        if other["id"] != id and other["currency"] == "PLN":
            carry_out(shop, "cartMerge", cart=id, into=other["id"])
            break


def test_a_cart_adds_up_the_same_in_every_channel(shop: Shop, cart: Any) -> None:
    """Goods less discounts are the total, net and tax too, and no channel sees another one."""
    assert cart["problems"] == []
    (line,) = cart["lines"]
    totals = cart["totals"]
    assert totals["goods"]["minor"] == 2 * line["unitPrice"]["gross"]["minor"]
    gross = totals["total"]["gross"]["minor"]
    assert gross == totals["goods"]["minor"] - totals["discounts"]["minor"]
    assert gross == totals["total"]["net"]["minor"] + totals["total"]["tax"]["minor"]
    for channel, persona in (("WEB", "customer"), ("APP", "customer"), ("POS", "associate")):
        seen = read(shop, cart["id"], persona, **{"Commerce-Channel": channel})
        assert seen["totals"] == totals
        assert seen["lines"] == cart["lines"]
    seen = read(shop, cart["id"], **{"Commerce-Market": "DE"})
    assert seen["totals"] == totals


def test_another_currency_is_refused_by_type(shop: Shop, cart: Any, sku: str) -> None:
    """A cart is changed in its own market and currency only, and its prices are never told in
    another."""
    german = {"Commerce-Market": "DE", "Commerce-Currency": "EUR"}
    payload = carry_out(shop, "cartLinesAdd", cart=cart["id"], lines=[{"sku": sku}], headers=german)
    assert payload["userErrors"][0]["__typename"] == "CurrencyMismatch"
    assert payload["userErrors"][0]["currency"] == "PLN"
    assert payload["cart"]["quantity"] == 2


def test_a_price_in_the_input_is_no_input(shop: Shop, cart: Any, sku: str) -> None:
    """Nobody can say what goods cost: the schema has no place for it."""
    document = (
        "mutation ($input: CartLinesAddInput!) { cartLinesAdd(input: $input) { notices { code } } }"
    )
    line = {"sku": sku, "quantity": 1, "price": {"minor": 1, "currency": "PLN"}}
    input = {"idempotencyKey": str(uuid.uuid4()), "cart": cart["id"], "lines": [line]}
    answer = shop.ask(document, {"input": input}, persona="customer")
    assert answer.status == 400
    assert "price" in answer.response.text
    assert read(shop, cart["id"])["quantity"] == 2


def test_groups_have_options_and_take_a_choice(shop: Shop, cart: Any) -> None:
    """Each way says what it costs, when it comes and what it emits; the chosen one is in the
    totals, and a place or an address that cannot be served is refused with its reason."""
    answer = shop.ask(OPTIONS, {"id": cart["id"]}, persona="customer")
    assert answer.errors == []
    (group,) = answer.data["cart"]["deliveryGroups"]
    assert group["key"] == "open"
    by_mode = {}
    for option in reversed(group["options"]):
        by_mode[option["mode"]] = option
    courier = by_mode["SHIP"]
    assert (courier["price"], courier["isAvailable"]) == ({"minor": 1299}, True)
    assert courier["window"]["availableFrom"] < courier["window"]["availableUntil"]
    # 2 pieces * 0.6 kg * (300 km * 0.15 + 8 km * 0.71)
    assert courier["carbonGrams"] == 61
    collect = by_mode["COLLECT"]
    assert collect["location"]["kind"] == "STORE"
    chosen = carry_out(
        shop, "cartDeliverySelect", cart=cart["id"], method="collect",
        location=collect["location"]["id"],
    )  # fmt: skip
    assert chosen["userErrors"] == []
    assert [each["mode"] for each in chosen["cart"]["deliveryGroups"]] == ["COLLECT"]
    home = {"lines": ["ul. Długa 1"], "postalCode": "00-238", "city": "Warszawa", "country": "PL"}
    sent = carry_out(shop, "cartDeliverySelect", cart=cart["id"], method="courier", address=home)
    assert sent["cart"]["deliveryGroups"][0]["address"] == {"city": {"text": "Warszawa"}}
    totals = sent["cart"]["totals"]
    assert totals["delivery"] == {"minor": 1299}
    assert totals["total"]["gross"]["minor"] == (
        totals["goods"]["minor"] + 1299 - totals["discounts"]["minor"]
    )
    refusals: dict[str, dict[str, Any]] = {
        "METHOD_UNKNOWN": {"method": "courier-de", "address": home},
        "ADDRESS_MISSING": {"method": "courier"},
        "ADDRESS_UNSERVED": {"method": "courier", "address": {**home, "country": "DE"}},
        "POSTAL_CODE_WRONG": {"method": "courier", "address": {**home, "postalCode": "1"}},
        "LOCATION_MISSING": {"method": "collect"},
        "LOCATION_UNSERVED": {"method": "locker", "location": collect["location"]["id"]},
    }
    for reason, input in refusals.items():
        payload = carry_out(shop, "cartDeliverySelect", cart=cart["id"], **input)
        assert [each.get("reason") for each in payload["userErrors"]] == [reason]
        assert payload["cart"]["totals"] == totals


def test_coupons_are_entered_once_and_wrong_ones_refused(shop: Shop, cart: Any) -> None:
    """A code counts once however often it is sent; one that can never act is a typed error, one
    that does not act now is told as a problem."""
    for _ in range(3):
        payload = carry_out(shop, "cartCouponsAdd", cart=cart["id"], codes=["welcome"])
        assert payload["userErrors"] == []
    assert [each["code"] for each in payload["cart"]["coupons"]] == ["WELCOME"]
    discounts = payload["cart"]["totals"]["discounts"]["minor"]
    if payload["cart"]["coupons"][0]["state"] == "APPLIED":
        assert discounts >= 3000
    else:
        problems = [each["__typename"] for each in payload["cart"]["problems"]]
        assert problems == ["PromotionLostProblem"]
    payload = carry_out(shop, "cartCouponsAdd", cart=cart["id"], codes=["NONSENSE"])
    assert [(each["__typename"], each["state"]) for each in payload["userErrors"]] == [
        ("CouponRefused", "UNKNOWN")
    ]
    payload = carry_out(shop, "cartCouponsRemove", cart=cart["id"], codes=["Welcome "])
    assert payload["cart"]["coupons"] == []


def test_a_shortage_is_told_with_its_fix(shop: Shop, cart: Any) -> None:
    """More than there is can lie in a cart; every read says so, and what to do."""
    (line,) = cart["lines"]
    payload = carry_out(
        shop, "cartLinesUpdate", cart=cart["id"], expectedVersion=cart["version"],
        lines=[{"line": line["key"], "quantity": 999}],
    )  # fmt: skip
    assert payload["userErrors"] == []
    (problem,) = read(shop, cart["id"])["problems"]
    assert (problem["__typename"], problem["wanted"]) == ("ShortageProblem", 999)
    (own,) = read(shop, cart["id"])["lines"][0]["problems"]
    (fix,) = own["fixes"]
    assert fix == {"mutation": "cartLinesUpdate", "line": line["key"],
                   "quantity": problem["available"]}  # fmt: skip
    wanted = [{"line": line["key"], "quantity": fix["quantity"]}]
    payload = carry_out(
        shop, "cartLinesUpdate", cart=cart["id"], lines=wanted,
        expectedVersion=payload["cart"]["version"],
    )  # fmt: skip
    assert payload["cart"]["problems"] == []


@pytest.mark.parametrize("system", ["erp", "wms", "crm"])
def test_a_cart_stands_while_a_system_is_down(shop: Shop, cart: Any, system: str) -> None:
    """With any system down a cart can be read and is priced, and says what it does not know."""
    shop.fault(system, mode="down")
    seen = read(shop, cart["id"])
    assert [(each["sku"], each["quantity"]) for each in seen["lines"]] == [
        (each["sku"], each["quantity"]) for each in cart["lines"]
    ]
    assert seen["totals"] == cart["totals"]
    told = {each.get("what") for each in seen["problems"]}
    expected: dict[str, set[str]] = {"erp": {"PRODUCT"}, "wms": {"STOCK"}, "crm": set()}
    assert expected[system] <= told


def test_a_guest_reads_their_address(shop: Shop, sku: str) -> None:
    """A guest sees what they wrote into their own cart, the address among it."""
    secret = secrets.token_urlsafe(32)
    id = carry_out(shop, "cartCreate", None, secret=secret)["cart"]["id"]
    carry_out(shop, "cartLinesAdd", None, cart=id, secret=secret, lines=[{"sku": sku}])
    home = {"lines": ["ul. Długa 1"], "postalCode": "00-238", "city": "Warszawa", "country": "PL"}
    payload = carry_out(
        shop, "cartDeliverySelect", None, cart=id, secret=secret, method="courier", address=home
    )
    assert payload["cart"]["deliveryGroups"][0]["address"] == {"city": {"text": "Warszawa"}}
    assert payload["cart"]["totals"]["delivery"] == {"minor": 1299}
