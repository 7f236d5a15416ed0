"""When a place is open, by its own clock: the week, and the days that differ from it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct

_DAY = 1_440


class Weekday(Enum):
    """The days of the week, as ISO 8601 counts them."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


_WEEKDAYS = tuple(Weekday)


class Span(Struct, frozen=True, gc=False):
    """A time of opening that begins on a day.

    *Units*: minutes after local midnight; ``closes`` beyond 1,440 is on the next day.
    *Errors*: ``ValueError`` for a span that is none.
    """

    opens: int
    closes: int

    def __post_init__(self) -> None:
        """Refuse what begins on another day, or does not end after it began."""
        if not (0 <= self.opens < _DAY and self.opens < self.closes <= self.opens + _DAY):
            raise ValueError("found opening hours that do not end after they begin")

    @property
    def opens_at(self) -> str:
        """The local time of opening, as 09:00."""
        return _clock(self.opens)

    @property
    def closes_at(self) -> str:
        """The local time of closing; 24:00 is the end of the day, an earlier one the next day's."""
        return "24:00" if self.closes == _DAY else _clock(self.closes)


class OpeningDay(Struct, frozen=True, gc=False):
    """A day of the regular week; without spans it is closed."""

    weekday: Weekday
    spans: tuple[Span, ...] = ()


class SpecialDay(Struct, frozen=True, gc=False):
    """A date on which other hours hold than in its week; without spans it is closed."""

    day: date
    spans: tuple[Span, ...] = ()
    name: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether it does not open at all."""
        return not self.spans


class Opening(Struct, frozen=True, gc=False):
    """One time of opening. *Units*: UTC; ``day`` is the local date on which it begins."""

    day: date
    starts: datetime
    ends: datetime


class OpeningHours(Struct, frozen=True):
    """When a place is open.

    *Shape*: ``time_zone`` as IANA names it; ``week`` seven days, Monday first, the spans of each in
    order and apart; ``special`` the dates that differ.
    *Errors*: ``ValueError`` or ``LookupError`` for a week or a time zone that is none.
    """

    time_zone: str
    week: tuple[tuple[Span, ...], ...]
    special: tuple[SpecialDay, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no week, or no time zone."""
        ZoneInfo(self.time_zone)
        if len(self.week) != len(_WEEKDAYS):
            raise ValueError("found a week that has not seven days")
        for spans in (*self.week, *(each.spans for each in self.special)):
            if any(one.closes > next_.opens for one, next_ in pairwise(spans)):
                raise ValueError("found opening hours that overlap")

    @property
    def days(self) -> tuple[OpeningDay, ...]:
        """The regular week, Monday first."""
        return tuple(map(OpeningDay, _WEEKDAYS, self.week))

    def spans(self, day: date) -> Sequence[Span]:
        """Tell when the place opens on a date."""
        for special in self.special:
            if special.day == day:
                return special.spans
        return self.week[day.weekday()]

    def openings(self, since: datetime, days: int) -> Iterator[Opening]:
        """Tell the openings that end after a moment, in order, over so many days from its own."""
        zone = ZoneInfo(self.time_zone)
        # What opened yesterday may close after midnight.
        first = since.astimezone(zone).date() - timedelta(days=1)
        for number in range(days + 2):
            day = first + timedelta(days=number)
            for span in self.spans(day):
                starts, ends = _moment(day, span.opens, zone), _moment(day, span.closes, zone)
                if ends > since and ends > starts:
                    yield Opening(day, starts, ends)

    def is_open(self, now: datetime) -> bool:
        """Tell whether the place is open at a moment."""
        return any(opening.starts <= now for opening in self.openings(now, 1))


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes % _DAY, 60)
    return f"{hours:02d}:{rest:02d}"


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    # The local clock says when a shop opens, also on the days on which it is put forward or back.
    days, rest = divmod(minutes, _DAY)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return local.astimezone(UTC)
