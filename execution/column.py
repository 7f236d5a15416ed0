"""Runs a plan breadth-first, a column at a time.

A group holds the objects of one type at one place. Each of its steps is one column: an attribute
is read off all of them, a batch resolver is called once with all of them. What waits for
something outside waits as one awaitable per column, and each column goes on by itself as soon as
it has come, so that a slow system holds up only what hangs below it.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from graphql import GraphQLError
from graphql.pyutils import Path

from domain.policy import Decision
from execution.access import owned
from execution.completion import complete
from execution.item import arrive, is_late, resolve_items, settle
from execution.plan import Source, Step
from execution.run import Group, Paths, Run


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
    try:
        if len(waiting) == 1:
            await _follow(run, waiting[0])
            return
        async with asyncio.TaskGroup() as tasks:
            for each in waiting[:-1]:
                tasks.create_task(_follow(run, each))
            # The last one needs no task of its own.
            await _follow(run, waiting[-1])
    finally:
        # An operation that is cut off may have columns that have not even begun.
        for each in waiting:
            each.close()


async def _follow(run: Run, waiting: Coroutine[Any, Any, None]) -> None:
    await waiting
    _advance(run)
    await finish(run)


def _advance(run: Run) -> None:
    groups = run.groups
    while groups:
        group = groups.popleft()
        if not group.parents:
            continue  # an empty list: nobody below is asked about nothing
        selection = group.selection
        if selection.decision is Decision.OWN:
            run.pending.append(_own(run, group))
            continue
        if selection.observes:
            run.observe(group)
        for step in selection.rest if group.is_started else selection.steps:
            _step(run, group, step)


def _step(run: Run, group: Group, step: Step) -> None:
    source = step.source
    parents = group.parents
    values: Sequence[Any]
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
            run.pending.append(_items(run, group, step, values))
            return
    _deliver(run, group, step, values)


def _batch(run: Run, group: Group, step: Step, arguments: dict[str, Any]) -> None:
    assert step.batch is not None, "a batch field has its resolver"
    try:
        answer = step.batch(group.parents, run.context, **arguments)
    except Exception as error:  # noqa: BLE001 - the failure of every parent
        _deliver(run, group, step, [error] * len(group.parents))
        return
    if isinstance(answer, Awaitable):
        run.pending.append(_arrival(run, group, step, answer))
    else:
        _deliver(run, group, step, _counted(group, step, answer))


async def _arrival(run: Run, group: Group, step: Step, answer: Awaitable[Sequence[Any]]) -> None:
    values: Sequence[Any]
    try:
        values = _counted(group, step, await answer)
    except Exception as error:  # noqa: BLE001 - the failure of every parent
        values = [error] * len(group.parents)
    _deliver(run, group, step, values)


async def _items(run: Run, group: Group, step: Step, values: Sequence[Any]) -> None:
    places = [index for index, value in enumerate(values) if is_late(step.shape, value)]
    found = await settle([arrive(step.shape, values[index]) for index in places])
    whole = list(values)
    for index, value in zip(places, found):
        whole[index] = value
    _deliver(run, group, step, whole)


async def _own(run: Run, group: Group) -> None:
    """Keep of a column of people's objects those that are the viewer's own."""
    try:
        mine = await owned(group.parents, run.context)
    except Exception as error:  # noqa: BLE001 - the failure of every object
        for row in group.rows:
            run.spoil(row, error)
        return
    kept = [index for index, is_mine in enumerate(mine) if is_mine]
    if len(kept) < len(mine):
        for row, is_mine in zip(group.rows, mine):
            if not is_mine:
                run.spoil(row, None)
    paths = [group.paths[index] for index in kept] if group.paths is not None else None
    left = Group(
        group.selection,
        [group.parents[index] for index in kept],
        [group.rows[index] for index in kept],
        paths,
    )
    if kept:
        if left.selection.observes:
            run.observe(left)
        for step in left.selection.steps:
            _step(run, left, step)


def _deliver(run: Run, group: Group, step: Step, values: Sequence[Any]) -> None:
    """Finish a column and put it into the rows."""
    paths: Paths = None
    if group.paths is not None:
        key, name = step.key, step.parent.name
        paths = [Path(path, key, name) for path in group.paths]
    key = step.key
    for row, value in zip(
        group.rows, complete(run, group.selection, step, step.shape, values, paths)
    ):
        row[key] = value


def _counted(group: Group, step: Step, answer: Sequence[Any]) -> Sequence[Any]:
    if len(answer) != len(group.parents):
        raise RuntimeError(
            f"The batch resolver of {step.parent}.{step.name} gave {len(answer)} values for "
            f"{len(group.parents)} parents; it must give one for each, in their order."
        )
    return answer


def _read(step: Step, parent: Any) -> Any:
    assert step.read is not None, "an attribute is read"
    try:
        return step.read(parent)
    except Exception as error:  # noqa: BLE001 - a failure of this value
        return error
