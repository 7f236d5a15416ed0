"""What is kept of a cart's lines, choices and coupons, and who did what to them."""

from datetime import datetime
from enum import Enum

from msgspec import Struct

from domain.carriage import DeliveryMode
from domain.location import Address
from domain.money import Price
from domain.viewer import Channel, Role, Viewer


class Actor(Enum):
    """What somebody who changed a cart is to the retailer."""

    CUSTOMER = "CUSTOMER"
    GUEST = "GUEST"
    AGENT = "AGENT"
    ASSOCIATE = "ASSOCIATE"
    SYSTEM = "SYSTEM"


_ACTORS = {
    Role.ANONYMOUS: Actor.GUEST,
    Role.CUSTOMER: Actor.CUSTOMER,
    Role.AGENT: Actor.AGENT,
    Role.AGENT_LEAD: Actor.AGENT,
    Role.ASSOCIATE: Actor.ASSOCIATE,
}


class Touch(Struct, frozen=True, gc=False, kw_only=True):
    """Who did something, where, and when. *Units*: UTC."""

    channel: Channel
    actor: Actor
    at: datetime


def touch(viewer: Viewer, channel: Channel, now: datetime) -> Touch:
    """Note who does something now."""
    return Touch(channel=channel, actor=_ACTORS.get(viewer.role, Actor.SYSTEM), at=now)


class SeenPrice(Struct, frozen=True, gc=False):
    """What one piece cost when it was put into the cart, or when that was accepted since.

    *Shape*: ``price`` is what was shown; ``unit`` and ``list_price`` what its system asked before
    the gateway's own promotions.
    """

    price: Price
    version: str
    unit: Price
    list_price: Price


class DeliveryChoice(Struct, frozen=True, kw_only=True):
    """How some goods are to come.

    *Shape*: ``method`` is the way's name in the settings; ``location_key`` where the customer
    comes to, ``address`` where the goods are sent to.
    """

    key: str
    method: str
    mode: DeliveryMode
    location_key: str | None = None
    address: Address | None = None
    chosen: Touch


class CartCoupon(Struct, frozen=True):
    """A code that somebody entered, as all its spellings are kept."""

    code: str
    added: Touch


class Entry(Struct, frozen=True, kw_only=True):
    """What is kept of a line.

    *Shape*: ``changed_in`` is the version of the cart that changed it last; ``delivery`` the key
    of the way it is to come, None while nothing is chosen.
    """

    key: str
    sku: str
    quantity: int
    added: Touch
    changed: Touch
    changed_in: int
    delivery: str | None = None
    seen: SeenPrice | None = None
