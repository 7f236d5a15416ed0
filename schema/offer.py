"""Offers."""

from datetime import datetime

import domain.offer
from schema.field import plain, publishes
from schema.money import Price
from schema.provenance import Provenance


@publishes(domain.offer.Offer)
class Offer:
    """At which price a variant is sold in this market, channel and currency."""

    price: Price = plain("What one piece costs now.")
    list_price: Price = plain("What one piece costs without any reduction.")
    is_reduced: bool = plain("Whether the price is below the list price.")
    version: str = plain("Changes whenever the price does.")
    valid_until: datetime | None = plain("When this price ends; null while that is open.")
    provenance: Provenance = plain("Where the price comes from, and how old it is.")
