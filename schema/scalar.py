"""The scalars beside GraphQL's own."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from domain.money import MAX_MINOR

MinorUnits = NewType("MinorUnits", int)

_DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,9})?")


def _write_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_time(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"found {text!r}; write an RFC 3339 time with its zone")
    return moment.astimezone(UTC)


def _read_date(text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError(f"found {text!r}; write a date as 2026-01-31") from None


def _read_decimal(text: Any) -> Decimal:
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ValueError(f'found {text!r}; write a decimal number in quotes, as "12.50"')
    try:
        return Decimal(text)
    except InvalidOperation:  # pragma: no cover - the form above leaves nothing to refuse
        raise ValueError(f"found {text!r}") from None


def _read_minor(value: Any) -> int:
    if type(value) is not int or abs(value) > MAX_MINOR:
        raise ValueError(f"found {value!r}; write a whole number of minor units")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC, as RFC 3339 writes it: `2026-01-31T12:00:00.000Z`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_write_time,
        parse_value=_read_time,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day of the calendar, as ISO 8601 writes it: `2026-01-31`.",
        serialize=date.isoformat,
        parse_value=_read_date,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as text, never a float: `"12.50"`.',
        serialize=lambda value: format(value, "f"),
        parse_value=_read_decimal,
    ),
    MinorUnits: strawberry.scalar(
        name="MinorUnits",
        description="A whole number of a currency's smallest unit, within ±(2^53 - 1), which "
        "every JSON reader holds exactly.",
        serialize=int,
        parse_value=_read_minor,
    ),
}
