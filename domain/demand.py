"""What a cart asks of each place, its lines taken together, against what lies there."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from domain.availability import StockLevel
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

Levels = Sequence[StockLevel] | Failure | None


def shortages(
    cart: Cart, levels: Mapping[str, Levels], places: Mapping[str, Location | Failure]
) -> Mapping[str, Sequence[CartProblem]]:
    """Tell, line by line, what of a cart cannot be promised.

    Lines of one SKU draw on the same goods: what the first one takes, the next one does not get.
    What is collected comes from its place alone, what is sent from any place that sends; lines of
    which nothing is chosen can have whatever is left. SKUs that are not in ``levels`` were not
    looked at.
    """
    choices = {choice.key: choice for choice in cart.choices}
    by_sku: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in cart.entries:
        by_sku[entry.sku].append(entry)
    found: dict[str, Sequence[CartProblem]] = {}
    for sku, entries in by_sku.items():
        if sku not in levels:
            continue
        known = levels[sku]
        if isinstance(known, Failure):
            for entry in entries:
                found[entry.key] = (_unknown(entry),)
            continue
        left = {level.location_key: level.available for level in known or ()}
        is_partial = bool(known is not None and missing_of(known))
        for entry in sorted(entries, key=lambda each: _rank(choices.get(each.delivery or ""))):
            sources = _sources(choices.get(entry.delivery or ""), left, places)
            had = _take(entry.quantity, sources, left)
            if had < entry.quantity:
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


def _take(wanted: int, sources: Iterable[str], left: dict[str, int]) -> int:
    had = 0
    for key in sources:
        part = min(wanted - had, left[key])
        left[key] -= part
        had += part
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
