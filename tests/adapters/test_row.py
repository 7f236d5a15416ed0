"""A damaged row costs its own key, and one that is nobody's costs the answer."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import Struct

from adapters._row import Shape, fetch_rows, read_rows
from adapters._upstream import SystemSettings, Upstream
from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import SourceContract, SourceUnavailable
from domain.viewer import Channel
from tests.adapters.fault import Exchange, Faulty, answer


class Row(Struct, frozen=True, rename="upper"):
    """A row of a wire that writes in capitals."""

    matnr: str
    qty: int


SHAPE = Shape(("d", "results"), Row, "MATNR")
KEYS = ["1", "2", "3"]


def read(rows: object, asked: list[str] = KEYS) -> Any:
    body = json.dumps({"d": {"results": rows, "__count": "3"}}).encode()
    return read_rows("erp", "stock_by_sku", "application/json", body, SHAPE, asked)


def test_whole_rows_are_read_by_their_keys() -> None:
    """Rows that are all whole come with their keys, and nothing is damaged."""
    found = read([{"MATNR": "1", "QTY": 5}, {"MATNR": "2", "QTY": -1}])
    assert found.translate(lambda row: row.qty) == {"1": 5, "2": -1}
    assert found.damaged == {}


@pytest.mark.parametrize(
    "damaged",
    [
        {"MATNR": "2", "QTY": "5"},
        {"MATNR": "2", "QTY": None},
        {"MATNR": "2", "QTY": 5.5},
        {"MATNR": "2"},
    ],
)
def test_a_damaged_row_is_its_own_keys_failure(damaged: dict[str, Any]) -> None:
    """The other rows stand; the failure names system, call and field, and holds no value."""
    found = read([{"MATNR": "1", "QTY": 5}, damaged, {"MATNR": "3", "QTY": 7}])
    values = found.translate(lambda row: row.qty)
    assert (values["1"], values["3"]) == (5, 7)
    failure = values["2"]
    assert isinstance(failure, SourceContract)
    assert (failure.system, failure.call) == ("erp", "stock_by_sku")
    assert "QTY" in failure.detail


def test_nonsense_is_its_own_keys_failure_too() -> None:
    """What keeps its types and makes no sense in translation costs its key alone."""

    def translate(row: Row) -> int:
        if row.qty < 0:
            raise ValueError("less than none")
        return row.qty

    values = read([{"MATNR": "1", "QTY": 5}, {"MATNR": "2", "QTY": -1}]).translate(translate)
    assert values["1"] == 5
    assert isinstance(values["2"], SourceContract)
    assert values["2"].detail == "less than none"


@pytest.mark.parametrize(
    "rows",
    [
        [{"MATNR": 1, "QTY": 5}],
        [{"QTY": "5"}],
        [{"MATNR": "1", "QTY": 5}, {"MATNR": "9", "QTY": "5"}],
        [{"MATNR": "1", "QTY": 5}, "2"],
        {"1": 5},
        None,
        # NaN is no JSON, so that not even the other rows can be told apart for certain.
        [{"MATNR": "1", "QTY": 5}, {"MATNR": "2", "QTY": float("nan")}],
    ],
)
def test_a_damaged_row_that_is_nobodys_costs_the_answer(rows: object) -> None:
    """Where nobody can tell whose row is damaged, an absent key could be it: nothing is used."""
    with pytest.raises(SourceContract):
        read(rows)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"d": {}}', b"\xff", b'{"d": [1]}'])
def test_what_is_no_list_of_rows_is_a_failure(body: bytes) -> None:
    """Broken JSON, and JSON of another form, is a failure of the whole answer."""
    with pytest.raises(SourceContract):
        read_rows("erp", "stock_by_sku", "application/json", body, SHAPE, KEYS)


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[Upstream, Faulty]]:
    async def play(server: Faulty, exchange: Exchange) -> None:
        if "POST /down" in exchange.head:
            await exchange.say(answer(b"{}", status="503 Service Unavailable"))
        else:
            body = {"d": {"results": [{"MATNR": "1", "QTY": 5}, {"MATNR": "2", "QTY": []}]}}
            await exchange.say(answer(json.dumps(body).encode()))

    async with Faulty(play) as server:
        made = Upstream("erp", SystemSettings(adapter="x", url=server.url, serves=[]))
        try:
            yield made, server
        finally:
            await made.close()


async def test_rows_are_asked_for_as_any_read_is(upstream: tuple[Upstream, Faulty]) -> None:
    """A call for rows is counted, bounded and explained like every other."""
    ask = Ask(Deadline.after(5), "PL", "PLN", "en", Channel.WEB)
    found = await fetch_rows(
        upstream[0], "POST", "/rows", ask=ask, call="stock_by_sku", rows=SHAPE, asked=KEYS
    )
    assert [key for key, _ in found.whole] == ["1"]
    assert list(found.damaged) == ["2"]
    with pytest.raises(SourceUnavailable):
        await fetch_rows(
            upstream[0], "POST", "/down", ask=ask, call="stock_by_sku", rows=SHAPE, asked=KEYS
        )
    assert ask.calls == {"erp": 2}
