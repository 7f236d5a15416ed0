"""Several systems behind one port answer as one, and say which of them is missing."""

import asyncio
import random
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct
from structlog.testing import capture_logs

from adapters._scope import Member, Scope
from adapters._several import Several
from domain.ask import Ask
from domain.deadline import Deadline
from domain.errors import BadInput, SourceContract, SourceUnavailable
from domain.page import Page, PageRequest
from domain.partial import missing_of
from domain.viewer import Channel

CALLS = ["stock_by_sku", "location_by_key", "offer_by_sku", "sales_by_customer", "styles_by_query"]
START = datetime(2026, 1, 1, tzinfo=UTC)


class Sale(Struct, frozen=True):
    """What the test's systems sell: a number and a time."""

    number: str
    at: datetime


class SaleQuery(Struct, frozen=True):
    """A page of sales, newest first."""

    page: PageRequest

    def rank(self, sale: Sale) -> float:
        return -sale.at.timestamp()


class StyleQuery(Struct, frozen=True):
    """A page of styles in each system's own order."""

    page: PageRequest


class System:
    """A system of record at the narrowest waist: an adapter with its data in memory."""

    def __init__(self, name: str, rows: Mapping[str, Any], sales: Sequence[Sale] = ()) -> None:
        self.name = name
        self.rows = rows
        self.sales = sorted(sales, key=lambda sale: sale.at, reverse=True)
        self.asked: list[list[Any]] = []
        self.failure: Exception | None = None

    async def _read(self, keys: Sequence[Any], ask: Ask) -> dict[Any, Any]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return {key: self.rows[key] for key in keys if key in self.rows}

    stock_by_sku = location_by_key = offer_by_sku = _read

    async def _pages(self, queries: Sequence[Any], ask: Ask) -> dict[Any, Any]:
        await self._read([], ask)
        found = {}
        for query in queries:
            start = int(query.page.after or 0)
            items = self.sales[start : start + query.page.first]
            cursors = map(str, range(start + 1, start + len(items) + 1))
            more = start + len(items) < len(self.sales)
            found[query] = Page(tuple(items), tuple(cursors), more, len(self.sales))
        return found

    sales_by_customer = styles_by_query = _pages

    def fail(self, call: str = "stock_by_sku") -> None:
        self.failure = SourceUnavailable(self.name, call, "no connection (refused)")


def together(*systems: System, port: str = "stock", scopes: Sequence[Scope] = ()) -> Any:
    given = scopes or [{}] * len(systems)
    return Several(port, CALLS, [Member(s.name, s, scope) for s, scope in zip(systems, given)])


def ask(market: str = "PL") -> Ask:
    return Ask(Deadline.after(1), market, "PLN", "en", Channel.WEB, request_id="r-1")


def sales(*hours: int) -> list[Sale]:
    return [Sale(f"{hour}", START + timedelta(hours=hour)) for hour in hours]


async def test_a_key_that_carries_a_system_goes_to_it_alone() -> None:
    """A key leads back to its own system; the others are not asked."""
    a, b = System("a", {"a:1": "A1"}), System("b", {"b:1": "B1"})
    found = await together(a, b).location_by_key(["a:1", "b:1", "b:2"], ask())
    assert found == {"a:1": "A1", "b:1": "B1"}
    assert (a.asked, b.asked) == ([["a:1"]], [["b:1", "b:2"]])
    assert await together(a, b).location_by_key(["a:1"], ask()) == {"a:1": "A1"}
    assert len(b.asked) == 1


async def test_a_sku_goes_to_all_and_lists_are_joined() -> None:
    """Stock of one SKU in several systems is one list, in the order of the configuration."""
    a, b = System("a", {"1": ("x",), "2": ()}), System("b", {"1": ("y", "z"), "a:3": ("w",)})
    found = await together(a, b).stock_by_sku(["1", "2", "a:3", "9", "1"], ask())
    assert found == {"1": ("x", "y", "z"), "2": (), "a:3": ("w",)}
    assert all(missing_of(each) == () for each in found.values())
    assert a.asked == b.asked == [["1", "2", "a:3", "9"]]


async def test_the_first_that_has_a_single_value_gives_it() -> None:
    """Where a value is one thing, the first system in the configuration that has it is believed."""
    a, b = System("a", {"1": "A"}), System("b", {"1": "B", "2": "B"})
    assert await together(a, b).offer_by_sku(["1", "2"], ask()) == {"1": "A", "2": "B"}


async def test_the_market_says_whose_word_is_wanted() -> None:
    """A system of another market is not asked for prices, and is for its own keys."""
    a, b = System("a", {"1": "A", "a:1": "A"}), System("b", {"1": "B", "b:1": "B"})
    scopes: list[Scope] = [{"market": ["PL"]}, {"market": ["DE"]}]
    offers = together(a, b, port="offer", scopes=scopes)
    assert await offers.offer_by_sku(["1"], ask("DE")) == {"1": "B"}
    assert a.asked == []
    places = together(a, b, port="location", scopes=scopes)
    assert await places.location_by_key(["a:1"], ask("DE")) == {"a:1": "A"}


async def test_what_one_system_keeps_back_is_missing_by_name() -> None:
    """A list without one system's part says so; a key that only it could know has its failure."""
    a, b = System("a", {"1": ("x",), "2": ()}), System("b", {"1": ("y",), "9": ("z",)})
    b.fail()
    found = await together(a, b).stock_by_sku(["1", "2", "9"], ask())
    assert (found["1"], missing_of(found["1"])) == (("x",), ("b",))
    assert (found["2"], missing_of(found["2"])) == ((), ("b",))
    assert found["9"] is b.failure


async def test_a_single_value_does_not_need_the_others() -> None:
    """A price that is there is there, whoever else is down."""
    a, b = System("a", {"1": "A"}), System("b", {"2": "B"})
    b.fail("offer_by_sku")
    found = await together(a, b).offer_by_sku(["1", "2"], ask())
    assert found == {"1": "A", "2": b.failure}


async def test_a_missing_part_is_logged_once_for_the_batch() -> None:
    """An operator reads which system and call were missing, and in which request."""
    a, b = System("a", {"1": ("x",)}), System("b", {})
    b.failure = SourceContract("b", "stock_by_sku", "Expected `int`, got `str`", "$[0].qoh")
    with capture_logs() as logs:
        await together(a, b).stock_by_sku([str(n) for n in range(50)], ask())
    assert logs == [
        {
            "event": "part missing", "log_level": "error", "request_id": "r-1",
            "code": "SOURCE_CONTRACT", "system": "b", "call": "stock_by_sku",
            "detail": "field $[0].qoh: Expected `int`, got `str`",
        }
    ]  # fmt: skip


async def test_a_failure_of_one_key_is_that_keys() -> None:
    """A system may keep one key back and give the others."""
    damaged = SourceContract("b", "stock_by_sku", "not whole")
    a, b = System("a", {"1": ("x",), "2": ("x",)}), System("b", {"1": damaged, "2": ("y",)})
    found = await together(a, b).stock_by_sku(["1", "2"], ask())
    assert (found["1"], missing_of(found["1"])) == (("x",), ("b",))
    assert found["2"] == ("x", "y")
    assert missing_of(found["2"]) == ()


async def test_bugs_are_no_missing_parts() -> None:
    """What is not a system's failure is raised as it is, and ends the other calls."""
    a, b = System("a", {}), System("b", {})
    b.failure = KeyError("bug")
    with pytest.raises(KeyError):
        await together(a, b).stock_by_sku(["1"], ask())


async def test_systems_are_asked_side_by_side() -> None:
    """Nobody waits for another system's answer before asking the next."""
    barrier = asyncio.Barrier(3)

    class Waiting(System):
        async def stock_by_sku(self, keys: Sequence[Any], ask: Ask) -> dict[Any, Any]:
            async with asyncio.timeout(5), barrier:
                return {}

    await together(*(Waiting(name, {}) for name in "abc")).stock_by_sku(["1"], ask())


async def test_pages_are_merged_and_walked_without_loss() -> None:
    """Following merged cursors shows everything of all systems once, in the query's order."""
    seed = random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
    dice = random.Random(seed)
    hours = dice.sample(range(10_000), 90)
    cuts = sorted(dice.sample(range(90), 2))
    parts = [hours[: cuts[0]], hours[cuts[0] : cuts[1]], hours[cuts[1] :]]
    port = together(*(System(n, {}, sales(*part)) for n, part in zip("abc", parts)), port="order")
    for first in (1, 7, 100):
        shown: list[int] = []
        after = None
        while True:
            query = SaleQuery(PageRequest(first, after))
            page = (await port.sales_by_customer([query], ask()))[query]
            assert page.total == 90
            assert len(page.items) == len(page.cursors)
            shown += [int(sale.number) for sale in page.items]
            if not page.has_next:
                break
            # Any cursor of a page is a place to go on from, not only its last.
            keep = dice.randrange(len(page.items))
            shown = shown[: len(shown) - len(page.items) + keep + 1]
            after = page.cursors[keep]
        assert shown == sorted(hours, reverse=True), f"seed {seed}, first {first}"


async def test_lists_without_an_order_of_their_own_take_turns() -> None:
    """Where the query ranks nothing, each system has its turn, so that none hides the others."""
    a, b = System("a", {}, sales(9, 8, 7)), System("b", {}, sales(1))
    query = StyleQuery(PageRequest(3))
    page = (await together(a, b, port="product").styles_by_query([query], ask()))[query]
    assert [sale.number for sale in page.items] == ["9", "1", "8"]
    assert page.has_next


async def test_a_page_without_one_systems_part_says_so() -> None:
    """A merged page is complete, or names who is missing; what was missing comes later."""
    a, b = System("a", {}, sales(4, 2)), System("b", {}, sales(3, 1))
    port = together(a, b, port="order")
    b.fail("sales_by_customer")
    query = SaleQuery(PageRequest(1))
    page = (await port.sales_by_customer([query], ask()))[query]
    assert ([s.number for s in page.items], page.missing, page.total) == (["4"], ("b",), None)
    b.failure = None
    query = SaleQuery(PageRequest(5, page.cursors[-1]))
    page = (await port.sales_by_customer([query], ask()))[query]
    assert ([s.number for s in page.items], page.missing) == (["3", "2", "1"], ())
    assert not page.has_next


async def test_with_all_systems_down_there_is_no_page() -> None:
    """A page that nobody gave a part of is a failure, not an empty page."""
    a, b = System("a", {}), System("b", {})
    a.fail()
    b.fail()
    query = SaleQuery(PageRequest(1))
    found = await together(a, b, port="order").sales_by_customer([query], ask())
    assert found == {query: a.failure}


@pytest.mark.parametrize("cursor", ["x", "[]", '{"c":"1"}', '{"a":1}', "null"])
async def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    """A cursor that this list did not make is the caller's mistake, and no other page's."""
    port = together(System("a", {}), System("b", {}), port="order")
    wrong, right = SaleQuery(PageRequest(1, cursor)), SaleQuery(PageRequest(1))
    found = await port.sales_by_customer([wrong, right], ask())
    assert isinstance(found[wrong], BadInput)
    assert found[right] == Page((), (), has_next=False, total=0)


class BookingQuery(Struct, frozen=True):
    """A page of sales that two systems may both know."""

    page: PageRequest

    def rank(self, sale: Sale) -> float:
        return -sale.at.timestamp()

    def identity(self, sale: Sale) -> str:
        return sale.number.removeprefix("booked ")


async def test_what_two_systems_know_stands_there_once() -> None:
    """A sale and its booking are one item on one page, on whichever pages they would fall."""
    seed = random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
    dice = random.Random(seed)
    sold = [Sale(f"{n}", START + timedelta(minutes=n // 2)) for n in range(60)]
    booked = [Sale(f"booked {s.number}", s.at) for s in sold if dice.random() < 0.7]
    other = [Sale(f"web {n}", START + timedelta(minutes=n)) for n in range(0, 40, 3)]
    books, tills = System("erp", {}, [*booked, *other]), System("pos", {}, sold)
    port = Several("sale", CALLS, [Member("erp", books, {}), Member("pos", tills, {})])
    expected = {sale.number for sale in other} | {sale.number for sale in sold}
    ask = Ask(Deadline.after(5), "PL", "PLN", "en", Channel.WEB)
    for size in (1, 2, 7, 100):
        found: list[Sale] = []
        after: str | None = None
        while True:
            query = BookingQuery(PageRequest(size, after))
            page = (await port.sales_by_customer([query], ask))[query]
            assert page.total is None
            found += page.items
            if not page.has_next or not page.items:
                break
            after = page.cursors[-1]
        told = [BookingQuery(PageRequest(1)).identity(sale) for sale in found]
        assert len(told) == len(set(told)), f"seed {seed}, pages of {size}"
        assert set(told) == expected, f"seed {seed}, pages of {size}"
        assert [sale.at for sale in found] == sorted((s.at for s in found), reverse=True)
        in_books = {sale.number.removeprefix("booked ") for sale in booked}
        assert all(s.number.startswith("booked") for s in found if s.number in in_books)


class SortedQuery(Struct, frozen=True):
    """A page in an order that only one system can give."""

    page: PageRequest
    alone: BadInput = BadInput("sort", "NAME", "none")


async def test_an_order_that_pages_cannot_be_merged_in_is_refused() -> None:
    """A query that one system alone can answer is refused where several share the list."""
    a, b = System("a", {}, sales(1)), System("b", {}, sales(2))
    query = SortedQuery(PageRequest(5))
    assert await together(a, b).styles_by_query([query], ask()) == {query: query.alone}
    assert (a.asked, b.asked) == ([], [])
    page = (await together(a).styles_by_query([query], ask()))[query]
    assert [sale.number for sale in page.items] == ["1"]


class Refusing(System):
    """A system that cannot do what a query asks for."""

    async def _pages(self, queries: Sequence[Any], ask: Ask) -> dict[Any, Any]:
        return dict.fromkeys(queries, BadInput("where.brands", "A", "nothing"))

    styles_by_query = _pages


async def test_what_one_system_refuses_the_list_refuses() -> None:
    """A criterion that one of the systems cannot apply is not left out of its part."""
    a, b = System("a", {}, sales(1)), Refusing("b", {})
    query = StyleQuery(PageRequest(5))
    found = await together(a, b, port="product").styles_by_query([query], ask())
    assert isinstance(found[query], BadInput)


class Told(Struct, frozen=True):
    """A value of which several systems have a part."""

    text: str

    @staticmethod
    def together(parts: "Sequence[Told]") -> "Told":
        return Told("+".join(part.text for part in parts))


async def test_counts_are_added_up_and_parts_told_together() -> None:
    """What several systems count is one number; what has a way to be joined is joined so."""
    a = System("a", {"1": 3, "2": Told("x"), "3": 5})
    b = System("b", {"1": 4, "2": Told("y")})
    found = await together(a, b).offer_by_sku(["1", "2", "3"], ask())
    assert found == {"1": 7, "2": Told("x+y"), "3": 5}
    refusal = BadInput("where.brands", "A", "nothing")
    b.rows = {"1": refusal}
    assert await together(a, b).offer_by_sku(["1"], ask()) == {"1": refusal}
