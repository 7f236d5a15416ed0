"""How the ERP writes numbers of materials, days and times."""

from datetime import date, datetime

_DAY = "%Y%m%d"
_LENGTH, _DAY_LENGTH, _TIME_LENGTH = 18, 8, 6


def short(number: str) -> str:
    """Take the leading zeros off a material's number. *Errors*: ``ValueError`` if it is none."""
    # Written out: an answer holds several for each variant.
    if len(number) == _LENGTH and number.isascii() and number.isdigit():
        plain = number.lstrip("0")
        if plain:
            return plain
    raise ValueError(f"a material's number has {_LENGTH} digits")


def is_short(number: str) -> bool:
    """Tell whether a text can be a material's number without its leading zeros."""
    return 0 < len(number) <= _LENGTH and _is_digits(number) and number[0] != "0"


def long(number: str) -> str:
    """Give a material's number back the zeros it is stored with."""
    return number.zfill(_LENGTH)


def day(text: str) -> date:
    """Read a day. *Errors*: ``ValueError`` if it is none."""
    if len(text) != _DAY_LENGTH or not _is_digits(text):
        raise ValueError("a day has eight digits")
    return date.fromisoformat(text)


def moment(day_text: str, time_text: str) -> datetime:
    """Read a day and a time of day, UTC. *Errors*: ``ValueError`` if they are none."""
    if (
        len(day_text) != _DAY_LENGTH
        or len(time_text) != _TIME_LENGTH
        or not _is_digits(day_text + time_text)
    ):
        raise ValueError("a day has eight digits and a time six")
    # strptime takes fifteen times as long, and an answer holds a moment for each order.
    return datetime.fromisoformat(f"{day_text}T{time_text}Z")


def moment_or_none(day_text: str, time_text: str) -> datetime | None:
    """Read a time that may not have come yet, which the ERP writes as zeros."""
    return None if day_text == "00000000" else moment(day_text, time_text)


def day_text(value: date) -> str:
    """Write a day."""
    return value.strftime(_DAY)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
