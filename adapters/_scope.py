"""Which system serves which part of the business, and whether the parts make a whole."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

from msgspec import Struct

from domain.configuration import Problem
from domain.viewer import Channel

Scope = Mapping[str, Sequence[str]]

# What can tell the parts of a port from each other; None: every port.
_DIVIDES: dict[str, tuple[str, ...] | None] = {
    "market": None,
    "country": ("stock", "location", "customer", "loyalty", "order"),
    "brand": ("product", "offer", "stock", "order"),
    "channel": ("order",),
}
# Where the operation's market says whose word is wanted. What a person has bought, or is, does not
# depend on the market they stand in now.
_NARROWED = ("product", "offer", "stock", "location")
_COUNTRY = re.compile(r"[A-Z]{2}")
_MAX_NAMED = 3


class Member(Struct, frozen=True):
    """One of several systems behind a port."""

    system: str
    adapter: Any
    scope: Scope

    def serves(self, port: str, market: str) -> bool:
        """Whether the system may have something for an operation in this market.

        Country, brand and channel divide what a system holds, which no key tells beforehand: they
        leave nobody out.
        """
        return port not in _NARROWED or market in self.scope.get("market", (market,))


def misread(key: str, scope: Scope, serves: Sequence[str], markets: Sequence[str]) -> list[Problem]:
    """Find what is wrong with one system's own scope, which stands at ``key``."""
    return [
        problem
        for name, values in scope.items()
        for problem in _misread(f"{key}.{name}", name, values, serves, markets)
    ]


def _misread(
    key: str, name: str, values: Sequence[str], serves: Sequence[str], markets: Sequence[str]
) -> Iterator[Problem]:
    if name not in _DIVIDES:
        near = difflib.get_close_matches(name, _DIVIDES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        yield Problem(key, "unknown key", f"{hint}allowed here: {', '.join(_DIVIDES)}")
        return
    divided = _DIVIDES[name]
    if divided is not None and not set(serves) & set(divided):
        found = f"found a {name}, which does not divide {' or '.join(serves) or 'anything served'}"
        yield Problem(key, found, f"leave it out; {name} divides {', '.join(divided)}")
    if not values:
        yield Problem(key, "found an empty list", "name what it serves, or leave it out")
    for value in values:
        allowed = _allowed(name, value, markets)
        if allowed:
            yield Problem(key, f"found {value!r}", allowed)
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield Problem(key, f"lists {value!r} twice", "name it once")


def _allowed(name: str, value: str, markets: Sequence[str]) -> str | None:
    """Say what is allowed in place of a value; None where it is allowed itself."""
    channels = [each.value for each in Channel]
    match name:
        case "market" if markets and value not in markets:
            return f"allowed: {', '.join(markets)}, the markets of [context]"
        case "channel" if value not in channels:
            return f"allowed: {', '.join(channels)}"
        case "country" if not _COUNTRY.fullmatch(value):
            return "write two capital letters, as ISO 3166-1 has them"
        case "brand" if not value.strip():
            return "write the brand's name"
    return None


def uneven(
    port: str, serving: Sequence[str], scopes: Mapping[str, Scope], markets: Sequence[str]
) -> Iterator[Problem]:
    """Find what two systems serve of a port, and what none of them does.

    *Shape*: ``serving`` names the systems behind the port, ``scopes`` has those of all systems:
    a country that any of them names is one where the retailer is.
    """
    names = [
        name
        for name, divided in _DIVIDES.items()
        if (divided is None or port in divided) and any(name in scopes[each] for each in serving)
    ]
    universe = [_universe(name, scopes, markets) for name in names]
    gaps: list[str] = []
    shared: dict[tuple[str, str], list[str]] = {}
    for cell in product(*universe):
        where = ", ".join(f"{name} {value}" for name, value in zip(names, cell))
        has = [each for each in serving if _covers(scopes[each], names, cell)]
        if not has:
            gaps.append(where)
        for pair in combinations(has, 2):
            shared.setdefault(pair, []).append(where)
    for (one, other), places in shared.items():
        where = f" for {_named(places)}" if names else ""
        divisors = [n for n, divided in _DIVIDES.items() if divided is None or port in divided]
        allowed = f"give each a scope of its own; {port} is divided by {', '.join(divisors)}"
        yield Problem("systems", f"{one} and {other} both serve {port}{where}", allowed)
    if gaps:
        allowed = f"widen the scope of {' or '.join(serving)}, or add a system for it"
        yield Problem("systems", f"no system serves {port} for {_named(gaps)}", allowed)


def _universe(name: str, scopes: Mapping[str, Scope], markets: Sequence[str]) -> list[str]:
    if name == "market" and markets:
        return list(markets)
    named = (value for scope in scopes.values() for value in scope.get(name, ()))
    return list(dict.fromkeys(named))


def _covers(scope: Scope, names: Sequence[str], cell: Sequence[str]) -> bool:
    return all(value in scope.get(name, (value,)) for name, value in zip(names, cell))


def _named(places: Sequence[str]) -> str:
    shown = "; ".join(places[:_MAX_NAMED])
    more = len(places) - _MAX_NAMED
    return f"{shown}; and {more} more" if more > 0 else shown
