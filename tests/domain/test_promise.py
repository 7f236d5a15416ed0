"""What a place promises to whoever comes for goods."""

import random
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.opening import OpeningHours, Span, SpecialDay
from domain.promise import Handover, promise

DAY = (Span(540, 1_260),)  # 09:00 to 21:00
SPLIT = (Span(600, 780), Span(840, 1_080))  # 10:00 to 13:00, 14:00 to 18:00
ALWAYS = (Span(0, 1_440),)

SHOP = OpeningHours("Europe/Warsaw", (*(DAY,) * 5, (Span(600, 960),), ()))
LUNCH = OpeningHours("Europe/Berlin", (*(SPLIT,) * 5, (), ()))
LOCKER = OpeningHours("Europe/Prague", (ALWAYS,) * 7)
NIGHT = OpeningHours(
    "Europe/Berlin", (*((),) * 4, (Span(1_320, 1_680),), (Span(1_320, 1_680),), ())
)
XMAS = OpeningHours(
    "Europe/Warsaw",
    (*(DAY,) * 5, (Span(600, 960),), ()),
    (
        SpecialDay(date(2026, 12, 24), (Span(540, 840),)),
        SpecialDay(date(2026, 12, 25)),
        SpecialDay(date(2026, 12, 26)),
    ),
)
CLOSED = OpeningHours("Europe/Warsaw", ((),) * 7)
HOLIDAYS = OpeningHours(
    "Europe/Warsaw",
    (DAY,) * 7,
    tuple(SpecialDay(date(2026, 11, 16) + timedelta(days=n)) for n in range(40)),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# Monday is 2026-11-23; winter time is +01:00.
@pytest.mark.parametrize(
    ("hours", "minutes", "hold", "now", "expected"),
    [
        pytest.param(
            SHOP, 60, 3, "2026-11-23T12:00+01:00",
            ("2026-11-23T13:00+01:00", "2026-11-26T21:00+01:00", "2026-11-23T20:00+01:00"),
            id="while it is open",
        ),
        pytest.param(
            SHOP, 60, 3, "2026-11-23T06:00+01:00",
            ("2026-11-23T10:00+01:00", "2026-11-26T21:00+01:00", "2026-11-23T20:00+01:00"),
            id="before it opens",
        ),
        pytest.param(
            SHOP, 60, 3, "2026-11-23T19:59+01:00",
            ("2026-11-23T20:59+01:00", "2026-11-26T21:00+01:00", "2026-11-23T20:00+01:00"),
            id="a minute before the cut-off",
        ),
        pytest.param(
            SHOP, 60, 3, "2026-11-23T20:00+01:00",
            ("2026-11-24T09:00+01:00", "2026-11-27T21:00+01:00", "2026-11-24T20:00+01:00"),
            id="at the cut-off",
        ),
        pytest.param(
            SHOP, 60, 3, "2026-11-23T20:40+01:00",
            ("2026-11-24T09:40+01:00", "2026-11-27T21:00+01:00", "2026-11-24T20:00+01:00"),
            id="after the cut-off, begun today",
        ),
        pytest.param(
            SHOP, 60, 3, "2026-11-23T23:00+01:00",
            ("2026-11-24T10:00+01:00", "2026-11-27T21:00+01:00", "2026-11-24T20:00+01:00"),
            id="after closing",
        ),
        pytest.param(
            SHOP, 60, 0, "2026-11-23T12:00+01:00",
            ("2026-11-23T13:00+01:00", "2026-11-23T21:00+01:00", "2026-11-23T20:00+01:00"),
            id="kept for the day",
        ),
        pytest.param(
            SHOP, 0, 1, "2026-11-23T12:00+01:00",
            ("2026-11-23T12:00+01:00", "2026-11-24T21:00+01:00", "2026-11-23T21:00+01:00"),
            id="at once",
        ),
        pytest.param(
            SHOP, 60, 3, "2026-11-28T15:30+01:00",
            ("2026-11-30T09:30+01:00", "2026-12-03T21:00+01:00", "2026-11-30T20:00+01:00"),
            id="over a closed Sunday",
        ),
        pytest.param(
            SHOP, 60, 2, "2026-11-27T12:00+01:00",
            ("2026-11-27T13:00+01:00", "2026-11-28T16:00+01:00", "2026-11-27T20:00+01:00"),
            id="kept until the last closing before a closed day",
        ),
        pytest.param(
            XMAS, 120, 2, "2026-12-24T12:30+01:00",
            ("2026-12-28T09:30+01:00", "2026-12-30T21:00+01:00", "2026-12-28T19:00+01:00"),
            id="over the holidays",
        ),
        pytest.param(
            XMAS, 60, 5, "2026-12-24T09:30+01:00",
            ("2026-12-24T10:30+01:00", "2026-12-29T21:00+01:00", "2026-12-24T13:00+01:00"),
            id="on a short day",
        ),
        pytest.param(
            LUNCH, 90, 1, "2026-11-23T12:00+01:00",
            ("2026-11-23T14:30+01:00", "2026-11-24T18:00+01:00", "2026-11-23T16:30+01:00"),
            id="over lunch",
        ),
        pytest.param(
            SHOP, 1_080, 2, "2026-11-23T12:00+01:00",
            ("2026-11-24T18:00+01:00", "2026-11-26T21:00+01:00", "2026-11-23T15:00+01:00"),
            id="longer than a day is open",
        ),
        pytest.param(
            LOCKER, 1_440, 2, "2026-11-23T12:00+01:00",
            ("2026-11-24T12:00+01:00", "2026-11-27T00:00+01:00", "2026-11-24T00:00+01:00"),
            id="a locker, the day after",
        ),
        pytest.param(
            SHOP, 60, 1, "2026-03-28T15:30+01:00",
            ("2026-03-30T09:30+02:00", "2026-03-31T21:00+02:00", "2026-03-30T20:00+02:00"),
            id="over the night that is an hour short",
        ),
        pytest.param(
            LOCKER, 1_440, 0, "2026-03-28T12:00+01:00",
            ("2026-03-29T13:00+02:00", "2026-03-30T00:00+02:00", "2026-03-28T23:00+01:00"),
            id="a day of elapsed time over the short night",
        ),
        pytest.param(
            NIGHT, 60, 1, "2026-10-24T23:30+02:00",
            ("2026-10-25T00:30+02:00", "2026-10-25T04:00+01:00", "2026-10-25T03:00+01:00"),
            id="through the hour that comes twice",
        ),
        pytest.param(
            NIGHT, 60, 1, "2026-10-25T02:30+01:00",
            ("2026-10-25T03:30+01:00", "2026-10-25T04:00+01:00", "2026-10-25T03:00+01:00"),
            id="in the second of the two hours",
        ),
    ],
)  # fmt: skip
def test_the_window(
    hours: OpeningHours, minutes: int, hold: int, now: str, expected: tuple[str, str, str]
) -> None:
    """A window begins when the order is ready, ends with the keeping, and says its cut-off."""
    found = promise(hours, Handover(timedelta(minutes=minutes), hold), at(now))
    assert found is not None
    starts, ends, cut_off = map(at, expected)
    assert (found.available_from, found.available_until, found.cut_off) == (starts, ends, cut_off)


@pytest.mark.parametrize("hours", [CLOSED, HOLIDAYS])
def test_a_place_that_stays_closed_promises_nothing(hours: OpeningHours) -> None:
    """Where a place does not open in two weeks there is no window, and no guess."""
    assert promise(hours, Handover(timedelta(minutes=60), 3), at("2026-11-23T12:00+01:00")) is None


@pytest.mark.parametrize("handling", [timedelta(minutes=-1), timedelta(days=32)])
def test_a_handling_time_that_cannot_be_meant_is_refused(handling: timedelta) -> None:
    """Less than nothing, or more than a month, is no handling time."""
    with pytest.raises(ValueError, match="handling"):
        Handover(handling, 1)


def test_the_cut_off_keeps_its_word() -> None:
    """Any order placed between now and the cut-off gets a window that begins no later than the
    end of the same opening; one placed at the cut-off does not."""
    seed = random.randrange(1 << 30)
    sys.stdout.write(f"seed {seed}\n")
    dice = random.Random(seed)
    for _ in range(300):
        hours = dice.choice((SHOP, LUNCH, LOCKER, NIGHT, XMAS))
        handover = Handover(
            timedelta(minutes=dice.choice((0, 15, 60, 240, 900))), dice.randrange(4)
        )
        now = at("2026-10-20T00:00+02:00") + timedelta(minutes=dice.randrange(80 * 1_440))
        found = promise(hours, handover, now)
        assert found is not None
        assert now <= found.available_from < found.available_until, f"seed {seed}"
        assert now < found.cut_off, f"seed {seed}"
        opening = next(
            each
            for each in hours.openings(found.available_from, 1)
            if each.starts <= found.available_from
        )
        late = promise(hours, handover, found.cut_off)
        early = promise(hours, handover, found.cut_off - timedelta(minutes=1))
        assert early is not None
        assert late is not None
        assert early.available_from < opening.ends <= late.available_from, f"seed {seed}"
        assert hours.is_open(found.available_from)
