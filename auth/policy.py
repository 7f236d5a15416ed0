"""The policy table, compiled for every field that is published."""

from collections.abc import Iterable, Mapping
from itertools import product

from auth.table import Table
from domain.action import Measure, Permit
from domain.configuration import ConfigurationError, Problem
from domain.policy import (
    Category,
    Classification,
    Decision,
    Grant,
    Label,
    Terms,
    View,
)
from domain.viewer import PolicyClass, Purpose, Role

_OBJECT_FIELDS = ("id", "__typename")
# How the shop works, and what it may not do with somebody, hands out nobody's object by itself.
_OPENS_NOTHING = frozenset((Category.OPERATIONAL, Category.STATUS))
_RANK = {view: rank for rank, view in enumerate(View)}


class PolicyTable:
    """Decides on fields and types as the table says; implements ``FieldPolicy``.

    A classified field is what the table says of its category, denied where it says nothing; so is
    a field of a person's type that nobody classified, and every field of a record that has no
    legal basis for the purpose. Where the basis is consent, it is one more condition. What cannot
    be masked is not shown masked. Any other field is allowed. An object of a person's type may be
    handed out as far as the most visible of its personal fields: where none may be seen, not even
    that it exists. Its ``id``, where it has no category of its own, and its ``__typename`` go
    with the object.

    *Shape*: ``table`` and ``classification`` are what it was made of.
    *Errors*: ``ConfigurationError``: every category of a published field that no rule speaks of,
    every mutation that no action names, and every action that is no mutation.
    """

    def __init__(self, classification: Classification, table: Table) -> None:
        self.classification = classification
        self.table = table
        wrong = [*_unspoken(classification, table), *_unnamed(classification, table)]
        if wrong:
            raise ConfigurationError(wrong)
        self._persons = {
            *classification.person_types,
            *(part for parts in classification.parts.values() for part in parts),
        } - classification.passages
        self._fields: dict[tuple[str, str, PolicyClass], Decision] = {}
        self._types: dict[tuple[str, PolicyClass], Decision] = {}
        self._terms: dict[tuple[str, PolicyClass], Terms] = {}
        for role, purpose in product(Role, Purpose):
            self._compile(PolicyClass(role, purpose))

    def _compile(self, policy_class: PolicyClass) -> None:
        grants: dict[str, set[Grant]] = {}
        terms: dict[str, Terms] = {}
        for (parent, name), label in self.classification.fields.items():
            decision = self.decision(label, policy_class)
            self._fields[parent, name, policy_class] = decision
            terms[parent] = terms.get(parent, frozenset()) | decision.terms
            if label.category not in _OPENS_NOTHING and not label.is_link:
                grants.setdefault(parent, set()).update(decision.grants)
        for parent in self.classification.person_types:
            decision = _widest(grants.get(parent, set()))
            self._types[parent, policy_class] = decision
            of_parts = (terms.get(part, frozenset()) for part in self._parts(parent))
            self._terms[parent, policy_class] = decision.terms.union(
                terms.get(parent, frozenset()), *of_parts
            )
            self._fields.setdefault((parent, "__typename", policy_class), decision)
            for owner, name in self.classification.along:
                if owner == parent:
                    self._fields[parent, name, policy_class] = decision
            of_id = self._of_id(decision, policy_class)
            self._fields.setdefault((parent, "id", policy_class), of_id)

    def _of_id(self, decision: Decision, policy_class: PolicyClass) -> Decision:
        """Decide on an id, which goes with its object unless nobody is to be recognised by one."""
        cell = (policy_class.role, policy_class.purpose, Category.IDENTIFIER)
        identifier = self.table.cells.get(cell, Decision.DENY)
        if identifier.grants and all(each.view is View.PSEUDONYM for each in identifier.grants):
            return Decision(tuple(Grant(View.PSEUDONYM, each.when) for each in decision.grants))
        return decision

    def decision(self, label: Label, policy_class: PolicyClass) -> Decision:
        """Decide on whatever bears a label."""
        role, purpose = policy_class.role, policy_class.purpose
        decision = self.table.cells.get((role, purpose, label.category), Decision.DENY)
        grants = decision.grants
        if not label.is_text:
            grants = tuple(each for each in grants if each.view is View.FULL)
        if label.record is not None and label.category is not Category.OPERATIONAL:
            basis = self.table.bases.get((label.record, purpose))
            if basis is None:
                return Decision.DENY
            if basis.consent is not None:
                agreed = frozenset((basis.consent,))
                grants = tuple(Grant(each.view, each.when | agreed) for each in grants)
        if grants == Decision.ALLOW.grants:
            return Decision.ALLOW
        return Decision(grants) if grants else Decision.DENY

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        """Decide on one field of one published type for one class of callers."""
        decision = self._fields.get((parent_type, field, policy_class))
        if decision is not None:
            return decision
        if parent_type in self._persons and field != "__typename":
            return Decision.DENY
        return Decision.ALLOW

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        """Decide whether objects of a published type may be handed out at all."""
        return self._types.get((type_name, policy_class), Decision.ALLOW)

    def explain(self, parent_type: str, field: str, policy_class: PolicyClass) -> Mapping[str, str]:
        """Tell why a field is decided so: ``rule``, ``basis`` and ``retention``, where known."""
        label = self.classification.fields.get((parent_type, field))
        if label is None:
            return {}
        cell = (policy_class.role, policy_class.purpose, label.category)
        records = self.classification.records_of(parent_type, label)
        bases = [
            basis
            for record in records
            if (basis := self.table.bases.get((record, policy_class.purpose))) is not None
        ]
        found = {"rule": self.table.says.get(cell)}
        if bases:
            found["basis"] = ", ".join(dict.fromkeys(each.ground for each in bases))
            found["retention"] = ", ".join(dict.fromkeys(each.retention for each in bases))
        return {name: text for name, text in found.items() if text is not None}

    def terms(self, type_name: str, policy_class: PolicyClass) -> Terms:
        """Tell what has to be found out of an object of a person's type, for all of its parts."""
        return self._terms.get((type_name, policy_class), frozenset())

    def permit(self, action: str, role: Role) -> Permit:
        """Tell what a role may do of a mutation, or of a measure; nothing where nobody says."""
        return self.table.actions.get((action, role), Permit())

    def _parts(self, parent: str) -> Iterable[str]:
        return self.classification.parts.get(parent, frozenset())


def _widest(grants: Iterable[Grant]) -> Decision:
    """Put grants in order, and leave out those that a wider one with fewer terms covers."""
    ordered = sorted(grants, key=lambda each: (-_RANK[each.view], len(each.when), str(each)))
    kept: list[Grant] = []
    for grant in ordered:
        if not any(each.when <= grant.when for each in kept):
            kept.append(grant)
    return Decision(tuple(kept)) if kept else Decision.DENY


def unclassified(
    classification: Classification,
    person_fields: Iterable[tuple[str, str]],
    unknown: Mapping[str, str] = {},
) -> list[Problem]:
    """Tell what is reached from a person and does not say what it is.

    *Shape*: ``person_fields`` are given as (type, field), ``unknown`` types with the field that
    leads to each.
    """
    categories = ", ".join(category.value for category in Category)
    return [
        Problem(f"schema.{parent}.{name}", "no classification", f"one of {categories}")
        for parent, name in sorted(set(person_fields))
        if (parent, name) not in classification.fields and name not in _OBJECT_FIELDS
    ] + [
        Problem(
            f"schema.{name}",
            f"reached from a person by {field}, and does not say what it has to do with one",
            "publish it with person=, part_of=, passage=True or thing=True",
        )
        for name, field in sorted(unknown.items())
    ]


def _unspoken(classification: Classification, table: Table) -> list[Problem]:
    spoken = {category for _, _, category in table.cells}
    grounded = {record for record, _ in table.bases}
    categories: dict[Category, str] = {}
    records: dict[str, str] = {}
    for (parent, name), label in sorted(classification.fields.items(), key=lambda each: each[0]):
        if label.category not in spoken:
            categories.setdefault(label.category, f"{parent}.{name}")
        if label.record is not None and label.record not in grounded:
            records.setdefault(label.record.value, f"{parent}.{name}")
    return [
        Problem(
            "rule",
            f"no rule speaks of category {category.value}, which {field} has",
            'write it into a rule, as "none" if nobody may see it',
            table.file,
        )
        for category, field in categories.items()
    ] + [
        Problem(
            "record",
            f"no legal basis for any purpose of record {record}, which {field} is part of",
            "write a [[record]] with the purposes it is processed for",
            table.file,
        )
        for record, field in records.items()
    ]


def _unnamed(classification: Classification, table: Table) -> list[Problem]:
    named = {name for name, _ in table.actions}
    measures = {each.value for each in Measure}
    missing = sorted(classification.mutations - named)
    unknown = sorted(named - classification.mutations - measures)
    return [
        Problem("action", f"no action names {name}", "write who may do it", table.file)
        for name in missing
    ] + [
        Problem("action", repr(name), f"a mutation, or one of {', '.join(measures)}", table.file)
        for name in (unknown if classification.mutations else ())
    ]
