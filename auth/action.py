"""The rows of the policy table that speak of changes."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from msgspec import Struct, field

from domain.action import Permit
from domain.configuration import Problem
from domain.money import currency_digits, is_currency
from domain.policy import Condition, Decision, Grant, View
from domain.viewer import OUTSIDE, Purpose, Role

E = TypeVar("E", bound=Enum)

_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,4})?")
_WHOSE = {
    "any": Decision.ALLOW,
    "own": Decision.OWN,
    "case": Decision((Grant(View.FULL, frozenset((Condition.CASE,))),)),
    # Only of whom a case is open on the record is known before anything is changed.
    "case and unrestricted": Decision(
        (Grant(View.FULL, frozenset((Condition.CASE, Condition.UNRESTRICTED))),)
    ),
    "store": Decision((Grant(View.FULL, frozenset((Condition.SAME_STORE,))),)),
}


class ActionRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[action]]``: who may make these changes, on whose objects, up to which amount."""

    says: str
    names: list[str]
    roles: dict[str, str]
    limits: dict[str, dict[str, str]] = field(default_factory=dict)
    second: list[str] = field(default_factory=list)
    purposes: list[str] = field(default_factory=lambda: [each.value for each in Purpose])


def read_actions(
    rows: Sequence[ActionRow], file: str, wrong: list[Problem]
) -> Mapping[tuple[str, Role], Permit]:
    """Read who may do what; what is wrong is added to the list."""
    found: dict[tuple[str, Role], Permit] = {}
    names: set[str] = set()
    for number, row in enumerate(rows, start=1):
        place = f"action {number}"
        limits = _limits(row, place, file, wrong)
        second = frozenset(_roles(row.second, f"{place}.second", file, wrong))
        purposes = frozenset(_purposes(row.purposes, f"{place}.purposes", file, wrong))
        if limits and not second:
            allowed = "the roles of which another person decides above the limit"
            wrong.append(Problem(f"{place}.second", "nothing", allowed, file))
        permits = {
            role: Permit(_WHOSE[said], limits.get(role), second, purposes)
            for name, said in row.roles.items()
            for role in _roles([name], f"{place}.roles", file, wrong)
            if _is_known(said, f"{place}.roles.{name}", file, wrong)
        }
        for role in (each for each in permits if each in OUTSIDE):
            if permits[role].decision is not Decision.OWN:
                found_said = repr(row.roles[role.value])
                allowed = '"own": what is not theirs is nobody\'s outside to change'
                wrong.append(Problem(f"{place}.roles.{role.value}", found_said, allowed, file))
        for role in limits:
            if role not in permits:
                allowed = "a role that may do it: who may, and is not named here, has no limit"
                wrong.append(Problem(f"{place}.limits", role.value, allowed, file))
        for name in row.names:
            if name in names:
                allowed = "one row for each mutation and measure"
                wrong.append(Problem(place, f"{name} is decided already", allowed, file))
            names.add(name)
            # A row without roles still speaks of its names: nobody may.
            found |= {(name, role): permits.get(role, Permit()) for role in Role}
    return found


def _is_known(said: str, key: str, file: str, wrong: list[Problem]) -> bool:
    if said in _WHOSE:
        return True
    wrong.append(Problem(key, repr(said), ", ".join(_WHOSE), file))
    return False


def _limits(
    row: ActionRow, place: str, file: str, wrong: list[Problem]
) -> Mapping[Role, Mapping[str, int]]:
    found: dict[Role, Mapping[str, int]] = {}
    for name, amounts in row.limits.items():
        for role in _roles([name], f"{place}.limits", file, wrong):
            found[role] = {
                currency: minor
                for currency, amount in amounts.items()
                for minor in _minor(currency, amount, f"{place}.limits.{name}", file, wrong)
            }
    return found


def _minor(currency: str, amount: str, key: str, file: str, wrong: list[Problem]) -> list[int]:
    if not is_currency(currency):
        allowed = "currencies as ISO 4217 writes them, such as PLN"
        wrong.append(Problem(key, repr(currency), allowed, file))
        return []
    minor = Decimal(amount) * 10 ** currency_digits(currency) if _AMOUNT.fullmatch(amount) else None
    if minor is None or minor != int(minor):
        allowed = f'an amount of {currency} in quotes, as "100.00"'
        wrong.append(Problem(f"{key}.{currency}", repr(amount), allowed, file))
        return []
    return [int(minor)]


def _roles(names: Sequence[str], key: str, file: str, wrong: list[Problem]) -> list[Role]:
    return _known(Role, names, key, file, wrong)


def _purposes(names: Sequence[str], key: str, file: str, wrong: list[Problem]) -> list[Purpose]:
    return _known(Purpose, names, key, file, wrong)


def _known(
    kind: type[E], names: Sequence[str], key: str, file: str, wrong: list[Problem]
) -> list[E]:
    found = []
    for name in names:
        try:
            found.append(kind(name))
        except ValueError:
            allowed = ", ".join(str(each.value) for each in kind)
            wrong.append(Problem(key, repr(name), allowed, file))
    return found
