"""What a document may be before anything is done with it.

Every measure is linear in the document: a fragment is measured once and remembered, however often
it is spread, so that a chain of fragments that would unfold to millions of fields is refused for
that figure without being unfolded.
"""

import re
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from msgspec import Struct, structs

from domain.errors import QueryTooComplex
from execution.overlap import TooMany, may_conflict

# The tokens of GraphQL (section 2.1); comments are found and not captured. Nothing is tried twice:
# a string that does not end is taken to the end of its line, or of the text.
_TOKEN = re.compile(
    r'''\#[^\n\r]*+
    | ( """ (?: [^"\\] | \\""" | \\ | "(?!"") )*+ (?: """ | \Z )
      | " (?: [^"\\\n\r] | \\. )*+ "?
      | [_A-Za-z][_0-9A-Za-z]*+
      | -?[0-9][0-9.eE+-]*+
      | \.\.\.
      | [!$&()*:=@\[\]{|}]
      )''',
    re.VERBOSE,
)


class Limits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How large a document may be.

    *Units*: ``characters`` of its text; ``tokens`` of the language; ``depth`` in nested fields;
    ``nesting`` likewise, every fragment on the way counted as well; ``fields`` as they unfold,
    fragments counted wherever they are spread; ``root_fields``, ``aliases`` and ``directives``
    likewise; ``overlaps`` in pairs of fields or fragments that have to be compared; ``cost`` as
    execution/cost.py counts it, with ``list_size`` objects where a list has no bound of its own;
    ``values`` in the variables, counted at every depth.
    """

    characters: int = 100_000
    tokens: int = 1_000
    depth: int = 16
    nesting: int = 100
    fields: int = 2_000
    root_fields: int = 50
    aliases: int = 200
    directives: int = 200
    overlaps: int = 5_000
    cost: int = 20_000
    list_size: int = 10
    values: int = 10_000


class RoleLimits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is otherwise for one role; None is as for all. *Units*: as ``Limits``."""

    characters: int | None = None
    tokens: int | None = None
    depth: int | None = None
    nesting: int | None = None
    fields: int | None = None
    root_fields: int | None = None
    aliases: int | None = None
    directives: int | None = None
    cost: int | None = None
    values: int | None = None

    def of(self, limits: Limits) -> Limits:
        """Give the limits that hold for the role."""
        own = {name: each for name, each in structs.asdict(self).items() if each is not None}
        return structs.replace(limits, **own)


class Size(Struct, frozen=True):
    """How large a document is, in what is limited; of several operations the largest."""

    characters: int = 0
    tokens: int = 0
    depth: int = 0
    nesting: int = 0
    fields: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0


_WORDS = {
    "depth": "levels of fields",
    "nesting": "levels of fields and fragments",
    "root_fields": "root fields",
}
_NESTING = (dict, list, tuple)


class _Measure(Struct):
    depth: int = 0
    nesting: int = 1
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def add(self, other: "_Measure", below: int = 0) -> None:
        self.depth = max(self.depth, other.depth + below)
        self.nesting = max(self.nesting, other.nesting + 1)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives


def check_text(text: str, limits: Limits) -> Size:
    """Refuse a text too long to be parsed at all.

    Its tokens are counted by a pattern, at a hundredth of what the parser takes to find as many.

    *Errors*: ``QueryTooComplex``.
    """
    check_size(Size(characters=len(text)), limits)
    found = _TOKEN.findall(text)
    size = Size(characters=len(text), tokens=len(found) - found.count(""))
    check_size(size, limits)
    return size


def check_size(size: Size, limits: Limits) -> None:
    """Refuse a document for its size. *Errors*: ``QueryTooComplex`` naming the first measure."""
    for name in Size.__struct_fields__:
        found, allowed = getattr(size, name), getattr(limits, name)
        if found > allowed:
            raise _too_much(_WORDS.get(name, name), found, allowed)


def check_variables(variables: Mapping[str, Any] | None, limits: Limits) -> None:
    """Refuse more variables than anybody needs, before they are read.

    *Errors*: ``QueryTooComplex``.
    """
    count = 0
    waiting: list[Any] = [variables] if variables else []
    while waiting:
        value = waiting.pop()
        inner = value.values() if isinstance(value, dict) else value
        count += len(inner)
        if count > limits.values:
            raise _too_much("values in its variables", count, limits.values)
        waiting.extend(each for each in inner if type(each) in _NESTING)


def check_cost(cost: int, limits: Limits) -> None:
    """Refuse an operation that could cost too much. *Errors*: ``QueryTooComplex``."""
    if cost > limits.cost:
        raise _too_much("points of cost", cost, limits.cost)


def check_document(document: DocumentNode, text: Size, limits: Limits) -> tuple[Size, bool]:
    """Refuse a document that unfolds to too much; call it before validation.

    *Shape*: its whole size, and whether any of its fields could be in conflict: only then has
    validation to look for it.

    *Errors*: ``QueryTooComplex`` naming the measure, what was found and what is allowed.
    A fragment cycle measures as nothing here; validation refuses it.
    """
    size = _unfolded(document, text)
    check_size(size, limits)
    try:
        return size, may_conflict(document, limits.overlaps)
    except TooMany:
        raise QueryTooComplex(
            "The document has too many fields that share a response key; allowed: "
            f"{limits.overlaps} pairs of them. Ask for each field once."
        ) from None


def _unfolded(document: DocumentNode, size: Size) -> Size:
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    known: dict[str, _Measure] = {}
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        whole = _measure(node.selection_set, fragments, known)
        size = Size(
            characters=size.characters,
            tokens=size.tokens,
            depth=max(size.depth, whole.depth),
            nesting=max(size.nesting, whole.nesting),
            fields=max(size.fields, whole.fields),
            root_fields=max(size.root_fields, _roots(node.selection_set, fragments, {})),
            aliases=max(size.aliases, whole.aliases),
            directives=max(size.directives, whole.directives + len(node.directives or ())),
        )
    return size


def _measure(
    selections: SelectionSetNode | None,
    fragments: dict[str, FragmentDefinitionNode],
    known: dict[str, _Measure],
) -> _Measure:
    total = _Measure()
    for node in selections.selections if selections else ():
        total.directives += len(node.directives or ())
        if isinstance(node, FieldNode):
            total.fields += 1
            total.aliases += node.alias is not None
            total.depth = max(total.depth, 1)
            total.add(_measure(node.selection_set, fragments, known), below=1)
        elif isinstance(node, InlineFragmentNode):
            total.add(_measure(node.selection_set, fragments, known))
        elif isinstance(node, FragmentSpreadNode) and (name := node.name.value) in fragments:
            if name not in known:
                known[name] = _Measure()
                known[name] = _measure(fragments[name].selection_set, fragments, known)
            total.add(known[name])
    return total


def _roots(
    selections: SelectionSetNode,
    fragments: dict[str, FragmentDefinitionNode],
    known: dict[str, int],
) -> int:
    count = 0
    for node in selections.selections:
        if isinstance(node, FieldNode):
            count += 1
        elif isinstance(node, InlineFragmentNode):
            count += _roots(node.selection_set, fragments, known)
        elif isinstance(node, FragmentSpreadNode) and (name := node.name.value) in fragments:
            if name not in known:
                known[name] = 0
                known[name] = _roots(fragments[name].selection_set, fragments, known)
            count += known[name]
    return count


def _too_much(what: str, found: int, allowed: int) -> QueryTooComplex:
    # The figure itself can have a thousand digits: a chain of fragments doubles at every link.
    shown = str(found) if found < 10**9 else "more than 10^9"
    return QueryTooComplex(
        f"The document has {shown} {what}; allowed: {allowed}. "
        "Ask for less, or in several requests."
    )
