"""A system that fails costs its own fields; the rest of the answer is whole."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.bundle import UNCARRIED, carried
from tests.shop import ROOT, Shop, serve

DETAIL = """{ variant(sku: "100001001") { sku product { name }
    offer { price { gross { minor } } } availability { band locations { location { name } } } } }"""


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"mode": "down"}, "SOURCE_UNAVAILABLE"),
        ({"mode": "drop"}, "SOURCE_UNAVAILABLE"),
        ({"garbage": "truncated"}, "SOURCE_CONTRACT"),
        ({"garbage": "html"}, "SOURCE_CONTRACT"),
        ({"garbage": "types"}, "SOURCE_CONTRACT"),
        ({"garbage": "nan"}, "SOURCE_CONTRACT"),
        ({"latency_ms": 5000}, "SOURCE_TIMEOUT"),
        ({"garbage": "drip", "drip_ms": 200}, "SOURCE_TIMEOUT"),
    ],
)
def test_a_broken_wms_costs_availability_alone(
    shop: Shop, fault: dict[str, Any], code: str
) -> None:
    """Whatever is wrong with the WMS, product and price are there and availability says why not."""
    shop.fault("wms", **fault)
    answer = shop.ask(DETAIL)
    assert answer.status == 200
    variant = answer.data["variant"]
    assert variant["product"]["name"]
    assert variant["offer"]["price"]["gross"]["minor"] > 0
    assert variant["availability"] is None
    assert answer.codes == [code]
    assert answer.errors[0]["path"] == ["variant", "availability"]


def test_a_shopper_is_not_told_whose_fault_it_is(shop: Shop) -> None:
    """An error's text and extensions name no system to a shopper."""
    shop.fault("wms", mode="down")
    answer = shop.ask(DETAIL)
    assert "wms" not in answer.response.text.lower().replace("availability", "")


def test_a_wrong_currency_is_no_price(shop: Shop) -> None:
    """A price in another currency than asked for is never shown, and never converted."""
    shop.fault("erp", garbage="currency", paths=["/sap/zretail/PRICES"])
    answer = shop.ask(DETAIL)
    assert answer.data["variant"]["offer"] is None
    assert answer.data["variant"]["availability"]["band"]
    assert answer.codes == ["SOURCE_CONTRACT"]


def test_everything_down_is_still_an_answer(shop: Shop) -> None:
    """With all systems down the answer is a GraphQL answer with its errors, not a failure."""
    for system in ("erp", "wms", "crm"):
        shop.fault(system, mode="drop")
    answer = shop.ask("{ viewer { role } products { nodes { id } } }")
    assert answer.status == 200
    assert answer.data == {"viewer": {"role": "ANONYMOUS"}, "products": None}
    assert answer.codes == ["SOURCE_UNAVAILABLE"]


def test_a_system_that_comes_back_is_back(shop: Shop) -> None:
    """Once a system is well again, the next operation has its values."""
    shop.fault("wms", mode="drop")
    assert shop.ask(DETAIL).data["variant"]["availability"] is None
    shop.mend()
    answer = shop.ask(DETAIL)
    assert answer.errors == []
    assert answer.data["variant"]["availability"]["band"]


def test_what_is_degraded_is_noticed(shop: Shop) -> None:
    """A value that its system kept back is in the notices, with its path."""
    shop.fault("wms", mode="down")
    notices = shop.ask(DETAIL).extensions["notices"]
    assert [(each["code"], each["path"]) for each in notices] == [
        ("DEGRADED", ["variant", "availability"])
    ]


def test_what_is_stale_is_noticed(shop: Shop) -> None:
    """Every object that is shown stale is in the notices, with its path, and no other."""
    shop.fault("wms", stale_ms=120_000)
    answer = shop.ask(
        """{ products(first: 30) { nodes { variants { availability {
             provenance { freshness } } } } } }"""
    )
    stale = [
        ["products", "nodes", i, "variants", j, "availability"]
        for i, product in enumerate(answer.data["products"]["nodes"])
        for j, variant in enumerate(product["variants"])
        if variant["availability"]["provenance"]
        and variant["availability"]["provenance"]["freshness"] == "STALE"
    ]
    assert stale
    noticed = [each["path"] for each in answer.extensions.get("notices", [])]
    assert noticed == stale[:50]


# One screen over all systems; no field of one of them hangs on another's.
SCREEN = """query ($skus: [String!]!) {
  products(first: 5) { nodes { name variants { sku offer { price { gross { minor } } } } } }
  availability(skus: $skus) { sku band locations(first: 3) { band location { name } } }
  locations(first: 3, near: {latitude: 52.23, longitude: 21.01}) { nodes { name services } }
  lookup(kind: CUSTOMER, system: "crm", id: "C-000042") { ... on Customer {
    name { full { text } } email { text } loyalty { points tier }
    orders(first: 3) { nodes { number total { minor currency } lines { quantity name } } } } } }"""
# What lies nowhere may be packed of others, which the ERP alone knows.
SKUS = [f"100{style:03d}001" for style in range(1, 30) if carried(style - 1) >= UNCARRIED]
NOWHERE = [f"100{style:03d}001" for style in range(1, 300) if carried(style - 1) < UNCARRIED]
# What each system's failure may take away, as paths into the answer.
OWN: dict[str, list[tuple[str, ...]]] = {
    "erp": [("products",), ("lookup", "orders")],
    "wms": [("availability",), ("locations",)],
    "crm": [("lookup",)],
}
# Of these several systems have a part each: what is left of them is less, and says so. (Whether
# what lies nowhere is a bundle, the ERP knows.)
SHARED: dict[str, list[tuple[str, ...]]] = {"erp": [("lookup", "orders"), ("availability",)]}
FAULTS: dict[str, dict[str, Any]] = {
    "down": {"mode": "down"},
    "500": {"mode": "down", "status": 500},
    "refusing": {"mode": "down", "status": 403},
    "dropping": {"mode": "drop"},
    "dropping after the work": {"mode": "drop_after"},
    "resetting": {"mode": "reset"},
    "half open": {"mode": "silent"},
    "slow": {"latency_ms": 5_000},
    "dripping": {"garbage": "drip", "drip_ms": 100},
    "cut": {"garbage": "cut"},
    "truncated": {"garbage": "truncated"},
    "HTML": {"garbage": "html"},
    "wrong types": {"garbage": "types"},
    "1 GB": {"garbage": "huge"},
    "gzip bomb": {"garbage": "gzip_bomb"},
}
CODES = {
    **dict.fromkeys(("down", "500", "dropping", "dropping after the work"), "SOURCE_UNAVAILABLE"),
    **dict.fromkeys(("resetting", "cut"), "SOURCE_UNAVAILABLE"),
    **dict.fromkeys(("half open", "slow", "dripping"), "SOURCE_TIMEOUT"),
    **dict.fromkeys(("truncated", "HTML", "wrong types", "1 GB", "gzip bomb"), "SOURCE_CONTRACT"),
    "refusing": "SOURCE_REJECTED",
}
FLOODS = ("1 GB", "gzip bomb")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the log of the gateway under test goes."""
    return tmp_path_factory.mktemp("failure") / "log"


@pytest.fixture(scope="module")
def impatient(log: Path) -> Iterator[Shop]:
    """The gateway, giving each system a second, so that slow ones do not hold the tests up."""
    with _giving("1s", "3s", log) as shop:
        yield shop


@pytest.fixture(scope="module")
def patient(log: Path) -> Iterator[Shop]:
    """The gateway, giving each system all the time that a busy machine may take."""
    with _giving("20s", "30s", log) as shop:
        yield shop


@contextmanager
def _giving(system: str, operation: str, log: Path) -> Iterator[Shop]:
    text = (ROOT / "gateway.toml").read_text(encoding="utf-8")
    text = text.replace('timeout = "3s"', f'timeout = "{operation}"')
    config = log.parent / f"{system}.toml"
    config.write_text(text.replace('timeout = "2s"', f'timeout = "{system}"'), encoding="utf-8")
    with log.open("a") as file, serve(config, log=file) as shop:
        yield shop


@pytest.fixture
def broken(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The gateway with all systems well, before and after; impatient where one is slow."""
    is_slow = "fault" in request.fixturenames and (
        CODES[request.getfixturevalue("fault")] == "SOURCE_TIMEOUT"
    )
    shop: Shop = request.getfixturevalue("impatient" if is_slow else "patient")
    shop.mend()
    yield shop
    shop.mend()


def _without(data: Any, paths: list[tuple[str, ...]]) -> Any:
    """The answer without what stands at these paths."""
    kept = dict(data)
    for head, *rest in paths:
        if not rest:
            kept.pop(head, None)
        elif kept.get(head) is not None:
            kept[head] = _without(kept[head], [tuple(rest)])
    return kept


def _is_part(part: Any, whole: Any) -> bool:
    """Whether everything that is shown is as it is when all is well; null may stand anywhere."""
    if part is None:
        return True
    if isinstance(part, dict):
        return part.keys() == whole.keys() and all(_is_part(part[k], whole[k]) for k in part)
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(_is_part, part, whole))
    return bool(part == whole)


def _logged(log: Path, request_id: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [each for each in lines if each.get("request_id") == request_id]


@pytest.mark.parametrize("system", OWN)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_systems_failure_costs_its_own_fields(
    broken: Shop, log: Path, system: str, fault: str
) -> None:
    """Whatever is wrong with a system, the answer is 200 and in time, all other fields are as
    ever, no wrong value is shown, the notices are true, and the log names the system."""
    whole = broken.ask(SCREEN, {"skus": SKUS}, persona="system")
    assert whole.errors == []
    assert all(whole.data.values())
    broken.fault(system, **FAULTS[fault])
    answer = broken.ask(SCREEN, {"skus": SKUS}, persona="system")
    assert answer.status == 200
    shared = SHARED.get(system, [])
    gone = [*OWN[system], *shared]
    assert _without(answer.data, gone) == _without(whole.data, gone)
    for head in ("availability", "locations"):
        assert _is_part(answer.data[head], whole.data[head])
    assert answer.data != whole.data
    # A flood may end at its size or at its time, whichever comes first.
    allowed = {CODES[fault]} | ({"SOURCE_TIMEOUT"} if fault in FLOODS else set())
    assert set(answer.codes) <= allowed
    assert answer.codes
    assert {each["extensions"]["system"] for each in answer.errors} == {system}
    noticed = [(each["code"], each["path"]) for each in answer.extensions["notices"]]
    incomplete = [("INCOMPLETE", [*path]) for path in shared]
    assert [each for each in noticed if each not in incomplete] == [
        ("DEGRADED", each["path"]) for each in answer.errors
    ][:50]
    logged = _logged(log, answer.response.headers["X-Request-Id"])
    failures = [each for each in logged if each["event"] == "failure"]
    assert {each["system"] for each in failures} == {system}
    assert {each["code"] for each in failures} == set(answer.codes)
    assert all(each["call"] and each["detail"] for each in failures)
    broken.mend()
    assert broken.ask(SCREEN, {"skus": SKUS}, persona="system").data == whole.data


def test_nan_is_no_figure(broken: Shop) -> None:
    """NaN in the place of prices and stock costs those, and is never shown as a number."""
    broken.fault("erp", garbage="nan")
    broken.fault("wms", garbage="nan")
    answer = broken.ask(SCREEN, {"skus": SKUS}, persona="system")
    assert answer.data["availability"] in (None, [None] * len(SKUS))
    assert answer.data["lookup"]["name"]["full"]["text"]
    assert set(answer.codes) == {"SOURCE_CONTRACT"}
    assert "NaN" not in answer.response.text


def test_a_contract_that_is_broken_is_logged_with_its_field(broken: Shop, log: Path) -> None:
    """The log says which field of which call of which system was damaged, and nothing of what
    stood there."""
    broken.fault("wms", garbage="types")
    answer = broken.ask(SCREEN, {"skus": SKUS}, persona="system")
    logged = _logged(log, answer.response.headers["X-Request-Id"])
    details = [each["detail"] for each in logged if each["event"] == "failure"]
    assert details
    assert all(detail.startswith("field $") for detail in details)
    assert "wms" not in json.dumps(answer.body["errors"][0]["message"])


def test_a_damaged_row_costs_its_own_key(broken: Shop) -> None:
    """Where one record of many is damaged, the others are shown as they are."""
    whole = broken.ask(SCREEN, {"skus": SKUS}, persona="system").data["availability"]
    broken.fault("wms", garbage="rows", seed=5)
    answer = broken.ask(SCREEN, {"skus": SKUS}, persona="system")
    found = answer.data["availability"]
    damaged = [n for n, each in enumerate(found) if each is None]
    assert 0 < len(damaged) < len(SKUS)
    assert _is_part(found, whole)
    errors = [each["path"] for each in answer.errors if each["path"][0] == "availability"]
    assert [path for path in sorted(errors) if len(path) == 2] == [
        ["availability", n] for n in damaged
    ]
    assert set(answer.codes) == {"SOURCE_CONTRACT"}


def test_what_may_be_packed_of_others_is_not_sold_out(shop: Shop) -> None:
    """Where nobody can say what a set is made of, its availability is null, and not none."""
    query = """query ($skus: [String!]!) { availability(skus: $skus) { band } }"""
    whole = shop.ask(query, {"skus": NOWHERE[:20]}).data["availability"]
    assert {each["band"] for each in whole} > {"NONE"}
    shop.fault("erp", mode="down")
    answer = shop.ask(query, {"skus": NOWHERE[:20]})
    assert answer.data["availability"] == [None] * len(whole)
    assert set(answer.codes) == {"SOURCE_UNAVAILABLE"}


def test_stock_below_zero_counts_as_none_and_is_flagged(shop: Shop) -> None:
    """Books below zero are no garbage: they promise nothing, and staff see that they are so."""
    query = """query ($skus: [String!]!) { availability(skus: $skus) {
        locations(first: 100) { band stock { onHand available isNegative } } } }"""
    seen = 0
    for start in range(1, 250, 80):
        skus = [f"100{style:03d}001" for style in range(start, start + 80)]
        answer = shop.ask(query, {"skus": skus}, persona="system")
        assert answer.errors == []
        for found in filter(None, answer.data["availability"]):
            for place in found["locations"]:
                assert place["stock"]["isNegative"] is (place["stock"]["onHand"] < 0)
                if place["stock"]["isNegative"]:
                    seen += 1
                    assert (place["stock"]["available"], place["band"]) == (0, "NONE")
    assert seen
