"""Runs a plan breadth-first, a column at a time.

A group holds the objects of one type at one place. Each of its steps is one column: an attribute
is read off all of them, a batch resolver is called once with all of them. What waits for
something outside waits as one awaitable per column, and each column goes on by itself as soon as
it has come, so that a slow system holds up only what hangs below it.
"""

import asyncio
from collections.abc import Awaitable, Sequence, Sized
from functools import partial
from types import CoroutineType
from typing import Any

from graphql import GraphQLError
from graphql.pyutils import Path

from domain.personal import PersonalText
from domain.policy import Standing, View
from execution.completion import complete
from execution.item import arrive, is_late, resolve_items, settle
from execution.plan import Source, Step
from execution.run import Group, Late, Paths, Run
from execution.standing import standings, standings_now


def begin(run: Run) -> Group:
    """Run the operation until it is done or waits for something outside; gives its root."""
    group = root_group(run)
    run.groups.append(group)
    _advance(run)
    return group


def root_group(run: Run) -> Group:
    """Make the group of the operation's root, with the row that becomes the answer."""
    selection = run.plan.root
    assert selection is not None, "a plan has a root"
    paths: Paths = [None] if run.plan.tracks_paths else None
    return Group(selection, [run.root], [selection.template.copy()], paths)


def begin_step(run: Run, group: Group, step: Step) -> None:
    """Run a single field of the root, with all that hangs below it."""
    _step(run, group, step)
    _advance(run)


async def finish(run: Run) -> None:
    """Wait for everything that waits, and for what hangs below it."""
    waiting, run.pending = run.pending, []
    if not waiting:
        return
    # The last one needs no task of its own.
    tasks = [asyncio.create_task(_follow(run, late)) for late in waiting[:-1]]
    try:
        await _follow(run, waiting[-1])
        for task in tasks:
            await task
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    finally:
        # An operation that is cut off may have columns that have not even begun.
        for late in waiting:
            if type(late.waiting) is CoroutineType:
                late.waiting.close()


async def _follow(run: Run, late: Late) -> None:
    try:
        found = await late.waiting
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Not this operation was cancelled but something it waits for; a task group would take
        # the column for ended, and its nulls for values.
        found = RuntimeError("What this value comes from was cancelled.")
        found.__cause__ = error
    except Exception as error:  # noqa: BLE001 - told where it belongs
        found = error
    late.arrive(found)
    _advance(run)
    if run.pending:
        await finish(run)


def _advance(run: Run) -> None:
    groups = run.groups
    while groups:
        group = groups.popleft()
        if not group.parents:
            continue  # an empty list: nobody below is asked about nothing
        selection = group.selection
        if selection.terms:
            known = standings_now(group.parents, selection.terms, run.context)
            if known is not None:
                _stand(run, group, known)
                continue
            waiting = standings(group.parents, selection.terms, run.context)
            run.pending.append(Late(waiting, partial(_stand, run, group)))
            continue
        if selection.observes:
            run.observe(group)
        for step in selection.rest if group.is_started else selection.steps:
            _step(run, group, step)


def _step(run: Run, group: Group, step: Step) -> None:
    source = step.source
    parents = group.parents
    values: list[Any]
    if step.cost and source is not Source.DENIED:
        run.cost += step.cost * len(parents)
    if source is Source.ATTRIBUTE:
        assert step.read is not None, "an attribute is read"
        try:
            values = list(map(step.read, parents))
        except Exception:  # noqa: BLE001 - read again, one by one
            values = [_read(step, parent) for parent in parents]
    elif source is Source.TYPENAME:
        name = step.parent.name
        for row in group.rows:
            row[step.key] = name
        return
    elif source is Source.DENIED:
        return
    elif source is Source.INTROSPECTION and run.introspection is not None:
        found = run.introspection.answer(run, step)
        for row in group.rows:
            row[step.key] = found
        return
    else:
        try:
            arguments = step.arguments.coerce(run.variables)
        except GraphQLError as error:
            _deliver(run, group, step, [error] * len(parents))
            return
        if source is Source.BATCH:
            _batch(run, group, step, arguments)
            return
        values = resolve_items(run, step, group, arguments)
        if any(is_late(step.shape, value) for value in values):
            places = [index for index, value in enumerate(values) if is_late(step.shape, value)]
            waiting = settle([arrive(step.shape, values[index]) for index in places])
            run.pending.append(Late(waiting, partial(_items, run, group, step, values, places)))
            return
    _deliver(run, group, step, values)


def _batch(run: Run, group: Group, step: Step, arguments: dict[str, Any]) -> None:
    assert step.batch is not None, "a batch field has its resolver"
    try:
        answer = step.batch(group.parents, run.context, **arguments)
    except Exception as error:  # noqa: BLE001 - the failure of every parent
        _deliver(run, group, step, [error] * len(group.parents))
        return
    # The abstract class is asked only where it is neither of the two that it almost always is.
    if type(answer) is CoroutineType or (
        type(answer) is not list and isinstance(answer, Awaitable)
    ):
        run.pending.append(Late(answer, partial(_arrival, run, group, step)))
    else:
        _arrival(run, group, step, answer)


def _arrival(run: Run, group: Group, step: Step, answer: Any) -> None:
    """Take what a batch resolver gave: one value for each parent, or one failure for all."""
    count = len(group.parents)
    if isinstance(answer, Exception):
        answer = [answer] * count
    elif not (type(answer) is list or isinstance(answer, Sequence)) or len(answer) != count:
        given = f"{len(answer)} values" if isinstance(answer, Sized) else repr(answer)
        answer = [
            RuntimeError(
                f"The batch resolver of {step.parent}.{step.name} gave {given} for {count} "
                "parents; it must give one value for each, in their order."
            )
        ] * count
    _deliver(run, group, step, answer)


def _items(
    run: Run, group: Group, step: Step, values: list[Any], places: list[int], found: Any
) -> None:
    for index, value in zip(places, found):
        values[index] = value
    _deliver(run, group, step, values)


def _stand(run: Run, group: Group, found: Any) -> None:
    """Let a column of people's objects go on, those together for which the same holds."""
    if isinstance(found, Exception):
        for row in group.rows:
            run.spoil(row, found)
        return
    parts: dict[Standing, list[int]] = {}
    for index, standing in enumerate(found):
        parts.setdefault(standing, []).append(index)
    selection = group.selection
    for standing, places in parts.items():
        variant = selection.variants.get(standing) or run.plan.vary(run.plan, selection, standing)
        rows = [group.rows[index] for index in places]
        if variant.view is View.NONE:
            for row in rows:
                run.spoil(row, None)
            continue
        paths = [group.paths[index] for index in places] if group.paths is not None else None
        part = Group(variant, [group.parents[index] for index in places], rows, paths)
        run.met.append(part)
        run.shown.append(part)
        if variant.observes:
            run.observe(part)
        for step in variant.steps:
            _step(run, part, step)


def _veiled(run: Run, step: Step, values: Sequence[Any]) -> list[Any]:
    """Put personal texts, and ids that recognise somebody, into the view that is allowed."""
    if step.name == "id" and step.view is View.PSEUDONYM:
        return [run.context.stand_in(value) for value in values]
    return [veil(value, step.view, run.context) for value in values]


def veil(value: Any, view: View, context: Any) -> Any:
    """Put a value into a view, and each of a list; what is no personal text is left as it is."""
    if isinstance(value, PersonalText):
        stand_in = context.pseudonym(value.whole) if view is View.PSEUDONYM else None
        return value.veiled(view, stand_in)
    if isinstance(value, list | tuple):
        return [veil(each, view, context) for each in value]
    return value


def _deliver(run: Run, group: Group, step: Step, values: Sequence[Any]) -> None:
    """Finish a column and put it into the rows."""
    if step.view is not View.FULL:
        values = _veiled(run, step, values)
    paths: Paths = None
    if group.paths is not None:
        key, name = step.key, step.parent.name
        paths = [Path(path, key, name) for path in group.paths]
    key = step.key
    done = complete(run, group.selection, step, step.shape, values, paths)
    for row, value in zip(group.rows, done):
        row[key] = value


def _read(step: Step, parent: Any) -> Any:
    assert step.read is not None, "an attribute is read"
    try:
        return step.read(parent)
    except Exception as error:  # noqa: BLE001 - a failure of this value
        return error
