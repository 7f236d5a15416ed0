"""Where the goods of a cart are taken from, once they are to be held."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from domain.availability import StockLevel
from domain.bundle import Levels
from domain.cart import Cart
from domain.delivery import DeliveryGroup, groups
from domain.demand import ships
from domain.errors import Failure
from domain.hold import ReservationLine, Shortage, summed
from domain.location import Location, LocationKind
from domain.partial import Partial, missing_of

Places = Mapping[str, Location | Failure]


def sourced(
    cart: Cart, levels: Mapping[str, Levels], places: Places
) -> tuple[ReservationLine, ...] | tuple[Shortage, ...] | Failure:
    """Choose the places that the goods of a cart are taken from.

    What is collected is taken from its own place, first of all. What is sent comes from one place
    that has all of it, a warehouse rather than a shop; only where none has, from several. Lines of
    which nothing is chosen yet are taken to be sent.
    *Errors*: why nobody can say what there is of goods that are to be sent.
    """
    left = {
        (sku, level.location_key): level.available
        for sku, found in levels.items()
        if found is not None and not isinstance(found, Failure)
        for level in found
    }
    lines: list[ReservationLine] = []
    short: list[Shortage] = []
    for group in sorted(groups(cart), key=lambda each: not _is_collected(each)):
        for sku, quantity in _pieces(group).items():
            if _is_collected(group):
                assert group.location_key is not None, "what is collected has a place"
                lines.append(ReservationLine(sku, group.location_key, quantity))
                place = sku, group.location_key
                left[place] = max(0, left.get(place, 0) - quantity)
                continue
            known = levels.get(sku)
            if isinstance(known, Failure):
                return known
            taken = _taken(sku, quantity, _senders(sku, known or (), left, places), left)
            if sum(each.quantity for each in taken) < quantity:
                short.append(_short(sku, quantity, sum(each.quantity for each in taken)))
            lines += taken
    return tuple(short) if short else summed(lines)


def with_own(sku: str, levels: Levels, held: Iterable[ReservationLine]) -> Levels:
    """Count what is held of a cart, bundles taken apart, among what the cart can have."""
    own: dict[str, int] = {}
    for line in held:
        if line.sku == sku:
            own[line.location_key] = own.get(line.location_key, 0) + line.quantity
    if not own or levels is None or isinstance(levels, Failure):
        return levels
    missing = missing_of(levels)
    added = [
        replace(level, on_hand=level.on_hand + own.get(level.location_key, 0)) for level in levels
    ]
    return Partial(added, missing) if missing else added


def _is_collected(group: DeliveryGroup) -> bool:
    mode = group.mode
    return mode is not None and group.location_key is not None and mode.is_collected


def _pieces(group: DeliveryGroup) -> Mapping[str, int]:
    pieces: dict[str, int] = {}
    for line in group.lines:
        pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
    return pieces


def _senders(
    sku: str,
    levels: Sequence[StockLevel],
    left: Mapping[tuple[str, str], int],
    places: Places,
) -> list[str]:
    """Order the places that send, the best first: warehouses, then whoever has most."""

    def rank(key: str) -> tuple[bool, int, str]:
        place = places.get(key)
        is_warehouse = isinstance(place, Location) and place.kind is LocationKind.WAREHOUSE
        return not is_warehouse, -left[sku, key], key

    keys = [level.location_key for level in levels]
    return sorted((key for key in keys if ships(places.get(key))), key=rank)


def _taken(
    sku: str, quantity: int, senders: Iterable[str], left: dict[tuple[str, str], int]
) -> list[ReservationLine]:
    order = list(senders)
    whole = [key for key in order if left[sku, key] >= quantity]
    taken: list[ReservationLine] = []
    for key in whole[:1] or order:
        part = min(quantity - sum(each.quantity for each in taken), left[sku, key])
        if part > 0:
            taken.append(ReservationLine(sku, key, part))
            left[sku, key] -= part
    return taken


def _short(sku: str, wanted: int, available: int) -> Shortage:
    return Shortage(
        message=f"{available} of {wanted} pieces of {sku} can be sent.",
        path=("input", "cart"),
        sku=sku,
        wanted=wanted,
        available=available,
    )
