"""Rules that a document cannot break are not looked for, and all others are."""

import random
import re

import pytest
from graphql import GraphQLSyntaxError, build_schema, parse, specified_rules, validate

from execution.rule import rules_for
from tests.execution.generate import Generator
from tests.execution.world import SDL

SCHEMA = build_schema(
    f"""{SDL}
    directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
    type Subscription {{ words: String, alpha: Alpha }}
    """
)
# One for each rule that is left out at times, so that none is left out for too little.
BROKEN = {
    "KnownDirectivesRule": "{ words @nobody }",
    "UniqueDirectivesPerLocationRule": "{ words @skip(if: true) @skip(if: true) }",
    "DeferStreamDirectiveOnRootField": "mutation { ... @defer { bump } }",
    "DeferStreamDirectiveOnValidOperationsRule": "subscription { alpha { ... @defer { id } } }",
    "DeferStreamDirectiveLabel": (
        '{ ... @defer(label: "a") { words } ... @defer(label: "a") { things { __typename } } }'
    ),
    "StreamDirectiveOnListField": "{ alpha { label @stream } }",
    "KnownFragmentNamesRule": "{ ...F }",
    "PossibleFragmentSpreadsRule": "{ alpha { ... on Beta { id } } }",
    "FragmentsOnCompositeTypesRule": "{ ... on Color { id } }",
    "UniqueFragmentNamesRule": (
        "{ ...F } fragment F on Query { words } fragment F on Query { words }"
    ),
    "NoUnusedFragmentsRule": "{ words } fragment F on Query { words }",
    "NoFragmentCyclesRule": "{ ...F } fragment F on Query { ...F }",
    "KnownTypeNamesRule": "query ($a: Nobody) { words node(id: $a) { id } }",
    "NoUndefinedVariablesRule": "{ node(id: $a) { id } }",
    "NoUnusedVariablesRule": "query ($a: ID) { words }",
    "UniqueVariableNamesRule": "query ($a: ID, $a: ID) { node(id: $a) { id } }",
    "VariablesAreInputTypesRule": "query ($a: Alpha) { words node(id: $a) { id } }",
    "VariablesInAllowedPositionRule": "query ($a: Boolean) { node(id: $a) { id } }",
    "SingleFieldSubscriptionsRule": "subscription { words alpha { id } }",
    "MaxIntrospectionDepthRule": (
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    ),
    "OverlappingFieldsCanBeMergedRule": "{ a: words a: __typename }",
}
_TOKEN = re.compile(r'\.\.\.|[\w$@"-]+|[^\s\w]')
_PIECES = (
    *("...", "@skip(if: true)", "@defer", "@stream", "@nobody", "$v0", "($v9: Int)", "on Beta"),
    *("...F0", "fragment F0 on Alpha { id }", "{ id }", "query Q { words }", "subscription"),
    *("__schema { types { name } }", "__typename", "(id: 1)", "nobody", "null", '"text"'),
)


def _errors(text: str, *, all_rules: bool) -> list[str]:
    document = parse(text)
    rules = specified_rules if all_rules else rules_for(text, has_conflicts=True)
    return [str(each) for each in validate(SCHEMA, document, rules)]


def test_every_rule_left_out_at_times_has_its_example() -> None:
    """The examples are of all the rules that a plain document leaves out."""
    kept = rules_for("{ words }", has_conflicts=False)
    assert {rule.__name__ for rule in specified_rules if rule not in kept} == BROKEN.keys()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_found(name: str) -> None:
    """What breaks a rule is told by that rule, whatever others are left out."""
    text = BROKEN[name]
    [rule] = [each for each in specified_rules if each.__name__ == name]
    assert validate(SCHEMA, parse(text), [rule])
    assert rule in rules_for(text, has_conflicts=True)
    assert _errors(text, all_rules=False) == _errors(text, all_rules=True)


@pytest.mark.parametrize("seed", range(8))
def test_random_documents_have_the_errors_of_all_rules(seed: int) -> None:
    """Documents, good ones and such with pieces moved, doubled, lost or put in, err as ever."""
    dice = random.Random(seed)
    compared = flawed = 0
    while compared < 60:
        tokens = _TOKEN.findall(Generator(SCHEMA, dice, size=12).operation())
        for _ in range(dice.randint(0, 4)):
            place, way = dice.randrange(len(tokens)), dice.random()
            if way < 0.25:
                del tokens[place]
            elif way < 0.5:
                tokens.insert(place, dice.choice(tokens))
            else:
                tokens.insert(place, dice.choice(_PIECES))
        text = " ".join(tokens)
        try:
            expected = _errors(text, all_rules=True)
        except GraphQLSyntaxError:
            continue
        assert _errors(text, all_rules=False) == expected, f"seed {seed}: {text}"
        compared += 1
        flawed += bool(expected)
    assert 5 < flawed < compared
