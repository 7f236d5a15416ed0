"""The gateway over a real Tryton, as its users meet it: served with gateway.tryton.toml."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.systems.tryton_install import PASSWORD
from tests.systems.tryton_server import Server, Tryton

pytestmark = pytest.mark.systems

_ROOT = Path(__file__).parent.parent.parent
_START_SECONDS = 60
_STOP_SECONDS = 15

_LISTING = """
query Listing($first: Int!, $after: String) {
  products(first: $first, after: $after) {
    nodes {
      id name locale
      variants {
        sku
        offer { price { gross { minor currency } tax { minor } } listPrice { gross { minor } } }
        availability {
          locations(first: 50) { stock { onHand allocated available } location { id name } }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@contextmanager
def _serving(*arguments: str, **environment: str) -> Iterator[str]:
    """Run a part of the gateway until it has said where it answers, and stop it afterwards."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=_ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        alarm = threading.Timer(_START_SECONDS, process.kill)
        alarm.start()
        try:
            found = (re.fullmatch(r"ready (?:\w+ )?(http://\S+)\n", x) for x in process.stdout)
            url = next((match[1] for match in found if match), None)
            alarm.cancel()
            assert url, f"{arguments} ended with status {process.wait(_STOP_SECONDS)}"
            yield url
        finally:
            alarm.cancel()
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


class Client:
    """Asks the gateway as a machine, which is told what an answer cost."""

    def __init__(self, url: str, issuer: str) -> None:
        self._url = url
        self._http = httpx.Client(timeout=30, trust_env=False)
        answer = self._http.post(
            f"{issuer}/token",
            auth=("sandbox-system", "sandbox-system-secret"),
            data={"grant_type": "client_credentials"},
        )
        token = answer.raise_for_status().json()["access_token"]
        self._headers = {"Authorization": f"Bearer {token}"}

    def close(self) -> None:
        self._http.close()

    def ask(
        self, query: str, variables: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        answer = self._http.post(
            self._url,
            json={"query": query, "variables": variables},
            headers={**self._headers, **(headers or {})},
        )
        body: dict[str, Any] = answer.raise_for_status().json()
        assert "errors" not in body, body["errors"]
        return body


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The gateway with the project's own configuration, and an issuer so that staff can ask."""
    with _serving("-m", "sandbox", "idp", "--port", "0") as issuer:
        file = tmp_path_factory.mktemp("configuration") / "gateway.toml"
        trusted = f"""
[auth.issuers.sandbox]
url = "{issuer}"
audience = "commerce-gateway"
roles = {{ system = "SYSTEM" }}
"""
        file.write_text((_ROOT / "gateway.tryton.toml").read_text() + trusted)
        environment = {"TRYTON_URL": server.url, "TRYTON_PASSWORD": PASSWORD}
        with _serving("app.py", "--port", "0", "--config", str(file), **environment) as url:
            client = Client(url, issuer)
            yield client
            client.close()


def test_listing(client: Client, tryton: Tryton) -> None:
    """A listing of products, prices and stock by store says what Tryton says, in few calls."""
    warehouses = tryton.find("stock.location", [["type", "=", "warehouse"]], "name")
    places = {each["id"]: each["name"] for each in warehouses}
    after, skus = None, 0
    while True:
        answer = client.ask(_LISTING, {"first": 20, "after": after})
        # A page, prices, places by name, and stock: a call for each warehouse, one for the moves.
        assert answer["extensions"]["cost"]["calls"] == {"erp": 3 + len(places) + 1}
        page = answer["data"]["products"]
        variants = [each for node in page["nodes"] for each in node["variants"]]
        skus += len(variants)
        _compare(variants, places, tryton)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert skus == len(tryton.find("product.product", [["salable", "=", True]], "id"))


def _compare(variants: list[dict[str, Any]], places: Mapping[int, str], tryton: Tryton) -> None:
    codes = [each["sku"] for each in variants]
    where = [["code", "in", codes]]
    tax = "template.account_category.customer_taxes_used.rate"
    prices = {
        row["code"]: row
        for row in tryton.find(
            "product.product", where, "code", "sale_price_uom", tax, price_list=2, quantity=1
        )
    }
    stock = {
        (row["code"], name): row["quantity"]
        for number, name in places.items()
        for row in tryton.find("product.product", where, "code", "quantity", locations=[number])
    }
    for variant in variants:
        row = prices[variant["sku"]]
        if row["sale_price_uom"] is None:
            assert variant["offer"] is None
        else:
            (levied,) = row["template."]["account_category."]["customer_taxes_used."]
            net = Decimal(row["sale_price_uom"]["decimal"])
            gross = net * (1 + Decimal(levied["rate"]["decimal"]))
            paid = variant["offer"]["price"]["gross"]
            assert paid["minor"] == (gross * 100).quantize(Decimal(1), ROUND_HALF_UP)
            assert paid["currency"] == "PLN"
        for each in variant["availability"]["locations"]:
            held = each["stock"]
            assert held["onHand"] == stock[variant["sku"], each["location"]["name"]]
            assert held["available"] == max(0, held["onHand"] - held["allocated"])


def test_detail(client: Client, tryton: Tryton) -> None:
    """A product is found again by the id of the listing, in the language of the request."""
    listing = client.ask(_LISTING, {"first": 1})
    (product,) = listing["data"]["products"]["nodes"]
    detail = client.ask(
        "query Detail($id: ID!) { node(id: $id) { ... on Product { name locale "
        "variants { sku offer { price { gross { minor } } } availability { band } } } } }",
        {"id": product["id"]},
        {"Accept-Language": "pl-PL, en;q=0.5"},
    )
    found = detail["data"]["node"]
    (row,) = tryton.find("product.template", [["id", "=", 1]], "name", language="pl")
    assert (found["name"], found["locale"]) == (row["name"], "pl")
    assert [each["sku"] for each in found["variants"]] == [
        each["sku"] for each in product["variants"]
    ]
    warehouses = tryton.find("stock.location", [["type", "=", "warehouse"]], "id")
    assert detail["extensions"]["cost"]["calls"] == {"erp": 2 + len(warehouses) + 1}


def test_a_caller_on_one_screen(client: Client, tryton: Tryton) -> None:
    """A customer found by e-mail stands there with orders; what nobody serves says so."""
    (party,) = tryton.find(
        "party.party", [["contact_mechanisms.value", "=", "customer01@example.com"]], "name", "code"
    )
    sales = tryton.find("sale.sale", [["party", "=", party["id"]]], "number")
    answer = client.ask(
        """query Screen($email: String) { customer360(email: $email) {
          profile { content { number name { full { text } } phone { text }
            addresses { city { text } } } }
          orders(first: 100) { access provenance { system }
            content { complete nodes { number state total { formatted } lines { name quantity }
              customer { number } timeline { complete entries { kind } } } } } } }""",
        {"email": "Customer01@example.com"},
    )
    found = answer["data"]["customer360"]
    assert found["profile"]["content"]["number"] == party["code"]
    assert found["profile"]["content"]["name"]["full"]["text"] == party["name"]
    orders = found["orders"]["content"]["nodes"]
    assert [each["number"] for each in orders] == [row["number"] for row in reversed(sales)]
    assert {each["customer"]["number"] for each in orders} <= {party["code"]}
    # Found, and read at once by a machine, which needs no case; and the orders.
    assert answer["extensions"]["cost"]["calls"] == {"erp": 2}


def test_a_missing_password_is_told() -> None:
    """Without its secret the gateway does not start, and names the key and the variable."""
    environment = {k: v for k, v in os.environ.items() if k != "TRYTON_PASSWORD"}
    done = subprocess.run(
        [sys.executable, "app.py", "--port", "0", "--config", "gateway.tryton.toml"],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "systems.erp.secret_env" in done.stderr
    assert "TRYTON_PASSWORD" in done.stderr


def test_a_wrong_password_is_told(server: Server) -> None:
    """With a password that Tryton refuses the gateway does not start, and says what was refused."""
    done = subprocess.run(
        [sys.executable, "app.py", "--port", "0", "--config", "gateway.tryton.toml"],
        cwd=_ROOT,
        env={**os.environ, "TRYTON_URL": server.url, "TRYTON_PASSWORD": "wrong"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "sign-in" in done.stderr
    assert "wrong" not in done.stderr
