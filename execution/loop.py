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

from domain.policy import View
from execution.leaf import Unfit, coerce_leaf, enum_names
from execution.plan import Form, Plan, Selection, Shape, Source, Step

Loop = Callable[[Sequence[Any]], list[Any]]

_MAX_NESTING = 12
_MAX_NAMES = 4_000
_PASSED = {GraphQLString: "str", GraphQLID: "str", GraphQLBoolean: "bool"}


def write_loop(plan: Plan, selection: Selection) -> None:
    """Give a selection its loop, and leave it the steps that are not in it.

    *Shape*: nothing changes where no step would be in the loop, or the loop would grow too long.
    """
    if selection.terms:
        return
    rest = [step for step in selection.steps if not _is_straight(plan, selection, step, 0)]
    if len(rest) == len(selection.steps):
        return
    rows = _Writer().loop(selection, rest)
    if rows is not None:
        selection.rows, selection.rest = rows, rest


def _is_straight(plan: Plan, selection: Selection, step: Step, depth: int) -> bool:
    if step.source in (Source.TYPENAME, Source.DENIED):
        return True
    if step.source is not Source.ATTRIBUTE or step.cost or depth > _MAX_NESTING:
        return False
    if step.view is not View.FULL:
        # It is put into its view on the way into the row.
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
    if selection.is_person or selection.observes or selection.terms:
        return False
    if selection.view is View.NONE:
        return False
    return all(_is_straight(plan, selection, each, depth + 1) for each in selection.steps)


class _Writer:
    """Expressions, and what stands in them by a name of its own."""

    def __init__(self) -> None:
        self._constants: dict[str, str] = {}
        self._globals: dict[str, Any] = {"unfit": _unfit}
        self._count = 0

    def loop(self, selection: Selection, rest: Sequence[Step]) -> Loop | None:
        """Compile the loop; the constants take their places in the tree, never in the text."""
        bound: list[str] = []
        row = self._row(selection, "each", bound, rest)
        if self._count > _MAX_NAMES:
            return None
        text = f"def loop(values):\n    return [{row} for each in values{''.join(bound)}]\n"
        tree = _Constants(self._constants).visit(ast.parse(text))
        exec(compile(ast.fix_missing_locations(tree), "<plan>", "exec"), self._globals)  # noqa: S102
        loop: Loop = self._globals["loop"]
        return loop

    def _row(
        self, selection: Selection, parent: str, bound: list[str] | None, rest: Sequence[Step]
    ) -> str:
        parts = []
        for step in selection.steps:
            if step in rest or step.source is Source.DENIED:
                value = "None"
            elif step.source is Source.TYPENAME:
                value = self._constant(step.parent.name)
            else:
                value = self._value(step.shape, f"{parent}.{step.attribute}", bound)
            parts.append(f"{self._constant(step.key)}: {value}")
        return "{" + ", ".join(parts) + "}"

    def _value(self, shape: Shape, read: str, bound: list[str] | None) -> str:
        """Write what finishes a value; ``bound`` is where the loop around it binds its names."""
        if shape.form is Form.LEAF:
            return self._leaf(shape, read, bound)
        value, first = self._bind(read, bound)
        if shape.form is Form.LIST:
            assert shape.item is not None, "a list has items"
            each = self._name("e")
            inner: list[str] = []
            item = self._value(shape.item, each, inner)
            test = f"type({value}) is tuple or type({value}) is list"
            made = f"[{item} for {each} in {value}{''.join(inner)}] if {test} else unfit()"
        else:
            (selection,) = shape.selections.values()
            known = self._global("k", shape.known)
            row = self._row(selection, value, None, ())
            made = f"{row} if type({value}) in {known} else unfit()"
        null = "None" if shape.is_nullable else "unfit()"
        return f"({null} if {first} is None else {made})"

    def _leaf(self, shape: Shape, read: str, bound: list[str] | None) -> str:
        kind: Any = shape.named
        value, first = self._bind(read, bound)
        null = f" or {value} is None" if shape.is_nullable else ""
        if kind in _PASSED:
            test = f"type({first}) is {_PASSED[kind]}"
        elif kind is GraphQLInt:
            test = f"type({first}) is int and -0x80000000 <= {value} <= 0x7FFFFFFF"
        elif kind is GraphQLFloat:
            # What is not finite is no number when taken from itself.
            test = f"type({first}) is float and {value} - {value} == 0.0"
        else:
            if isinstance(kind, GraphQLEnumType):
                made = f"{self._global('n', enum_names(kind))}[id({value})]"
            else:
                made = f"{self._global('c', partial(_coerce, kind))}({value})"
            otherwise = "None" if shape.is_nullable else "unfit()"
            return f"({otherwise} if {first} is None else {made})"
        return f"({value} if {test}{null} else unfit())"

    def _bind(self, read: str, bound: list[str] | None) -> tuple[str, str]:
        """Give a name to what is read; the second text is what names it where it is first used.

        A loop over one value is how a comprehension names it for itself: Python makes a plain
        assignment of it, while ``:=`` names it for the function around, which is slower. Below an
        object that may be null, it is the only way.
        """
        value = self._name("v")
        if bound is None:
            return value, f"({value} := {read})"
        bound.append(f" for {value} in ({read},)")
        return value, value

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
