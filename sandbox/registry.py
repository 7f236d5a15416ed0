"""Finds contacts by what is known of them, through indexes of all of them."""

from collections.abc import Callable, Iterable

from sandbox.contact import fold, home_of, person_at
from sandbox.number import holder_of, index_of


class Registry:
    """All contacts of the CRM by their parts; each index holds positions in ascending order."""

    def __init__(self, contacts: int) -> None:
        # Before the first search: whoever asks first would not have the patience.
        self._count = contacts
        self._emails = self._index(_mails)
        self._phones = self._index(lambda index: _text(digits(person_at(index).phone or "")))
        self._births = self._index(_born)
        self._families = self._index(lambda index: [fold(person_at(index).family)])

    def by_email(self, text: str) -> list[int]:
        """Contacts with the address, in any case of letters."""
        return self._emails.get(text.strip().lower(), [])

    def by_phone(self, text: str) -> list[int]:
        """Contacts with the number, whatever is written between its digits."""
        return self._phones.get(digits(text), [])

    def by_birth(self, day: str) -> list[int]:
        """Contacts born on the day, written as ISO 8601."""
        return self._births.get(day, [])

    def by_name(self, family: str, given: str = "", postcode: str = "") -> list[int]:
        """Contacts whose names begin so, without regard to case and diacritics."""
        wanted, first = fold(family.strip()), fold(given.strip())
        found: Iterable[int] = self._families.get(wanted, [])
        if not found:
            starts = (names for name, names in self._families.items() if name.startswith(wanted))
            found = sorted(index for names in starts for index in names)
        return [
            index
            for index in found
            if fold(person_at(index).given).startswith(first)
            and (not postcode or home_of(index).postcode == postcode.strip())
        ]

    def by_kunnr(self, number: str) -> list[int]:
        """The contact with the ERP's customer number."""
        return _one(index_of(number, self._count))

    def by_card(self, number: str) -> list[int]:
        """The contact that holds the loyalty card."""
        return _one(holder_of(number, self._count))

    def _index(self, keys: Callable[[int], list[str]]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index in range(1, self._count + 1):
            for key in keys(index):
                found.setdefault(key, []).append(index)
        return found


def digits(phone: str) -> str:
    """The digits of a telephone number."""
    return "".join(filter(str.isdigit, phone))


def _mails(index: int) -> list[str]:
    person = person_at(index)
    return [mail.lower() for mail in (person.email, person.other_email) if mail]


def _born(index: int) -> list[str]:
    birth = person_at(index).birth
    return [birth.isoformat()] if birth else []


def _text(text: str) -> list[str]:
    return [text] if text else []


def _one(index: int | None) -> list[int]:
    return [] if index is None else [index]
