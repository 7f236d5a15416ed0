"""Reservations."""

from datetime import datetime

import strawberry

import domain.hold
import domain.reservation
import resolvers.reservation
from domain.policy import Category, Record
from domain.reservation import ReservationState
from schema.channel import Channel
from schema.field import accepts, batch, enumerates, plain, publishes
from schema.location import Location
from schema.node import Node
from schema.outcome import KEY, Notice, UserError
from schema.product import Variant

enumerates(
    ReservationState,
    "What became of a reservation.",
    HELD="The goods are held until it expires.",
    RELEASED="It was let go.",
    EXPIRED="Its time is over.",
)


@publishes(domain.hold.ReservationLine, part_of=Category.CART)
class ReservationLine:
    """Some pieces of one variant at one location."""

    sku: str = plain("The variant's SKU.")
    quantity: int = plain("How many pieces are held.")

    @batch(resolvers.reservation.variant_of_line)
    def variant(self) -> Variant | None:
        """The variant as it is today; null where it is no longer known."""

    @batch(resolvers.reservation.location)
    def location(self) -> Location | None:
        """Where they are held."""


@publishes(domain.hold.Shortfall, part_of=Category.CART)
class ReservationShortfall:
    """Pieces that are held, and of which the stock system has said since that there are fewer."""

    sku: str = plain("The SKU that lies there; of a bundle, its component's.")
    held: int = plain("How many pieces are held.")
    confirmed: int = plain("How many of them the stock system has set aside.")

    @batch(resolvers.reservation.location)
    def location(self) -> Location | None:
        """Where."""


@publishes(domain.reservation.Reservation, person=Record.CART)
class Reservation(Node):
    """Goods that are held for somebody, and that nobody else is sold meanwhile."""

    lines: list[ReservationLine] | None = plain("What is held.", category=Category.CART)
    shortfalls: list[ReservationShortfall] | None = plain(
        "What of it the stock system cannot hand over, where it has said so; else empty.",
        category=Category.CART,
    )
    state: ReservationState | None = plain("What became of it.", category=Category.CART)
    channel: Channel | None = plain("Where it was made.", category=Category.CART)
    created_at: datetime | None = plain("When it was made.", category=Category.CART)
    expires_at: datetime | None = plain("Until when the goods are held.", category=Category.CART)


_GUEST = (
    "For guests: 32 random bytes as base64url, drawn by the client and kept by it. Whoever has it "
    "sees the guest's reservations and can change them."
)


@accepts(domain.reservation.ReservationItem, name="ReservationLineInput")
class ReservationLineInput:
    """Some pieces of one variant; two lines of one SKU are added up."""

    sku: str = plain("The variant's SKU.")
    quantity: int = strawberry.field(default=1, description="How many pieces: 1 to 999.")


@accepts(domain.reservation.ReservationCreate, name="ReservationCreateInput")
class ReservationCreateInput:
    """Goods to hold for collecting them at a location."""

    idempotency_key: str = plain(KEY)
    location: strawberry.ID = plain("Where they are to be collected.")
    lines: list[ReservationLineInput] = plain("What to hold: 1 to 50 lines, all or none of it.")
    customer: strawberry.ID | None = strawberry.field(
        default=None, description="The customer it is for; for staff. The caller without."
    )
    secret: str | None = strawberry.field(default=None, description=_GUEST)


@accepts(domain.reservation.CartReserve, name="CartReserveInput")
class CartReserveInput:
    """A cart whose goods are to be held."""

    idempotency_key: str = plain(KEY)
    cart: strawberry.ID = plain("The cart.")
    secret: str | None = strawberry.field(default=None, description="The secret of a guest's cart.")


@accepts(domain.reservation.ReservationExtend, name="ReservationExtendInput")
class ReservationExtendInput:
    """A reservation to keep up for its whole time again."""

    idempotency_key: str = plain(KEY)
    reservation: strawberry.ID = plain("The reservation.")
    secret: str | None = strawberry.field(default=None, description=_GUEST)


@accepts(domain.reservation.ReservationRelease, name="ReservationReleaseInput")
class ReservationReleaseInput:
    """A reservation to let go."""

    idempotency_key: str = plain(KEY)
    reservation: strawberry.ID = plain("The reservation.")
    secret: str | None = strawberry.field(default=None, description=_GUEST)


@publishes(domain.reservation.ReservationOutcome)
class ReservationPayload:
    """What became of a reservation."""

    reservation: Reservation | None = plain(
        "The reservation after the change; null where nothing changed."
    )
    user_errors: list[UserError] = plain("Why nothing changed; empty where it did.")
    notices: list[Notice] = plain("What to know about the change.")


@publishes(domain.hold.Shortage)
class Shortage(UserError):
    """There is less of a variant than is wanted; nothing is held."""

    sku: str = plain("The variant's SKU.")
    wanted: int = plain("How many pieces are wanted, all lines taken together.")
    available: int = plain("How many can be had there now.")

    @batch(resolvers.reservation.location_of_shortage)
    def location(self) -> Location | None:
        """The location; null for goods that any of several could send."""


@publishes(domain.reservation.ReservationLimitReached)
class ReservationLimitReached(UserError):
    """One customer or guest would hold more, or longer, than one may."""

    limit: int = plain("How many reservations, pieces or minutes are allowed, as the message says.")


@publishes(domain.reservation.ReservationEnded)
class ReservationEnded(UserError):
    """The reservation does not run any more."""

    state: ReservationState = plain("What became of it.")


@publishes(domain.reservation.NothingToReserve)
class NothingToReserve(UserError):
    """The cart is empty."""


@publishes(domain.reservation.CollectionNotOffered)
class CollectionNotOffered(UserError):
    """The location hands nothing over to customers."""

    @batch(resolvers.reservation.location)
    def location(self) -> Location | None:
        """The location."""


USER_ERRORS: tuple[type, ...] = (
    Shortage,
    ReservationLimitReached,
    ReservationEnded,
    CollectionNotOffered,
    NothingToReserve,
)
