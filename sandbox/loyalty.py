"""Loyalty accounts, whose ledgers follow from the orders their owners placed."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from sandbox.contact import Contact, contact_at
from sandbox.order import Orders
from sandbox.seed import Draw

_WELCOME = 50
_VOUCHER = 200
_PER_POINT = {"PLN": 1_000, "EUR": 250, "CZK": 6_000}
TIERS = ((0, "BRZ"), (300, "SLV"), (1_000, "GLD"), (3_000, "PLT"))


class Entry(NamedTuple):
    """One row of a ledger: points earned, redeemed or taken back."""

    number: int
    kind: str
    points: int
    at: datetime
    order: str | None


class Account(NamedTuple):
    """A loyalty account; the points are the sum of its ledger."""

    contact: Contact
    points: int
    lifetime: int
    tier: str
    joined: datetime
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        return f"LA-{self.contact.position:06d}"


class Loyalty:
    """The accounts of all contacts, built on demand."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self.account = lru_cache(maxsize=32_768)(self._account)

    def _account(self, position: int) -> Account | None:
        """The account of the contact at the position, or None for one who never joined."""
        contact = contact_at(position)
        if not contact.member:
            return None
        draw = Draw("loyalty", contact.position)
        rows: list[tuple[str, int, datetime, str | None]] = [
            ("welcome", _WELCOME, contact.created, None)
        ]
        points = _WELCOME
        for index in self._orders.of_contact(contact.position):
            order = self._orders.order(index)
            earned = order.gross // _PER_POINT[order.organisation.currency]
            if earned:
                rows.append(("earn", earned, order.at, order.number))
                points += earned
            if earned and order.state == "CANCELLED":
                taken_back = order.at + timedelta(hours=20)
                rows.append(("adjust", -earned, taken_back, order.number))
                points -= earned
            if points >= _VOUCHER and draw.chance(25):
                rows.append(("redeem", -_VOUCHER, order.at + timedelta(hours=1), order.number))
                points -= _VOUCHER
        rows.sort(key=lambda row: row[2])
        entries = tuple(Entry(number + 1, *row) for number, row in enumerate(rows))
        lifetime = sum(e.points for e in entries if e.kind in ("welcome", "earn", "adjust"))
        tier = [name for least, name in TIERS if lifetime >= least][-1]
        return Account(contact, points, lifetime, tier, contact.created, entries)
