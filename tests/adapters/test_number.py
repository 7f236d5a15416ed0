"""Numbers that keep their type and cannot be published, from each of the sandbox's systems."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from adapters import sandbox_crm, sandbox_erp, sandbox_wms
from adapters._system import SystemSettings
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import SourceContract
from domain.filter import ProductQuery
from domain.order import OrderQuery
from domain.page import PageRequest
from domain.secret import Secret
from domain.viewer import Channel
from tests.adapters.counterpart import got
from tests.adapters.fault import Exchange, Faulty, answer

BEYOND = 2**31
ROW = {"site": "WAW1", "qoh": 5, "alloc": 1, "ss": 1, "asof": 1_760_000_000_000, "due": []}
ROW |= {"dmg": 0, "trn": 0}


def _stock(**changed: object) -> Any:
    return {"articles": [{"article": "1", "stock": [ROW | changed]}]}


def _account(points: int) -> Any:
    account = {"id": "LA-1", "contactId": "C-1", "balance": {"points": points}, "tier": None}
    return {"data": [account]}


async def _ask(kind: Any, call: str, keys: Sequence[Any], body: object) -> Any:
    async def play(_: Faulty, exchange: Exchange) -> None:
        await exchange.say(answer(json.dumps(body).encode()))

    async with Faulty(play) as server:
        upstream = Upstream("shop", SystemSettings(adapter="x", url=server.url, serves=[]))
        adapter = kind(upstream, Secret("a-key"), kind.Options())
        try:
            ask = Ask(Deadline.after(20), "PL", "PLN", "en", Channel.WEB)
            return await getattr(adapter, call)(keys, ask)
        finally:
            await upstream.close()


@pytest.mark.parametrize(
    ("kind", "call", "key", "body"),
    [
        (sandbox_wms.Adapter, "stock_by_sku", "1", _stock(qoh=BEYOND)),
        (sandbox_wms.Adapter, "stock_by_sku", "1", _stock(qoh=-BEYOND)),
        (sandbox_wms.Adapter, "stock_by_sku", "1", _stock(alloc=BEYOND)),
        (sandbox_wms.Adapter, "stock_by_sku", "1", _stock(ss=BEYOND)),
        (
            sandbox_wms.Adapter,
            "stock_by_sku",
            "1",
            _stock(due=[{"qty": BEYOND, "eta": ROW["asof"]}]),
        ),
        (sandbox_crm.Adapter, "loyalty_by_customer", "shop:C-1", _account(BEYOND)),
        (
            sandbox_erp.Adapter,
            "orders_by_customer",
            OrderQuery(("shop:0000000001",), PageRequest(5)),
            {"d": {"results": [{"KUNNR": "0000000001", "ANZAHL": BEYOND, "VBAK": []}]}},
        ),
        (
            sandbox_erp.Adapter,
            "products_by_query",
            ProductQuery(PageRequest(5)),
            {"d": {"results": [], "CABNT": [], "__count": str(BEYOND)}},
        ),
    ],
)
async def test_a_whole_number_beyond_32_bit_is_a_contract_failure(
    kind: Any, call: str, key: Any, body: object
) -> None:
    """What GraphQL's Int cannot hold never leaves an adapter: the system broke its contract."""
    with pytest.raises(SourceContract):
        got((await _ask(kind, call, [key], body))[key])


async def test_the_largest_whole_number_passes() -> None:
    """The last number that GraphQL's Int holds is one."""
    found = await _ask(sandbox_wms.Adapter, "stock_by_sku", ["1"], _stock(qoh=BEYOND - 1))
    assert found["1"][0].on_hand == BEYOND - 1
