"""The policy table as it is written: one file that a data protection officer can read and sign."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import product
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from auth.action import ActionRow, read_actions
from domain.action import Permit
from domain.configuration import ConfigurationError, Problem
from domain.policy import Category, Condition, Decision, Grant, Record, Standing, View
from domain.viewer import OUTSIDE, Purpose, Role

DEFAULT_TABLE = Path(__file__).with_name("policy.toml")

_ANY = "ANY"
_PERIOD = re.compile(r"P(?=\d)(\d+Y)?(\d+M)?(\d+D)?")
_NEVER = "none"
_RANK = {view: rank for rank, view in enumerate(View)}
# What a rule may ask for; consent is not among it, because it comes with the legal basis.
_WORDS = {each.value: each for each in Condition if ":" not in each.value}
_CONSENTS = {each.value: each for each in Condition if ":" in each.value}

E = TypeVar("E", bound=Enum)
Cell = tuple[Role, Purpose, Category]


class Basis(Struct, frozen=True):
    """Why a record may be processed for a purpose, and how long it is kept for it.

    *Shape*: ``ground`` is ``contract``, ``law``, ``interest`` or ``consent:`` with what was agreed
    to; ``consent`` is that condition; ``retention`` an ISO 8601 period, or what ends it.
    """

    ground: str
    retention: str
    consent: Condition | None = None


class Table(Struct, frozen=True):
    """The whole file, read and checked.

    *Shape*: what is in no mapping is denied; ``says`` is each cell's rule in words.
    """

    file: str
    cells: Mapping[Cell, Decision]
    says: Mapping[Cell, str]
    bases: Mapping[tuple[Record, Purpose], Basis]
    actions: Mapping[tuple[str, Role], Permit]


class _Rule(Struct, frozen=True, forbid_unknown_fields=True):
    says: str
    roles: list[str]
    purposes: list[str]
    categories: dict[str, str] = field(default_factory=dict)


class _Ground(Struct, frozen=True, forbid_unknown_fields=True):
    says: str
    records: list[str]
    purposes: list[str]
    basis: str
    retention: str


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: list[_Rule]
    record: list[_Ground]
    action: list[ActionRow] = []


def read_table(file: Path = DEFAULT_TABLE) -> Table:
    """Read the table. *Errors*: ``ConfigurationError`` with everything that is wrong with it."""
    try:
        written = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _File)
    except OSError as error:
        found = error.strerror or "unreadable"
        raise ConfigurationError([Problem("", found, "a readable file", str(file))]) from None
    except (ValueError, msgspec.ValidationError) as error:
        allowed = "lists of [[rule]], [[record]] and [[action]] as in auth/policy.toml"
        raise ConfigurationError([Problem("", str(error), allowed, str(file))]) from None
    reader = _Reader(str(file))
    cells = reader.cells(written.rule)
    says = {
        (Role(role), purpose, Category(category)): rule.says
        for rule in (() if reader.wrong else written.rule)
        for role in rule.roles
        for purpose in (Purpose if rule.purposes == [_ANY] else map(Purpose, rule.purposes))
        for category in rule.categories
    }
    bases = reader.bases(written.record)
    actions = read_actions(written.action, str(file), reader.wrong)
    if reader.wrong:
        raise ConfigurationError(reader.wrong)
    return Table(str(file), cells, says, bases, actions)


class _Reader:
    def __init__(self, file: str) -> None:
        self.wrong: list[Problem] = []
        self._file = file

    def cells(self, rules: Iterable[_Rule]) -> Mapping[Cell, Decision]:
        cells: dict[Cell, Decision] = {}
        for number, rule in enumerate(rules, start=1):
            place = f"rule {number}"
            roles = self._known(Role, rule.roles, f"{place}.roles")
            purposes = self._purposes(rule.purposes, place)
            categories = {
                category: decision
                for name, said in rule.categories.items()
                for category in self._known(Category, [name], f"{place}.categories")
                for decision in self._decision(category, said, f"{place}.categories.{name}")
            }
            for category, decision in categories.items():
                key = f"{place}.categories.{category.value}"
                self._check_own(key, category, decision, roles)
            for role, purpose, category in product(roles, purposes, categories):
                if (role, purpose, category) in cells:
                    found = f"{role.value}, {purpose.value}, {category.value} is decided already"
                    self._tell(place, found, "one decision for each role, purpose and category")
                cells[role, purpose, category] = categories[category]
        return cells

    def _check_own(
        self, key: str, category: Category, decision: Decision, roles: Iterable[Role]
    ) -> None:
        """See that nobody outside is shown what is not about them."""
        if category is Category.OPERATIONAL:
            return
        if all(Condition.OWN in grant.when for grant in decision.grants):
            return
        for role in roles:
            if role in OUTSIDE:
                allowed = '"none", or each view with "if own": it would be of anybody else, too'
                self._tell(key, f"for role {role.value} without own", allowed)

    def bases(self, grounds: Iterable[_Ground]) -> Mapping[tuple[Record, Purpose], Basis]:
        bases: dict[tuple[Record, Purpose], Basis] = {}
        for number, ground in enumerate(grounds, start=1):
            place = f"record {number}"
            consent = _CONSENTS.get(ground.basis)
            if consent is None and ground.basis not in ("contract", "law", "interest"):
                allowed = ", ".join(("contract", "law", "interest", *_CONSENTS))
                self._tell(f"{place}.basis", repr(ground.basis), allowed)
            if not _PERIOD.fullmatch(ground.retention):
                allowed = "a period as ISO 8601 writes it, such as P3Y or P90D"
                self._tell(f"{place}.retention", repr(ground.retention), allowed)
            records = self._known(Record, ground.records, f"{place}.records")
            for record, purpose in product(records, self._purposes(ground.purposes, place)):
                if (record, purpose) in bases:
                    found = f"{record.value}, {purpose.value} has its basis already"
                    self._tell(place, found, "one basis for each record and purpose")
                bases[record, purpose] = Basis(ground.basis, ground.retention, consent)
        return bases

    def _purposes(self, names: list[str], place: str) -> list[Purpose]:
        listed = [each.value for each in Purpose] if names == [_ANY] else names
        return self._known(Purpose, listed, f"{place}.purposes")

    def _decision(self, category: Category, said: str, key: str) -> list[Decision]:
        """Read what a cell says: views from the widest to the narrowest, each with its terms."""
        if said == _NEVER:
            return [Decision.DENY]
        grants = []
        for part in said.split(","):
            words = part.split()
            view = {each.value: each for each in View}.get(words[0]) if words else None
            when = self._terms(words[1:])
            if view is None or view is View.NONE or when is None:
                allowed = '"none", or views (full, masked, pseudonym) from wide to narrow, as in '
                terms = ", ".join(_WORDS)
                allowed += f'"full if case and unrestricted, masked"; terms: {terms}'
                self._tell(key, repr(said), allowed)
                return []
            grants.append(Grant(view, when))
        ranks = [_RANK[grant.view] for grant in grants]
        if ranks != sorted(ranks, reverse=True):
            self._tell(key, repr(said), "the wider view before the narrower one")
        if any(not grant.when for grant in grants[:-1]):
            self._tell(key, repr(said), "the view without a condition last: nothing is behind it")
        if category is Category.OPERATIONAL and any(grant.when for grant in grants):
            self._tell(key, repr(said), '"full" or "none": it is about nobody')
        return [Decision(tuple(grants))]

    def _terms(self, words: list[str]) -> Standing | None:
        if not words:
            return frozenset()
        joints, terms = words[0::2], words[1::2]
        if joints[0] != "if" or any(each != "and" for each in joints[1:]) or len(words) % 2:
            return None
        if not all(term in _WORDS for term in terms):
            return None
        return frozenset(_WORDS[term] for term in terms)

    def _known(self, kind: type[E], names: Iterable[str], key: str) -> list[E]:
        """Translate names into members; the unknown ones become problems."""
        found = []
        for name in names:
            try:
                found.append(kind(name))
            except ValueError:
                self._tell(key, repr(name), ", ".join(str(member.value) for member in kind))
        return found

    def _tell(self, key: str, found: str, allowed: str) -> None:
        self.wrong.append(Problem(key, found, allowed, self._file))
