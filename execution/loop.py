"""Writes straight code for the parts of a plan that only read attributes.

A selection's leaves, and whatever hangs below it without a resolver, become one loop over the
objects that makes finished rows. The loop knows the ordinary case alone: whatever is not just as
the schema says (a null where none may be, a number out of range, an unknown class) raises
``Unfit``, and the column engine does that group again, which only reads attributes twice.

No text of a document is ever part of the code: it is made of names counted up here and of the
schema's own attribute names, and response keys enter it as constants.
"""

import ast
from collections.abc import Callable, Sequence
from functools import partial
from keyword import iskeyword
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
)

from domain.policy import Decision
from execution.leaf import Unfit, coerce_leaf, enum_names
from execution.plan import Form, Plan, Selection, Shape, Source, Step

Rows = Callable[[Sequence[Any]], list[dict[str, Any]]]

_MAX_NESTING = 12
_MAX_NAMES = 4_000
_PASSED = {GraphQLString: "str", GraphQLID: "str", GraphQLBoolean: "bool"}


def write_loop(plan: Plan, selection: Selection) -> None:
    """Give a selection its loop, and leave it the steps that are not in it.

    *Shape*: nothing changes where no step would be in the loop, or the loop would grow too long.
    """
    if selection.decision is not Decision.ALLOW:
        return
    rest = [step for step in selection.steps if not _is_straight(plan, selection, step, 0)]
    if len(rest) == len(selection.steps):
        return
    rows = _Writer().compiled(selection, rest)
    if rows is not None:
        selection.rows, selection.rest = rows, rest


def _is_straight(plan: Plan, selection: Selection, step: Step, depth: int) -> bool:
    if step.source in (Source.TYPENAME, Source.DENIED):
        return True
    if step.source is not Source.ATTRIBUTE or step.cost or depth > _MAX_NESTING:
        return False
    name = step.attribute or ""
    if not name.isidentifier() or iskeyword(name):
        return False
    return _is_straight_shape(plan, selection, step, step.shape, depth)


def _is_straight_shape(plan: Plan, above: Selection, step: Step, shape: Shape, depth: int) -> bool:
    if shape.form is Form.LEAF:
        return True
    if shape.form is Form.LIST:
        assert shape.item is not None, "a list has items"
        return _is_straight_shape(plan, above, step, shape.item, depth + 1)
    kind = shape.named
    if shape.form is Form.ABSTRACT or not isinstance(kind, GraphQLObjectType):
        return False
    selection = shape.selections.get(kind) or plan.select(plan, shape, kind, step, above)
    if selection.observes or selection.decision is not Decision.ALLOW:
        return False
    return all(_is_straight(plan, selection, each, depth + 1) for each in selection.steps)


class _Writer:
    """Expressions, and what stands in them by a name of its own."""

    def __init__(self) -> None:
        self._constants: dict[str, str] = {}
        self._globals: dict[str, Any] = {"unfit": _unfit}
        self._count = 0

    def compiled(self, selection: Selection, rest: Sequence[Step]) -> Rows | None:
        """Compile the loop; the constants take their places in the tree, never in the text."""
        row = self._row(selection, "parent", rest)
        if self._count > _MAX_NAMES:
            return None
        text = f"def rows(parents):\n    return [{row} for parent in parents]\n"
        tree = _Constants(self._constants).visit(ast.parse(text))
        exec(compile(ast.fix_missing_locations(tree), "<plan>", "exec"), self._globals)  # noqa: S102
        rows: Rows = self._globals["rows"]
        return rows

    def _row(self, selection: Selection, parent: str, rest: Sequence[Step]) -> str:
        parts = []
        for step in selection.steps:
            if step in rest or step.source is Source.DENIED:
                value = "None"
            elif step.source is Source.TYPENAME:
                value = self._constant(step.parent.name)
            else:
                value = self._value(step.shape, f"{parent}.{step.attribute}")
            parts.append(f"{self._constant(step.key)}: {value}")
        return "{" + ", ".join(parts) + "}"

    def _value(self, shape: Shape, read: str) -> str:
        """Write what reads and finishes a value."""
        if shape.form is Form.LEAF:
            return self._leaf(shape, read)
        value = self._name("v")
        if shape.form is Form.LIST:
            assert shape.item is not None, "a list has items"
            each = self._name("e")
            item = self._value(shape.item, each)
            test = f"type({value}) is tuple or type({value}) is list"
            made = f"[{item} for {each} in {value}] if {test} else unfit()"
        else:
            (selection,) = shape.selections.values()
            known = self._global("k", shape.known)
            made = f"{self._row(selection, value, ())} if type({value}) in {known} else unfit()"
        null = "None" if shape.is_nullable else "unfit()"
        return f"({null} if ({value} := {read}) is None else {made})"

    def _leaf(self, shape: Shape, read: str) -> str:
        kind: Any = shape.named
        value = self._name("v")
        null = f" or {value} is None" if shape.is_nullable else ""
        if kind in _PASSED:
            test = f"type({value} := {read}) is {_PASSED[kind]}"
        elif kind is GraphQLInt:
            test = f"type({value} := {read}) is int and -0x80000000 <= {value} <= 0x7FFFFFFF"
        elif kind is GraphQLFloat:
            # What is not finite is no number when taken from itself.
            test = f"type({value} := {read}) is float and {value} - {value} == 0.0"
        else:
            return self._coerced(shape, value, read)
        return f"({value} if {test}{null} else unfit())"

    def _coerced(self, shape: Shape, value: str, read: str) -> str:
        kind: Any = shape.named
        if isinstance(kind, GraphQLEnumType):
            finish = f"{self._global('n', enum_names(kind))}[id({value})]"
        else:
            finish = f"{self._global('c', partial(_coerce, kind))}({value})"
        null = "None" if shape.is_nullable else "unfit()"
        return f"({null} if ({value} := {read}) is None else {finish})"

    def _name(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _constant(self, value: str) -> str:
        name = self._name("s")
        self._constants[name] = value
        return name

    def _global(self, letter: str, value: Any) -> str:
        name = self._name(letter)
        self._globals[name] = value
        return name


def _unfit() -> Any:
    raise Unfit


def _coerce(kind: Any, value: Any) -> Any:
    if isinstance(value, Exception):
        raise Unfit
    return coerce_leaf(kind, value)


class _Constants(ast.NodeTransformer):
    """Puts constants where their names stand."""

    def __init__(self, constants: dict[str, str]) -> None:
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a name that stands for a constant."""
        if node.id in self._constants:
            return ast.copy_location(ast.Constant(self._constants[node.id]), node)
        return node
