"""The retailer's orders, drawn on demand from the same catalogue, prices and customers."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple

from sandbox.catalogue import Catalogue
from sandbox.clock import TODAY
from sandbox.contact import country_of
from sandbox.number import card_of, kunnr_of
from sandbox.persona import CUSTOMER_INDEX, CUSTOMER_ORDERS, CUSTOMER_RECEIPTS
from sandbox.place import Site
from sandbox.price import BY_COUNTRY, Organisation, Tax, split_tax, unit_prices
from sandbox.seed import Draw

FIRST_ORDER = 4_500_000_001
GUEST_KUNNR = "0000099999"

_DAYS = 730
# Sold at tills after the ERP's last booking: one for so many orders, and not fewer than so many.
_UNBOOKED_SHARE = 100
_UNBOOKED = 12
_TILLS = 4
_LAST_HOUR = time(19, 0, 1)
_TRIES = 400
_CHANNELS = (("POS", 0.45), ("WEB", 0.74), ("APP", 0.9), ("AGENT", 0.94), ("MARKETPLACE", 1.0))
_DELIVERY = {"PLN": (1_499, 25_000), "EUR": (499, 6_000), "CZK": (9_900, 150_000)}


class Item(NamedTuple):
    """One line: amounts are gross minor units for the whole line; discount is not negative."""

    style: int
    variant: int
    quantity: int
    amount: int
    discount: int
    tax: Tax
    rejected: bool

    @property
    def gross(self) -> int:
        return self.amount - self.discount


class Charge(NamedTuple):
    """The part of the delivery charge that follows the goods of one tax code, gross."""

    amount: int
    tax: Tax


class Order(NamedTuple):
    """One sales order.

    *Shape*: `state` is OPEN, PARTIAL, DONE or CANCELLED; `channel` POS, WEB, APP, AGENT or
    MARKETPLACE. What was sold at a till also has a receipt.
    """

    position: int
    contact: int | None
    organisation: Organisation
    channel: str
    at: datetime
    state: str
    site: str
    items: tuple[Item, ...]
    charges: tuple[Charge, ...]

    @property
    def number(self) -> str:
        return f"{FIRST_ORDER + self.position:010d}"

    @property
    def kunnr(self) -> str:
        return (kunnr_of(self.contact) if self.contact else None) or GUEST_KUNNR

    @property
    def till(self) -> int:
        return 1 + self.position % _TILLS

    @property
    def receipt(self) -> str | None:
        """The number on the receipt, for what was sold at a till."""
        if self.channel != "POS":
            return None
        return f"{self.site}-{self.till:02d}-{self.position + 1:06d}"

    @property
    def card(self) -> str | None:
        """The loyalty card that the till was shown."""
        return card_of(self.contact) if self.contact and self.channel == "POS" else None

    @property
    def gross(self) -> int:
        return sum(i.gross for i in self.items) + sum(c.amount for c in self.charges)

    @property
    def net(self) -> int:
        lines = sum(split_tax(item.gross, item.tax.rate)[0] for item in self.items)
        return lines + sum(split_tax(c.amount, c.tax.rate)[0] for c in self.charges)


class Orders:
    """All orders by index, oldest first, and by contact.

    *Shape*: the first `count` are in the ERP's books; those from there up to `sold` were sold at
    tills since the last booking.
    """

    def __init__(
        self, catalogue: Catalogue, sites: tuple[Site, ...], contacts: int, orders: int
    ) -> None:
        self.count = orders
        self.sold = orders + max(_UNBOOKED, orders // _UNBOOKED_SHARE)
        self._catalogue = catalogue
        self._contacts = contacts
        self._stores = {
            country: tuple(s.code for s in sites if s.kind == "S" and s.country == country)
            for country in BY_COUNTRY
        }
        self._persona_step = orders // CUSTOMER_ORDERS
        self._orders: dict[int, Order] = {}

    def find(self, number: str) -> Order | None:
        """The order with this number, or None."""
        if len(number) != 10 or not number.isascii() or not number.isdigit():
            return None
        index = int(number) - FIRST_ORDER
        return self.order(index) if 0 <= index < self.count else None

    def sale(self, receipt: str) -> Order | None:
        """What was sold with this receipt, or None."""
        digits = receipt[-6:]
        if not digits.isascii() or not digits.isdigit() or not 1 <= int(digits) <= self.sold:
            return None
        found = self.order(int(digits) - 1)
        return found if found.receipt == receipt else None

    def order(self, index: int) -> Order:
        """The order at the index."""
        found = self._orders.get(index)
        if found is None:
            found = self._orders[index] = self._draw(index)
        return found

    def of_contact(self, contact: int) -> list[int]:
        """Indices of the contact's orders in the books, oldest first."""
        return [index for index in self._by_contact.get(contact, []) if index < self.count]

    def sales_to(self, contact: int) -> list[Order]:
        """What the contact bought at tills, oldest first, booked or not."""
        orders = map(self.order, self._by_contact.get(contact, []))
        return [order for order in orders if order.channel == "POS"]

    @cached_property
    def _by_contact(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for index in range(self.sold):
            contact = self._contact(index)
            if contact is not None:
                found.setdefault(contact, []).append(index)
        return found

    def _contact(self, index: int) -> int | None:
        if index >= self.sold - CUSTOMER_RECEIPTS:
            return CUSTOMER_INDEX
        slot, offset = divmod(index, self._persona_step)
        if offset == self._persona_step - 1 and slot < CUSTOMER_ORDERS:
            return CUSTOMER_INDEX
        draw = Draw("buyer", index)
        if draw.chance(7):
            return None
        # The power makes a few buy often and many once; the stride keeps the few from being the
        # first contacts in the book.
        rank = int(self._contacts * draw.share() ** 1.4)
        contact = 1 + rank * 7_919 % self._contacts
        while contact == CUSTOMER_INDEX or kunnr_of(contact) is None:
            contact = contact % self._contacts + 1
        return contact

    def _draw(self, index: int) -> Order:
        draw = Draw("order", index)
        contact = self._contact(index)
        home = "PL" if draw.chance(85) else "DE"
        organisation = BY_COUNTRY[country_of(contact) if contact else home]
        at = self._moment(index, draw)
        share = draw.share()
        channel = next(name for name, top in _CHANNELS if share < top)
        if index >= self.count:
            channel = "POS"
        items = self._items(draw, organisation, at.date(), channel)
        state, items = _state(draw, at.date(), channel, items)
        store = draw.pick(self._stores[organisation.country] or self._stores["PL"])
        from_store = channel == "POS" or draw.chance(20)
        charges: tuple[Charge, ...] = ()
        if channel != "POS" and not draw.chance(30):
            charges = _charges(items, organisation.currency)
        warehouse = "CDC1" if draw.chance(70) else "CDC2"
        return Order(
            index, contact, organisation, channel, at, state,
            store if from_store else warehouse, items, charges,
        )  # fmt: skip

    def _moment(self, index: int, draw: Draw) -> datetime:
        if index >= self.count:
            # The shops' last hour, after the ERP has closed its books for the day.
            share = (index - self.count) / (self.sold - self.count)
            return datetime.combine(TODAY, _LAST_HOUR, UTC) + timedelta(seconds=int(share * 3_500))
        # Trade grows: the second half of the orders falls into the last two fifths of the days.
        days = _DAYS * (1 - ((index + 0.5) / self.count) ** 0.75)
        day = TODAY - timedelta(days=int(days))
        following = TODAY - timedelta(days=int(_DAYS * (1 - ((index + 1.5) / self.count) ** 0.75)))
        # Numbers are given in order of time, so within a day the hour follows the position.
        fraction = 1 - days % 1
        if following == day:
            seconds = int(fraction * 43_200)
        else:
            seconds = min(43_199, int(fraction * 43_200) + draw.below(60))
        return datetime.combine(day, time(7), UTC) + timedelta(seconds=seconds)

    def _items(
        self, draw: Draw, organisation: Organisation, day: date, channel: str
    ) -> tuple[Item, ...]:
        loyal = draw.chance(12)
        found: dict[tuple[int, int], Item] = {}
        for _ in range(1 + draw.below(3) + (draw.below(4) if channel != "POS" else 0)):
            item = self._item(draw, organisation, day, loyal)
            found.setdefault((item.style, item.variant), item)
        return tuple(found.values())

    def _item(self, draw: Draw, organisation: Organisation, day: date, loyal: bool) -> Item:
        for _ in range(_TRIES):
            style = self._catalogue.style(draw.below(self._catalogue.count))
            variant = draw.below(style.variants)
            if style.created > day:
                continue
            prices = unit_prices(style, variant, organisation, day)
            if prices is not None:
                break
        else:
            raise RuntimeError(f"no article was on sale in {organisation.code} on {day}")
        quantity = 2 if draw.chance(12) else 1
        amount = prices[1] * quantity
        return Item(
            style.position, variant, quantity, amount, amount // 10 if loyal else 0,
            organisation.taxes[style.category.tax], False,
        )  # fmt: skip


def _state(
    draw: Draw, day: date, channel: str, items: tuple[Item, ...]
) -> tuple[str, tuple[Item, ...]]:
    if channel == "POS":
        return "DONE", items
    age = (TODAY - day).days
    if draw.chance(5):
        return "CANCELLED", tuple(item._replace(rejected=True) for item in items)
    if age <= 4:
        return "OPEN", items
    if age <= 9 and len(items) > 1:
        return "PARTIAL", items
    return "DONE", items


def _charges(items: tuple[Item, ...], currency: str) -> tuple[Charge, ...]:
    charge, free_from = _DELIVERY[currency]
    by_tax: dict[Tax, int] = {}
    for item in items:
        by_tax[item.tax] = by_tax.get(item.tax, 0) + item.gross
    goods = sum(by_tax.values())
    if goods >= free_from:
        return ()
    shares = {tax: charge * gross // goods for tax, gross in by_tax.items()}
    shares[max(by_tax, key=lambda tax: by_tax[tax])] += charge - sum(shares.values())
    return tuple(Charge(amount, tax) for tax, amount in shares.items())
