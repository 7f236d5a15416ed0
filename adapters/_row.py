"""Answers that are lists of rows, each about one key: a damaged row costs its own key."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec
from msgspec import Raw, Struct

from adapters._address import Query
from adapters._body import Contract, decode_body, one_decoder
from adapters._upstream import Explain, Response, Upstream
from domain.ask import Ask
from domain.errors import SourceContract

T = TypeVar("T")
V = TypeVar("V")

_UNREADABLE = (ValueError, LookupError, RecursionError)


class Shape(Struct, Generic[T], frozen=True):
    """Where the rows of an answer stand, and what each is.

    *Shape*: ``at`` leads to the list from the outside in; ``key`` is the wire's name of the text
    that tells whose a row is.
    """

    at: tuple[str, ...]
    row: type[T]
    key: str


class Rows(Struct, Generic[T], frozen=True):
    """The rows that could be read, by their keys, and why each other one could not."""

    system: str
    call: str
    whole: list[tuple[str, T]]
    damaged: dict[str, SourceContract]

    def translate(self, translate: Callable[[T], V]) -> dict[str, V | SourceContract]:
        """Translate each row; nonsense in one is that key's failure alone."""
        found: dict[str, V | SourceContract] = {**self.damaged}
        for key, row in self.whole:
            try:
                with Contract(self.system, self.call):
                    found[key] = translate(row)
            except SourceContract as failure:
                found[key] = failure
        return found


async def fetch_rows(
    upstream: Upstream,
    method: str,
    path: str,
    *,
    ask: Ask,
    call: str,
    rows: Shape[T],
    asked: Sequence[str],
    json: object | None = None,
    headers: Mapping[str, str] | None = None,
    query: Query | None = None,
    explain: Explain | None = None,
) -> Rows[T]:
    """Ask as ``upstream.read`` does, for an answer in rows.

    *Shape*: ``asked`` are the keys that may come back, in the system's own words.
    *Errors*: as ``upstream.read``, and as ``read_rows``.
    """
    outcome = await upstream.send(
        method, path, ask=ask, call=call, json=json, headers=headers, query=query, repeatable=True
    )
    if isinstance(outcome, Response):
        content_type = outcome.headers.get("Content-Type", "")
        return read_rows(upstream.system, call, content_type, outcome.body, rows, asked)
    raise upstream.failure(outcome, call, explain)


def read_rows(
    system: str, call: str, content_type: str, body: bytes, shape: Shape[T], asked: Sequence[str]
) -> Rows[T]:
    """Decode an answer strictly, and where that fails each of its rows by itself.

    *Errors*: ``SourceContract`` for an answer that is no list of rows, and for one with a damaged
    row of which nobody can tell whose it is: any of the keys that are absent could be meant.
    """
    kind = cast("Hashable", shape.row)
    attribute = _attribute(kind, shape.key)
    try:
        answer: Any = decode_body(system, call, content_type, body, _envelope(shape.at, kind))
    except SourceContract as failure:
        rows = _salvaged(system, call, content_type, body, shape, frozenset(asked))
        if rows is None:
            raise failure from None
        return rows
    for step in range(len(shape.at)):
        answer = getattr(answer, f"f{step}")
    return Rows(system, call, [(getattr(row, attribute), row) for row in answer], {})


def _salvaged(
    system: str,
    call: str,
    content_type: str,
    body: bytes,
    shape: Shape[T],
    asked: frozenset[str],
) -> Rows[T] | None:
    part: Any = body
    try:
        for step in shape.at:
            part = one_decoder(dict[str, Raw]).decode(part)[step]
        rows = one_decoder(list[Raw]).decode(part)
    except _UNREADABLE:
        return None
    whole: list[tuple[str, T]] = []
    damaged: dict[str, SourceContract] = {}
    for raw in rows:
        try:
            key = one_decoder(str).decode(one_decoder(dict[str, Raw]).decode(raw)[shape.key])
        except _UNREADABLE:
            return None
        if key not in asked:
            return None
        try:
            whole.append((key, decode_body(system, call, content_type, bytes(raw), shape.row)))
        except SourceContract as failure:
            damaged[key] = failure
    return Rows(system, call, whole, damaged)


@lru_cache(maxsize=64)
def _envelope(at: tuple[str, ...], row: Hashable) -> type:
    """Make the type of what stands around a list of rows."""
    kind: Any = list[row]  # type: ignore[valid-type]
    for step in reversed(range(len(at))):
        name = f"f{step}"
        kind = msgspec.defstruct("Envelope", [(name, kind)], rename={name: at[step]}, frozen=True)
    return cast("type", kind)


@lru_cache(maxsize=64)
def _attribute(row: Hashable, key: str) -> str:
    fields = msgspec.structs.fields(cast("type[Struct]", row))
    return next(each.name for each in fields if each.encode_name == key)
