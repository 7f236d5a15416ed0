"""Promotions as they are written down: what is made of them, and what is refused."""

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import config
from domain.configuration import ConfigurationError
from domain.money import Money
from domain.promotion import AmountOff, Coupon, Percentage, Period, Promotion, Selection
from domain.rule import Rulebook
from domain.rulebook import promotions
from domain.viewer import Channel

ROOT = Path(__file__).parent.parent.parent
MARKETS = {"PL": ["PLN"], "DE": ["EUR"]}


def _read(text: str) -> tuple[list[Promotion], list[str]]:
    try:
        rulebook = config.read(tomllib.loads(text), Rulebook, environment={})
    except ConfigurationError as error:
        return [], [str(problem) for problem in error.problems]
    found, problems = promotions(rulebook, MARKETS)
    return found, [str(problem) for problem in problems]


def test_a_rule_becomes_a_promotion() -> None:
    """Every key of a rule arrives where the engine looks for it."""
    found, problems = _read(
        """
        zones = { PL = "Europe/Warsaw" }
        [[promotion]]
        key = "autumn"
        name = "Autumn"
        names = { pl = "Jesień" }
        percent = "12.5"
        goods = ["5040"]
        without = ["A-1"]
        minimum = { PLN = "99.90" }
        minimum_quantity = 2
        priority = 3
        group = "season"
        combines = false
        from = 2026-10-25
        until = 2026-10-25
        channels = ["APP"]
        markets = ["PL"]
        tiers = ["GOLD"]
        codes = [" autumn26 "]
        limit = 100
        limit_per_customer = 1
        """
    )
    assert problems == []
    # The clocks go back on that day, so that it has 25 hours.
    day = Period(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))
    assert found == [
        Promotion(
            key="autumn",
            name="Autumn",
            names={"pl": "Jesień"},
            effect=Percentage(Decimal("12.5")),
            selection=Selection(frozenset({"5040"}), frozenset({"A-1"})),
            priority=3,
            group="season",
            combines=False,
            periods={"PL": day},
            channels=frozenset({Channel.APP}),
            markets=frozenset({"PL"}),
            tiers=frozenset({"GOLD"}),
            coupon=Coupon(frozenset({"AUTUMN26"}), 100, 1),
            minimum={"PLN": Money(99_90, "PLN")},
            minimum_quantity=2,
        )
    ]


def test_only_what_acts_on_one_piece_alone_is_of_the_catalogue() -> None:
    """A promotion changes offers only where a single piece without anything else has it."""
    found, problems = _read(
        """
        [[promotion]]
        key = "a"
        name = "a"
        amount_each = { PLN = "1.00" }
        [[promotion]]
        key = "b"
        name = "b"
        amount = { PLN = "1.00" }
        [[promotion]]
        key = "c"
        name = "c"
        percent = 1
        minimum_quantity = 1
        """
    )
    assert problems == []
    assert [each.key for each in found if each.is_catalogue] == ["a"]
    assert found[0].effect == AmountOff({"PLN": Money(1_00, "PLN")}, each_piece=True)


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Whatever does not fit is named with its place and what may stand there, all in one run."""
    _, problems = _read(
        """
        zones = { PL = "Europe/Nowhere", FR = "Europe/Paris" }
        [[promotion]]
        key = "a"
        name = "two effects"
        percent = 10
        amount = { PLN = "1.00" }
        [[promotion]]
        key = "a"
        name = "none"
        markets = ["FR"]
        [[promotion]]
        key = "b"
        name = "fractions"
        amount = { PLN = "1.001", GBP = "1.00" }
        [[promotion]]
        key = "c"
        name = "dates"
        percent = 10
        markets = ["DE"]
        from = 2026-01-01
        [[promotion]]
        key = "d"
        name = "codes"
        percent = 10
        codes = ["X", "TWICE", "twice"]
        [[promotion]]
        key = "e"
        name = "limits"
        percent = 10
        limit = 1
        [[promotion]]
        key = "f"
        name = "half a bundle"
        bundle = [{ goods = ["A"] }]
        [[promotion]]
        key = "g"
        name = "half a gift"
        buy = 2
        [[promotion]]
        key = "h"
        name = "no step"
        step = [{ at = { PLN = "1.00" } }]
        """
    )
    assert [problem.partition(":")[0] for problem in problems] == [
        "zones.PL",
        "zones.FR",
        "promotion[0]",
        "promotion[1].key",
        "promotion[1].markets",
        "promotion[1]",
        "promotion[2].amount.PLN",
        "promotion[2].amount.GBP",
        "promotion[3]",
        "promotion[4].codes",
        "promotion[4].codes",
        "promotion[5].limit",
        "promotion[6].bundle",
        "promotion[6].bundle_price",
        "promotion[7].get",
        "promotion[8].step[0]",
    ]


@pytest.mark.parametrize(
    ("written", "allowed"),
    [
        ("percent = 0", "above 0 up to 100"),
        ("percent = 100.5", "above 0 up to 100"),
        ('percent = "NaN"', "above 0 up to 100"),
        ("amount = { PLN = 9.99 }", "in quotes"),
        ('amount = { PLN = "-1" }', "above 0"),
        ('amount = { PLN = "Infinity" }', "above 0"),
        ('percent = 1\nfrom = "2026-01-01"', "without quotes"),
        ("percent = 1\nfrom = 2026-01-01T00:00:00Z", "local time"),
        ("percent = 1\nlimit = 0", "at least 1"),
        ('percent = 1\nchannels = ["SHOP"]', '"WEB"'),
        ("precent = 1", "did you mean percent"),
    ],
)
def test_a_value_says_what_may_stand_there(written: str, allowed: str) -> None:
    """A value of another form is refused with the form that is wanted."""
    _, problems = _read(f'[[promotion]]\nkey = "a"\nname = "a"\n{written}')
    assert [problem for problem in problems if allowed in problem], problems


def test_the_promotions_that_come_along_are_right() -> None:
    """The file beside gateway.toml fits the markets that gateway.toml has."""
    markets: dict[str, Any] = tomllib.loads((ROOT / "gateway.toml").read_text())["context"]
    rulebook = config.load(ROOT / "promotion.toml", Rulebook, {})
    found, problems = promotions(rulebook, markets["markets"])
    assert problems == []
    assert len(found) == len(rulebook.promotion)
