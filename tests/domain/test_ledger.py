"""The prior price out of the gateway's ledger and what a system remembers before it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.ledger import LedgerEntry, ledger_prior_price, reaches_back
from domain.money import Money, Price
from domain.offer import Offer, PriceRule, Reduction
from domain.price import PriceEntry, PriceKind
from domain.provenance import PRICE, Provenance

TODAY = datetime(2026, 6, 1, tzinfo=UTC)
# Day and price paid, and list price where that is another; a price of 0: not sold.
Row = tuple[int, int] | tuple[int, int, int]
# Day it began, day it ended, price.
Past = tuple[int, int | None, int]

CASES: dict[str, tuple[Sequence[Row], Sequence[Past], tuple[int, int], tuple[int, int]]] = {
    # The ledger, the history, the offer now (price, list price), prior price and day of reduction.
    "the ledger alone, where it has the days": (
        [(-60, 100), (-5, 80, 100)],
        [(-400, None, 70)],
        (80, 100),
        (100, -5),
    ),
    "a promotion of the gateway's is a price like any": (
        [(-60, 100), (-20, 60, 100), (-15, 100), (-5, 80, 100)],
        [(-400, None, 100)],
        (80, 100),
        (60, -5),
    ),
    "before the ledger the history counts": (
        [(-10, 100), (-5, 80, 100)],
        [(-400, -12, 90), (-12, None, 100)],
        (80, 100),
        (90, -5),
    ),
    "and from its first entry on it does not": (
        [(-10, 100), (-5, 80, 100)],
        [(-400, None, 100), (-9, -6, 50)],
        (80, 100),
        (100, -5),
    ),
    "what was regular before is what a reduction is announced against": (
        [(-10, 80, 100)],
        [(-400, -20, 100), (-20, None, 80)],
        (80, 100),
        (80, -10),
    ),
    "what is offered now counts before it is written down": (
        [(-60, 100)],
        [],
        (80, 100),
        (100, 0),
    ),
    "also where nothing was written down yet": ([], [(-400, None, 100)], (80, 100), (100, 0)),
    "days on which nothing was sold are left out": (
        [(-60, 50), (-40, 0), (-20, 100), (-5, 80, 100)],
        [],
        (80, 100),
        (100, -5),
    ),
}


def _price(amount: int) -> Price:
    return Price.containing(Money(amount * 100, "PLN"), Decimal(23))


def _day(day: int) -> datetime:
    return TODAY + timedelta(days=day)


def _ledger(rows: Sequence[Row]) -> list[LedgerEntry]:
    return [
        LedgerEntry(_day(row[0]), _price(row[1]), _price(row[-1] if len(row) == 3 else row[1]))
        if row[1]
        else LedgerEntry(_day(row[0]))
        for row in rows
    ]


def _offer(price: int, list_price: int, *reductions: Reduction) -> Offer:
    return Offer(
        sku="A",
        price=_price(price),
        list_price=_price(list_price),
        applied_reductions=reductions,
        version="v",
        provenance=Provenance("erp", TODAY, PRICE),
    )


def _history(rows: Sequence[Past]) -> list[PriceEntry]:
    return [
        PriceEntry(
            price=_price(price),
            kind=PriceKind.REGULAR,
            starts_at=_day(first),
            ends_at=None if end is None else _day(end),
        )
        for first, end, price in rows
    ]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_table(
    case: tuple[Sequence[Row], Sequence[Past], tuple[int, int], tuple[int, int]],
) -> None:
    """From its first entry on the ledger alone decides; before it, what the system remembers."""
    rows, past, now, expected = case
    found = ledger_prior_price(_ledger(rows), _history(past), _offer(*now), TODAY)
    assert found is not None
    assert (found.price, found.reduced_at) == (_price(expected[0]), _day(expected[1]))


def test_a_reduction_that_says_when_it_began_is_taken_at_its_word() -> None:
    """What is not written down yet holds since its reduction says, not since it was seen."""
    reduction = Reduction(PriceRule.SALE, Money(20_00, "PLN"), _day(-3))
    found = ledger_prior_price(_ledger([(-60, 100)]), [], _offer(80, 100, reduction), TODAY)
    assert found is not None
    assert found.reduced_at == _day(-3)


@pytest.mark.parametrize(
    ("rows", "reaches"),
    [
        ([(-60, 100), (-5, 80, 100)], True),
        ([(-34, 100), (-5, 80, 100)], False),
        ([(-35, 100), (-5, 80, 100)], True),
        ([(-60, 100), (-40, 80, 100)], False),
        ([(-20, 100), (-5, 80, 100)], False),
        ([], False),
    ],
)
def test_history_is_asked_for_only_where_the_ledger_is_too_young(
    rows: Sequence[Row], reaches: bool
) -> None:
    """The ledger is enough once it has the thirty days before the reduction."""
    assert reaches_back(_ledger(rows), _offer(80, 100), TODAY) is reaches
