"""What is known as a cart is looked at: of its goods, its customer, and the terms of the house."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from domain.bundle import Components, Levels
from domain.cart import Rules
from domain.entry import SeenPrice
from domain.errors import Failure
from domain.location import Location
from domain.offer import Offer
from domain.product import Variant
from domain.promotion import Names, Promotion
from domain.reservation import Reservation


class Goods(Struct, frozen=True, kw_only=True):
    """What was found of one SKU; a failure stands in the place of what could not be had.

    *Shape*: ``names`` are what promotions may call it; ``offer`` is what its system asks, ``shown``
    the same with the promotions that act on a piece by itself; ``is_booked`` where its system is
    silent now and the offer is the last one that it told.
    """

    variant: Variant | Failure | None
    names: Names | Failure = frozenset()
    offer: Offer | Failure | None
    shown: Offer | Failure | None
    is_booked: bool = False
    levels: Levels = None


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that a cart is appraised by, as it is now.

    *Shape*: levels and places were looked up where ``has_stock`` says so; ``shelves`` are the
    levels of what lies there as such, so that of ``bundles`` they have the components.
    """

    goods: Mapping[str, Goods]
    shelves: Mapping[str, Levels] = {}
    bundles: Components = {}
    places: Mapping[str, Location | Failure] = {}
    promotions: Sequence[Promotion] = ()
    tier: str | Failure | None = None
    used_up: frozenset[str] = frozenset()
    reservations: Sequence[Reservation] = ()
    rules: Rules
    moment: datetime
    has_stock: bool = False

    def seen(self, sku: str) -> SeenPrice | None:
        """Tell what a piece costs; None where nobody can say."""
        goods = self.goods.get(sku)
        if goods is None or not isinstance(goods.offer, Offer):
            return None
        shown = goods.shown if isinstance(goods.shown, Offer) else goods.offer
        return SeenPrice(shown.price, shown.version, goods.offer.price, goods.offer.list_price)
