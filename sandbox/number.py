"""The numbers that customers have with the ERP and on their loyalty cards."""

from sandbox.persona import CUSTOMER_INDEX, NEIGHBOUR_INDEX
from sandbox.seed import Draw

# A bijection on the numbers below this prime scatters the ERP's customer numbers, so that nobody
# can compute them from a contact's id and every link has to be read.
_PRIME = 100_003
_FACTOR = 7_919
_SHIFT = 31_415
_INVERSE = pow(_FACTOR, -1, _PRIME)
_FIRST_KUNNR = 2_000_000
# The same for the numbers on loyalty cards, which tills read.
_CARD_FACTOR = 6_841
_CARD_SHIFT = 27_182
_CARD_INVERSE = pow(_CARD_FACTOR, -1, _PRIME)
_CARD_PREFIX = "2990000"

NAMED = (CUSTOMER_INDEX, NEIGHBOUR_INDEX)
"""Customers whom the sandbox's pages name: of them nothing is left to chance."""


def kunnr_of(index: int) -> str | None:
    """The contact's customer number in the ERP, or None for one who never ordered by name."""
    if index not in NAMED and Draw("account", index).chance(6):
        return None
    return f"{_FIRST_KUNNR + (index * _FACTOR + _SHIFT) % _PRIME:010d}"


def index_of(kunnr: str, contacts: int) -> int | None:
    """The contact that has the customer number, or None."""
    if len(kunnr) != 10 or not kunnr.isascii() or not kunnr.isdigit():
        return None
    place = int(kunnr) - _FIRST_KUNNR
    if not 0 <= place < _PRIME:
        return None
    index = (place - _SHIFT) * _INVERSE % _PRIME
    return index if 1 <= index <= contacts and kunnr_of(index) == kunnr else None


def is_member(index: int) -> bool:
    """Whether the contact has joined the loyalty programme."""
    return index in NAMED or Draw("member", index).chance(74)


def card_of(index: int) -> str | None:
    """The number on the contact's loyalty card, or None for one who never joined."""
    if not is_member(index):
        return None
    return _card((index * _CARD_FACTOR + _CARD_SHIFT) % _PRIME)


def holder_of(card: str, contacts: int) -> int | None:
    """The contact that holds the card, or None."""
    if len(card) != 13 or not card.isascii() or not card.isdigit():
        return None
    place = int(card[len(_CARD_PREFIX) : 12])
    if place >= _PRIME or _card(place) != card:
        return None
    index = (place - _CARD_SHIFT) * _CARD_INVERSE % _PRIME
    return index if 1 <= index <= contacts and is_member(index) else None


def _card(place: int) -> str:
    digits = f"{_CARD_PREFIX}{place:05d}"
    weighed = sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"
