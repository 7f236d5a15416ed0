"""All ports together: what the gateway asks of the retailer's systems, and of its own store."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from domain.assortment import AssortmentPort
from domain.availability import StockPort
from domain.cart import CartPort
from domain.case import CasePort
from domain.category import CategoryPort
from domain.coupon import CouponPort
from domain.customer import CustomerPort
from domain.errors import NotServed
from domain.facet import FacetPort
from domain.interaction import InteractionPort
from domain.ledger import PricePort
from domain.location import LocationPort
from domain.loyalty import LoyaltyPort
from domain.offer import OfferPort
from domain.order import OrderPort
from domain.price import PriceHistoryPort
from domain.product import ProductPort
from domain.reservation import ReservationPort
from domain.shipment import ShipmentPort
from domain.wishlist import WishlistPort


class _Unserved:
    """Stands behind a port for which the retailer has no system: every call fails."""

    def __getattr__(self, call: str) -> Callable[..., Awaitable[Mapping[Any, Any]]]:
        if call.startswith("_"):
            raise AttributeError(call)

        async def refuse(*_: object) -> Mapping[Any, Any]:
            raise NotServed(call)

        return refuse


UNSERVED: Any = _Unserved()


class Ports(Struct, frozen=True, kw_only=True):
    """One system, or several by scope, behind each port.

    The field names are the words that ``serves`` in the configuration takes. A port answers a
    batch with a mapping: a key that no system knows is absent; a ``Failure`` in the place of a
    value is that key's alone; a list of which a part is missing is a ``Partial``, a page says so
    itself. What keeps the whole batch away is raised.
    """

    product: ProductPort = UNSERVED
    category: CategoryPort = UNSERVED
    facet: FacetPort = UNSERVED
    offer: OfferPort = UNSERVED
    price_history: PriceHistoryPort = UNSERVED
    stock: StockPort = UNSERVED
    assortment: AssortmentPort = UNSERVED
    location: LocationPort = UNSERVED
    customer: CustomerPort = UNSERVED
    loyalty: LoyaltyPort = UNSERVED
    order: OrderPort = UNSERVED
    interaction: InteractionPort = UNSERVED
    shipment: ShipmentPort = UNSERVED


class OwnPorts(Struct, frozen=True, kw_only=True):
    """What the gateway keeps itself, read in batches like any system's."""

    wishlist: WishlistPort = UNSERVED
    reservation: ReservationPort = UNSERVED
    case: CasePort = UNSERVED
    cart: CartPort = UNSERVED
    coupon: CouponPort = UNSERVED
    price: PricePort = UNSERVED


NOTHING_OWNED = OwnPorts()
