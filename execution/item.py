"""Fields and types that are resolved item by item, as graphql-core does: foreign schemas.

Nothing the gateway publishes comes this way but introspection. It is here so that the engine
gives the same answers on any schema, and can be held against the reference's own tests.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import Path, is_awaitable, is_iterable
from graphql.pyutils.is_awaitable import is_async_iterable

from execution.plan import Form, Shape, Step
from execution.run import Group, Paths, Run


def resolve_items(run: Run, step: Step, group: Group, arguments: dict[str, Any]) -> list[Any]:
    """Call a field's resolver for each parent; a failure is returned in place of its value."""
    resolve = step.field.resolve or run.field_resolver
    values: list[Any] = []
    for index, parent in enumerate(group.parents):
        place = None
        if group.paths is not None:
            place = Path(group.paths[index], step.key, step.parent.name)
        try:
            values.append(resolve(parent, run.info(step, place), **arguments))
        except Exception as error:  # noqa: BLE001 - a failure of this value
            values.append(error)
    return values


def is_late(shape: Shape, value: Any) -> bool:
    """Tell whether something in a value has to be awaited before it can be finished."""
    if is_awaitable(value):
        return True
    if shape.form is not Form.LIST or shape.item is None:
        return False
    if is_async_iterable(value):
        return True
    item = shape.item
    return isinstance(value, list | tuple) and any(is_late(item, each) for each in value)


async def arrive(shape: Shape, value: Any) -> Any:
    """Wait for a value and for whatever is in it; a failure is returned in its place."""
    try:
        if is_awaitable(value):
            value = await value
        if shape.form is not Form.LIST or shape.item is None or isinstance(value, Exception):
            return value
        if is_async_iterable(value):
            value = await _drained(value)
        if is_iterable(value):
            item = shape.item
            value = list(value)
            places = [index for index, each in enumerate(value) if is_late(item, each)]
            found = await settle([arrive(item, value[index]) for index in places])
            for index, each in zip(places, found):
                value[index] = each
    except Exception as error:  # noqa: BLE001 - a failure of this value
        return error
    return value


async def settle(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """Wait for all of them side by side; gives each one's value or failure, in order."""
    if len(waiting) == 1:
        return [await _caught(waiting[0])]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_caught(each)) for each in waiting]
    return [task.result() for task in tasks]


def resolve_types(
    run: Run, step: Step, shape: Shape, values: Sequence[Any], paths: Paths
) -> list[Any]:
    """Find the runtime type of each value: the type, a failure, or an awaitable of the type."""
    abstract: Any = shape.named
    resolve = abstract.resolve_type or run.type_resolver
    found: list[Any] = []
    for value, path in zip(values, paths or [None] * len(values)):
        info = run.info(step, path)

        def valid(name: Any, value: Any = value, info: Any = info) -> Any:
            return run.reference.ensure_valid_runtime_type(
                name, abstract, step.details, info, value
            )

        async def late(name: Any, value: Any = value, info: Any = info, valid: Any = valid) -> Any:
            kind = valid(await name)
            return await _checked(kind, step, value, info)

        try:
            name = resolve(value, info, abstract)
            found.append(late(name) if is_awaitable(name) else valid(name))
        except Exception as error:  # noqa: BLE001 - a failure of this value
            found.append(error)
    return found


def check_types(
    run: Run, step: Step, kind: GraphQLObjectType, values: Sequence[Any], paths: Paths
) -> Sequence[Any]:
    """Ask of each value whether it is of a type: the type, a failure, or an awaitable of it."""
    if kind.is_type_of is None:
        return [kind] * len(values)
    found: list[Any] = []
    for value, path in zip(values, paths or [None] * len(values)):
        info = run.info(step, path)
        try:
            verdict = kind.is_type_of(value, info)
            if is_awaitable(verdict):
                found.append(_awaited(kind, step, value, verdict))
            elif verdict:
                found.append(kind)
            else:
                found.append(invalid_return_type_error(kind, value, step.details))
        except Exception as error:  # noqa: BLE001 - a failure of this value
            found.append(error)
    return found


async def _checked(kind: GraphQLObjectType, step: Step, value: Any, info: Any) -> Any:
    if kind.is_type_of is not None:
        verdict: Any = kind.is_type_of(value, info)
        if is_awaitable(verdict):
            verdict = await verdict
        if not verdict:
            raise invalid_return_type_error(kind, value, step.details)
    return kind


async def _awaited(kind: GraphQLObjectType, step: Step, value: Any, verdict: Any) -> Any:
    if not await verdict:
        raise invalid_return_type_error(kind, value, step.details)
    return kind


async def _caught(waiting: Awaitable[Any]) -> Any:
    try:
        return await waiting
    except Exception as error:  # noqa: BLE001 - a failure of this value
        return error


async def _drained(source: Any) -> list[Any]:
    iterator = source.__aiter__()
    items: list[Any] = []
    try:
        async for item in iterator:
            items.append(item)  # noqa: PERF401 - what came before a failure is not lost silently
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()
    return items
