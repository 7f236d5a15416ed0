"""The systems that the ports' promises are kept against."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from adapters import sandbox_crm, sandbox_erp, sandbox_wms
from adapters._upstream import SystemSettings, Upstream
from domain.deadline import Duration
from domain.secret import Secret
from sandbox.contact import kunnr_of
from tests.adapters.counterpart import (
    Counterpart,
    Promise,
    facet_queries,
    location_queries,
    order_queries,
    product_queries,
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


@pytest.fixture
async def sandbox_counterpart(sandbox: Sandbox) -> AsyncIterator[Counterpart]:
    """The sandbox behind its three adapters."""
    modules: dict[str, Any] = {"erp": sandbox_erp, "wms": sandbox_wms, "crm": sandbox_crm}
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
            promises=_promises(sandbox, adapters),
            upstreams=upstreams,
            fault=fault,
            seen=lambda: sum(sandbox.seen(name)["total"] for name in modules),
        )


def _promises(sandbox: Sandbox, adapters: dict[str, Any]) -> dict[str, Promise]:
    skus = _skus(sandbox.clients["erp"])
    contacts = [f"crm:C-{n:06d}" for n in range(1, 351)]
    buyers = [f"erp:{number}" for n in range(1, 301) if (number := kunnr_of(n)) is not None]
    sites = [s["code"] for s in sandbox.clients["wms"].get("/v2/sites").json()["sites"]]
    groups = [row["MATKL"] for row in _groups(sandbox.clients["erp"])]
    sandbox.calm()
    erp, wms, crm = adapters["erp"], adapters["wms"], adapters["crm"]
    far = ("tryton:1", "crm", "")
    no_sku = ("", "x", "0" * 9, "9" * 60, "żółw", "100001001 ")
    return {
        "product_by_key": Promise(
            erp, [f"erp:{n}" for n in range(100_001, 100_301)], 200, ["erp:999999"],
            [*far, "erp:0100001", "erp:x", "wms:100001"],
        ),
        "variant_by_sku": Promise(erp, skus[:450], 200, ["999999001"], no_sku),
        "offer_by_sku": Promise(erp, skus[:1_100], 1_000, ["999999001"], no_sku),
        "price_history_by_sku": Promise(erp, skus[:1_100], 1_000, ["999999001"], no_sku),
        "product_count_by_query": Promise(erp, product_queries(4), 1),
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
            crm, [key.replace("C-", "LA-") for key in contacts], 100, ["crm:LA-999999"], far
        ),
    }  # fmt: skip


def _groups(erp: httpx.Client) -> Any:
    return erp.get("/sap/zretail/MATERIAL_GROUPS").json()["d"]["results"]


def _skus(erp: httpx.Client) -> list[str]:
    pages = [
        erp.get("/sap/zretail/ARTICLES", params={"$top": "100", "$skip": str(skip)}).json()
        for skip in (0, 100, 200)
    ]
    return [
        variant["MATNR"].lstrip("0")
        for page in pages
        for style in page["d"]["results"]
        for variant in style["VARIANTS"]
    ]
