"""What a place promises to whoever comes for goods: from when, until when, ordered by when."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from domain.opening import Opening, OpeningHours

# A place that does not open within two weeks promises nothing.
_HORIZON = 14


class Handover(Struct, frozen=True, gc=False):
    """How a place hands goods over.

    *Units*: ``handling`` is how long it takes, of its opening hours, until an order is ready;
    ``hold`` the days that it is kept.
    *Errors*: ``ValueError`` for less than nothing, or more than a month.
    """

    handling: timedelta
    hold: int

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not (timedelta() <= self.handling <= timedelta(days=31) and 0 <= self.hold <= 31):
            raise ValueError("found a handling time or days of keeping beyond any shop's")


class Promise(Struct, frozen=True, gc=False):
    """A window for collecting, given to orders placed before ``cut_off``. *Units*: UTC."""

    available_from: datetime
    available_until: datetime
    cut_off: datetime


def promise(hours: OpeningHours, handover: Handover, now: datetime) -> Promise | None:
    """Promise a window to an order placed now; None where the place does not open in two weeks.

    *Shape*: handling goes on in opening hours only, over several days where one is too short. What
    would be ready at the very end of an opening is ready at the next. It is kept until the last
    closing within ``hold`` days of the day on which it is ready. Until ``cut_off`` an order gets a
    window that begins in the same opening.
    """
    openings = list(hours.openings(now, _HORIZON + handover.hold))
    left = handover.handling
    for number, opening in enumerate(openings):
        begins = max(now, opening.starts)
        if left < opening.ends - begins:
            last = opening.day + timedelta(days=handover.hold)
            return Promise(
                available_from=begins + left,
                available_until=max(each.ends for each in openings[number:] if each.day <= last),
                cut_off=_cut_off(openings[: number + 1], handover.handling),
            )
        left -= opening.ends - begins
    return None


def _cut_off(openings: Sequence[Opening], handling: timedelta) -> datetime:
    """Go back from the end of the last opening by so much time of opening."""
    left = handling
    for opening in reversed(openings):
        if left < opening.ends - opening.starts:
            return opening.ends - left
        left -= opening.ends - opening.starts
    return openings[0].starts
