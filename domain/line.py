"""Lines of a cart: putting goods in, changing how many, taking them out.

What is added to what is there commutes, so that parallel additions never conflict. What replaces
(a quantity set, a line removed) conflicts only with a change of the very line since the version
that the caller knew: two who change different lines do not disturb each other.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils import uuid7

from domain.basket import MAX_DELIVERIES
from domain.cart import Cart, CartInput, Rules, VersionConflict
from domain.entry import Entry, Touch
from domain.errors import BadInput
from domain.limit import MAX_QUANTITY, check_items, check_sku, out_of_range
from domain.outcome import UserError

MAX_LINES = 100
_MAX_KEY = 64


class CartAddition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Pieces of a variant to put into a cart."""

    sku: str
    quantity: int = 1


class CartLinesAdd(CartInput, frozen=True, kw_only=True, omit_defaults=True):
    """Goods to put into a cart."""

    lines: list[CartAddition]


class LineQuantity(Struct, frozen=True, kw_only=True):
    """How many pieces a line is to have."""

    line: str
    quantity: int


class CartLinesUpdate(CartInput, frozen=True, kw_only=True, omit_defaults=True):
    """Quantities to set."""

    expected_version: int
    lines: list[LineQuantity]


class CartLinesRemove(CartInput, frozen=True, kw_only=True, omit_defaults=True):
    """Lines to take out."""

    expected_version: int
    lines: list[str]


class CartFull(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The cart would hold more lines, a line more pieces, or more deliveries, than it may."""

    limit: int


def check_additions(additions: Sequence[CartAddition]) -> UserError | None:
    """Check what is to be added. *Errors*: ``BadInput`` for its form."""
    check_items("input.lines", additions)
    for each in additions:
        check_sku("input.lines.sku", each.sku)
    return out_of_range(each.quantity for each in additions)


def check_quantities(wanted: Sequence[LineQuantity]) -> UserError | None:
    """Check quantities to set. *Errors*: ``BadInput`` for their form."""
    check_keys("input.lines.line", [each.line for each in wanted])
    return out_of_range(each.quantity for each in wanted)


def check_keys(argument: str, keys: Sequence[str]) -> None:
    """Check the lines that are named. *Errors*: ``BadInput``."""
    check_items(argument, keys)
    if len(frozenset(keys)) < len(keys):
        raise BadInput(argument, "a line twice", "each line once")
    for key in keys:
        if not (1 <= len(key) <= _MAX_KEY and key.isprintable()):
            raise BadInput(argument, key, "the key of a line")


def with_lines(
    cart: Cart,
    additions: Iterable[CartAddition],
    touched: Touch,
    rules: Rules,
) -> Cart | UserError:
    """Put goods in: more of a line that is there and comes the same way, else a new line."""
    entries, version = list(cart.entries), cart.version + 1
    for each in additions:
        place = next((n for n, entry in enumerate(entries) if _takes(entry, each.sku, cart)), None)
        if place is None:
            entry = Entry(
                key=str(uuid7()),
                sku=each.sku,
                quantity=each.quantity,
                added=touched,
                changed=touched,
                changed_in=version,
                delivery=cart.usual,
            )
            entries.append(entry)
        else:
            entry = entries[place]
            entries[place] = replace(
                entry,
                quantity=entry.quantity + each.quantity,
                changed=touched,
                changed_in=version,
            )
    changed = cart.by(touched, rules, entries=tuple(entries))
    return full(changed) or changed


def with_quantities(
    cart: Cart,
    wanted: Iterable[LineQuantity],
    expected_version: int,
    touched: Touch,
    rules: Rules,
) -> Cart | UserError:
    """Set quantities; a conflict where a line was changed, or removed, since."""
    quantities = {each.line: each.quantity for each in wanted}
    conflict = conflict_of(cart, quantities, expected_version, may_be_gone=False)
    if conflict is not None:
        return conflict
    if all(quantities.get(entry.key, entry.quantity) == entry.quantity for entry in cart.entries):
        return cart
    entries = tuple(
        replace(
            entry,
            quantity=quantities[entry.key],
            changed=touched,
            changed_in=cart.version + 1,
        )
        if quantities.get(entry.key, entry.quantity) != entry.quantity
        else entry
        for entry in cart.entries
    )
    return cart.by(touched, rules, entries=entries)


def without_lines(
    cart: Cart, keys: Iterable[str], expected_version: int, touched: Touch, rules: Rules
) -> Cart | UserError:
    """Take lines out; what is not there is out already, what was changed since is a conflict."""
    gone = frozenset(keys)
    conflict = conflict_of(cart, gone, expected_version, may_be_gone=True)
    if conflict is not None:
        return conflict
    left = tuple(entry for entry in cart.entries if entry.key not in gone)
    return cart if len(left) == len(cart.entries) else cart.by(touched, rules, entries=left)


def conflict_of(
    cart: Cart, keys: Iterable[str], expected_version: int, *, may_be_gone: bool
) -> VersionConflict | None:
    """Tell which of these lines are not as the caller knew them; None where all are."""
    entries = {entry.key: entry for entry in cart.entries}
    differing = tuple(
        key
        for key in keys
        if (not may_be_gone if key not in entries else entries[key].changed_in > expected_version)
    )
    if not differing and expected_version <= cart.version:
        return None
    message = "The cart has changed since; look at it as it is now, and say again what to change."
    return VersionConflict(
        message=message,
        path=("input", "expectedVersion"),
        expected_version=expected_version,
        version=cart.version,
        lines=differing,
    )


def full(cart: Cart) -> CartFull | None:
    """Tell why a cart cannot be as it is about to be; None where it can."""
    if len(cart.entries) > MAX_LINES:
        message = f"A cart holds at most {MAX_LINES} lines; take some out first."
        return CartFull(message=message, path=("input", "lines"), limit=MAX_LINES)
    if any(entry.quantity > MAX_QUANTITY for entry in cart.entries):
        message = f"A line holds at most {MAX_QUANTITY} pieces; ask for fewer."
        return CartFull(message=message, path=("input", "lines"), limit=MAX_QUANTITY)
    if len(cart.choices) > MAX_DELIVERIES:
        message = f"A cart comes in at most {MAX_DELIVERIES} deliveries; let more lines come alike."
        return CartFull(message=message, path=("input", "lines"), limit=MAX_DELIVERIES)
    return None


def _takes(entry: Entry, sku: str, cart: Cart) -> bool:
    return entry.sku == sku and entry.delivery == cart.usual
