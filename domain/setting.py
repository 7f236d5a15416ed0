"""What settings there may be, said in words: for messages, and for the pages that list them."""

import re
import types
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

_BARE = re.compile(r"[A-Za-z0-9_-]+")
LISTS = (list, tuple, set, frozenset)
"""What a list in the file may be to its owner."""


class Setting(Struct, frozen=True):
    """One key that a configuration may have.

    *Shape*: ``key`` is dotted, with ``NAME`` where the file chooses a name; ``default`` is as one
    would write it, None where the key must be there.
    """

    key: str
    type: str
    default: str | None
    description: str


def describe(kind: type, key: str = "") -> list[Setting]:
    """List every key that a configuration of this kind may have, in order."""
    settings: list[Setting] = []
    for field in msgspec.structs.fields(kind):
        at = dotted(key, field.encode_name)
        inner, meta = plain(field.type)
        description = next((each.description for each in meta if each.description), "")
        nested, at_nested = inner, at
        if get_origin(inner) is dict:
            nested, at_nested = plain(get_args(inner)[1])[0], dotted(at, "NAME")
        elif get_origin(inner) in LISTS:
            nested, at_nested = plain(get_args(inner)[0])[0], f"{at}[]"
        if is_struct(nested):
            settings += describe(nested, at_nested)
            continue
        default = None if field.required else _written(_default(field))
        words = "the name of an environment variable" if is_secret(field) else words_of(inner, meta)
        settings.append(Setting(at, words, default, description))
    return settings


def plain(annotation: Any) -> tuple[Any, list[Meta]]:
    """Take off what stands around a type: Annotated, and None as the alternative."""
    meta: list[Meta] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *around = get_args(annotation)
            meta += [each for each in around if isinstance(each, Meta)]
            continue
        if get_origin(annotation) in (Union, types.UnionType):
            others = [each for each in get_args(annotation) if each is not types.NoneType]
            if len(others) == 1:
                annotation = others[0]
                continue
        return annotation, meta


def is_struct(kind: Any) -> bool:
    """Whether a table of its own is meant."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def is_secret(field: msgspec.structs.FieldInfo) -> bool:
    """Whether a setting is the name of a variable that holds a secret."""
    return field.name.endswith("_env") and hasattr(plain(field.type)[0], "parse")


def dotted(key: str, name: str) -> str:
    """Write a key below another one."""
    if not _BARE.fullmatch(name):
        name = f'"{name}"'
    return f"{key}.{name}" if key else name


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default


def _written(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return f'"{value.value}"'
    return f'"{value}"' if type(value) is str else str(value)


def wanted(field: msgspec.structs.FieldInfo) -> str:
    """Say in words what may stand for a setting, and what it is for."""
    inner, meta = plain(field.type)
    words = "the name of an environment variable" if is_secret(field) else words_of(inner, meta)
    description = next((each.description for each in meta if each.description), None)
    return f"{words}: {description}" if description else words


_NAMES = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    Any: "anything",
}
_BOUNDS = (
    ("ge", "at least {}"),
    ("gt", "above {}"),
    ("le", "at most {}"),
    ("lt", "below {}"),
    ("multiple_of", "a multiple of {}"),
    ("pattern", "matching {}"),
    ("min_length", "of at least {}"),
    ("max_length", "of at most {}"),
)


def words_of(inner: Any, meta: list[Meta]) -> str:
    """Say in words what may stand for a type."""
    origin = get_origin(inner) or inner
    if origin is Literal:
        words = "one of " + ", ".join(map(_written, get_args(inner)))
    elif isinstance(inner, type) and issubclass(inner, Enum):
        words = "one of " + ", ".join(map(_written, inner))
    elif origin in LISTS:
        element = plain(get_args(inner)[0])[0] if get_args(inner) else Any
        words = f"a list, each of it {words_of(element, [])}"
    elif get_origin(inner) in (Union, types.UnionType):
        words = " or ".join(words_of(*plain(each)) for each in get_args(inner))
    elif is_struct(inner):
        words = "a table"
    else:
        words = _NAMES.get(origin) or f"a {getattr(origin, '__name__', str(origin)).lower()}"
    limits = [
        text.format(bound)
        for each in meta
        for name, text in _BOUNDS
        if (bound := getattr(each, name)) is not None
    ]
    return f"{words}, {' and '.join(limits)}" if limits else words
