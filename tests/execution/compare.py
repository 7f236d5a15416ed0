"""Runs an operation on the engine and on graphql-core, and says where the answers differ."""

import json
from collections.abc import Sequence
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute

from execution.collect import Operation, read_operation
from execution.engine import Engine

Answer = tuple[dict[str, Any] | None, Sequence[GraphQLError]]


def operation_of(schema: GraphQLSchema, document: DocumentNode) -> Operation:
    """Read the one operation of a document, which must be one that is planned."""
    operation = read_operation(schema, document, None)
    assert isinstance(operation, Operation)
    assert operation.is_planned
    return operation


async def on_engine(
    engine: Engine, operation: Operation, variables: dict[str, Any], context: Any = None
) -> Answer:
    """Execute on the engine, which must plan it."""
    values = operation.variables.coerce(variables)
    if isinstance(values, list):
        return None, values
    plan = engine.plan(operation, values, None, None)
    assert plan is not None, "the engine plans this operation"
    run = engine.run(plan, context, values)
    return await engine.execute(run), run.errors


async def on_reference(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: dict[str, Any],
    context: Any = None,
    **options: Any,
) -> Answer:
    """Execute on graphql-core."""
    found: Any = execute(
        schema, document, variable_values=variables, context_value=context, **options
    )
    answer = found if isinstance(found, ExecutionResult) else await found
    return answer.data, answer.errors or ()


def difference(ours: Answer, theirs: Answer) -> str | None:
    """Tell what differs. Below a null that failures rose to, any of them may be named."""
    data, expected = json.dumps(ours[0], default=repr), json.dumps(theirs[0], default=repr)
    if data != expected:
        return (
            f"data\n  engine    {data}\n  reference {expected}\n"
            f"  {_shown(ours)}\n  {_shown(theirs)}"
        )
    mine, other = _by_place(ours), _by_place(theirs)
    if mine.keys() != other.keys():
        return f"places of errors\n  engine    {_shown(ours)}\n  reference {_shown(theirs)}"
    for place, errors in mine.items():
        is_exact = all(len(each[0]) == len(place) for each in (*errors, *other[place]))
        if is_exact and errors != other[place]:
            return f"errors\n  engine    {_shown(ours)}\n  reference {_shown(theirs)}"
    return None


def _by_place(answer: Answer) -> dict[tuple[Any, ...], set[tuple[Any, ...]]]:
    data, errors = answer
    places: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
    for error in errors:
        path = tuple(error.path or ())
        here: Any = data
        place = 0
        while here is not None and place < len(path):
            here = here[path[place]]
            place += 1
        assert here is None, f"an error at {path}, where there is a value"
        locations = tuple((each.line, each.column) for each in error.locations or ())
        places.setdefault(path[:place], set()).add((path, error.message, locations))
    return places


def _shown(answer: Answer) -> list[Any]:
    return sorted(str((each.path, each.message, each.locations)) for each in answer[1])
