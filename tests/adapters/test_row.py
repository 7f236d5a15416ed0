"""A damaged row costs what it is about, and one that is nobody's costs the answer."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

import pytest
from msgspec import Struct

from adapters._row import Rows, by_key, decode_rows, readable, told
from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import SourceContract
from domain.partial import Partial, missing_of
from domain.viewer import Channel

T = TypeVar("T")


class Line(Struct, frozen=True):
    """A row within a row."""

    no: int
    qty: int


class Row(Struct, frozen=True, rename="upper"):
    """A row of a wire that writes in capitals."""

    matnr: str
    qty: Decimal
    lines: list[Line] = []


class Results(Struct, Generic[T], frozen=True):
    """Rows and what stands beside them."""

    results: list[T]
    count: str = ""


class Envelope(Struct, Generic[T], frozen=True):
    """What is around them."""

    d: T


KIND = Envelope[Results[Row]]
PLACES = (
    Rows(("d", "results"), ("MATNR", "OTHER/MATNR"), (Rows(("LINES",), ("no",), numbered=True),)),
)
KEYS = ["1", "2", "3"]


def decode(rows: object, count: object = "3") -> Envelope[Results[Row]]:
    body = json.dumps({"d": {"results": rows, "count": count}}).encode()
    return decode_rows("erp", "stock_by_sku", "application/json", body, KIND, PLACES)


def read(rows: object, asked: list[str] = KEYS) -> Mapping[str, Any]:
    results = decode(rows).d.results
    return by_key("erp", "stock_by_sku", results, lambda row: (row.matnr,), pieces, asked)


def pieces(row: Row) -> Decimal:
    if row.qty < 0:
        raise ValueError("less than none")
    return row.qty


def test_whole_rows_are_read_by_their_keys() -> None:
    """Rows that are all whole come with their keys, exactly as they were written."""
    assert read([{"MATNR": "1", "QTY": 5}, {"MATNR": "2", "QTY": 0.1}]) == {
        "1": 5,
        "2": Decimal("0.1"),
    }


@pytest.mark.parametrize(
    "damaged",
    [
        {"MATNR": "2", "QTY": "many"},
        {"MATNR": "2", "QTY": None},
        {"MATNR": "2", "QTY": []},
        {"MATNR": "2"},
        {"OTHER": [{"MATNR": "2"}, {"MATNR": 3}]},
    ],
)
def test_a_damaged_row_is_its_own_keys_failure(damaged: dict[str, Any]) -> None:
    """The other rows stand; the failure names system and call, and holds no value."""
    values = read([{"MATNR": "1", "QTY": 0.1}, damaged, {"MATNR": "3", "QTY": 7}])
    assert (values["1"], values["3"]) == (Decimal("0.1"), 7)
    failure = values["2"]
    assert isinstance(failure, SourceContract)
    assert (failure.system, failure.call) == ("erp", "stock_by_sku")
    assert "many" not in failure.detail


def test_nonsense_is_its_own_keys_failure_too() -> None:
    """What keeps its types and makes no sense in translation costs its key alone."""
    values = read([{"MATNR": "1", "QTY": 5}, {"MATNR": "2", "QTY": -1}])
    assert values["1"] == 5
    assert isinstance(values["2"], SourceContract)
    assert values["2"].detail == "less than none"


@pytest.mark.parametrize(
    "rows",
    [
        [{"MATNR": None, "QTY": 5}],
        [{"MATNR": 2, "QTY": 5}],
        [{"MATNR": ["2"], "QTY": 5}],
        [{"QTY": "many"}],
        [{"MATNR": "1", "QTY": 5}, {"MATNR": "9", "QTY": "many"}],
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
        decode_rows("erp", "stock_by_sku", "application/json", body, KIND, PLACES)


def test_damage_beside_the_rows_costs_the_answer() -> None:
    """What stands around the rows is everybody's."""
    with pytest.raises(SourceContract):
        decode([{"MATNR": "1", "QTY": "many"}], count=3)


def test_rows_keep_their_places() -> None:
    """A list in an order shows a damaged row where it stands, with what it says it is about."""
    results = decode([{"MATNR": "1", "QTY": 5}, {"MATNR": "2"}, {"MATNR": "3", "QTY": 7}]).d.results
    found = told("erp", "stock_by_sku", results, lambda row: (row.matnr,), pieces)
    assert [keys for keys, _ in found] == [("1",), ("2",), ("3",)]
    assert [isinstance(value, SourceContract) for _, value in found] == [False, True, False]


def test_a_damaged_row_within_a_row_costs_neither() -> None:
    """A row whose own rows are damaged is read with the rest of them, each in its place."""
    lines = [{"no": 1, "qty": 4}, {"no": 2, "qty": "n/a"}, {"no": 3, "qty": 6}]
    [row] = decode([{"MATNR": "1", "QTY": 5, "LINES": lines}]).d.results
    assert row.qty == 5
    found = told("erp", "orders", row.lines, lambda line: (str(line.no),), lambda line: line.qty)
    assert [keys for keys, _ in found] == [("1",), ("2",), ("3",)]
    assert [value for _, value in found if not isinstance(value, SourceContract)] == [4, 6]


def test_what_could_be_read_of_a_list_says_that_it_is_not_whole() -> None:
    """A list goes without what is damaged and names the system; where all is, it is a failure."""
    ask = Ask(Deadline.after(5), "PL", "PLN", "en", Channel.WEB)
    failure = SourceContract("crm", "customers_by_trait", "broken")
    assert readable(["a", "b"], "crm", ask) == ("a", "b")
    assert readable([failure, failure], "crm", ask) is failure
    part = readable(["a", failure], "crm", ask)
    assert isinstance(part, Partial)
    assert (tuple(part), missing_of(part)) == (("a",), ("crm",))
