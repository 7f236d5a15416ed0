"""Age and freshness, judged at the operation's own moment."""

from collections.abc import Sequence

from domain.provenance import Freshness, Provenance
from execution.context import Context


def age_seconds(parents: Sequence[Provenance], context: Context) -> list[int]:
    """Tell the age. *Units*: whole seconds."""
    return [int(parent.age(context.now).total_seconds()) for parent in parents]


def freshness(parents: Sequence[Provenance], context: Context) -> list[Freshness]:
    """Judge the age."""
    return [parent.freshness(context.now) for parent in parents]
