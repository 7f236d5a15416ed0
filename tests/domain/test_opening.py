"""When a place is open, by its own clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.opening import OpeningHours, Span, SpecialDay, Weekday

DAY = (Span(540, 1_260),)
WEEK = (DAY, DAY, DAY, DAY, DAY, (Span(600, 960),), ())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def hours(**more: object) -> OpeningHours:
    return OpeningHours("Europe/Warsaw", WEEK, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T08:59+01:00", False),
        ("2026-11-23T09:00+01:00", True),
        ("2026-11-23T20:59+01:00", True),
        ("2026-11-23T21:00+01:00", False),
        ("2026-11-28T15:00+01:00", True),
        ("2026-11-29T12:00+01:00", False),
        # The same clock in summer, an hour earlier for the rest of the world.
        ("2026-07-20T07:00+00:00", True),
        ("2026-11-23T07:30+00:00", False),
    ],
)
def test_a_place_is_open_by_its_own_clock(moment: str, expected: bool) -> None:
    """Hours are local: what is nine in the shop is nine in summer and in winter."""
    assert hours().is_open(at(moment)) is expected


def test_special_days_take_the_place_of_their_weekday() -> None:
    """A holiday is closed, a short day is short, and a trading Sunday is open."""
    special = (
        SpecialDay(date(2026, 12, 24), (Span(540, 840),), "Wigilia"),
        SpecialDay(date(2026, 12, 25), (), "Boże Narodzenie"),
        SpecialDay(date(2026, 12, 20), (Span(600, 1_200),)),
    )
    found = hours(special=special)
    assert found.is_open(at("2026-12-24T13:59+01:00"))
    assert not found.is_open(at("2026-12-24T14:00+01:00"))
    assert not found.is_open(at("2026-12-25T12:00+01:00"))
    assert found.is_open(at("2026-12-20T12:00+01:00"))
    assert [day.is_closed for day in special] == [False, True, False]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """Hours beyond midnight are open on the next date, under the day that they began on."""
    late = OpeningHours("Europe/Berlin", ((Span(1_080, 1_560),), *((),) * 6))
    assert late.is_open(at("2026-11-24T01:59+01:00"))
    assert not late.is_open(at("2026-11-24T02:00+01:00"))
    [opening] = late.openings(at("2026-11-24T01:00+01:00"), 1)
    assert opening.day == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("moment", "length"),
    [
        ("2026-03-29T00:00+01:00", 23),
        ("2026-10-25T00:00+02:00", 25),
        ("2026-10-26T00:00+01:00", 24),
    ],
)
def test_a_day_on_which_the_clock_is_changed_is_longer_or_shorter(moment: str, length: int) -> None:
    """An opening lasts as long as it really does, also when the clock is put forward or back."""
    always = OpeningHours("Europe/Warsaw", ((Span(0, 1_440),),) * 7)
    first = next(each for each in always.openings(at(moment), 1) if each.starts == at(moment))
    assert first.ends - first.starts == timedelta(hours=length)


def test_hours_are_told_as_people_write_them() -> None:
    """Times are local and have two digits each; the end of the day is 24:00."""
    spans = [Span(540, 1_260), Span(0, 1_440), Span(1_080, 1_560)]
    assert [(each.opens_at, each.closes_at) for each in spans] == [
        ("09:00", "21:00"), ("00:00", "24:00"), ("18:00", "02:00"),
    ]  # fmt: skip
    assert [day.weekday for day in hours().days] == list(Weekday)
    assert hours().days[6].spans == ()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Span(600, 600),
        lambda: Span(-1, 600),
        lambda: Span(1_440, 1_500),
        lambda: Span(600, 2_100),
        lambda: OpeningHours("Europe/Warsaw", (DAY,) * 6),
        lambda: OpeningHours("Europe/Warsaw", ((Span(540, 800), Span(700, 900)),) * 7),
        lambda: OpeningHours("Europe/Warszawa", WEEK),
        lambda: OpeningHours("", WEEK),
    ],
)
def test_hours_that_are_none_are_refused(wrong: object) -> None:
    """Nothing can be made of a span, a week or a time zone that makes no sense."""
    with pytest.raises((ValueError, LookupError)):
        wrong()  # type: ignore[operator]
