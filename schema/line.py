"""What is said of the lines of a cart: which goods to put in, how many, which to take out."""

import strawberry

import domain.limit
import domain.line
from schema.delivery import HELD
from schema.field import accepts, plain, publishes
from schema.outcome import KEY, UserError

_CART = "The cart."
_EXPECTED = (
    "The version of the cart that the caller has seen. What was changed since is not overwritten: "
    "the answer is a VersionConflict, with the cart as it is."
)


@accepts(domain.line.CartAddition, name="CartLineInput")
class CartLineInput:
    """Pieces of a variant to put into a cart."""

    sku: str = plain("The variant's SKU.")
    quantity: int = strawberry.field(default=1, description="How many pieces more: 1 to 999.")


@accepts(domain.line.CartLinesAdd, name="CartLinesAddInput")
class CartLinesAddInput:
    """Goods to put into a cart."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain(_CART)
    secret: str | None = strawberry.field(default=None, description=HELD)
    lines: list[CartLineInput] = plain("What to put in: 1 to 100 variants.")


@accepts(domain.line.LineQuantity, name="CartLineQuantityInput")
class CartLineQuantityInput:
    """How many pieces a line is to have."""

    line: str = plain("The line's key.")
    quantity: int = plain("How many pieces: 1 to 999.")


@accepts(domain.line.CartLinesUpdate, name="CartLinesUpdateInput")
class CartLinesUpdateInput:
    """Quantities to set."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain(_CART)
    secret: str | None = strawberry.field(default=None, description=HELD)
    expected_version: int = plain(_EXPECTED)
    lines: list[CartLineQuantityInput] = plain("Which lines: 1 to 100, each once.")


@accepts(domain.line.CartLinesRemove, name="CartLinesRemoveInput")
class CartLinesRemoveInput:
    """Lines to take out of a cart."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain(_CART)
    secret: str | None = strawberry.field(default=None, description=HELD)
    expected_version: int = plain(_EXPECTED)
    lines: list[str] = plain("Their keys: 1 to 100; what is not in the cart is out already.")


@publishes(domain.limit.QuantityOutOfRange)
class QuantityOutOfRange(UserError):
    """A quantity is none that a line can have."""

    quantity: int = plain("What was asked for.")
    minimum: int = plain("The least that can be.")
    maximum: int = plain("The most that can be.")


@publishes(domain.line.CartFull)
class CartFull(UserError):
    """The cart would hold more than it may."""

    limit: int = plain("How many lines or deliveries it may have, or pieces a line.")


USER_ERRORS: tuple[type, ...] = (QuantityOutOfRange, CartFull)
