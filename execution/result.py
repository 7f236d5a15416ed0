"""What an operation answers, before any transport has shaped it."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from graphql import GraphQLError
from graphql.execution import PendingResult, SubsequentIncrementalExecutionResult
from msgspec import Struct, field

from domain.errors import Failure
from execution.context import Context
from execution.notice import observe_errors

Parts = AsyncGenerator[SubsequentIncrementalExecutionResult, None]


class Result(Struct, kw_only=True):
    """Data, errors and extensions of one operation.

    *Shape*: ``data`` is ready for JSON but for dates and decimals, which are already text.
    ``was_executed`` is false for a request error (GraphQL, section 7.1.3): the document could not
    be parsed, validated or begun, and the answer has no ``data`` at all. ``pending`` names what
    is still to come in ``parts``, in graphql-core's form; whoever was given them closes them.

    *Units*: ``max_age`` in seconds, for which every guest would be answered the same; None where
    the answer is nobody else's.
    """

    data: dict[str, Any] | None = None
    errors: Sequence[GraphQLError] = ()
    extensions: dict[str, Any] = field(default_factory=dict)
    was_executed: bool = True
    max_age: int | None = None
    pending: Sequence[PendingResult] = ()
    parts: Parts | None = None


def error_of(failure: Failure) -> GraphQLError:
    """Tell a failure as graphql-core tells errors."""
    return GraphQLError(failure.message, original_error=failure)


def refused(failure: Failure) -> Result:
    """Tell why an operation was not executed."""
    return Result(errors=[error_of(failure)], was_executed=False)


def broken(bug: Exception, context: Context) -> Result:
    """Tell of a bug that took the whole answer."""
    return finished(None, [GraphQLError(str(bug), original_error=bug)], context)


def finished(data: dict[str, Any] | None, errors: list[GraphQLError], context: Context) -> Result:
    """Tell an answer, with all that its reader should know of it."""
    observe_errors(errors, context)
    return Result(data=data, errors=errors, extensions=extensions_of(context))


def extensions_of(context: Context) -> dict[str, Any]:
    """Tell what an operation has found out about its answer so far."""
    extensions: dict[str, Any] = {"context": context.echoes}
    if context.notices:
        extensions["notices"] = [
            {"code": each.code, "message": each.message, "path": each.path}
            for each in context.notices
        ]
    if context.access:
        extensions["access"] = [
            {"path": each.path, "code": each.code, "reason": each.reason} for each in context.access
        ]
    if context.viewer.is_staff:
        extensions["cost"] = {
            "requested": context.requested,
            "actual": context.actual,
            "calls": dict(context.calls),
        }
    return extensions
