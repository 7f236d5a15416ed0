"""Reservations: goods held at a location for a customer, or for a guest who has a secret."""

from collections.abc import Iterable, Mapping, Sequence

from domain.attempt import Changes, attempt
from domain.availability import FulfilmentMode, StockLevel
from domain.customer import Customer
from domain.errors import Failure, NotFound
from domain.hold import Held, Place, ReservationLine, Shortage, Shortfall, shortages, summed
from domain.holding import extended, new_reservation, over_limit, released
from domain.identity import node_key
from domain.location import Location
from domain.mode import modes_at
from domain.product import Variant
from domain.reservation import (
    CollectionNotOffered,
    Reservation,
    ReservationCreate,
    ReservationExtend,
    ReservationOutcome,
    ReservationRelease,
    check_lines,
    guest,
)
from domain.viewer import Viewer
from execution.context import Context
from execution.permission import Rights, carry_out, permit
from resolvers.need import hold, needs_of
from resolvers.owner import customer
from resolvers.stock import tell_stock

TYPE = "Reservation"


async def reservation(
    parents: Sequence[object], context: Context, id: str, secret: str | None = None
) -> list[Reservation | Failure | None]:
    """Find a reservation by its global id. *Errors*: ``BadInput`` for any other id."""
    found = context.node_key(id, "id", TYPE)
    if secret is not None:
        await prove(context, secret, "secret")
    if found is None or not context.may_look_up(*found):
        return [None] * len(parents)
    return [await context.loaders.reservation_by_key.load_one(found[1])] * len(parents)


async def reservations_of_viewer(
    parents: Sequence[Viewer], context: Context
) -> list[Sequence[Reservation] | Failure]:
    """List what runs for the viewer, the newest first; nothing for those who are not customers."""
    own = context.viewer.customer
    if own is None or not context.may_look_up(TYPE, ""):
        return [()] * len(parents)
    found = await context.loaders.reservations_by_holder.load_one(own)
    return [() if found is None else found] * len(parents)


async def reservations_of_customer(
    parents: Sequence[Customer], context: Context
) -> list[Sequence[Reservation] | Failure]:
    """List what runs for each customer, the newest first."""
    found = await context.loaders.reservations_by_holder.load([parent.key for parent in parents])
    return [() if each is None else each for each in found]


async def variant_of_line(
    parents: Sequence[ReservationLine], context: Context
) -> list[Variant | Failure | None]:
    """Find the variant of each line."""
    return await context.loaders.variant_by_sku.load([parent.sku for parent in parents])


async def location(
    parents: Sequence[ReservationLine | Shortfall | CollectionNotOffered], context: Context
) -> list[Location | Failure | None]:
    """Find the place of each."""
    return await context.loaders.location_by_key.load([parent.location_key for parent in parents])


async def location_of_shortage(
    parents: Sequence[Shortage], context: Context
) -> list[Location | Failure | None]:
    """Find the place of each; null for what any of several could send."""
    keys = sorted({parent.location_key for parent in parents if parent.location_key is not None})
    found = dict(zip(keys, await context.loaders.location_by_key.load(keys)))
    return [found.get(parent.location_key or "") for parent in parents]


async def create(
    parents: Sequence[object], context: Context, input: ReservationCreate
) -> list[ReservationOutcome]:
    """Hold goods at a location. *Errors*: ``BadInput``; ``NotFound`` for an unknown location."""
    rights = await permit(context, "reservationCreate")
    named = attempt(context.viewer, context.ask, "reservationCreate", input, input.secret)
    if (wrong := check_lines(input.lines)) is not None:
        return [ReservationOutcome(user_errors=(wrong,))] * len(parents)
    _, location_key = node_key(input.location, "input.location", "Location")
    holder = await _holder(context, rights, input)
    if (refused := await _refused(context, location_key)) is not None:
        return [ReservationOutcome(user_errors=(refused,))] * len(parents)
    lines = summed(ReservationLine(each.sku, location_key, each.quantity) for each in input.lines)
    needs, seen = await needs_of(context, lines)
    wanted = new_reservation(holder, lines, context.ask.channel, context.now, context.holding)
    places = [line.place for line in needs]

    async def work(changes: Changes) -> ReservationOutcome:
        # Who comes too late is told so at once, and does not queue for a shelf that is empty.
        levels = await changes.reservation.shelves(places, seen.levels)
        if lacking := shortages(needs, seen.usable(needs, levels)):
            return ReservationOutcome(user_errors=lacking)
        running = await changes.reservation.running(holder)
        if (reached := over_limit(running, wanted, context.holding)) is not None:
            return ReservationOutcome(user_errors=(reached,))
        return await hold(context, changes, wanted, needs, seen)

    outcome = await carry_out(context, rights, named, ReservationOutcome, work)
    if outcome.reservation is not None:
        await tell_stock(context, (line.sku for line in (*lines, *needs)))
    return [outcome] * len(parents)


async def extend(
    parents: Sequence[object], context: Context, input: ReservationExtend
) -> list[ReservationOutcome]:
    """Keep a reservation up for its whole time again. *Errors*: ``BadInput``, ``NotFound``."""
    rights = await permit(context, "reservationExtend")
    named = attempt(context.viewer, context.ask, "reservationExtend", input, input.secret)
    key = await _reservation_key(context, input.reservation, input.secret)

    async def work(changes: Changes) -> ReservationOutcome:
        found = _own(context, rights, await changes.reservation.read(key))
        changed = extended(found, context.now, context.holding)
        if not isinstance(changed, Reservation):
            return ReservationOutcome(user_errors=(changed,))
        held = await changes.reservation.held(key)
        places = [(each.sku, each.location_key) for each in held]
        levels = await changes.reservation.lock(places, (), apart_from=key)
        # Another process, whose clock is ahead, may have given the goods away already.
        if lacking := shortages(_counted(held, levels, context), levels):
            return ReservationOutcome(user_errors=lacking)
        await changes.reservation.save(changed)
        return ReservationOutcome(reservation=changed)

    outcome = await carry_out(context, rights, named, ReservationOutcome, work)
    return [outcome] * len(parents)


async def release(
    parents: Sequence[object], context: Context, input: ReservationRelease
) -> list[ReservationOutcome]:
    """Let a reservation go. *Errors*: ``BadInput``, ``NotFound``."""
    rights = await permit(context, "reservationRelease")
    named = attempt(context.viewer, context.ask, "reservationRelease", input, input.secret)
    key = await _reservation_key(context, input.reservation, input.secret)

    freed: list[str] = []

    async def work(changes: Changes) -> ReservationOutcome:
        found = _own(context, rights, await changes.reservation.read(key))
        changed = released(found, context.now)
        freed.extend(line.sku for line in found.lines)
        freed.extend(each.sku for each in await changes.reservation.held(key))
        await changes.reservation.save(changed)
        return ReservationOutcome(reservation=changed)

    outcome = await carry_out(context, rights, named, ReservationOutcome, work)
    if outcome.reservation is not None:
        await tell_stock(context, freed)
    return [outcome] * len(parents)


def _counted(
    held: Iterable[Held], levels: Mapping[Place, StockLevel], context: Context
) -> list[ReservationLine]:
    """Take what is held and not subtracted in the figures already."""
    return [
        ReservationLine(each.sku, each.location_key, each.quantity)
        for each in held
        if (level := levels.get((each.sku, each.location_key))) is None
        or each.counts(level.provenance.observed_at, context.now)
    ]


async def _refused(context: Context, location_key: str) -> CollectionNotOffered | None:
    """Tell why nothing can be collected there. *Errors*: ``NotFound`` for an unknown location."""
    place = await context.loaders.location_by_key.load_one(location_key)
    if isinstance(place, Failure):
        # What the stock is can decide alone, where nobody can say what the place offers.
        context.do_without(place)
        return None
    if place is None:
        raise NotFound("No location has this id.")
    if FulfilmentMode.COLLECT in modes_at(place):
        return None
    message = "Nothing can be collected at this location; choose another."
    return CollectionNotOffered(
        message=message, path=("input", "location"), location_key=location_key
    )


async def _holder(context: Context, rights: Rights, input: ReservationCreate) -> str:
    """Tell for whom goods are held, before anything is written."""
    if input.secret is None or context.viewer.customer is not None:
        return await customer(context, rights, input.customer)
    holder = guest(input.secret)
    context.proven.add(holder)
    return holder


async def _reservation_key(context: Context, id: str, secret: str | None) -> str:
    if secret is not None:
        await prove(context, secret)
    return node_key(id, "input.reservation", TYPE)[1]


async def prove(context: Context, secret: str, argument: str = "input.secret") -> None:
    """Note whom a guest's secret proves the viewer to be: by itself, and by their cart."""
    context.proven.add(guest(secret, argument))
    found = await context.loaders.cart_by_secret.load_one(secret)
    if isinstance(found, Failure):
        raise found
    if found is not None and found.is_guest:
        context.proven.add(found.holder)


def _own(context: Context, rights: Rights, found: Reservation | None) -> Reservation:
    """Take a reservation that the viewer may change; any other is as good as none."""
    if found is None or not (rights.cover(found) or context.proven & found.subjects):
        raise NotFound("No reservation has this id, or it is not yours.")
    return found
