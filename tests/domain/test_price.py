"""The prior price of a reduction: a table of cases, and what holds of every history."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money, Price
from domain.price import WINDOW, PriceEntry, PriceKind, PriorPrice, prior_price

# The day on which each case is asked; days in the table count from it, before it below zero.
TODAY = datetime(2026, 6, 1, tzinfo=UTC)
R, S = PriceKind.REGULAR, PriceKind.REDUCTION

# Each row: kind, price in major units, first day, day after the last (None: no end), public?
Row = tuple[PriceKind, int, int, int | None] | tuple[PriceKind, int, int, int | None, bool]


def _day(day: int) -> datetime:
    return TODAY + timedelta(days=day)


def _price(amount: int) -> Price:
    return Price.containing(Money(amount * 100, "PLN"), Decimal(23))


def _entries(rows: list[Row]) -> list[PriceEntry]:
    return [
        PriceEntry(
            kind=row[0],
            price=_price(row[1]),
            starts_at=_day(row[2]),
            ends_at=None if row[3] is None else _day(row[3]),
            is_public=row[4] if len(row) == 5 else True,
        )
        for row in rows
    ]


CASES: list[tuple[str, list[Row], tuple[int, int, int, int | None] | None]] = [
    # What is shown: prior price, first day that counts, day the reduction began, percent off.
    (
        "a plain reduction is announced from the price before it",
        [(R, 100, -400, None), (S, 80, -5, None)],
        (100, -35, -5, 20),
    ),
    (
        "nothing is announced without a reduction",
        [(R, 100, -400, None)],
        None,
    ),
    (
        "nor for a regular price that fell",
        [(R, 100, -400, -5), (R, 80, -5, None)],
        None,
    ),
    (
        "nor for a reduction that is over",
        [(R, 100, -400, None), (S, 80, -20, -5)],
        None,
    ),
    (
        "nor for one that is to come",
        [(R, 100, -400, None), (S, 80, 3, None)],
        None,
    ),
    (
        "an earlier sale in the thirty days is the lowest price",
        [(R, 100, -400, None), (S, 60, -30, -20), (S, 80, -5, None)],
        (60, -35, -5, None),
    ),
    (
        "of two earlier sales the lower one counts",
        [(R, 100, -400, None), (S, 70, -33, -30), (S, 75, -20, -15), (S, 50, -5, None)],
        (70, -35, -5, 28),
    ),
    (
        "a sale that ended as the thirty days opened does not count",
        [(R, 100, -400, None), (S, 60, -50, -35), (S, 80, -5, None)],
        (100, -35, -5, 20),
    ),
    (
        "a sale that reached one day into them does",
        [(R, 100, -400, None), (S, 60, -50, -34), (S, 50, -5, None)],
        (60, -35, -5, 16),
    ),
    (
        "a lower regular price that was in force as they opened counts",
        [(R, 70, -400, -33), (R, 100, -33, None), (S, 65, -5, None)],
        (70, -35, -5, 7),
    ),
    (
        "a regular price that rose just before the sale does not make it larger",
        [(R, 80, -400, -10), (R, 100, -10, None), (S, 79, -5, None)],
        (80, -35, -5, 1),
    ),
    (
        "steps that deepen without a pause are one reduction, begun with the first",
        [(R, 100, -400, None), (S, 90, -50, -30), (S, 80, -30, -10), (S, 70, -10, None)],
        (100, -80, -50, 30),
    ),
    (
        "steps may overlap; the lowest of them is what is paid",
        [(R, 100, -400, None), (S, 90, -50, None), (S, 80, -30, None), (S, 70, -10, None)],
        (100, -80, -50, 30),
    ),
    (
        "a pause between the steps begins a new reduction",
        [(R, 100, -400, None), (S, 90, -50, -30), (S, 80, -28, None)],
        (90, -58, -28, 11),
    ),
    (
        "a step upwards begins a new reduction, against the step below",
        [(R, 100, -400, None), (S, 60, -50, -10), (S, 80, -10, None)],
        (60, -40, -10, None),
    ),
    (
        "a step upwards and down again counts from where it last deepened",
        [
            (R, 100, -400, None),
            (S, 60, -50, -20),
            (S, 80, -20, -10),
            (S, 50, -10, None),
        ],
        (60, -50, -20, 16),
    ),
    (
        "the same price in two campaigns back to back is one reduction",
        [(R, 100, -400, None), (S, 80, -60, -20), (S, 80, -20, None)],
        (100, -90, -60, 20),
    ),
    (
        "a regular price that changes during the reduction does not end it",
        [(R, 100, -400, -10), (R, 120, -10, None), (S, 80, -20, None)],
        (100, -50, -20, 20),
    ),
    (
        "a new product has as many days as it was sold",
        [(R, 100, -12, None), (S, 80, -5, None)],
        (100, -12, -5, 20),
    ),
    (
        "a product sold first at a reduced price has no prior price",
        [(R, 100, -12, None), (S, 80, -12, None)],
        None,
    ),
    (
        "a product that came back after a longer pause has none either",
        [(R, 100, -400, -60), (R, 100, -5, None), (S, 80, -5, None)],
        None,
    ),
    (
        "days on which it was not sold are left out",
        [(R, 100, -400, -20), (R, 110, -10, None), (S, 80, -5, None)],
        (100, -35, -5, 20),
    ),
    (
        "a price that was never public does not count, however low",
        [(R, 100, -400, None), (S, 30, -30, -10, False), (S, 80, -5, None)],
        (100, -35, -5, 20),
    ),
    (
        "a staff price that runs beside everybody's changes nothing",
        [(R, 100, -400, None), (S, 50, -400, None, False), (S, 80, -5, None)],
        (100, -35, -5, 20),
    ),
    (
        "a regular price that was never public is no prior price",
        [(R, 100, -400, -5, False), (R, 100, -5, None), (S, 80, -5, None)],
        None,
    ),
    (
        "a reduction that is not public is none",
        [(R, 100, -400, None), (S, 80, -5, None, False)],
        None,
    ),
    (
        "a reduction that is not below the regular price is none",
        [(R, 100, -400, None), (S, 100, -5, None)],
        None,
    ),
    (
        "a sale price without any list price is the price, and nothing is off",
        [(S, 80, -400, None)],
        None,
    ),
    (
        "percent are rounded down",
        [(R, 300, -400, None), (S, 200, -5, None)],
        (300, -35, -5, 33),
    ),
    (
        "a reduction that began today counts up to today",
        [(R, 100, -400, None), (S, 80, 0, None)],
        (100, -30, 0, 20),
    ),
    ("without a history there is nothing", [], None),
]


@pytest.mark.parametrize(
    ("rows", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_table(rows: list[Row], expected: tuple[int, int, int, int | None] | None) -> None:
    """The prior price is the lowest public one of the thirty days before the reduction began."""
    for entries in (_entries(rows), _entries(rows)[::-1]):
        found = prior_price(entries, TODAY)
        assert found == (
            None
            if expected is None
            else PriorPrice(
                price=_price(expected[0]),
                since=_day(expected[1]),
                reduced_at=_day(expected[2]),
                percent_off=expected[3],
            )
        )


def test_what_is_announced_is_the_price_that_is_paid() -> None:
    """The percent are of the price that the customer is asked for, which may be lower still."""
    entries = _entries([(R, 100, -400, None), (S, 80, -5, None)])
    found = prior_price(entries, TODAY, Money(75_00, "PLN"))
    assert found is not None
    assert (found.price.gross.minor, found.percent_off) == (100_00, 25)


@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_days_are_the_markets_own(month: int) -> None:
    """Thirty days are days of the market's calendar, also over a change of the clock."""
    zone = ZoneInfo("Europe/Warsaw")
    began = datetime(2026, month, 10, tzinfo=zone)
    opened = began - timedelta(days=30)
    assert (opened.hour, opened.tzinfo) == (0, zone)
    old = PriceEntry(
        kind=R, price=_price(50), starts_at=datetime(2025, 1, 1, tzinfo=zone), ends_at=opened
    )
    new = PriceEntry(kind=R, price=_price(100), starts_at=opened)
    sale = PriceEntry(kind=S, price=_price(80), starts_at=began)
    found = prior_price([old, new, sale], began.astimezone(UTC) + timedelta(hours=5))
    assert found is not None
    assert (found.price, found.since) == (_price(100), opened)


_rows = st.lists(
    st.tuples(
        st.sampled_from([R, S]),
        st.integers(1, 200),
        st.integers(-120, 10),
        st.none() | st.integers(1, 60),
        st.booleans(),
    ),
    max_size=9,
)


@given(_rows)
def test_it_is_the_lowest_of_what_was_paid_day_by_day(
    drawn: list[tuple[PriceKind, int, int, int | None, bool]],
) -> None:
    """Counted day by day, no public price of the window is lower, and one of them is the prior."""
    entries = _entries(
        [
            (kind, amount, first, None if length is None else first + length, public)
            for kind, amount, first, length, public in drawn
        ]
    )
    found = prior_price(entries, TODAY)
    if found is None:
        return
    assert found.reduced_at <= TODAY
    assert found.reduced_at - WINDOW <= found.since < found.reduced_at
    days = (found.reduced_at - TODAY).days
    paid = [_paid(entries, _day(day)) for day in range(days - 30, days)]
    sold = [price for price in paid if price is not None]
    assert found.price.gross.minor == min(sold)
    # Since then the price has only fallen: one reduction, however many steps it took.
    steps = [_paid(entries, _day(day)) for day in range(days, 1)]
    known = [step for step in steps if step is not None]
    assert len(known) == len(steps)
    assert known == sorted(known, reverse=True)
    if found.percent_off is not None:
        off = found.price.gross.minor - known[-1]
        assert 0 <= found.percent_off * found.price.gross.minor <= off * 100


@given(_rows)
def test_prices_that_were_not_public_change_nothing(
    drawn: list[tuple[PriceKind, int, int, int | None, bool]],
) -> None:
    """A history with and without its prices that were never public has the same prior price."""
    entries = _entries(
        [
            (kind, amount, first, None if length is None else first + length, public)
            for kind, amount, first, length, public in drawn
        ]
    )
    public = [entry for entry in entries if entry.is_public]
    assert prior_price(entries, TODAY) == prior_price(public, TODAY)


def _paid(entries: list[PriceEntry], day: datetime) -> int | None:
    valid = [
        entry
        for entry in entries
        if entry.is_public
        and entry.starts_at <= day
        and (entry.ends_at is None or day < entry.ends_at)
    ]
    reductions = [entry.price.gross.minor for entry in valid if entry.kind is S]
    if reductions:
        return min(reductions)
    regular = [entry for entry in valid if entry.kind is R]
    if not regular:
        return None
    latest = max(entry.starts_at for entry in regular)
    return min(entry.price.gross.minor for entry in regular if entry.starts_at == latest)
