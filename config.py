"""Reads settings from a TOML file into the Structs that the rooms define, telling all problems."""

import difflib
import math
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, cast, get_args, get_origin

import msgspec
from msgspec import Meta

from domain.configuration import ConfigurationError, Problem
from domain.setting import LISTS, dotted, is_secret, is_struct, plain, wanted, words_of

T = TypeVar("T")

_PLACE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BAD: Final = object()


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
                self._refuse(dotted(key, name), "unknown key", allowed)
        values: dict[str, Any] = {}
        for name, field in fields.items():
            at = dotted(key, name)
            if name in table:
                value = (
                    self._variable(table[name], field.type, at)
                    if is_secret(field)
                    else self._value(table[name], field.type, at)
                )
                if value is not _BAD or field.required:
                    values[field.name] = value
            elif field.required:
                values[field.name] = self._refuse(at, "missing", f"write {wanted(field)}")
        if any(value is _BAD for value in values.values()):
            return _BAD
        try:
            return kind(**values)
        except ValueError as error:
            return self._refuse(key, "these settings do not fit together", str(error))

    def _value(self, found: object, annotation: Any, key: str) -> Any:
        inner, meta = plain(annotation)
        origin = get_origin(inner) or inner
        if inner is Any:
            return found
        if is_struct(inner):
            return self.table(found, inner, key)
        if origin is dict and isinstance(found, Mapping):
            kind = get_args(inner)[1] if get_args(inner) else Any
            named = {
                name: self._value(each, kind, dotted(key, name)) for name, each in found.items()
            }
            return _BAD if any(each is _BAD for each in named.values()) else named
        if origin in LISTS and isinstance(found, list):
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
            return self._refuse(key, f"found {_shown(found)}", f"write {words_of(inner, meta)}")
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
        inner, _ = plain(annotation)
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


def _shown(found: object) -> str:
    if isinstance(found, Mapping):
        return "a table"
    text = repr(found) if not isinstance(found, bool) else str(found).lower()
    return text if len(text) <= 80 else f"{text[:77]}..."
