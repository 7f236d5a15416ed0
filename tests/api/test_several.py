"""Two warehouse systems by country and two ERPs by brand, in one deployment: one list each."""

import json
import typing
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from domain.port import Ports
from tests.sandbox.running import Alone
from tests.shop import Shop, serve

LIPOWA = ("LIPOWA", "LIPOWA PREMIUM", "LIPOWA BASIC")
OTHERS = ("TRAKT", "KRĘTA 17")

HEAD = """
unserved = [{unserved}]

[context]
markets = {{ PL = ["PLN"], DE = ["EUR"] }}
languages = ["en", "pl", "de"]
timeout = "5s"

[auth]
customer_system = "crm"
location_system = "wms-pl"

[auth.issuers.sandbox]
url = "${{SANDBOX_IDP_URL}}"
audience = "commerce-gateway"

[storage]
url = "${{GATEWAY_STORE_URL}}"
master_key_env = "GATEWAY_MASTER_KEY"
"""
SYSTEM = """
[systems.{name}]
adapter = "sandbox_{kind}"
url = "${{SANDBOX_{variable}_URL}}"
secret_env = "SANDBOX_{KIND}_KEY"
serves = [{serves}]
scope = {{ {scope} }}
timeout = "4s"
"""
SYSTEMS: dict[str, tuple[list[str], dict[str, tuple[str, ...]], tuple[str, ...]]] = {
    "erp-lipowa": (["product", "offer", "order"], {"brand": LIPOWA}, ("--brand", *LIPOWA)),
    "erp-others": (["product", "offer", "order"], {"brand": OTHERS}, ("--brand", *OTHERS)),
    "wms-pl": (["stock", "location"], {"country": ("PL", "CZ")}, ("--country", "PL", "CZ")),
    "wms-de": (["stock", "location"], {"country": ("DE",)}, ("--country", "DE")),
    "crm": (["customer", "loyalty"], {}, ()),
}

LISTING = """query ($first: Int!, $after: String) { products(first: $first, after: $after) {
    complete missing pageInfo { hasNextPage endCursor } nodes { id name brand
      variants { sku offer { price { gross { minor } } } } } } }"""
STOCK = """query ($skus: [String!]!) { availability(skus: $skus) {
    sku band complete missing
    locations(first: 100) { location { id address { country } } stock { onHand } } } }"""
NEAR_BORDER = """{ locations(near: {latitude: 52.9, longitude: 14.2}, first: 12) {
    complete missing pageInfo { hasNextPage endCursor }
    nodes { id name distance(near: {latitude: 52.9, longitude: 14.2}) address { country } } } }"""


def _configuration() -> str:
    served = {port for serves, _, _ in SYSTEMS.values() for port in serves}
    ports = typing.get_type_hints(Ports)
    text = HEAD.format(unserved=", ".join(json.dumps(p) for p in ports if p not in served))
    for name, (serves, scope, _) in SYSTEMS.items():
        kind = name.partition("-")[0]
        scopes = (f"{key} = {json.dumps(values)}" for key, values in scope.items())
        text += SYSTEM.format(
            name=name,
            kind=kind,
            KIND=kind.upper(),
            variable=name.upper().replace("-", "_"),
            serves=", ".join(map(json.dumps, serves)),
            scope=", ".join(scopes),
        )
    return text


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gateway's log goes."""
    return tmp_path_factory.mktemp("several") / "log"


@pytest.fixture(scope="module")
def divided(log: Path) -> Iterator[Shop]:
    """The gateway before two ERPs and two WMSs."""
    config = log.parent / "several.toml"
    config.write_text(_configuration(), encoding="utf-8")
    with ExitStack() as owned:
        urls = {
            name: owned.enter_context(Alone(name.partition("-")[0], *part)).url
            for name, (_, _, part) in SYSTEMS.items()
            if part
        }
        file = owned.enter_context(log.open("w"))
        yield owned.enter_context(serve(config, also=urls, log=file))


@pytest.fixture
def parts(divided: Shop) -> Iterator[Shop]:
    """All of them well, before and after."""
    divided.mend()
    yield divided
    divided.mend()


def _walk(shop: Shop, first: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = shop.ask(LISTING, {"first": first, "after": after}, persona="system")
        assert answer.errors == []
        page = answer.data["products"]
        assert (page["complete"], page["missing"]) == (True, [])
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_two_erps_are_one_assortment(parts: Shop) -> None:
    """Pages of any size show every product of both once, each with the price of its own ERP."""
    whole = _walk(parts, 100)
    assert len(whole) == len({each["id"] for each in whole}) == 300
    assert {each["brand"] for each in whole[:4]} & {*LIPOWA}
    assert {each["brand"] for each in whole[:4]} & {*OTHERS}
    assert {each["id"] for each in _walk(parts, 33)} == {each["id"] for each in whole}
    priced = [v for each in whole for v in each["variants"] if v["offer"] is not None]
    assert len(priced) > 1_000


def test_a_thing_leads_back_to_its_own_system(parts: Shop) -> None:
    """A product read again by its id asks the ERP that has it, and no other."""
    listed = parts.ask(LISTING, {"first": 2}).data["products"]["nodes"]
    assert len(listed) == 2
    for each in listed:
        own = "erp-lipowa" if each["brand"] in LIPOWA else "erp-others"
        answer = parts.ask(
            "query ($id: ID!) { product(id: $id) { name externalIds { system } } }",
            {"id": each["id"]},
            persona="system",
        )
        assert answer.data["product"]["externalIds"] == [{"system": own}]
        assert answer.calls == {own: 1}


def test_a_dead_erp_costs_its_own_brands(parts: Shop) -> None:
    """The other brands are listed and priced; the page says that it is not complete, and to
    staff whose part is missing."""
    parts.fault("erp-others", mode="down")
    answer = parts.ask(LISTING, {"first": 50}, persona="system")
    page = answer.data["products"]
    assert (page["complete"], page["missing"]) == (False, ["erp-others"])
    assert {each["brand"] for each in page["nodes"]} <= {*LIPOWA}
    assert len(page["nodes"]) == 50
    assert any(v["offer"] for each in page["nodes"] for v in each["variants"])
    assert ("INCOMPLETE", ["products"]) in [
        (each["code"], each["path"]) for each in answer.extensions["notices"]
    ]
    shopper = parts.ask(LISTING, {"first": 5})
    assert shopper.data["products"]["missing"] is None
    assert "erp" not in shopper.response.text


def test_stock_of_both_countries_is_one_list(parts: Shop) -> None:
    """A variant lies in both countries' stores, summed up once, with one call to each system."""
    skus = [v["sku"] for each in _walk(parts, 100)[:20] for v in each["variants"]]
    answer = parts.ask(STOCK, {"skus": skus[:60]}, persona="system")
    assert answer.errors == []
    countries = {
        place["location"]["address"]["country"]
        for each in answer.data["availability"]
        for place in each["locations"]
    }
    assert countries == {"PL", "CZ", "DE"}
    assert all(each["complete"] and each["missing"] == [] for each in answer.data["availability"])
    # Stock, and the places by their keys; each system for its own.
    assert answer.calls == {"wms-pl": 2, "wms-de": 2}


def test_a_dead_wms_leaves_the_other_countries_stock(parts: Shop, log: Path) -> None:
    """Availability without one country says so, never NONE for what it cannot know, and the log
    says which system was missing and why."""
    skus = [v["sku"] for each in _walk(parts, 100)[:20] for v in each["variants"]][:60]
    whole = parts.ask(STOCK, {"skus": skus}, persona="system").data["availability"]
    parts.fault("wms-de", mode="reset")
    answer = parts.ask(STOCK, {"skus": skus}, persona="system")
    assert answer.errors == []
    for before, after in zip(whole, answer.data["availability"], strict=True):
        assert (after["complete"], after["missing"]) == (False, ["wms-de"])
        kept = [p for p in before["locations"] if p["location"]["address"]["country"] != "DE"]
        assert after["locations"] == kept
        assert after["band"] != "NONE"
    noticed = [(each["code"], each["path"]) for each in answer.extensions["notices"]]
    assert noticed == [("INCOMPLETE", ["availability", n]) for n in range(50)]
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] == "part missing"]
    assert told
    assert {line["system"] for line in told if line["call"] == "stock_by_sku"} == {"wms-de"}
    assert all(line["request_id"] and line["code"] == "SOURCE_UNAVAILABLE" for line in told[-1:])


def test_places_of_both_countries_are_sorted_together(parts: Shop) -> None:
    """Near the border the nearest places are of both systems; with one down the other's remain."""
    answer = parts.ask(NEAR_BORDER, persona="system")
    page = answer.data["locations"]
    distances = [each["distance"] for each in page["nodes"]]
    assert distances == sorted(distances)
    assert {each["address"]["country"] for each in page["nodes"]} >= {"PL", "DE"}
    assert answer.calls == {"wms-pl": 1, "wms-de": 1}
    parts.fault("wms-pl", mode="silent")
    page = parts.ask(NEAR_BORDER, persona="system").data["locations"]
    assert (page["complete"], page["missing"]) == (False, ["wms-pl"])
    assert {each["address"]["country"] for each in page["nodes"]} == {"DE"}


def test_with_both_down_there_is_nothing_to_show(parts: Shop) -> None:
    """A list that nobody gave a part of is null with its error, not an empty list."""
    for name in ("wms-pl", "wms-de"):
        parts.fault(name, mode="down")
    answer = parts.ask(NEAR_BORDER)
    assert (answer.status, answer.data) == (200, {"locations": None})
    assert answer.codes == ["SOURCE_UNAVAILABLE"]
