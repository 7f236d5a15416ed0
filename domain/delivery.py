"""Delivery groups of a cart: which of its lines come together, and how."""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils import uuid7

from domain.carriage import DeliveryMode, Method
from domain.cart import Cart, CartInput, CartLine, Rules
from domain.entry import DeliveryChoice, Entry, Touch
from domain.errors import BadInput
from domain.line import check_keys, conflict_of, full
from domain.location import Address, Location, LocationService
from domain.outcome import UserError
from domain.personal import HIDDEN

_MAX_LINES, _MAX_TEXT = 5, 100
_POSTAL_CODES = {
    "PL": re.compile(r"[0-9]{2}-[0-9]{3}"),
    "DE": re.compile(r"[0-9]{5}"),
    "CZ": re.compile(r"[0-9]{3} ?[0-9]{2}"),
    "AT": re.compile(r"[1-9][0-9]{3}"),
}
_ANY_CODE = re.compile(r"[A-Z0-9][A-Z0-9 -]{1,9}")
_SERVICES = {
    DeliveryMode.COLLECT: LocationService.COLLECT,
    DeliveryMode.RESERVE: LocationService.COLLECT,
    DeliveryMode.KERBSIDE: LocationService.KERBSIDE,
    DeliveryMode.LOCKER: LocationService.LOCKER,
}


class PostalAddress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An address as a caller writes it."""

    lines: list[str]
    postal_code: str
    city: str
    country: str


class CartDeliverySelect(CartInput, frozen=True, kw_only=True, omit_defaults=True):
    """How lines of a cart, or all of them, are to come; ``location`` is a global id."""

    method: str
    lines: list[str] | None = None
    location: str | None = None
    address: PostalAddress | None = None
    expected_version: int | None = None


class DeliveryRefusal(Enum):
    """Why goods cannot come as was asked for."""

    METHOD_UNKNOWN = "METHOD_UNKNOWN"
    ADDRESS_MISSING = "ADDRESS_MISSING"
    ADDRESS_UNSERVED = "ADDRESS_UNSERVED"
    POSTAL_CODE_WRONG = "POSTAL_CODE_WRONG"
    LOCATION_MISSING = "LOCATION_MISSING"
    LOCATION_UNKNOWN = "LOCATION_UNKNOWN"
    LOCATION_UNSERVED = "LOCATION_UNSERVED"


class DeliveryRefused(UserError, frozen=True, kw_only=True):  # noqa: N818
    """Goods cannot come as was asked for."""

    reason: DeliveryRefusal


class DeliveryGroup(Struct, frozen=True):
    """Lines of a cart that come together; without a choice, those of which nothing is said yet."""

    cart: Cart
    choice: DeliveryChoice | None

    @property
    def key(self) -> str:
        """What names the group within its cart."""
        return self.choice.key if self.choice else "open"

    @property
    def lines(self) -> tuple[CartLine, ...]:
        """The lines that come so."""
        key = self.choice.key if self.choice else None
        return tuple(line for line in self.cart.lines if line.entry.delivery == key)

    @property
    def pieces(self) -> int:
        """How many pieces come so."""
        return sum(line.quantity for line in self.lines)

    @property
    def method(self) -> str | None:
        """The chosen way, by its name in the settings."""
        return self.choice.method if self.choice else None

    @property
    def mode(self) -> DeliveryMode | None:
        """How the goods come."""
        return self.choice.mode if self.choice else None

    @property
    def location_key(self) -> str | None:
        """Where the customer comes to."""
        return self.choice.location_key if self.choice else None

    @property
    def address(self) -> Address | None:
        """Where the goods are sent to."""
        return self.choice.address if self.choice else None

    @property
    def chosen(self) -> Touch | None:
        """Who chose it."""
        return self.choice.chosen if self.choice else None


def groups(cart: Cart) -> tuple[DeliveryGroup, ...]:
    """Tell which lines come together, in the order of the choices; open ones last."""
    found = [DeliveryGroup(cart, choice) for choice in cart.choices]
    found = [group for group in found if group.lines]
    return (*found, *(group for group in (DeliveryGroup(cart, None),) if group.lines))


def check_select(input: CartDeliverySelect) -> Address | None:
    """Read what is chosen. *Errors*: ``BadInput`` for its form."""
    if input.lines is not None:
        check_keys("input.lines", input.lines)
    given = input.address
    if given is None:
        return None
    lines = tuple(line.strip() for line in given.lines)
    if not (1 <= len(lines) <= _MAX_LINES and all(map(_is_text, lines))):
        allowed = f"1 to {_MAX_LINES} lines of 1 to {_MAX_TEXT} printable characters, none masked"
        raise BadInput("input.address.lines", f"{len(lines)} lines", allowed)
    city = given.city.strip()
    if not _is_text(city):
        allowed = f"1 to {_MAX_TEXT} printable characters, not masked"
        raise BadInput("input.address.city", f"{len(city)} characters", allowed)
    if not re.fullmatch("[A-Z]{2}", given.country):
        raise BadInput("input.address.country", given.country, "a country of ISO 3166-1, as PL")
    code = given.postal_code.strip().upper()
    return Address(lines=lines, postal_code=code, city=city, country=given.country)


def refused(
    input: CartDeliverySelect,
    methods: Mapping[str, Method],
    market: str,
    currency: str,
    address: Address | None,
) -> DeliveryRefused | None:
    """Tell why the goods cannot come so, as far as that follows from settings and form."""
    method = methods.get(input.method)
    if method is None or method.market != market or currency not in method.price:
        return _refused("method", DeliveryRefusal.METHOD_UNKNOWN, "No such way of delivery here.")
    if method.mode.is_at_a_place:
        if input.location is None:
            message = "Say at which location; the options name some."
            return _refused("location", DeliveryRefusal.LOCATION_MISSING, message)
        return None
    if address is None:
        message = "Say to which address."
        return _refused("address", DeliveryRefusal.ADDRESS_MISSING, message)
    if address.country != method.market:
        message = f"This way of delivery goes to addresses in {method.market}."
        return _refused("address", DeliveryRefusal.ADDRESS_UNSERVED, message)
    form = _POSTAL_CODES.get(method.market, _ANY_CODE)
    if address.postal_code is None or not form.fullmatch(address.postal_code):
        message = "This is no postal code of that country."
        return _refused("address", DeliveryRefusal.POSTAL_CODE_WRONG, message)
    return None


def misplaced(mode: DeliveryMode, place: Location | None) -> DeliveryRefused | None:
    """Tell why goods cannot be handed over so at a place."""
    if place is None:
        message = "No location has this id."
        return _refused("location", DeliveryRefusal.LOCATION_UNKNOWN, message)
    if not serves(mode, place):
        message = "Goods are not handed over so at this location."
        return _refused("location", DeliveryRefusal.LOCATION_UNSERVED, message)
    return None


def serves(mode: DeliveryMode, place: Location) -> bool:
    """Tell whether a place hands goods over so."""
    return mode in _SERVICES and place.does(_SERVICES[mode])


def with_delivery(
    cart: Cart,
    choice: DeliveryChoice,
    lines: Sequence[str] | None,
    expected_version: int | None,
    touched: Touch,
    rules: Rules,
) -> Cart | UserError:
    """Let lines come so; without any named all of them, and those that are added later, too."""
    keys = [entry.key for entry in cart.entries] if lines is None else lines
    version = cart.version if expected_version is None else expected_version
    conflict = conflict_of(cart, keys, version, may_be_gone=False)
    if conflict is not None:
        return conflict
    chosen = next((each for each in cart.choices if _same(each, choice)), choice)
    moved = frozenset(keys)
    entries = tuple(
        replace(entry, delivery=chosen.key, changed=touched, changed_in=cart.version + 1)
        if entry.key in moved and entry.delivery != chosen.key
        else entry
        for entry in cart.entries
    )
    usual = chosen.key if lines is None else cart.usual
    kept = _used((*cart.choices, *(() if chosen in cart.choices else (chosen,))), entries, usual)
    if (entries, usual, kept) == (cart.entries, cart.usual, cart.choices):
        return cart
    changed = cart.by(touched, rules, entries=entries, choices=kept, usual=usual)
    return full(changed) or changed


def new_choice(
    input: CartDeliverySelect,
    method: Method,
    location_key: str | None,
    address: Address | None,
    touched: Touch,
) -> DeliveryChoice:
    """Make a choice; a place or an address that the way does not need is left out."""
    is_at_a_place = method.mode.is_at_a_place
    return DeliveryChoice(
        key=str(uuid7()),
        method=input.method,
        mode=method.mode,
        location_key=location_key if is_at_a_place else None,
        address=None if is_at_a_place else address,
        chosen=touched,
    )


def _used(
    choices: Iterable[DeliveryChoice], entries: Iterable[Entry], usual: str | None
) -> tuple[DeliveryChoice, ...]:
    keys = {entry.delivery for entry in entries} | {usual}
    return tuple(choice for choice in choices if choice.key in keys)


def _same(one: DeliveryChoice, other: DeliveryChoice) -> bool:
    return replace(one, key="", chosen=other.chosen) == replace(other, key="")


def _is_text(text: str) -> bool:
    # What is left of an address that was masked is none to send anything to.
    return 1 <= len(text) <= _MAX_TEXT and text.isprintable() and HIDDEN not in text


def _refused(field: str, reason: DeliveryRefusal, message: str) -> DeliveryRefused:
    return DeliveryRefused(message=message, path=("input", field), reason=reason)
