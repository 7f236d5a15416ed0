"""The policy table: one readable file, compiled for every field that is published."""

import tomllib
from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import product
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from domain.configuration import ConfigurationError, Problem
from domain.policy import Category, Classification, Decision
from domain.viewer import PolicyClass, Purpose, Role

DEFAULT_TABLE = Path(__file__).with_name("policy.toml")

_ANY = "ANY"
_OBJECT_FIELDS = ("id", "__typename")
_WEIGHT = {Decision.DENY: 0, Decision.OWN: 1, Decision.ALLOW: 2}

E = TypeVar("E", bound=Enum)
Cell = tuple[Role, Purpose, Category]


class _Rule(Struct, frozen=True, forbid_unknown_fields=True):
    says: str
    roles: list[str]
    purposes: list[str]
    categories: dict[str, str] = field(default_factory=dict)


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    rule: list[_Rule]


class PolicyTable:
    """Decides on fields and types as the table file says; implements ``FieldPolicy``.

    A classified field is what the table says of its category, denied where it says nothing; so is
    a field of a person's type that nobody classified. Any other field is allowed. An object of a
    person's type may be handed out as far as the most visible of its personal fields: where none
    may be seen, not even that it exists. Its ``id``, where it has no category of its own, and its
    ``__typename`` go with the object.

    *Errors*: ``ConfigurationError`` with everything that is wrong with the file, and every
    category that a published field has and no rule speaks of.
    """

    def __init__(self, classification: Classification, file: Path = DEFAULT_TABLE) -> None:
        cells, wrong = _read(file)
        spoken = {category for _, _, category in cells}
        if not wrong:
            wrong += _unspoken(classification, spoken, file)
            wrong += _unowned(cells, file)
        if wrong:
            raise ConfigurationError(wrong)
        self._person_types = classification.person_types
        self._fields: dict[tuple[str, str, PolicyClass], Decision] = {}
        self._types: dict[tuple[str, PolicyClass], Decision] = {}
        for role, purpose in product(Role, Purpose):
            policy_class = PolicyClass(role, purpose)
            for (parent, name), category in classification.fields.items():
                decision = cells.get((role, purpose, category), Decision.DENY)
                self._fields[parent, name, policy_class] = decision
                if parent in self._person_types and category is not Category.OPERATIONAL:
                    known = self._types.get((parent, policy_class), Decision.DENY)
                    widest = max(known, decision, key=_WEIGHT.__getitem__)
                    self._types[parent, policy_class] = widest
            for parent in self._person_types:
                decision = self._types.get((parent, policy_class), Decision.DENY)
                for name in _OBJECT_FIELDS:
                    self._fields.setdefault((parent, name, policy_class), decision)

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        """Decide on one field of one published type for one class of callers."""
        decision = self._fields.get((parent_type, field, policy_class))
        return decision if decision is not None else self._unlisted(parent_type)

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        """Decide whether objects of a published type may be handed out at all."""
        decision = self._types.get((type_name, policy_class))
        return decision if decision is not None else self._unlisted(type_name)

    def _unlisted(self, type_name: str) -> Decision:
        return Decision.DENY if type_name in self._person_types else Decision.ALLOW


def unclassified(
    classification: Classification, person_fields: Iterable[tuple[str, str]]
) -> list[Problem]:
    """Tell every field of a person's type, given as (type, field), that has no category."""
    categories = ", ".join(category.value for category in Category)
    return [
        Problem(f"schema.{parent}.{name}", "no classification", f"one of {categories}")
        for parent, name in sorted(set(person_fields))
        if (parent, name) not in classification.fields and name not in _OBJECT_FIELDS
    ]


def _unowned(cells: Mapping[Cell, Decision], file: Path) -> list[Problem]:
    """Find where the table says "own" and nothing could hold it to that.

    Whose an object is, is looked at once for the whole object and all that hangs on it: so "own"
    cannot stand beside "allow" for the same caller, nor be said of what is about no person.
    """
    found = []
    for role, purpose in product(Role, Purpose):
        said: dict[Decision, list[str]] = {}
        for category in Category:
            decision = cells.get((role, purpose, category), Decision.DENY)
            if category is not Category.OPERATIONAL:
                said.setdefault(decision, []).append(category.value)
            elif decision is Decision.OWN:
                key = f"{role.value}, {purpose.value}: {category.value}"
                found.append(Problem(key, '"own"', '"allow" or "deny"', str(file)))
        if Decision.OWN in said and Decision.ALLOW in said:
            allowed = f"one of the two for {', '.join(said[Decision.OWN] + said[Decision.ALLOW])}"
            key = f"{role.value}, {purpose.value}"
            found.append(Problem(key, '"own" beside "allow"', allowed, str(file)))
    return found


def _unspoken(classification: Classification, spoken: set[Category], file: Path) -> list[Problem]:
    fields: dict[Category, list[str]] = {}
    for (parent, name), category in sorted(classification.fields.items()):
        if category not in spoken:
            fields.setdefault(category, []).append(f"{parent}.{name}")
    return [
        Problem(
            "rule",
            f"no rule speaks of category {category.value}, which {names[0]} has",
            'write it into a rule, as "deny" if nobody may see it',
            str(file),
        )
        for category, names in fields.items()
    ]


def _read(file: Path) -> tuple[Mapping[Cell, Decision], list[Problem]]:
    try:
        table = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _Table)
    except OSError as error:
        return {}, [Problem("", error.strerror or "unreadable", "a readable file", str(file))]
    except (ValueError, msgspec.ValidationError) as error:
        allowed = "a list of [[rule]], each with says, roles, purposes and [rule.categories]"
        return {}, [Problem("", str(error), allowed, str(file))]
    cells: dict[Cell, Decision] = {}
    wrong: list[Problem] = []
    for number, rule in enumerate(table.rule, start=1):
        place = f"rule {number}"
        roles = _known(Role, rule.roles, f"{place}.roles", file, wrong)
        listed = [each.value for each in Purpose] if rule.purposes == [_ANY] else rule.purposes
        purposes = _known(Purpose, listed, f"{place}.purposes", file, wrong)
        categories = {
            category: decision
            for name, said in rule.categories.items()
            for category in _known(Category, [name], f"{place}.categories", file, wrong)
            for decision in _known(
                Decision, [said.upper()], f"{place}.categories.{name}", file, wrong
            )
        }
        for role, purpose, category in product(roles, purposes, categories):
            if (role, purpose, category) in cells:
                found = f"{role.value}, {purpose.value}, {category.value} is decided already"
                allowed = "one decision for each role, purpose and category"
                wrong.append(Problem(place, found, allowed, str(file)))
            cells[role, purpose, category] = categories[category]
    return cells, wrong


def _known(
    kind: type[E], names: Iterable[str], key: str, file: Path, wrong: list[Problem]
) -> list[E]:
    """Translate names into members; the unknown ones become problems."""
    found = []
    for name in names:
        try:
            found.append(kind(name))
        except ValueError:
            allowed = ", ".join(str(member.value) for member in kind)
            wrong.append(Problem(key, repr(name), allowed, str(file)))
    return found
