"""What is held back from a channel."""

from datetime import UTC, datetime

import pytest

from domain.availability import StockLevel
from domain.holdback import HeldBack, HoldBack
from domain.provenance import STOCK, Provenance
from domain.viewer import Channel

FROM = Provenance("wms", datetime.now(UTC), STOCK)


def _level(on_hand: int, safety_stock: int = 0) -> StockLevel:
    return StockLevel(
        sku="S", location_key="wms:A", on_hand=on_hand, safety_stock=safety_stock, provenance=FROM
    )


@pytest.mark.parametrize(
    ("rules", "on_hand", "available"),
    [
        ([], 10, 9),
        ([HeldBack(pieces=3)], 10, 6),
        ([HeldBack(pieces=30)], 10, 0),
        ([HeldBack(percent=50)], 10, 4),
        ([HeldBack(pieces=2, percent=50)], 3, 0),
        ([HeldBack(pieces=1), HeldBack(pieces=4)], 10, 5),
        ([HeldBack(pieces=3, channels=[Channel.POS])], 10, 9),
        ([HeldBack(pieces=3, locations=["wms:B"])], 10, 9),
        ([HeldBack(percent=100)], -3, 0),
    ],
)
def test_the_most_that_applies_is_held_back(
    rules: list[HeldBack], on_hand: int, available: int
) -> None:
    """Of the rules for a channel and a place the one that keeps most counts, rounded up."""
    back = HoldBack(rules)
    level = back.level(_level(on_hand, safety_stock=1), Channel.WEB)
    assert level.available == available
    assert level.safety_stock == 1 + level.held_back
    assert back.level(level, Channel.WEB) == level
    assert back.level(level, Channel.KIOSK).held_back == (
        0 if not rules or rules[0].channels or rules[0].locations else level.held_back
    )
