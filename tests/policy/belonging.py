"""What the sandbox's customer keeps at the gateway: a cart with all that can be wrong with one."""

import time
from typing import Any

from domain.identity import node_id
from domain.viewer import Purpose, Role
from tests.policy.proof import Proof, caller
from tests.policy.twin import Twin

# Whose price falls, of which too much is wanted, which is sold no more, whose price is damaged.
FALLING, SCARCE, UNSOLD, DAMAGED = "100003001", "100015001", "100018001", "100017001"
CLOSING = "POZ1"
# Of which more is on its way.
DUE = "100001001"
_HOME = {"lines": ["ul. Dowodowa 7", "m. 3"], "postalCode": "00-590", "city": "Warszawa",
         "country": "PL"}  # fmt: skip
_BACK = "ul. Zwrotna 9"
_PATIENCE_SECONDS = 60
_OUTCOMES = {
    "wishlistCreate": "wishlist { id }",
    "wishlistLinesAdd": "wishlist { id }",
    "wishlistShare": "secret",
    "cartReserve": "reservation { id }",
    "reservationExtend": "reservation { id }",
}
_HELD = "query ($id: ID!) { reservation(id: $id) { shortfalls { sku } } }"


class Market:
    """What systems say before and after the customer has shopped."""

    def __init__(self) -> None:
        self.is_over = False

    def __call__(self, system: str, path: str, answer: Any) -> Any:
        """Say what a system answers there."""
        if system == "wms" and path == "/v2/allocations":
            return {"orders": [_less(each) for each in answer["orders"]]}
        if system == "wms" and self.is_over and "sites" in answer:
            return {**answer, "sites": [_closed(each) for each in answer["sites"]]}
        if system == "erp" and path.endswith("/PRICES"):
            rows = [self._priced(each) for each in answer["d"]["results"]]
            return {"d": {**answer["d"], "results": [each for each in rows if each]}}
        return answer

    def _priced(self, row: dict[str, Any]) -> dict[str, Any] | None:
        sku = row["MATNR"].lstrip("0")
        if not self.is_over:
            return _dearer(row) if sku == FALLING else row
        if sku == UNSOLD:
            return None
        return {**row, "KONP": []} if sku == DAMAGED else row


def _less(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "rows": [{**row, "qty": 0} for row in order["rows"]]}


def _closed(site: dict[str, Any]) -> dict[str, Any]:
    return {**site, "svc": []} if site["code"] == CLOSING else site


def _dearer(row: dict[str, Any]) -> dict[str, Any]:
    prices = [{**each, "KBETR": f"{float(each['KBETR']) * 2:.2f}"} for each in row["KONP"]]
    return {**row, "KONP": prices}


class Belongings:
    """A customer's wish list, cart and reservation, made as a customer makes them."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        self._owner = caller(Role.CUSTOMER, Purpose.SHOPPING)
        self._tries = 0
        self.ids: dict[str, str] = {}

    def make(self, market: Market, twins: dict[str, Twin]) -> None:
        """Let the customer shop, and the market change afterwards."""
        for twin in twins.values():
            twin.base = market
        market.is_over = False
        wish = self.do("wishlistCreate", name="a wish of the proof")["wishlist"]["id"]
        lines = [{"sku": FALLING, "note": "a note of the proof"}]
        self.do("wishlistLinesAdd", wishlist=wish, lines=lines)
        self.ids["wishlist"] = wish
        self.ids["link"] = self.do("wishlistShare", wishlist=wish)["secret"]
        self._shop()
        market.is_over = True

    def put_in(self, field: str) -> None:
        """Let the customer have more of what a field of theirs shows."""
        if field == "carts":
            self._add(self.ids["cart"], DAMAGED, 1)
        elif field == "wishlists":
            lines = [{"sku": FALLING, "quantity": 1}]
            self.do("wishlistLinesAdd", wishlist=self.ids["wishlist"], lines=lines)
        else:
            self.extend()

    def extend(self) -> None:
        """Keep up what is held for its whole time again."""
        self.do("reservationExtend", reservation=self.ids["reservation"])

    def _shop(self) -> None:
        # Alone in a cart, what has become cheaper is too little for a promotion.
        self._add(self.do("cartCreate")["cart"]["id"], FALLING, 2)
        cart = self.ids["cart"] = self.do("cartCreate")["cart"]["id"]
        self._add(cart, FALLING, 2)
        held = self.do("cartReserve", cart=cart)["reservation"]["id"]
        self.ids["reservation"] = held
        for sku, quantity in ((SCARCE, 998), (UNSOLD, 1), (DAMAGED, 1)):
            keys = self._add(cart, sku, quantity)
        counter = node_id("Location", f"wms:{CLOSING}")
        ways: list[dict[str, Any]] = [
            {"method": "courier", "lines": keys[:1], "address": _HOME},
            {"method": "courier", "lines": keys[2:3], "address": {**_HOME, "lines": [_BACK]}},
            {"method": "collect", "lines": keys[1:2], "location": counter},
        ]  # fmt: skip
        for way in ways:
            self.do("cartDeliverySelect", cart=cart, **way)
        self.do("cartCouponsAdd", cart=cart, codes=["WELCOME"])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._lacks(held):
            assert time.monotonic() < deadline, "the WMS was not asked to set anything aside"
            time.sleep(0.05)

    def _lacks(self, reservation: str) -> bool:
        answer = self._proof.ask(self._owner, _HELD, {"id": reservation})
        return bool(answer.data["reservation"]["shortfalls"])

    def _add(self, cart: str, sku: str, quantity: int) -> list[str]:
        lines = [{"sku": sku, "quantity": quantity}]
        found = self.do("cartLinesAdd", cart=cart, lines=lines)["cart"]
        return [each["key"] for each in found["lines"]]

    def do(self, mutation: str, **input: Any) -> Any:
        """Make one change as the customer."""
        self._tries += 1
        kind = mutation[0].upper() + mutation[1:]
        if mutation.startswith("cartCoupons"):
            kind = "CartCoupons"
        inner = _OUTCOMES.get(mutation, "cart { id lines { key } }")
        document = f"""mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{
          {inner} userErrors {{ message }} }} }}"""
        given = {"idempotencyKey": f"proof-{mutation}-{self._tries}", **input}
        answer = self._proof.ask(self._owner, document, {"input": given})
        assert not answer.errors, answer.errors
        payload = answer.data[mutation]
        assert not payload["userErrors"], payload
        return payload
