"""How long goods are held, and how much of them: what a reservation may become."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace
from uuid_utils import uuid7

from domain.deadline import Duration
from domain.hold import ReservationLine, summed
from domain.reservation import (
    Reservation,
    ReservationEnded,
    ReservationLimitReached,
    ReservationState,
)
from domain.viewer import Channel


class Holding(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long goods are held, and how much one customer or guest may hold at once.

    *Units*: ``pieces`` in pieces, over all reservations of one holder that are running.
    """

    time: Annotated[Duration, Meta(description="how long goods are held")] = Duration(900)
    longest: Annotated[
        Duration, Meta(description="how long they are held at most, extended however often")
    ] = Duration(7_200)
    reservations: Annotated[
        int, Meta(ge=1, le=100, description="how many may run at once for one customer or guest")
    ] = 5
    pieces: Annotated[
        int, Meta(ge=1, le=10_000, description="how many pieces one of them may hold at once")
    ] = 50
    address: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="how many of guests' may run for one network address"),
    ] = 100


HOLDING = Holding()


def new_reservation(
    holder: str,
    lines: Iterable[ReservationLine],
    channel: Channel,
    now: datetime,
    holding: Holding,
    cart_key: str | None = None,
) -> Reservation:
    """Make a reservation that begins now."""
    return Reservation(
        key=str(uuid7()),
        holder=holder,
        lines=summed(lines),
        channel=channel,
        created_at=now,
        expires_at=now + timedelta(seconds=holding.time),
        cart_key=cart_key,
    )


def over_limit(
    running: Sequence[Reservation], wanted: Reservation, holding: Holding
) -> ReservationLimitReached | None:
    """Tell what keeps a holder, who has these running, from holding more."""
    most = holding.reservations
    if len(running) >= most:
        message = (
            f"At most {most} reservations can run at once; release one, or wait until one ends."
        )
        return ReservationLimitReached(message=message, path=("input",), limit=most)
    most = holding.pieces
    if sum(each.pieces for each in running) + wanted.pieces > most:
        message = f"At most {most} pieces can be reserved at once; reserve fewer."
        return ReservationLimitReached(message=message, path=("input", "lines"), limit=most)
    return None


def crowded(running: int, holding: Holding) -> ReservationLimitReached | None:
    """Tell what keeps a guest from holding more, where so many run from the same address."""
    if running < holding.address:
        return None
    message = "Too many reservations of guests come from this address; sign in, or try later."
    return ReservationLimitReached(message=message, path=("input",), limit=holding.address)


def extended(
    reservation: Reservation, now: datetime, holding: Holding
) -> Reservation | ReservationEnded | ReservationLimitReached:
    """Let a reservation run for its whole time again, as far as is allowed."""
    if reservation.at(now).state is not ReservationState.HELD:
        return _ended(reservation.at(now))
    last = reservation.created_at + timedelta(seconds=holding.longest)
    expires_at = min(now + timedelta(seconds=holding.time), last)
    if expires_at <= reservation.expires_at:
        if reservation.expires_at < last:
            return reservation
        minutes = int(holding.longest // 60)
        message = f"Goods are held for at most {minutes} minutes; this is as long as it goes."
        return ReservationLimitReached(message=message, path=("input",), limit=minutes)
    return replace(reservation, expires_at=expires_at)


def released(reservation: Reservation, now: datetime) -> Reservation:
    """Let a reservation go; one that does not run any more holds nothing already."""
    found = reservation.at(now)
    if found.state is not ReservationState.HELD:
        return found
    return replace(found, state=ReservationState.RELEASED)


def _ended(reservation: Reservation) -> ReservationEnded:
    message = f"The reservation is {reservation.state.value.lower()}; make a new one."
    return ReservationEnded(message=message, path=("input", "reservation"), state=reservation.state)
