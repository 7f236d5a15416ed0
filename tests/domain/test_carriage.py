"""Ways of delivery: when a parcel comes, what it emits, and settings that mean nothing."""

from datetime import UTC, datetime

import pytest

from domain.carriage import Carbon, DeliveryMode, Method, problems


def method(**more: object) -> Method:
    given = {"market": "PL", "mode": DeliveryMode.SHIP, "price": {"PLN": "12.99"}, **more}
    return Method(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "first", "last", "leaves"),
    [
        # A Wednesday before and after the cut-off of 14:00 in Warsaw, which is 13:00 UTC.
        ("2026-01-28T12:59", "2026-01-29T07:00", "2026-01-30T19:00", "2026-01-28T13:00"),
        ("2026-01-28T13:00", "2026-01-30T07:00", "2026-02-02T19:00", "2026-01-29T13:00"),
        # A Friday afternoon and a Sunday leave on Monday.
        ("2026-01-30T15:00", "2026-02-03T07:00", "2026-02-04T19:00", "2026-02-02T13:00"),
        ("2026-02-01T09:00", "2026-02-03T07:00", "2026-02-04T19:00", "2026-02-02T13:00"),
        # Across the change of the clocks the local hours stay.
        ("2026-03-27T12:00", "2026-03-30T06:00", "2026-03-31T18:00", "2026-03-27T13:00"),
    ],
)
def test_a_parcel_takes_working_days(now: str, first: str, last: str, leaves: str) -> None:
    """A parcel leaves on the working day of its cut-off and takes so many working days more, by
    the local clock."""
    window = method(days=[1, 2], cut_off="14:00", zone="Europe/Warsaw").window(
        datetime.fromisoformat(now).replace(tzinfo=UTC)
    )
    said = [window.available_from, window.available_until, window.cut_off]
    assert [each.strftime("%Y-%m-%dT%H:%M") for each in said] == [first, last, leaves]


def test_carbon_is_mass_times_distance_times_factors() -> None:
    """The estimate follows its formula, in whole grams, and grows with the pieces."""
    way = method(trunk_km=300, last_km=8)
    assert way.grams(1, Carbon()) == 30
    assert way.grams(10, Carbon()) == 304
    assert way.grams(10, Carbon(trunk=0, last=0)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": {"PLN": "12,99"}},
        {"price": {"PLN": "-1"}},
        {"price": {"PLN": "1.999"}},
        {"price": {"XXZ": "1"}},
        {"days": [3, 1]},
        {"days": [1]},
        {"cut_off": "25:00"},
        {"zone": "Europe/Nowhere"},
        {"last_km": -1},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    """A way of delivery that could not be priced, promised or reckoned is no setting."""
    with pytest.raises(ValueError, match=r"write|found"):
        method(**wrong)


def test_ways_that_nobody_could_choose_are_told() -> None:
    """A way for a market or in a currency that the retailer does not sell in is told."""
    ways = {"a": method(), "b": method(market="FR"), "c": method(price={"EUR": "1"})}
    found = [problem.key for problem in problems(ways, {"PL": ["PLN"]})]
    assert found == ["cart.delivery.b.market", "cart.delivery.c.price"]
