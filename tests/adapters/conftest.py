"""The systems that the ports' promises are kept against."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from adapters import sandbox_carrier, sandbox_crm, sandbox_erp, sandbox_pos, sandbox_wms
from adapters._system import SystemSettings
from adapters._upstream import Upstream
from domain.customer import Trait, TraitKind
from domain.deadline import Duration
from domain.secret import Secret
from sandbox.contact import person_at
from sandbox.number import card_of, kunnr_of
from tests.adapters.counterpart import (
    Counterpart,
    Promise,
    facet_queries,
    interaction_queries,
    ledger_queries,
    location_queries,
    order_queries,
    product_queries,
    product_selections,
)
from tests.sandbox.running import Running, Sandbox


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Running]:
    """The sandbox's systems, started once."""
    found = Running()
    yield found
    assert found.end() == 0


@pytest.fixture
def sandbox(running_sandbox: Running) -> Sandbox:
    """The sandbox without faults and with an empty record."""
    found = Sandbox(running_sandbox)
    found.calm()
    return found


@pytest.fixture(scope="session")
def sandbox_promises(running_sandbox: Running) -> Mapping[str, Promise]:
    """What the sandbox's systems hold, looked up once."""
    return _promises(Sandbox(running_sandbox))


@pytest.fixture(scope="session")
def tills_promises(running_sandbox: Running) -> Mapping[str, Promise]:
    """What the sandbox's tills hold, looked up once."""
    return _sales(Sandbox(running_sandbox))


@pytest.fixture
async def sandbox_counterpart(
    sandbox_promises: Mapping[str, Promise], sandbox: Sandbox
) -> AsyncIterator[Counterpart]:
    """The sandbox behind its adapters."""
    modules = {
        "erp": sandbox_erp,
        "wms": sandbox_wms,
        "crm": sandbox_crm,
        "carrier": sandbox_carrier,
    }
    async with _behind(sandbox, modules, sandbox_promises) as found:
        yield found


@pytest.fixture
async def tills_counterpart(
    tills_promises: Mapping[str, Promise], sandbox: Sandbox
) -> AsyncIterator[Counterpart]:
    """The sandbox's tills, which serve a port that the ERP serves too."""
    async with _behind(sandbox, {"pos": sandbox_pos}, tills_promises) as found:
        yield found


@asynccontextmanager
async def _behind(
    sandbox: Sandbox, modules: dict[str, Any], promises: Mapping[str, Promise]
) -> AsyncIterator[Counterpart]:
    async with AsyncExitStack() as owned:
        upstreams: dict[str, Upstream] = {}
        adapters: dict[str, Any] = {}
        for name, module in modules.items():
            # No promise is about speed: only the operation's own deadline ends a call.
            settings = SystemSettings(
                adapter=f"sandbox_{name}",
                url=sandbox.urls[name],
                serves=[],
                concurrency=4,
                timeout=Duration(30),
            )
            upstreams[name] = Upstream(name, settings)
            owned.push_async_callback(upstreams[name].close)
            options = module.Adapter.Options()
            adapters[name] = module.Adapter(upstreams[name], Secret(f"sandbox-{name}-key"), options)

        def fault(**settings: object) -> None:
            for name in modules:
                sandbox.fault(name, **settings)

        yield Counterpart(
            promises={
                call: msgspec.structs.replace(each, adapter=adapters[each.adapter])
                for call, each in promises.items()
            },
            upstreams=upstreams,
            fault=fault,
            seen=lambda: sum(sandbox.seen(name)["total"] for name in modules),
        )


def _promises(sandbox: Sandbox) -> dict[str, Promise]:
    """How the systems keep each method; the adapter of each test stands in for the name."""
    articles = _articles(sandbox.clients["erp"])
    skus = [sku for sku, _ in articles]
    contacts = [f"crm:C-{n:06d}" for n in range(1, 351)]
    buyers = [f"erp:{number}" for n in range(1, 301) if (number := kunnr_of(n)) is not None]
    sites = [s["code"] for s in sandbox.clients["wms"].get("/v2/sites").json()["sites"]]
    groups = [row["MATKL"] for row in _groups(sandbox.clients["erp"])]
    erp, wms, crm = "erp", "wms", "crm"
    accounts = [key.replace("C-", "LA-") for key in contacts]
    traits = [
        trait
        for n in range(1, 251)
        for trait in (
            Trait(TraitKind.EMAIL, person_at(n).email.upper()),
            Trait(TraitKind.EXTERNAL, f"erp:{kunnr_of(n)}"),
            Trait(TraitKind.NAME, person_at(n).family),
        )
        if "None" not in trait.value
    ]
    parcels = [
        row["TRAID"]
        for start in range(0, 600, 200)
        for order in sandbox.erp(
            "ORDERS_BY_VBELN",
            {"VBELN": [str(4_500_000_001 + n) for n in range(start, start + 200)]},
        )
        for row in order["LIKP"]
        if row["TRAID"]
    ]
    far = ("tryton:1", "crm", "")
    no_sku = ("", "x", "0" * 9, "9" * 60, "żółw", "100001001 ")
    return {
        "product_by_key": Promise(
            erp, [f"erp:{n}" for n in range(100_001, 100_301)], 200, ["erp:999999"],
            [*far, "erp:0100001", "erp:x", "wms:100001"],
        ),
        "variant_by_sku": Promise(erp, skus[:450], 200, ["999999001"], no_sku),
        "variant_by_gtin": Promise(
            erp, [code for _, code in articles[:450]], 200, ["5901234123457"],
            ["", "x", "1" * 11, "1" * 15, "żółw"],
        ),
        "offer_by_sku": Promise(erp, skus[:1_100], 1_000, ["999999001"], no_sku),
        "price_history_by_sku": Promise(erp, skus[:1_100], 1_000, ["999999001"], no_sku),
        "product_count_by_query": Promise(erp, product_selections(), 1),
        "facets_by_query": Promise(erp, facet_queries(), 1),
        "category_by_key": Promise(
            erp, [f"erp:{code}" for code in groups], len(groups), ["erp:99"], [*far, "wms:10"]
        ),
        "categories_by_parent": Promise(
            erp, ["", *(f"erp:{code}" for code in groups)], len(groups) + 1, ["erp:99"],
            ["tryton:1", "crm", "wms:10"],
        ),
        "product_count_by_category": Promise(
            erp, [f"erp:{code}" for code in groups], 200, ["erp:99"], [*far, "erp:x", "wms:10"]
        ),
        "skus_by_location": Promise(
            wms, [f"wms:{code}" for code in sites[:4]], 1, ["wms:XXX9"],
            [*far, "erp:WAW1", f"wms:{'x' * 60}"],
        ),
        "order_by_key": Promise(
            erp, [f"erp:{n}" for n in range(4_500_000_001, 4_500_000_431)], 200,
            ["erp:4600000000"], [*far, "erp:1", "wms:4500000001"],
        ),
        "orders_by_customer": Promise(
            erp, order_queries(buyers), 200, order_queries(["erp:0009999999"]),
            order_queries([*far, "crm:C-000042", "erp:x"]),
        ),
        "products_by_query": Promise(erp, product_queries(5), 1),
        "stock_by_sku": Promise(wms, skus[:1_100], 1_000, ["999999001", "x"], ["", "9" * 60]),
        "location_by_key": Promise(wms, [f"wms:{code}" for code in sites], 100,
                                   ["wms:XXX9"], [*far, "erp:WAW1", f"wms:{'x' * 60}"]),
        "locations_by_query": Promise(wms, location_queries(5), 1),
        "customer_by_key": Promise(crm, contacts, 100, ["crm:C-999999"], [*far, "erp:C-000042"]),
        "loyalty_by_customer": Promise(crm, contacts, 100, ["crm:C-999999"], [*far, "erp:1"]),
        "loyalty_by_key": Promise(
            crm, accounts, 100, ["crm:LA-999999"], far
        ),
        "order_by_number": Promise(
            erp, [str(n) for n in range(4_500_000_001, 4_500_000_431)], 200,
            ["4600000000", "WAW1-01-999999"], ["", "x" * 60, "żółw"],
        ),
        "customers_by_trait": Promise(
            crm, traits, 500,
            [Trait(TraitKind.EMAIL, "nobody@example.com"), Trait(TraitKind.NAME, "Nobodyson")],
            [Trait(TraitKind.EXTERNAL, "tryton:1"), Trait(TraitKind.PHONE, "none"),
             Trait(TraitKind.NAME, " ")],
        ),
        "ledger_by_account": Promise(
            crm, ledger_queries(accounts), 100, ledger_queries(["crm:LA-999999"]),
            ledger_queries([*far, "erp:LA-000042"]),
        ),
        "interactions_by_customer": Promise(
            crm, interaction_queries(contacts), 100, interaction_queries(["crm:C-999999"]),
            interaction_queries([*far, "erp:C-000042"]),
        ),
        "shipment_by_tracking": Promise(
            "carrier", parcels, 100, ["KUR999999990", "x"], ["", "9" * 60],
        ),
    }  # fmt: skip


def _sales(sandbox: Sandbox) -> dict[str, Promise]:
    feed = sandbox.clients["pos"].get("/backoffice/feed", params={"limit": "500"}).json()
    numbers = [each["receipt"] for each in feed["receipts"]][:350]
    cards = [f"pos:{card}" for n in range(1, 351) if (card := card_of(n)) is not None]
    pos, far = "pos", ("tryton:1", "pos", "", "erp:4500000001")
    return {
        "order_by_key": Promise(
            pos, [f"pos:{number}" for number in numbers], 100, ["pos:WAW1-01-999999"],
            [*far, f"pos:{'x' * 60}"],
        ),
        "order_by_number": Promise(
            pos, numbers, 100, ["WAW1-01-999999", "4500000001"], ["", "x" * 60]
        ),
        "orders_by_customer": Promise(
            pos, order_queries(cards), 100, order_queries(["pos:2990000000000"]),
            order_queries([*far, "crm:C-000042"]),
        ),
    }  # fmt: skip


def _groups(erp: httpx.Client) -> Any:
    return erp.get("/sap/zretail/MATERIAL_GROUPS").json()["d"]["results"]


def _articles(erp: httpx.Client) -> list[tuple[str, str]]:
    pages = [
        erp.get("/sap/zretail/ARTICLES", params={"$top": "100", "$skip": str(skip)}).json()
        for skip in (0, 100, 200)
    ]
    return [
        (variant["MATNR"].lstrip("0"), variant["EAN11"])
        for page in pages
        for style in page["d"]["results"]
        for variant in style["VARIANTS"]
    ]
