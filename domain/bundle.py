"""Bundles: what is sold as one and lies on the shelves as several."""

from collections.abc import Iterable, Mapping, Sequence

from domain.availability import StockLevel
from domain.errors import Failure
from domain.hold import ReservationLine, summed
from domain.partial import Partial, missing_of
from domain.product import Component

Components = Mapping[str, Sequence[Component]]
Levels = Sequence[StockLevel] | Failure | None


def pieces_of(sku: str, bundles: Components) -> Sequence[Component]:
    """Tell what one piece is on the shelves: itself, or each component of a bundle once."""
    pieces: dict[str, int] = {}
    for part in bundles.get(sku) or (Component(sku, 1),):
        pieces[part.sku] = pieces.get(part.sku, 0) + part.quantity
    return [Component(*each) for each in pieces.items()]


def taken_apart(
    lines: Iterable[ReservationLine], bundles: Components
) -> tuple[ReservationLine, ...]:
    """Tell what has to be held: of each bundle its components, what is wanted twice added up."""
    return summed(
        ReservationLine(part.sku, line.location_key, part.quantity * line.quantity)
        for line in lines
        for part in pieces_of(line.sku, bundles)
    )


def level_of(sku: str, bundles: Components, levels: Mapping[str, Levels]) -> Levels:
    """Tell the stock of a SKU, that of a bundle by its components'."""
    return bundled(sku, pieces_of(sku, bundles), levels) if sku in bundles else levels.get(sku)


def bundled(sku: str, components: Sequence[Component], levels: Mapping[str, Levels]) -> Levels:
    """Work out the stock of a bundle: at each place, as many as its scarcest component makes.

    *Freshness*: of the component that was observed first. *Errors*: the first component's that
    has one; a component that nobody knows is nowhere.
    """
    places: list[dict[str, StockLevel]] = []
    missing: tuple[str, ...] = ()
    for part in components:
        found = levels.get(part.sku) or ()
        if isinstance(found, Failure):
            return found
        missing += missing_of(found)
        places.append({level.location_key: level for level in found})
    everywhere = set(places[0]).intersection(*places[1:]) if places else set()
    made = tuple(
        _level(sku, key, [(part, there[key]) for part, there in zip(components, places)])
        for key in sorted(everywhere)
    )
    return Partial(made, dict.fromkeys(missing)) if missing else made


def _level(sku: str, key: str, parts: Sequence[tuple[Component, StockLevel]]) -> StockLevel:
    return StockLevel(
        sku=sku,
        location_key=key,
        on_hand=min(level.available // part.quantity for part, level in parts),
        provenance=min((level.provenance for _, level in parts), key=lambda p: p.observed_at),
    )
