"""What a cart asks of each place, its lines taken together, against what lies there."""

from collections.abc import Iterable, Mapping, Sequence

from domain.bundle import Components, Levels, pieces_of
from domain.cart import Cart
from domain.entry import DeliveryChoice, Entry
from domain.errors import Failure
from domain.location import Location, LocationService
from domain.partial import missing_of
from domain.problem import (
    CartProblem,
    Degraded,
    Fix,
    ShortageProblem,
    SourceDegradedProblem,
)
from domain.product import Component

_Left = Mapping[str, dict[str, int]]


def shortages(
    cart: Cart,
    levels: Mapping[str, Levels],
    bundles: Components,
    places: Mapping[str, Location | Failure],
) -> Mapping[str, Sequence[CartProblem]]:
    """Tell, line by line, what of a cart cannot be promised.

    Lines draw on the same goods where they are of one SKU or a bundle has it in it: what the first
    one takes, the next one does not get. What is collected comes from its place alone, what is sent
    from any place that sends; lines of which nothing is chosen can have whatever is left. SKUs that
    are not in ``levels`` were not looked at.
    """
    choices = {choice.key: choice for choice in cart.choices}
    left: _Left = {
        sku: {level.location_key: level.available for level in found}
        for sku, found in levels.items()
        if found is not None and not isinstance(found, Failure)
    }
    found: dict[str, Sequence[CartProblem]] = {}
    for entry in sorted(cart.entries, key=lambda each: _rank(choices.get(each.delivery or ""))):
        if entry.sku not in levels:
            continue
        parts = pieces_of(entry.sku, bundles)
        known = [levels.get(part.sku) for part in parts]
        if any(isinstance(each, Failure) for each in known):
            found[entry.key] = (_unknown(entry),)
            continue
        somewhere = left.get(parts[0].sku, {})
        sources = _sources(choices.get(entry.delivery or ""), somewhere, places)
        had = _take(entry.quantity, parts, sources, left)
        if had < entry.quantity:
            is_partial = any(
                not isinstance(each, Failure) and missing_of(each or ()) for each in known
            )
            found[entry.key] = (_unknown(entry) if is_partial else _short(entry, had),)
    return found


def ships(place: Location | Failure | None) -> bool:
    """Tell whether a place sends goods; one that cannot be looked up is taken to."""
    return place is None or isinstance(place, Failure) or place.does(LocationService.SHIPPING)


def _rank(choice: DeliveryChoice | None) -> int:
    # Those who can have their goods from one place alone come first.
    if choice is None:
        return 2
    return 0 if choice.mode.is_collected else 1


def _sources(
    choice: DeliveryChoice | None,
    left: Mapping[str, int],
    places: Mapping[str, Location | Failure],
) -> Iterable[str]:
    if choice is None:
        return sorted(left)
    if choice.mode.is_collected:
        return [key for key in left if key == choice.location_key]
    return sorted(key for key in left if ships(places.get(key)))


def _take(wanted: int, parts: Sequence[Component], sources: Iterable[str], left: _Left) -> int:
    had = 0
    for key in sources:
        made = min(left.get(part.sku, {}).get(key, 0) // part.quantity for part in parts)
        taken = min(wanted - had, made)
        if taken:
            for part in parts:
                left[part.sku][key] -= taken * part.quantity
            had += taken
    return had


def _short(entry: Entry, available: int) -> ShortageProblem:
    fix = (
        Fix(mutation="cartLinesUpdate", line=entry.key, quantity=available)
        if available
        else Fix(mutation="cartLinesRemove", line=entry.key)
    )
    return ShortageProblem(
        message=f"{available} of {entry.quantity} pieces are available as they are to come.",
        line=entry.key,
        fixes=(fix,),
        sku=entry.sku,
        wanted=entry.quantity,
        available=available,
    )


def _unknown(entry: Entry) -> SourceDegradedProblem:
    message = "What is in stock cannot be looked up at the moment."
    return SourceDegradedProblem(message=message, line=entry.key, what=Degraded.STOCK)
