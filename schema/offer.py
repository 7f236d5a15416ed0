"""Offers."""

from datetime import datetime

import domain.offer
import domain.price
import resolvers.product
from schema.field import batch, enumerates, plain, publishes
from schema.money import Money, Price
from schema.promotion import Promotion
from schema.provenance import Provenance

enumerates(
    domain.offer.PriceRule,
    "What decides a price.",
    LIST_PRICE="The list price: nothing is reduced.",
    PRICE_LIST="A price list of its own, for the market or the channel.",
    SALE="A sale price, for a time.",
    PROMOTION="A promotion that acts on single articles, in every channel alike.",
)


@publishes(domain.offer.Reduction)
class Reduction:
    """A part that a rule took off the list price."""

    rule: domain.offer.PriceRule = plain("What took it off.")
    amount: Money = plain("How much it took off one piece, tax included.")
    starts_at: datetime | None = plain("Since when; null where that is not known.")
    ends_at: datetime | None = plain("Until when; null while that is open.")


@publishes(domain.price.PriorPrice)
class PriorPrice:
    """The lowest public price of the thirty days before a reduction began.

    An announced reduction is computed from it (Directive 98/6/EC, article 6a). A reduction that
    deepens in steps began with its first step; a product sold for less than thirty days has as
    many as it was sold.
    """

    price: Price = plain("The prior price of one piece.")
    since: datetime = plain("Where those days begin, or where it was first sold in them.")
    reduced_at: datetime = plain("When the reduction began: where those days end.")
    percent_off: int | None = plain(
        "The reduction that may be announced, in whole percent of the prior price, rounded down; "
        "null where the present price is not below it."
    )
    provenance: Provenance | None = plain("Where the history comes from.")


@publishes(domain.offer.OfferPromotion, thing=True)
class OfferPromotion:
    """What a promotion took off one piece, for everybody alike."""

    promotion: Promotion = plain("The promotion.")
    amount: Money = plain("How much it took off one piece, tax included.")


@publishes(domain.offer.Offer)
class Offer:
    """At which price a variant is sold in this market, channel and currency."""

    price: Price = plain("What one piece costs now.")
    list_price: Price = plain("What one piece costs without any reduction.")
    is_reduced: bool = plain("Whether the price is below the list price.")
    applied_reductions: list[Reduction] = plain(
        "What lies between list price and price, and adds up to the difference."
    )
    applied_promotions: list[OfferPromotion] = plain(
        "The promotions among these, in the order in which they acted on one piece."
    )
    winning_rule: domain.offer.PriceRule | None = plain(
        "What decided the price; null where its system does not say."
    )
    version: str = plain("Changes whenever the price does.")
    valid_until: datetime | None = plain("When this price ends; null while that is open.")
    provenance: Provenance = plain("Where the price comes from, and how old it is.")

    @batch(resolvers.product.prior_price_of_offer)
    def prior_price(self) -> PriorPrice | None:
        """The price that a reduction is announced against; null where none may be announced."""
