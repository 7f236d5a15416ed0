"""What has to be held for some lines, and what a promise of it can rest on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from domain.attempt import Changes
from domain.availability import StockLevel
from domain.bundle import taken_apart
from domain.errors import Failure, SourceUnavailable
from domain.hold import Place, ReservationLine, shortages
from domain.holdback import HoldBack
from domain.holding import crowded
from domain.identity import external_id
from domain.partial import missing_of
from domain.provenance import STOCK
from domain.reservation import Reservation, ReservationOutcome
from domain.viewer import Channel, Role
from execution.context import Context
from resolvers.stock import bundles_among


class Seen(Struct, frozen=True):
    """What the stock system has just said of some places, and why it was silent of others."""

    levels: Sequence[StockLevel]
    silent: Mapping[str, Failure]
    oldest: datetime
    hold_back: HoldBack
    channel: Channel

    def usable(
        self, lines: Iterable[ReservationLine], shelves: Mapping[Place, StockLevel]
    ) -> Mapping[Place, StockLevel]:
        """Take the shelves that a promise can rest on.

        What the system says is not there is not, whatever was known before; where it is silent,
        what it said last stands for a while. *Errors*: why it is silent, after that while.
        """
        there = {(level.sku, level.location_key) for level in self.levels}
        found: dict[Place, StockLevel] = {}
        for line in lines:
            shelf, silence = shelves.get(line.place), self.silent.get(line.sku)
            if silence is None and line.place not in there:
                continue
            if shelf is None or shelf.provenance.observed_at < self.oldest:
                system = external_id(line.location_key).system
                raise silence or SourceUnavailable(system, "stock_by_sku", "its figures are old")
            found[line.place] = self.hold_back.level(shelf, self.channel)
        return found


async def needs_of(
    context: Context, lines: Sequence[ReservationLine]
) -> tuple[Sequence[ReservationLine], Seen]:
    """Tell what has to be held, bundles taken apart, and what is there of it."""
    skus = sorted({line.sku for line in lines})
    levels = await context.loaders.stock_by_sku.load(skus)
    needs = taken_apart(lines, await bundles_among(skus, levels, context))
    return needs, await _snapshots(context, needs)


async def hold(
    context: Context,
    changes: Changes,
    wanted: Reservation,
    needs: Sequence[ReservationLine],
    seen: Seen,
) -> ReservationOutcome:
    """Write a reservation and hold what it needs, if all of it is there once shelves are locked."""
    # A secret costs a guest nothing: it bounds nobody who draws many.
    origin = context.origin if context.viewer.role is Role.ANONYMOUS else None
    if origin is not None:
        running = await changes.reservation.running_from(origin)
        if (reached := crowded(running, context.holding)) is not None:
            return ReservationOutcome(user_errors=(reached,))
    await changes.reservation.create(wanted, origin)
    shelves = await changes.reservation.lock([need.place for need in needs], seen.levels)
    if lacking := shortages(needs, seen.usable(needs, shelves)):
        return ReservationOutcome(user_errors=lacking)
    await changes.reservation.hold(wanted, needs)
    return ReservationOutcome(reservation=wanted)


async def _snapshots(context: Context, lines: Sequence[ReservationLine]) -> Seen:
    """Ask the stock system, before anything is locked, what lies there."""
    places = {line.place for line in lines}
    skus = sorted({line.sku for line in lines})
    levels: list[StockLevel] = []
    silent: dict[str, Failure] = {}
    for sku, found in zip(skus, await context.loaders.stock_by_sku.load(skus)):
        if isinstance(found, Failure):
            context.do_without(found)
            silent[sku] = found
        elif found is not None:
            levels += [each for each in found if (sku, each.location_key) in places]
            if missing := missing_of(found):
                silent[sku] = SourceUnavailable(missing[0], "stock_by_sku", "its part is missing")
    told = {level.sku for level in levels}
    return Seen(
        levels,
        {sku: failure for sku, failure in silent.items() if sku not in told},
        context.now - STOCK.usable,
        context.hold_back,
        context.ask.channel,
    )
