"""The last pass: failures get their places, nulls rise to where null is allowed.

It runs only where something failed, an object turned out to be nobody's to see or to be stale, or
the plan has denied fields; then depth-first in the order of the answer, which is the order in
which the reference meets them.
"""

from typing import Any

from graphql import GraphQLError, located_error
from msgspec import Struct

from execution.notice import observe
from execution.plan import Form, Selection, Shape, Source, Step
from execution.run import Failed, Row, Run

Key = str | int

# Nothing can fail there; an introspection's answer is shared with other requests besides.
_SETTLED = frozenset({Source.TYPENAME, Source.INTROSPECTION})


class _Pass(Struct, eq=False):
    """*Shape*: ``selections`` leads from the id of a row to its selection where types vary."""

    run: Run
    selections: dict[int, Selection]
    path: list[Key]


def settle_answer(run: Run, selection: Selection, row: Row) -> bool:
    """Settle the whole answer; false where its own row came to nothing."""
    return settle_steps(run, selection, row, selection.steps)


def settle_steps(run: Run, selection: Selection, row: Row, steps: Any) -> bool:
    """Settle some fields of the root; false where a failure rises to the root itself."""
    if not (run.is_flawed or run.notable or selection.denies):
        return True
    varied = {id(each): group.selection for group in run.met for each in group.rows}
    error = _row(_Pass(run, varied, []), steps, row)
    if error is None:
        return True
    run.errors.append(error)
    return False


def _row(state: _Pass, steps: Any, row: Row) -> GraphQLError | None:
    """Settle the fields of a row; gives the error that takes the whole row with it."""
    path, run = state.path, state.run
    for step in steps:
        if step.source is Source.DENIED:
            run.context.deny((*path, step.key))
            continue
        if not (run.is_flawed or run.notable or _may_deny(step)):
            continue
        value = row[step.key]
        if value is None or step.source in _SETTLED:
            continue
        path.append(step.key)
        settled = _value(state, step, step.shape, value)
        path.pop()
        if isinstance(settled, GraphQLError):
            return settled
        if settled is not value:
            row[step.key] = settled
    return None


def _value(state: _Pass, step: Step, shape: Shape, value: Any) -> Any:
    """Settle a value; gives it, None, or the error that its own place does not hold."""
    if value is None:
        return None
    if isinstance(value, Failed):
        return _nulled(state, step, shape, value.error)
    if shape.form is Form.LEAF:
        return value
    if shape.form is Form.LIST:
        return _list(state, step, shape, value)
    run = state.run
    if id(value) in run.spoiled:
        error = run.spoiled[id(value)][1]
        if error is None:
            if shape.is_nullable:
                return None
            error = TypeError(shape.missing)
        return _nulled(state, step, shape, error)
    selection = _selection(state, shape, value)
    if id(value) in run.notable:
        observe(run.notable[id(value)][1], tuple(state.path), run.context)
    if selection is None or not (run.is_flawed or run.notable or selection.denies):
        return value
    risen = _row(state, selection.steps, value)
    return value if risen is None else _nulled(state, step, shape, risen)


def _list(state: _Pass, step: Step, shape: Shape, value: list[Any]) -> Any:
    path, item = state.path, shape.item
    assert item is not None, "a list has items"
    for index, each in enumerate(value):
        path.append(index)
        settled = _value(state, step, item, each)
        path.pop()
        if isinstance(settled, GraphQLError):
            return _nulled(state, step, shape, settled)
        if settled is not each:
            value[index] = settled
    return value


def _nulled(state: _Pass, step: Step, shape: Shape, error: Exception) -> GraphQLError | None:
    located = located_error(error, step.nodes, list(state.path))
    if not shape.is_nullable:
        return located
    state.run.errors.append(located)
    return None


def _selection(state: _Pass, shape: Shape, row: Row) -> Selection | None:
    found = next(iter(shape.selections.values()), None)
    if shape.form is Form.ABSTRACT or (found is not None and found.terms):
        return state.selections.get(id(row))
    return found


def _may_deny(step: Step) -> bool:
    return any(each.denies for each in _selections(step.shape))


def _selections(shape: Shape) -> Any:
    while shape.item is not None:
        shape = shape.item
    return shape.selections.values()
