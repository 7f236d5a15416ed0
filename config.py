"""Reads settings from a TOML file into the Structs that the rooms define, telling all problems."""

import difflib
import math
import os
import re
import tomllib
import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from domain.configuration import ConfigurationError, Problem

T = TypeVar("T")

_PLACE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LISTS = (list, tuple, set, frozenset)
_BAD: Final = object()


class Setting(Struct, frozen=True):
    """One key that a configuration may have.

    *Shape*: ``key`` is dotted, with ``NAME`` where the file chooses a name; ``default`` is as one
    would write it, None where the key must be there.
    """

    key: str
    type: str
    default: str | None
    description: str


def load(path: str | os.PathLike[str], kind: type[T], environment: Mapping[str, str]) -> T:
    """Read a configuration file.

    *Errors*: ``ConfigurationError`` with everything that is wrong with it.
    """
    file = Path(path)
    try:
        table = tomllib.loads(file.read_bytes().decode())
    except FileNotFoundError:
        problem = Problem("", "there is no such file", "write it, or name another one", str(file))
        raise ConfigurationError([problem]) from None
    except OSError as error:
        problem = Problem(
            "", f"it cannot be read ({error.strerror})", "make it readable", str(file)
        )
        raise ConfigurationError([problem]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem("", f"line {line} is not UTF-8", "save it as UTF-8", str(file))
        raise ConfigurationError([problem]) from None
    except tomllib.TOMLDecodeError as error:
        problem = Problem("", f"it is not TOML: {error}", "correct that line (toml.io)", str(file))
        raise ConfigurationError([problem]) from None
    return read(table, kind, environment=environment, file=str(file))


def read(
    table: Mapping[str, Any],
    kind: type[T],
    key: str = "",
    *,
    environment: Mapping[str, str],
    file: str | None = None,
) -> T:
    """Read one table, which stands at ``key``, into a Struct.

    A text may hold ``${NAME}`` or ``${NAME:-default}`` of the environment. A key that ends in
    ``_env`` holds the name of a variable, whose value is parsed as the field's type says. What
    the Struct declares as ``Any`` is handed on as it stands, for its owner to read.
    *Errors*: ``ConfigurationError`` with everything that is wrong.
    """
    reader = _Reader(environment, file)
    value = reader.table(table, kind, key)
    if reader.problems:
        raise ConfigurationError(reader.problems, None if value is _BAD else value)
    return cast("T", value)


def describe(kind: type, key: str = "") -> list[Setting]:
    """List every key that a configuration of this kind may have, in order."""
    settings: list[Setting] = []
    for field in msgspec.structs.fields(kind):
        at = _join(key, field.encode_name)
        inner, meta = _plain(field.type)
        description = next((each.description for each in meta if each.description), "")
        nested, at_nested = inner, at
        if get_origin(inner) is dict:
            nested, at_nested = _plain(get_args(inner)[1])[0], _join(at, "NAME")
        elif get_origin(inner) in _LISTS:
            nested, at_nested = _plain(get_args(inner)[0])[0], f"{at}[]"
        if _is_struct(nested):
            settings += describe(nested, at_nested)
            continue
        default = None if field.required else _written(_default(field))
        words = "the name of an environment variable" if _is_secret(field) else _words(inner, meta)
        settings.append(Setting(at, words, default, description))
    return settings


class _Reader:
    """Walks a table and its Struct side by side, noting every problem on the way."""

    def __init__(self, environment: Mapping[str, str], file: str | None) -> None:
        self._environment = environment
        self._file = file
        self.problems: list[Problem] = []

    def table(self, table: object, kind: type, key: str) -> Any:
        if not isinstance(table, Mapping):
            return self._refuse(key, f"found {_shown(table)}", f"write a table [{key}]")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for name in table:
            if name not in fields:
                near = difflib.get_close_matches(str(name), fields, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                allowed = f"{hint}allowed here: {', '.join(fields) or 'no keys'}"
                self._refuse(_join(key, name), "unknown key", allowed)
        values: dict[str, Any] = {}
        for name, field in fields.items():
            at = _join(key, name)
            if name in table:
                value = (
                    self._variable(table[name], field.type, at)
                    if _is_secret(field)
                    else self._value(table[name], field.type, at)
                )
                if value is not _BAD or field.required:
                    values[field.name] = value
            elif field.required:
                values[field.name] = self._refuse(at, "missing", f"write {_wanted(field)}")
        if any(value is _BAD for value in values.values()):
            return _BAD
        try:
            return kind(**values)
        except ValueError as error:
            return self._refuse(key, "these settings do not fit together", str(error))

    def _value(self, found: object, annotation: Any, key: str) -> Any:
        inner, meta = _plain(annotation)
        origin = get_origin(inner) or inner
        if inner is Any:
            return found
        if _is_struct(inner):
            return self.table(found, inner, key)
        if origin is dict and isinstance(found, Mapping):
            kind = get_args(inner)[1] if get_args(inner) else Any
            named = {
                name: self._value(each, kind, _join(key, name)) for name, each in found.items()
            }
            return _BAD if any(each is _BAD for each in named.values()) else named
        if origin in _LISTS and isinstance(found, list):
            kind = get_args(inner)[0] if get_args(inner) else Any
            items = [self._value(each, kind, f"{key}[{i}]") for i, each in enumerate(found)]
            if any(each is _BAD for each in items):
                return _BAD
            return self._leaf(found, items, origin, meta, key)
        return self._text(found, inner, meta, key)

    def _text(self, found: object, inner: Any, meta: list[Meta], key: str) -> Any:
        text = found
        if isinstance(found, str) and (text := self._expand(found, key)) is _BAD:
            return _BAD
        parse = getattr(inner, "parse", None)
        if parse is None:
            return self._leaf(found, text, inner, meta, key)
        try:
            return parse(text)
        except (ValueError, TypeError) as error:
            reason = str(error).replace(repr(text), _shown(found))
            return self._refuse(
                key, f"found {_shown(found)}", reason.removeprefix(f"found {_shown(found)}; ")
            )

    def _leaf(self, found: object, value: object, inner: Any, meta: list[Meta], key: str) -> Any:
        checked = inner
        for each in meta:
            checked = Annotated[checked, each]
        try:
            # The environment knows texts only; "8000" is a number where one is wanted.
            result = msgspec.convert(value, checked, strict=value is found or inner is str)
            if isinstance(result, float) and not math.isfinite(result):
                raise ValueError
        except ValueError:
            return self._refuse(key, f"found {_shown(found)}", f"write {_words(inner, meta)}")
        return result

    def _expand(self, text: str, key: str) -> Any:
        missing: list[str] = []

        def put(place: re.Match[str]) -> str:
            name, mark, default = place[1].partition(":-")
            if not _VARIABLE.fullmatch(name):
                missing.append(f"${{{place[1]}}} does not name a variable")
                return ""
            value = self._environment.get(name)
            # As in a shell, ":-" stands in for an empty variable too.
            if mark and not value:
                return default
            if value is None:
                missing.append(f"the environment variable {name} is not set")
                return ""
            return value

        expanded = _PLACE.sub(put, text)
        for each in missing:
            self._refuse(key, each, "set it, or write ${NAME:-default}")
        return _BAD if missing else expanded

    def _variable(self, name: object, annotation: Any, key: str) -> Any:
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            # Whatever stands here instead may be the secret itself.
            return self._refuse(
                key,
                "found something that is not a variable's name",
                "write the name of the environment variable that holds the value",
            )
        inner, _ = _plain(annotation)
        text = self._environment.get(name, "")
        if not text:
            state = "is empty" if name in self._environment else "is not set"
            return self._refuse(key, f"the environment variable {name} {state}", "set it")
        try:
            return inner.parse(text)
        except ValueError as error:
            reason = str(error).replace(text, "***")
            return self._refuse(key, f"the environment variable {name} cannot be used", reason)

    def _refuse(self, key: str, found: str, allowed: str) -> Any:
        self.problems.append(Problem(key, found, allowed, self._file))
        return _BAD


def _plain(annotation: Any) -> tuple[Any, list[Meta]]:
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


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _is_secret(field: msgspec.structs.FieldInfo) -> bool:
    return field.name.endswith("_env") and hasattr(_plain(field.type)[0], "parse")


def _join(key: str, name: str) -> str:
    if not _BARE.fullmatch(name):
        name = f'"{name}"'
    return f"{key}.{name}" if key else name


def _shown(found: object) -> str:
    if isinstance(found, Mapping):
        return "a table"
    text = repr(found) if not isinstance(found, bool) else str(found).lower()
    return text if len(text) <= 80 else f"{text[:77]}..."


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


def _wanted(field: msgspec.structs.FieldInfo) -> str:
    inner, meta = _plain(field.type)
    words = "the name of an environment variable" if _is_secret(field) else _words(inner, meta)
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


def _words(inner: Any, meta: list[Meta]) -> str:
    """Say in words what may stand for a type."""
    origin = get_origin(inner) or inner
    if origin is Literal:
        words = "one of " + ", ".join(map(_written, get_args(inner)))
    elif isinstance(inner, type) and issubclass(inner, Enum):
        words = "one of " + ", ".join(map(_written, inner))
    elif origin in _LISTS:
        element = _plain(get_args(inner)[0])[0] if get_args(inner) else Any
        words = f"a list, each of it {_words(element, [])}"
    elif get_origin(inner) in (Union, types.UnionType):
        words = " or ".join(_words(*_plain(each)) for each in get_args(inner))
    elif _is_struct(inner):
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
