"""The days on which shops keep other hours than in their week."""

from datetime import date, timedelta
from functools import lru_cache

_SHORT_DAY = "0900-1400"
_TRADING = "1000-2000"

# Public holidays by country, as (month, day).
_FIXED = {
    "PL": {
        (1, 1): "Nowy Rok", (1, 6): "Trzech Króli", (5, 1): "Święto Pracy",
        (5, 3): "Święto Konstytucji 3 Maja", (8, 15): "Wniebowzięcie NMP",
        (11, 1): "Wszystkich Świętych", (11, 11): "Święto Niepodległości",
        (12, 24): "Wigilia", (12, 25): "Boże Narodzenie", (12, 26): "Drugi dzień świąt",
    },
    "DE": {
        (1, 1): "Neujahr", (5, 1): "Tag der Arbeit", (10, 3): "Tag der Deutschen Einheit",
        (12, 25): "1. Weihnachtstag", (12, 26): "2. Weihnachtstag",
    },
    "CZ": {
        (1, 1): "Nový rok", (5, 8): "Den vítězství", (9, 28): "Den české státnosti",
        (10, 28): "Vznik Československa", (12, 25): "1. svátek vánoční",
        (12, 26): "2. svátek vánoční",
    },
}  # fmt: skip
# Holidays that follow Easter, as days after it.
_MOVING = {
    "PL": {0: "Wielkanoc", 1: "Poniedziałek Wielkanocny", 60: "Boże Ciało"},
    "DE": {-2: "Karfreitag", 1: "Ostermontag", 39: "Himmelfahrt", 50: "Pfingstmontag"},
    "CZ": {-2: "Velký pátek", 1: "Velikonoční pondělí"},
}
# Open, and shorter than usual.
_SHORT = {
    "PL": {(12, 31): "Sylwester"},
    "DE": {(12, 24): "Heiligabend", (12, 31): "Silvester"},
    "CZ": {(12, 24): "Štědrý den", (12, 31): "Silvestr"},
}


@lru_cache(maxsize=64)
def special_days(country: str, first: date, days: int) -> tuple[dict[str, str | None], ...]:
    """Dates with their hours, None when closed, in order, over so many days."""
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        special = _special(country, day)
        if special is not None:
            name, hours = special
            found.append({"date": day.isoformat(), "hours": hours, "name": name})
    return tuple(found)


def _special(country: str, day: date) -> tuple[str, str | None] | None:
    key = (day.month, day.day)
    name = _FIXED[country].get(key) or _MOVING[country].get((day - easter(day.year)).days)
    if name is not None:
        return name, None
    if key in _SHORT[country] and day.weekday() != 6:
        return _SHORT[country][key], _SHORT_DAY
    # In Poland shops may open on the three Sundays before Christmas Eve.
    if country == "PL" and day.weekday() == 6 and 3 <= (date(day.year, 12, 24) - day).days < 21:
        return "Niedziela handlowa", _TRADING
    return None


def easter(year: int) -> date:
    """Easter Sunday.

    *Source*: the anonymous Gregorian algorithm (Nature, 20 April 1876).
    """
    golden, century = year % 19, year // 100
    leaps, rest = century // 4, century % 4
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * rest + 2 * (year % 100 // 4) - moon - year % 100 % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)
