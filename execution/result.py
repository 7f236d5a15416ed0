"""What an operation answers, before any transport has shaped it."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from graphql import GraphQLError
from graphql.execution import PendingResult, SubsequentIncrementalExecutionResult
from msgspec import Struct, field

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
