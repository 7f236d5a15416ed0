"""Rows of an answer: a damaged one costs what it is about, and nothing beside it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from msgspec import Raw, Struct, json, structs

from adapters._body import Contract, decode_body, one_decoder
from adapters._outcome import log_missing
from domain.ask import Ask
from domain.errors import Failure, SourceContract, SourceFailure
from domain.partial import Partial

T = TypeVar("T")
V = TypeVar("V")

_UNREADABLE = (ValueError, LookupError, RecursionError)
_NONSENSE = (*_UNREADABLE, ArithmeticError)


class Rows(Struct, frozen=True):
    """Where rows stand in an answer.

    *Shape*: ``at`` leads to the list from the outside in, by the wire's names; ``keys`` lead from
    a row to the texts (numbers, where they are ``numbered``) that tell what it is about, a slash
    between steps, also through lists; ``inside`` are lists in each row that are rows themselves.
    """

    at: tuple[str, ...]
    keys: tuple[str, ...] = ()
    inside: tuple["Rows", ...] = ()
    numbered: bool = False


class Damaged(NamedTuple):
    """Stands in a list for a row that could not be read: what it is about, and what is wrong."""

    keys: tuple[str, ...]
    failure: SourceContract


class _Salvaged(list[Any]):
    """A list some of whose rows are ``Damaged``; only the functions of this module look."""


def decode_rows(
    system: str,
    call: str,
    content_type: str,
    body: bytes,
    kind: type[T],
    rows: Sequence[Rows],
) -> T:
    """Decode an answer strictly, and where that fails each of its rows by itself.

    *Shape*: in a list of rows ``Damaged`` stands for each that could not be read, to be taken out
    by ``told`` or ``by_key``.
    *Errors*: ``SourceContract`` for an answer that is broken beside its rows.
    """
    try:
        return decode_body(system, call, content_type, body, kind)
    except SourceContract as failure:
        if not rows or "html" in content_type.lower():
            raise
        mended: T | None = _mended(_Wire(system, call), body, kind, rows)
        if mended is None:
            raise failure from None
        return mended


def told(
    system: str,
    call: str,
    rows: Sequence[T],
    whose: Callable[[T], Collection[str]],
    translate: Callable[[T], V],
) -> list[tuple[Collection[str], V | SourceContract]]:
    """Translate each row in its place; one that is damaged, or makes no sense, is its failure.

    *Shape*: with each stands what it is about, as ``whose`` tells it of a row that could be read.
    """
    if type(rows) is not _Salvaged:
        try:
            return [(whose(row), translate(row)) for row in rows]
        except (*_NONSENSE, SourceContract):
            pass  # which one it was shows when each is read by itself
    found: list[tuple[Collection[str], V | SourceContract]] = []
    for row in rows:
        if isinstance(row, Damaged):
            found.append((row.keys, row.failure))
            continue
        try:
            with Contract(system, call):
                found.append((whose(row), translate(row)))
        except SourceContract as failure:
            found.append((whose(row), failure))
    return found


def by_key(
    system: str,
    call: str,
    rows: Sequence[T],
    whose: Callable[[T], Collection[str]],
    translate: Callable[[T], V],
    asked: Collection[str],
) -> dict[str, V | SourceContract]:
    """Translate rows that are about the keys asked for; a damaged one is its own keys' failure.

    *Shape*: ``asked`` in the system's own words; what nobody asked for is left out.
    *Errors*: ``SourceContract`` where a row does not tell what it is about: any of the keys that
    are absent could be meant, and absent means that there is none.
    """
    wanted = frozenset(asked)
    found: dict[str, V | SourceContract] = {}
    for keys, value in told(system, call, rows, whose, translate):
        own = wanted.intersection(keys)
        if not own and isinstance(value, SourceContract):
            raise value
        for key in own:
            found[key] = value
    return found


def readable(items: Iterable[T | Failure], system: str, ask: Ask) -> Sequence[T] | Failure:
    """Keep of one system's list what could be read, and log what could not.

    *Shape*: ``Partial`` where something could not; the failure where nothing could.
    """
    whole: list[T] = []
    failure: Failure | None = None
    for item in items:
        if isinstance(item, Failure):
            failure = item
        else:
            whole.append(item)
    if failure is None:
        return tuple(whole)
    if not whole:
        return failure
    if isinstance(failure, SourceFailure):
        log_missing(failure, ask)
    return Partial(whole, (system,))


def joined(parts: Sequence[Sequence[T]]) -> Sequence[T]:
    """Make one list of rows of several; the damaged ones stay what they are."""
    return _Salvaged(row for part in parts for row in part)


def undamaged(rows: Sequence[T]) -> list[T]:
    """Leave out the rows that could not be read."""
    return [row for row in rows if not isinstance(row, Damaged)]


class _Wire(NamedTuple):
    system: str
    call: str


def _mended(wire: _Wire, part: bytes | Raw, kind: Any, rows: Sequence[Rows]) -> Any | None:
    """Decode an object whose lists of rows are damaged; None where it is damaged elsewhere too."""
    try:
        bare = _emptied(part, rows)
        whole = decode_body(wire.system, wire.call, "", bare, kind)
        return _filled(wire, whole, part, kind, rows)
    except (*_UNREADABLE, SourceContract):
        return None


def _emptied(part: bytes | Raw, rows: Sequence[Rows]) -> bytes:
    """Write an object again with nothing in its lists of rows."""
    tree = one_decoder(dict[str, Raw]).decode(part)
    for name, below in _steps(rows):
        if name in tree:
            empty = b"[]" if isinstance(below, Rows) else _emptied(tree[name], below)
            tree[name] = Raw(empty)
    return json.encode(tree)


def _filled(wire: _Wire, whole: Any, part: bytes | Raw, kind: Any, rows: Sequence[Rows]) -> Any:
    """Put the rows that can be read into an object, and a mark in the place of each other."""
    tree = one_decoder(dict[str, Raw]).decode(part)
    changes: dict[str, Any] = {}
    for name, below in _steps(rows):
        if name not in tree:
            continue
        attribute, inner = _field(kind, name)
        if isinstance(below, Rows):
            item = get_args(inner)[0]
            raws = one_decoder(list[Raw]).decode(tree[name])
            changes[attribute] = _Salvaged(_row(wire, raw, item, below) for raw in raws)
        else:
            value = getattr(whole, attribute)
            changes[attribute] = _filled(wire, value, tree[name], inner, below)
    return structs.replace(whole, **changes)


def _row(wire: _Wire, raw: Raw, kind: Any, rows: Rows) -> Any:
    body = bytes(raw)
    try:
        return decode_body(wire.system, wire.call, "", body, kind)
    except SourceContract as failure:
        mended = _mended(wire, body, kind, rows.inside) if rows.inside else None
        if mended is not None:
            return mended
        return Damaged(tuple(_keys(body, rows)), failure)


def _keys(body: bytes, rows: Rows) -> Iterator[str]:
    """Read what a damaged row is about, as far as it says."""
    try:
        row = json.decode(body)
    except _UNREADABLE:
        return
    for path in rows.keys:
        *steps, last = path.split("/")
        values = [row]
        for step in steps:
            values = [inner for each in _at(values, step) for inner in _listed(each)]
        values = _at(values, last)
        yield from (str(each) for each in values if type(each) is (int if rows.numbered else str))


def _at(values: Iterable[Any], step: str) -> list[Any]:
    return [each.get(step) for each in values if isinstance(each, Mapping)]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else (value,)


def _steps(rows: Sequence[Rows]) -> Iterator[tuple[str, Rows | list[Rows]]]:
    """Part places by their first step: a list of rows itself, or an object that holds some."""
    below: dict[str, list[Rows]] = {}
    for each in rows:
        first, *rest = each.at
        if rest:
            below.setdefault(first, []).append(structs.replace(each, at=tuple(rest)))
        else:
            yield first, each
    yield from below.items()


@lru_cache(maxsize=256)
def _field(kind: Any, name: str) -> tuple[str, Any]:
    """Find a field by the wire's name: its own name, and its type without what may stand for it."""
    field = next(each for each in structs.fields(kind) if each.encode_name == name)
    kinds = [field.type, *get_args(field.type)]
    found = next((each for each in kinds if get_origin(each) is list), field.type)
    return field.name, found
