"""What can be promised."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.availability import (
    AvailabilityQuery,
    Band,
    StockLevel,
    Supply,
    availability,
    band,
    together,
)
from domain.provenance import STOCK, Freshness, Provenance

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PIECES = st.integers(-50, 500)


def level(
    place: str = "wms:A",
    on_hand: int = 0,
    age: float = 0,
    incoming: tuple[Supply, ...] = (),
    **more: int,
) -> StockLevel:
    return StockLevel(
        sku="1",
        location_key=place,
        on_hand=on_hand,
        incoming=incoming,
        provenance=Provenance("wms", NOW - timedelta(seconds=age), STOCK),
        **more,
    )


@given(PIECES, PIECES, PIECES, PIECES)
def test_the_formula(on_hand: int, allocated: int, reserved: int, safety_stock: int) -> None:
    """What is available is on hand less allocated, reserved and safety stock, never below zero."""
    found = level(
        on_hand=on_hand, allocated=allocated, reserved=reserved, safety_stock=safety_stock
    )
    assert found.available == max(0, on_hand - allocated - reserved - safety_stock)


def test_below_zero_counts_as_none_and_is_flagged() -> None:
    """Books below zero are normal: they promise nothing, say so, and take nothing from others."""
    negative, full = level("wms:A", -7), level("wms:B", 5)
    assert (negative.available, negative.is_negative) == (0, True)
    assert availability("1", [negative, full], NOW).band is Band.SOME


@pytest.mark.parametrize(
    ("pieces", "freshness", "expected"),
    [
        (0, Freshness.LIVE, Band.NONE),
        (1, Freshness.LIVE, Band.FEW),
        (3, Freshness.RECENT, Band.FEW),
        (4, Freshness.RECENT, Band.SOME),
        (19, Freshness.LIVE, Band.SOME),
        (20, Freshness.LIVE, Band.LOTS),
        (500, Freshness.STALE, Band.FEW),
        (0, Freshness.STALE, Band.NONE),
        (500, Freshness.UNKNOWN, Band.UNKNOWN),
    ],
)
def test_bands(pieces: int, freshness: Freshness, expected: Band) -> None:
    """A band grows with the pieces, and a stale figure never says more than FEW."""
    assert band(pieces, freshness) is expected


def test_a_sum_is_as_old_as_its_oldest_part() -> None:
    """The provenance of a sum is the oldest level's, and a stale level promises at most FEW."""
    found = availability("1", [level("wms:A", 90), level("wms:B", 50, age=200)], NOW)
    assert found.provenance is not None
    assert found.provenance.observed_at == NOW - timedelta(seconds=200)
    assert [place.band for place in found.locations] == [Band.LOTS, Band.FEW]


@pytest.mark.parametrize(
    ("fresh", "stale", "expected"),
    [(90, 50, Band.LOTS), (0, 50, Band.FEW), (2, 500, Band.FEW), (0, 0, Band.NONE)],
)
def test_a_stale_location_takes_nothing_from_the_others(
    fresh: int, stale: int, expected: Band
) -> None:
    """Fresh figures are summed as they are; stale ones alone never say more than FEW."""
    levels = [level("wms:A", fresh), level("wms:B", stale, age=200)]
    assert availability("1", levels, NOW).band is expected


def test_the_nearest_location_comes_first() -> None:
    """Locations are sorted by distance where one is known; those without a place come last."""
    levels = [level("wms:A", 90), level("wms:B", 5), level("wms:C", 1)]
    near = availability("1", levels, NOW, distances={"wms:B": 900.0, "wms:C": 20.0})
    assert [place.location_key for place in near.locations] == ["wms:C", "wms:B", "wms:A"]
    assert [place.distance for place in near.locations] == [20.0, 900.0, None]
    fullest = availability("1", levels, NOW)
    assert [place.location_key for place in fullest.locations] == ["wms:A", "wms:B", "wms:C"]


def test_the_next_supply_is_the_soonest() -> None:
    """Of all goods on their way, anywhere, the soonest are shown."""
    late, soon = Supply(9, NOW + timedelta(days=9)), Supply(2, NOW + timedelta(days=2))
    found = availability(
        "1", [level("wms:A", incoming=(late,)), level("wms:B", incoming=(soon,))], NOW
    )
    assert found.next_supply == soon


def test_what_is_overdue_is_no_next_supply() -> None:
    """A day that is past promises nothing; goods that are due today still may come."""
    overdue, due = Supply(9, NOW - timedelta(days=1)), Supply(2, NOW.replace(hour=0))
    for incoming, expected in (((overdue,), None), ((overdue, due), due)):
        found = availability("1", [level(incoming=incoming)], NOW)
        assert found.next_supply == expected


def test_nothing_held_anywhere_is_none() -> None:
    """A variant that is known and held nowhere is not available; nothing is guessed."""
    found = availability("1", [], NOW)
    assert (found.band, found.is_available, found.provenance) == (Band.NONE, False, None)


@pytest.mark.parametrize(
    ("fresh", "lost", "expected"),
    [(90, 50, Band.LOTS), (2, 500, Band.FEW), (0, 50, Band.UNKNOWN), (0, 0, Band.UNKNOWN)],
)
def test_a_figure_too_old_to_be_used_is_unknown(fresh: int, lost: int, expected: Band) -> None:
    """Beyond five minutes a figure says nothing: neither that there is some, nor that none is."""
    found = availability("1", [level("wms:A", fresh), level("wms:B", lost, age=301)], NOW)
    assert found.band is expected
    old = next(place for place in found.locations if place.location_key == "wms:B")
    assert (old.band, old.is_available, old.pieces) == (Band.UNKNOWN, False, 0)
    assert old.stock.on_hand == lost
    assert together([old]) is Band.UNKNOWN


def test_a_place_that_nobody_knows_is_not_sold_out() -> None:
    """Where a location asked about does not exist, nothing is known of its stock."""
    asked = AvailabilityQuery(locations=frozenset({"wms:A", "wms:X"}))
    assert availability("1", [], NOW, asked).band is Band.NONE
    assert availability("1", [], NOW, asked, unknown=["wms:X"]).band is Band.UNKNOWN
    some = availability("1", [level("wms:A", 90)], NOW, asked, unknown=["wms:X"])
    assert some.band is Band.LOTS
