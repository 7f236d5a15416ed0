"""Which of the language's rules a document could break, by what its text holds.

Each rule in force costs something at every node of a document. Most documents have no directives,
no fragments and do not ask about the schema, and so cannot break the rules that are about these.
"""

from collections.abc import Mapping
from functools import cache

from graphql import (
    ASTValidationRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    FragmentsOnCompositeTypesRule,
    KnownDirectivesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    MaxIntrospectionDepthRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
    SingleFieldSubscriptionsRule,
    StreamDirectiveOnListField,
    UniqueDirectivesPerLocationRule,
    UniqueFragmentNamesRule,
    UniqueVariableNamesRule,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
    specified_rules,
)

# A document breaks such a rule only where its text holds one of these, if only in a string or a
# comment. What is not named here is always in force.
_NEEDS: Mapping[type[ASTValidationRule], tuple[str, ...]] = {
    KnownDirectivesRule: ("@",),
    UniqueDirectivesPerLocationRule: ("@",),
    DeferStreamDirectiveOnRootField: ("@",),
    DeferStreamDirectiveOnValidOperationsRule: ("@",),
    DeferStreamDirectiveLabel: ("@",),
    StreamDirectiveOnListField: ("@",),
    KnownFragmentNamesRule: ("...",),
    PossibleFragmentSpreadsRule: ("...",),
    FragmentsOnCompositeTypesRule: ("...", "fragment"),
    UniqueFragmentNamesRule: ("fragment",),
    NoUnusedFragmentsRule: ("fragment",),
    NoFragmentCyclesRule: ("fragment",),
    KnownTypeNamesRule: ("$", "...", "fragment"),
    NoUndefinedVariablesRule: ("$",),
    NoUnusedVariablesRule: ("$",),
    UniqueVariableNamesRule: ("$",),
    VariablesAreInputTypesRule: ("$",),
    VariablesInAllowedPositionRule: ("$",),
    SingleFieldSubscriptionsRule: ("subscription",),
    MaxIntrospectionDepthRule: ("__schema", "__type"),
}
_MARKS = tuple(sorted({mark for needed in _NEEDS.values() for mark in needed}))

Rules = tuple[type[ASTValidationRule], ...]


# There are few choices: two to the power of the marks, and once more.
@cache
def _chosen(marks: tuple[str, ...], *, has_conflicts: bool) -> Rules:
    held = set(marks)
    return tuple(
        rule
        for rule in specified_rules
        if (rule not in _NEEDS or held.intersection(_NEEDS[rule]))
        and (has_conflicts or rule is not OverlappingFieldsCanBeMergedRule)
    )


def rules_for(text: str, *, has_conflicts: bool) -> Rules:
    """Give the rules that a document could break, in the order of the language.

    *Shape*: ``has_conflicts`` tells whether any two of its fields share a response key; else none
    of them can be in conflict.
    """
    held = tuple(mark for mark in _MARKS if mark in text)
    return _chosen(held, has_conflicts=has_conflicts)
