"""Ways in which goods can come, and what each of them promises."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.availability import (
    Availability,
    AvailabilityQuery,
    Band,
    FulfilmentMode,
    StockLevel,
    availability,
)
from domain.location import GeoPoint, Location, LocationKind, LocationService
from domain.mode import ModeAvailability, by_mode, modes_at, promise_at, windows
from domain.opening import OpeningHours, Span
from domain.partial import Partial
from domain.promise import Handover
from domain.provenance import PLACE, STOCK, Provenance

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = GeoPoint(52.23, 21.01)
LIVE = Provenance("wms", NOW, PLACE)
OPEN = OpeningHours("Europe/Warsaw", ((Span(540, 1_260),),) * 7)
S = LocationService


def place(key: str, kind: LocationKind = LocationKind.STORE, **more: Any) -> Location:
    return Location(key=key, name=key, kind=kind, provenance=LIVE, **more)


def shop(key: str, *services: LocationService, minutes: int = 60) -> Location:
    return place(
        key, services=services, hours=OPEN, handover=Handover(timedelta(minutes=minutes), 3)
    )


HOUSE = place("wms:HOUSE", LocationKind.WAREHOUSE, services=(S.SHIPPING,))
NEAR, FAR = shop("wms:NEAR", S.COLLECT, S.KERBSIDE, minutes=120), shop("wms:FAR", S.COLLECT)
LOCKER = place(
    "wms:LK", LocationKind.LOCKER, services=(S.LOCKER,), hours=OPEN, coordinates=HERE,
    handover=Handover(timedelta(hours=24), 2),
)  # fmt: skip
PLACES = {each.key: each for each in (HOUSE, NEAR, FAR)}


def level(key: str, pieces: int, *, stale: bool = False) -> StockLevel:
    observed = NOW - timedelta(minutes=2) if stale else NOW
    return StockLevel(
        sku="1", location_key=key, on_hand=pieces, provenance=Provenance("wms", observed, STOCK)
    )


def found(*levels: StockLevel, missing: tuple[str, ...] = (), **query: Any) -> Availability:
    distances = {"wms:NEAR": 100.0, "wms:FAR": 900.0} if query.get("near") else None
    column = Partial(levels, missing) if missing else levels
    return availability("1", column, NOW, AvailabilityQuery(**query), distances)


def told(
    asked: Availability, lockers: tuple[Location, ...] = (LOCKER,)
) -> dict[FulfilmentMode, ModeAvailability]:
    return {each.mode: each for each in by_mode(asked, PLACES, lockers, windows(NOW))}


def test_shipped_goods_are_added_up_and_collected_ones_are_not() -> None:
    """A parcel may come from several places; who collects comes to one, so the fullest counts."""
    modes = told(found(level("wms:HOUSE", 2), level("wms:NEAR", 2), level("wms:FAR", 15)))
    assert {mode.value: each.band for mode, each in modes.items()} == {
        "SHIP": Band.FEW, "COLLECT": Band.SOME, "LOCKER": Band.FEW, "KERBSIDE": Band.FEW,
    }  # fmt: skip
    assert modes[FulfilmentMode.SHIP].location is None


def test_the_nearest_place_that_has_it_all_is_the_one_to_come_to() -> None:
    """With a point, a nearer place with too few is passed over for one that has them."""
    levels = (level("wms:NEAR", 1), level("wms:FAR", 5))
    one = told(found(*levels, near=HERE))[FulfilmentMode.COLLECT]
    assert (one.location, one.distance) == (NEAR, 100.0)
    two = told(found(*levels, near=HERE, quantity=2))[FulfilmentMode.COLLECT]
    assert (two.location, two.distance, two.is_available) == (FAR, 900.0, True)
    six = told(found(*levels, near=HERE, quantity=6))[FulfilmentMode.COLLECT]
    assert (six.location, six.is_available, six.band) == (None, False, Band.SOME)


def test_without_a_point_the_place_that_is_ready_first_is_shown() -> None:
    """The quickest promise comes first, whoever has more."""
    collect = told(found(level("wms:NEAR", 90), level("wms:FAR", 1)))[FulfilmentMode.COLLECT]
    assert collect.location == FAR
    assert collect.promise is not None
    assert collect.promise.available_from == NOW + timedelta(hours=1)


def test_a_stale_figure_withdraws_the_promise() -> None:
    """What is too old to promise on is shown conservatively and without a window."""
    stale = found(level("wms:NEAR", 90, stale=True), level("wms:HOUSE", 90, stale=True))
    modes = told(stale)
    assert modes[FulfilmentMode.COLLECT].band is Band.FEW
    assert modes[FulfilmentMode.COLLECT].promise is None
    assert modes[FulfilmentMode.LOCKER].promise is None
    fresh = told(found(level("wms:NEAR", 90, stale=True), level("wms:FAR", 1), near=HERE))
    assert fresh[FulfilmentMode.COLLECT].location == FAR


def test_a_locker_is_filled_from_what_ships() -> None:
    """A locker holds no stock: it promises what can be sent there, and nothing where none is."""
    locker = told(found(level("wms:HOUSE", 9), near=HERE))[FulfilmentMode.LOCKER]
    assert (locker.location, locker.distance, locker.is_available) == (LOCKER, 0.0, True)
    assert locker.promise is not None
    none = told(found(level("wms:HOUSE", 9)), lockers=())[FulfilmentMode.LOCKER]
    assert (none.band, none.is_available, none.location) == (Band.NONE, False, None)


def test_what_nobody_has_while_a_system_is_silent_is_unknown() -> None:
    """NONE is said only by those who know; what is found is true all the same."""
    missing = found(level("wms:NEAR", 0), missing=("wms-de",))
    assert (missing.band, missing.complete, missing.missing) == (Band.UNKNOWN, False, ("wms-de",))
    assert {each.band for each in told(missing).values()} == {Band.UNKNOWN}
    assert found(level("wms:NEAR", 30), missing=("wms-de",)).band is Band.LOTS


def test_only_what_is_asked_for_is_told() -> None:
    """The ways come in the order asked."""
    wanted = (FulfilmentMode.KERBSIDE, FulfilmentMode.SHIP)
    assert tuple(told(found(level("wms:NEAR", 1), modes=wanted))) == wanted


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (LocationKind.STORE, (FulfilmentMode.COLLECT,)),
        (LocationKind.PICKUP_POINT, (FulfilmentMode.COLLECT,)),
        (LocationKind.WAREHOUSE, (FulfilmentMode.SHIP,)),
        (LocationKind.LOCKER, ()),
    ],
)
def test_a_system_that_tells_no_services_is_taken_by_the_kind(
    kind: LocationKind, expected: tuple[FulfilmentMode, ...]
) -> None:
    """Optional data that is absent leaves what the kind of place itself says, and no promise."""
    somewhere = place("wms:X", kind)
    assert modes_at(somewhere) == expected
    [here] = found(level("wms:X", 5)).locations
    assert promise_at(here, somewhere, windows(NOW)) is None


def test_a_place_promises_only_what_it_has_and_hands_over() -> None:
    """No window without enough goods, without a fresh figure, or where nothing is handed over."""
    [full] = found(level("wms:FAR", 5), quantity=5).locations
    assert promise_at(full, FAR, windows(NOW)) is not None
    assert promise_at(full, msgspec.structs.replace(FAR, services=()), windows(NOW)) is None
    [few] = found(level("wms:FAR", 4), quantity=5).locations
    assert promise_at(few, FAR, windows(NOW)) is None
    [old] = found(level("wms:FAR", 5, stale=True)).locations
    assert promise_at(old, FAR, windows(NOW)) is None


def test_a_figure_too_old_to_be_used_promises_nothing() -> None:
    """Neither shipping nor a store nor a locker counts on it, and none says that it is sold out."""
    old = StockLevel(
        sku="1",
        location_key="wms:NEAR",
        on_hand=50,
        provenance=Provenance("wms", NOW - timedelta(minutes=6), STOCK),
    )
    house = msgspec.structs.replace(old, location_key="wms:HOUSE")
    ways = told(found(old, house))
    assert {each.band for each in ways.values()} == {Band.UNKNOWN}
    assert not any(each.is_available or each.promise for each in ways.values())
