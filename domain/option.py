"""Ways in which a delivery group could come: what each costs, when it comes, what it emits."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from domain.availability import StockLevel
from domain.bundle import Components, Levels, pieces_of
from domain.carriage import DeliveryMode, Method
from domain.cart import Rules
from domain.delivery import DeliveryGroup, serves
from domain.demand import ships
from domain.errors import Failure
from domain.location import GeoPoint, Location
from domain.mode import Window, windows
from domain.money import Money
from domain.partial import missing_of
from domain.promise import Promise
from domain.provenance import Freshness


class DeliveryOption(Struct, frozen=True, kw_only=True):
    """One way in which a group could come.

    *Shape*: ``is_available`` None where nobody can say; ``window`` None where nothing can be
    promised. *Units*: ``carbon_grams`` of CO2 equivalent, estimated; ``distance`` in metres.
    """

    method: str
    mode: DeliveryMode
    price: Money
    carbon_grams: int
    is_available: bool | None
    window: Promise | None = None
    location: Location | None = None
    distance: float | None = None


class Stock(Struct, frozen=True):
    """What lies where of the goods of a group and their parts. *Shape*: ``places`` by key."""

    levels: Mapping[str, Levels]
    bundles: Components
    places: Mapping[str, Location | Failure]
    moment: datetime

    def is_enough(
        self, wanted: Mapping[str, int], at: Callable[[str], bool]
    ) -> tuple[bool | None, bool]:
        """Tell whether places have all that is wanted, and whether that can be promised on."""
        is_certain = True
        for sku, quantity in wanted.items():
            levels = self.levels.get(sku)
            if isinstance(levels, Failure):
                return None, False
            there = [level for level in levels or () if at(level.location_key)]
            if sum(level.available for level in there) < quantity:
                return (None if levels is not None and missing_of(levels) else False), False
            fresh = sum(level.available for level in there if not self._is_stale(level))
            is_certain = is_certain and fresh >= quantity
        return True, is_certain

    def _is_stale(self, level: StockLevel) -> bool:
        return level.provenance.freshness(self.moment) is Freshness.STALE


def options(
    group: DeliveryGroup,
    stock: Stock,
    lockers: Sequence[Location],
    near: GeoPoint | None,
    rules: Rules,
    first: int,
) -> tuple[DeliveryOption, ...]:
    """Tell the ways in which a group could come, by name; of places the ``first`` that serve best.

    The nearest place comes first, or without a point the one that is ready first.
    """
    cart = group.cart
    wanted: dict[str, int] = {}
    for line in group.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
        # A bundle has to be somewhere as a whole, and its parts are not there for others as well.
        for part in pieces_of(line.sku, stock.bundles) if line.sku in stock.bundles else ():
            wanted[part.sku] = wanted.get(part.sku, 0) + part.quantity * line.quantity
    window = windows(stock.moment)
    found: list[DeliveryOption] = []
    for name, method in sorted(rules.delivery.items()):
        if method.market == cart.market and cart.currency in method.price:
            make = _Maker(name, method, group, rules)
            found += _of_method(make, wanted, stock, lockers, near, window)[:first]
    return tuple(found)


class _Maker(Struct, frozen=True):
    name: str
    method: Method
    group: DeliveryGroup
    rules: Rules

    def option(
        self,
        is_available: bool | None,
        window: Promise | None,
        place: Location | None = None,
        near: GeoPoint | None = None,
    ) -> DeliveryOption:
        """Make an option of this way."""
        return DeliveryOption(
            method=self.name,
            mode=self.method.mode,
            price=self.method.gross(self.group.cart.currency),
            carbon_grams=self.method.grams(self.group.pieces, self.rules.carbon),
            is_available=is_available,
            window=window,
            location=place,
            distance=place.distance(near) if place else None,
        )


def _of_method(
    make: _Maker,
    wanted: Mapping[str, int],
    stock: Stock,
    lockers: Sequence[Location],
    near: GeoPoint | None,
    window: Window,
) -> list[DeliveryOption]:
    mode = make.method.mode
    if mode in (DeliveryMode.SHIP, DeliveryMode.LOCKER):
        is_there, is_certain = stock.is_enough(wanted, lambda key: ships(stock.places.get(key)))
        if mode is DeliveryMode.SHIP:
            promised = make.method.window(stock.moment) if is_certain else None
            return [make.option(is_there, promised)]
        return [
            make.option(is_there, window(place) if is_certain else None, place, near)
            for place in lockers
        ]
    found = []
    for place in _serving(mode, stock.places.values()):
        is_there, is_certain = stock.is_enough(wanted, place.key.__eq__)
        if is_there:
            found.append(make.option(is_there, window(place) if is_certain else None, place, near))
    return sorted(found, key=_rank)


def _serving(mode: DeliveryMode, places: Iterable[Location | Failure]) -> list[Location]:
    return [place for place in places if isinstance(place, Location) and serves(mode, place)]


def _rank(option: DeliveryOption) -> tuple[float, float, str]:
    ready = option.window.available_from.timestamp() if option.window else math.inf
    far = math.inf if option.distance is None else option.distance
    return far, ready, option.location.key if option.location else ""
