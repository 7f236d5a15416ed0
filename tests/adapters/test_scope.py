"""Several systems may share a port, if their scopes make a whole."""

from collections.abc import Mapping

import pytest

from adapters._scope import Member, Scope, misread, uneven

MARKETS = ["PL", "DE"]


def told(
    port: str, scopes: Mapping[str, Scope], serving: list[str] | None = None
) -> list[tuple[str, str]]:
    found = uneven(port, serving or list(scopes), scopes, MARKETS)
    return [(problem.found, problem.allowed) for problem in found]


@pytest.mark.parametrize(
    ("port", "scopes"),
    [
        ("stock", {"wms": {}}),
        ("stock", {"a": {"country": ["PL"]}, "b": {"country": ["DE", "CZ"]}}),
        ("offer", {"a": {"market": ["PL"]}, "b": {"market": ["DE"]}}),
        ("product", {"a": {"brand": ["Aster"]}, "b": {"brand": ["Birke"]}}),
        ("order", {"erp": {"channel": ["WEB", "APP"]}, "pos": {"channel": ["POS"]}}),
        (
            "order",
            {
                "pos": {"channel": ["POS"]},
                "erp-pl": {"channel": ["WEB"], "market": ["PL"]},
                "erp-de": {"channel": ["WEB"], "market": ["DE"]},
            },
        ),
        # What does not divide a port does not count for it.
        ("product", {"erp": {"channel": ["WEB"]}}),
    ],
)
def test_parts_that_make_a_whole(port: str, scopes: dict[str, Scope]) -> None:
    """Every part of the business has exactly one system behind a port: then nothing is told."""
    assert told(port, scopes) == []


def test_what_two_systems_serve_is_told() -> None:
    """An overlap names the systems, the part of the business, and what to do."""
    assert told("stock", {"a": {"country": ["PL", "CZ"]}, "b": {"country": ["PL", "DE"]}}) == [
        (
            "a and b both serve stock for country PL",
            "give each a scope of its own; stock is divided by market, country, brand",
        )
    ]
    assert told("product", {"a": {"channel": ["WEB"]}, "b": {"channel": ["POS"]}}) == [
        (
            "a and b both serve product",
            "give each a scope of its own; product is divided by market, brand",
        )
    ]
    crossed = {"a": {"market": ["PL"]}, "b": {"brand": ["Aster"]}}
    assert told("stock", crossed)[0][0] == "a and b both serve stock for market PL, brand Aster"


def test_what_nobody_serves_is_told() -> None:
    """A gap names the part of the business: one of the markets, or a place that a system names."""
    assert told("offer", {"a": {"market": ["PL"]}}) == [
        (
            "no system serves offer for market DE",
            "widen the scope of a, or add a system for it",
        )
    ]
    scopes: dict[str, Scope] = {"a": {"country": ["PL"]}, "b": {"country": ["DE"]}}
    assert told("location", scopes, ["a"])[0][0] == "no system serves location for country DE"


def test_long_lists_of_places_are_cut() -> None:
    """However many parts are not served, the sentence stays readable."""
    scopes: dict[str, Scope] = {
        "a": {"country": ["PL"]},
        "b": {"country": ["DE", "CZ", "SK", "AT", "HU"]},
    }
    assert told("location", scopes, ["a"])[0][0] == (
        "no system serves location for country DE; country CZ; country SK; and 2 more"
    )


def test_a_scope_that_cannot_be_meant_is_told() -> None:
    """Unknown words, empty lists and values nobody can match each get a sentence."""
    scope = {"county": ["PL"], "country": ["pl"], "market": ["FR", "PL", "PL"], "brand": []}
    problems = misread("systems.a.scope", scope, ["stock"], MARKETS)
    assert [str(problem) for problem in problems] == [
        "systems.a.scope.county: unknown key; did you mean country? "
        "allowed here: market, country, brand, channel",
        "systems.a.scope.country: found 'pl'; write two capital letters, as ISO 3166-1 has them",
        "systems.a.scope.market: found 'FR'; allowed: PL, DE, the markets of [context]",
        "systems.a.scope.market: lists 'PL' twice; name it once",
        "systems.a.scope.brand: found an empty list; name what it serves, or leave it out",
    ]
    assert [str(each) for each in misread("s", {"channel": ["SHOP"]}, ["stock"], [])] == [
        "s.channel: found a channel, which does not divide stock; "
        "leave it out; channel divides order",
        "s.channel: found 'SHOP'; allowed: WEB, APP, POS, AGENT, MARKETPLACE, KIOSK",
    ]


def test_the_market_narrows_and_nothing_else_does() -> None:
    """Prices of a market are its system's; what a customer bought elsewhere is still theirs."""
    member = Member("erp-pl", None, {"market": ["PL"], "country": ["PL"], "brand": ["Aster"]})
    assert member.serves("offer", "PL")
    assert not member.serves("offer", "DE")
    assert member.serves("order", "DE")
    assert Member("wms-pl", None, {"country": ["PL"]}).serves("stock", "DE")
