"""An operation that was found good, and what the systems are asked for its sake."""

from typing import Any

from graphql.execution.values import VariableValues
from msgspec import Struct

from execution.collect import Operation
from execution.context import Context
from execution.document import Document
from execution.need import Reads
from execution.standing import near_keys


class Prepared(Struct, frozen=True):
    """An operation that was found good, with its variables as sent and as read.

    *Shape*: ``for_sharing`` asks for how long others may be given the same answer.
    """

    document: Document
    operation: Operation
    values: VariableValues
    variables: dict[str, Any] | None
    operation_name: str | None
    for_sharing: bool


async def narrow(context: Context, reads: Reads, least: Reads) -> None:
    """Ask the systems for no more than may be read, and of whom it may be read."""
    context.loaders.narrow(reads)
    if least != reads and (near := await near_keys(context)) is not None:
        context.loaders.keep_apart(near, least)
