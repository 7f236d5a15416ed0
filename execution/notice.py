"""What an answer's reader should know of it: what is stale, missing or incomplete in it."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from graphql import GraphQLError

from domain.errors import SourceFailure
from domain.provenance import Freshness, Provenance
from execution.context import Context, Notice

# More would be read by nobody, and a listing of a dead system could hold thousands.
MAX_NOTICES = 50

_PROVENANCE = attrgetter("provenance")
_OBSERVED_AT = attrgetter("observed_at")
_FRESH = attrgetter("lifetime.fresh")
_COMPLETE = attrgetter("complete")

Path = tuple[str | int, ...]


def notable(values: Sequence[Any], context: Context) -> list[int]:
    """Tell which of a column of objects have something to say; almost always none."""
    if not values:
        return []
    now = context.now
    try:
        if hasattr(values[0], "complete") and not all(map(_COMPLETE, values)):
            return [index for index, value in enumerate(values) if _is_notable(value, context)]
        # What came in one answer mostly shares one.
        provenances = list(map(_PROVENANCE, values))
        known = dict(zip(map(id, provenances), provenances)).values()
        oldest = min(map(_OBSERVED_AT, known))
    except AttributeError:
        # Connections have none, and where nothing is held there is none.
        return [index for index, value in enumerate(values) if _is_notable(value, context)]
    fresh = min(map(_FRESH, known))
    context.fresh_until = min(context.fresh_until or oldest + fresh, oldest + fresh)
    if now - oldest <= fresh:
        return []
    return [index for index, value in enumerate(values) if _is_notable(value, context)]


def _is_notable(value: Any, context: Context) -> bool:
    return not getattr(value, "complete", True) or _stale(value, context) is not None


def _stale(value: Any, context: Context) -> Provenance | None:
    provenance = getattr(value, "provenance", None)
    if isinstance(provenance, Provenance):
        return provenance if provenance.freshness(context.now) is Freshness.STALE else None
    return None


def observe(value: Any, path: Path, context: Context) -> None:
    """Notice what an object says of itself: that it is stale, or that sources are missing."""
    if len(context.notices) >= MAX_NOTICES:
        return
    stale = _stale(value, context)
    if stale is not None:
        age = int(stale.age(context.now).total_seconds())
        context.notices.append(Notice("STALE", f"This was true {age} seconds ago.", path))
    if getattr(value, "complete", True) is False:
        context.notices.append(Notice("INCOMPLETE", "Not every source has answered.", path))


def observe_errors(errors: Iterable[GraphQLError], context: Context) -> None:
    """Notice the values that a system kept from the answer."""
    for error in errors:
        if len(context.notices) >= MAX_NOTICES:
            return
        if isinstance(error.original_error, SourceFailure) and error.path:
            context.notices.append(
                Notice("DEGRADED", error.original_error.message, tuple(error.path))
            )
