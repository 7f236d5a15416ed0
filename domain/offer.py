"""Offers: at which price a variant is sold, here and now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.money import Money, Price
from domain.promotion import Promotion
from domain.provenance import Provenance


class PriceRule(Enum):
    """What decided a price."""

    LIST_PRICE = "LIST_PRICE"
    PRICE_LIST = "PRICE_LIST"
    SALE = "SALE"
    PROMOTION = "PROMOTION"


class Reduction(Struct, frozen=True, gc=False):
    """A part that a rule took off the list price. *Shape*: ``ends_at`` None while open."""

    rule: PriceRule
    amount: Money
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class OfferPromotion(Struct, frozen=True, gc=False):
    """What a promotion of the gateway's took off one piece, for everybody alike."""

    promotion: Promotion
    amount: Money


class Offer(Struct, frozen=True, gc=False, kw_only=True):
    """The price of one variant in one market, channel and currency.

    *Shape*: ``list_price`` is the price before any reduction, equal to ``price`` without one;
    ``applied_reductions`` lie between the two and add up to the difference, those of
    ``applied_promotions`` (the gateway's own) last; ``winning_rule`` decided ``price``, None where
    the system does not say; ``version`` changes whenever the price
    does; ``valid_until`` UTC, None while open-ended.
    """

    sku: str
    price: Price
    list_price: Price
    applied_reductions: tuple[Reduction, ...] = ()
    applied_promotions: tuple[OfferPromotion, ...] = ()
    winning_rule: PriceRule | None = None
    version: str
    valid_until: datetime | None = None
    provenance: Provenance

    @property
    def is_reduced(self) -> bool:
        """Whether the price is below the list price."""
        return self.price.gross.minor < self.list_price.gross.minor


@runtime_checkable
class OfferPort(Protocol):
    """The system that owns prices."""

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer | Failure]:
        """Read offers in the market, channel and currency of ``ask``.

        A variant that is not sold there is absent. Prices are gross and in ``ask.currency``; one
        in another currency is a ``SourceContract`` failure, never converted.
        """
        ...
