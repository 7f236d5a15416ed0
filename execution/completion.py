"""Turns columns of what resolvers gave into columns of the answer.

The rules are the reference's "Value Completion", followed for a whole column at a time: a column
in which every value is of a type already seen to be good takes the short way, any other is sorted
value by value. Whatever fails stays in place as ``Failed``; objects become rows with their keys in
order, and their fields wait as a group.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, Undefined
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import Path, is_iterable

from domain.policy import View
from execution.item import check_types, resolve_types, settle
from execution.leaf import coerce_leaf
from execution.loop import write_loop
from execution.plan import Form, Selection, Shape, Step
from execution.run import Group, Late, Paths, Row, Run

_MAX_KNOWN = 64
_MAX_SURPRISES = 16
_SEQUENCES = frozenset({list, tuple})


def complete(
    run: Run, above: Selection, step: Step, shape: Shape, values: Sequence[Any], paths: Paths
) -> list[Any]:
    """Finish a column; gives one finished value, or ``Failed``, for each."""
    if not values:
        return []
    form = shape.form
    if form is Form.LEAF:
        assert shape.column is not None, "a leaf has a column"
        done = shape.column(values)
        return done if done is not None else [_leaf(run, shape, each) for each in values]
    if form is Form.LIST:
        return _lists(run, above, step, shape, values, paths)
    if form is Form.OBJECT:
        assert isinstance(shape.named, GraphQLObjectType), "an object shape names an object type"
        if shape.known.issuperset(map(type, values)):
            return _rows(run, above, step, shape, shape.named, values, paths)
        return _sifted(run, step, shape, values, paths, above, _objects)
    return _sifted(run, step, shape, values, paths, above, _abstract)


def start(run: Run, selection: Selection, parents: Sequence[Any], paths: Paths) -> list[Row]:
    """Make the rows of a column of objects, and let their fields wait."""
    rows: list[Row] | None = None
    if selection.rows is not None:
        try:
            rows = selection.rows(parents)
        except Exception:  # noqa: BLE001 - any surprise is looked at value by value
            selection.surprises += 1
            if selection.surprises > _MAX_SURPRISES:
                selection.rows = None
    elif run.loop_after:
        selection.runs += 1
        if selection.runs == run.loop_after:
            write_loop(run.plan, selection)
    group = Group(selection, parents, rows or [], paths, rows is not None)
    if rows is None:
        template = selection.template
        group.rows = [template.copy() for _ in parents]
    if not group.is_started or selection.rest or selection.observes:
        run.groups.append(group)
    if selection.is_abstract:
        run.met.append(group)
    if selection.is_person:
        run.shown.append(group)
    return group.rows


def null(run: Run, shape: Shape) -> Any:
    """Give null, or its failure where the type has none."""
    return None if shape.is_nullable else run.fail(TypeError(shape.missing))


def _leaf(run: Run, shape: Shape, value: Any) -> Any:
    if isinstance(value, Exception):
        return run.fail(value)
    if value is None or value is Undefined:
        return null(run, shape)
    try:
        return coerce_leaf(shape.named, value)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - a failure of this value
        return run.fail(error)


def _lists(
    run: Run, above: Selection, step: Step, shape: Shape, values: Sequence[Any], paths: Paths
) -> list[Any]:
    if not _SEQUENCES.issuperset(map(type, values)):
        return _sifted(run, step, shape, values, paths, above, _any_lists)
    assert shape.item is not None, "a list has items"
    inner: Paths = None
    if paths is not None:
        inner = [
            path.add_key(index) if path else None
            for path, items in zip(paths, values)
            for index in range(len(items))
        ]
    flat = complete(run, above, step, shape.item, list(chain.from_iterable(values)), inner)
    if len(values) == 1:
        return [flat]
    cut, begin = [], 0
    for items in values:
        end = begin + len(items)
        cut.append(flat[begin:end])
        begin = end
    return cut


def _any_lists(
    run: Run, above: Selection, step: Step, shape: Shape, values: Sequence[Any], paths: Paths
) -> list[Any]:
    read: list[Any] = []
    for value in values:
        try:
            if not is_iterable(value):
                raise GraphQLError(
                    "Expected Iterable, but did not find one for field "
                    f"'{step.parent}.{step.name}'."
                )
            read.append(list(value))
        except Exception as error:  # noqa: BLE001 - a failure of this value
            read.append(error)
    if any(type(each) is not list for each in read):
        return _sifted(run, step, shape, read, paths, above, _lists)
    return _lists(run, above, step, shape, read, paths)


_Finish = Callable[[Run, Selection, Step, Shape, Sequence[Any], Paths], list[Any]]


def _sifted(
    run: Run,
    step: Step,
    shape: Shape,
    values: Sequence[Any],
    paths: Paths,
    above: Selection,
    finish: _Finish,
) -> list[Any]:
    """Set nulls and failures aside, finish what is left as one column, and put all in place."""
    done: list[Any] = []
    places: list[int] = []
    for index, value in enumerate(values):
        if value is None or value is Undefined:
            done.append(null(run, shape))
        elif isinstance(value, Exception):
            done.append(run.fail(value))
        else:
            done.append(None)
            places.append(index)
    if len(places) == len(values):
        return finish(run, above, step, shape, values, paths)
    if places:
        left = [values[index] for index in places]
        left_paths = [paths[index] for index in places] if paths is not None else None
        for index, value in zip(places, finish(run, above, step, shape, left, left_paths)):
            done[index] = value
    return done


def _objects(
    run: Run, above: Selection, step: Step, shape: Shape, values: Sequence[Any], paths: Paths
) -> list[Any]:
    assert isinstance(shape.named, GraphQLObjectType), "an object shape names an object type"
    return _of_type(run, above, step, shape, shape.named, values, paths)


def _of_type(
    run: Run,
    above: Selection,
    step: Step,
    shape: Shape,
    kind: GraphQLObjectType,
    values: Sequence[Any],
    paths: Paths,
) -> list[Any]:
    """Finish objects of one published type, checking that this is what they are."""
    # A type that tells nothing of its objects takes them all.
    domain: type | None = kind.extensions.get("class", None if kind.is_type_of else object)
    if domain is None:
        verdicts = check_types(run, step, kind, values, paths)
    else:
        kinds = set(map(type, values))
        if all(issubclass(each, domain) for each in kinds):
            if shape.form is Form.OBJECT and len(shape.known) < _MAX_KNOWN:
                shape.known.update(kinds)
            return _rows(run, above, step, shape, kind, values, paths)
        verdicts = [
            kind
            if isinstance(each, domain)
            else invalid_return_type_error(kind, each, step.details)
            for each in values
        ]
    return _parted(run, above, step, shape, verdicts, values, paths, _rows)


def _abstract(
    run: Run, above: Selection, step: Step, shape: Shape, values: Sequence[Any], paths: Paths
) -> list[Any]:
    """Part a column by runtime type, and finish each part as a column of its own."""
    found: Sequence[Any] | None = None
    if shape.classes is not None:
        found = [shape.classes.get(type(value)) for value in values]
    if found is None or None in found:
        found = resolve_types(run, step, shape, values, paths)
    return _parted(run, above, step, shape, found, values, paths, _of_type)


_FinishType = Callable[
    [Run, Selection, Step, Shape, GraphQLObjectType, Sequence[Any], Paths], list[Any]
]


def _parted(
    run: Run,
    above: Selection,
    step: Step,
    shape: Shape,
    verdicts: Sequence[Any],
    values: Sequence[Any],
    paths: Paths,
    finish: _FinishType,
) -> list[Any]:
    """Part a column by verdict: a type, a failure, or something that has to be awaited first."""
    first = verdicts[0] if verdicts else None
    if isinstance(first, GraphQLObjectType) and all(each is first for each in verdicts):
        return finish(run, above, step, shape, first, values, paths)
    done: list[Any] = [None] * len(values)
    parts: dict[GraphQLObjectType, list[int]] = {}
    late: list[tuple[Row, Any, Path | None, Any]] = []
    for index, verdict in enumerate(verdicts):
        if isinstance(verdict, GraphQLObjectType):
            parts.setdefault(verdict, []).append(index)
        elif isinstance(verdict, Exception):
            done[index] = run.fail(verdict)
        else:
            row: Row = {}
            done[index] = row
            late.append((row, values[index], paths[index] if paths else None, verdict))
    for kind, places in parts.items():
        part = [values[index] for index in places]
        part_paths = [paths[index] for index in places] if paths is not None else None
        for index, value in zip(places, finish(run, above, step, shape, kind, part, part_paths)):
            done[index] = value
    if late:
        waiting = settle([verdict for _, _, _, verdict in late])
        run.pending.append(Late(waiting, partial(_adopt, run, above, step, shape, late)))
    return done


def _adopt(
    run: Run,
    above: Selection,
    step: Step,
    shape: Shape,
    late: Sequence[tuple[Row, Any, Path | None, Any]],
    verdicts: Sequence[Any],
) -> None:
    """Give rows already in place to the types that were only now found out."""
    for (row, value, path, _), kind in zip(late, verdicts):
        if isinstance(kind, Exception):
            run.spoil(row, kind)
            continue
        selection = _selection(run, above, step, shape, kind)
        if not isinstance(selection, Selection):
            run.spoil(row, selection)
        elif selection.view is View.NONE:
            run.spoil(row, None)
        else:
            row.update(selection.template)
            group = Group(selection, [value], [row], [path])
            run.groups.append(group)
            if selection.is_abstract:
                run.met.append(group)


def _selection(
    run: Run, above: Selection, step: Step, shape: Shape, kind: GraphQLObjectType
) -> Selection | GraphQLError:
    selection = shape.selections.get(kind)
    if selection is None:
        try:
            selection = run.plan.select(run.plan, shape, kind, step, above)
        except GraphQLError as error:
            return error
    return selection


def _rows(
    run: Run,
    above: Selection,
    step: Step,
    shape: Shape,
    kind: GraphQLObjectType,
    values: Sequence[Any],
    paths: Paths,
) -> list[Any]:
    selection = _selection(run, above, step, shape, kind)
    if not isinstance(selection, Selection):
        return [run.fail(selection) for _ in values]
    if selection.view is View.NONE:
        return [null(run, shape) for _ in values]
    return start(run, selection, values, paths)
