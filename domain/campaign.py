"""All promotions of the retailer, found by place, time and article."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

from msgspec.structs import replace

from domain.ask import Ask
from domain.money import Money, Price
from domain.offer import Offer, OfferPromotion, PriceRule, Reduction
from domain.piece import piece_price
from domain.promotion import Names, Promotion
from domain.taxation import at_rates, rates_of, taxed


class Campaigns:
    """The promotions that the file gives, in an order that is always the same.

    *Shape*: ``name_goods`` tells whether any that acts on offers asks which article it is.
    """

    def __init__(self, promotions: Iterable[Promotion] = ()) -> None:
        self.all = tuple(sorted(promotions, key=lambda promotion: promotion.key))
        self._everywhere: list[Promotion] = []
        self._by_name: defaultdict[str, list[Promotion]] = defaultdict(list)
        for promotion in self.all:
            if not promotion.is_catalogue:
                continue
            if promotion.selection.names is None:
                self._everywhere.append(promotion)
            for name in promotion.selection.names or ():
                self._by_name[name].append(promotion)
        self._catalogue = tuple(each for each in self.all if each.is_catalogue)
        self.name_goods = any(
            each.selection.names is not None or each.selection.excluded for each in self._catalogue
        )

    def on_offers(self, ask: Ask, moment: datetime) -> bool:
        """Tell whether any promotion acts, or will act, on single articles here."""
        return any(
            each.is_for(ask.channel, ask.market, ask.currency) and not _is_over(each, ask, moment)
            for each in self._catalogue
        )

    def of_article(self, article: Names, ask: Ask) -> list[Promotion]:
        """Find the promotions that act on an article by itself here, at any time."""
        named = (each for name in article for each in self._by_name.get(name, ()))
        found = {each.key: each for each in (*self._everywhere, *named)}
        return [
            each
            for each in found.values()
            if each.is_for(ask.channel, ask.market, ask.currency) and each.selection.has(article)
        ]

    def offer(self, offer: Offer, article: Names, ask: Ask, moment: datetime) -> Offer:
        """Let the promotions that act on an article by itself change its offer.

        *Shape*: what is offered ends no later than the next promotion on it begins or ends.
        """
        meant = self.of_article(article, ask)
        if not meant:
            return offer
        currency = offer.price.gross.currency
        acting = [each for each in meant if each.is_in_force(ask.market, moment)]
        priced = piece_price(article, offer.price.gross.minor, currency, acting)
        periods = [each.period(ask.market) for each in meant]
        turns = [at for each in periods for at in (each.starts_at, each.ends_at)]
        ends = [at for at in (*turns, offer.valid_until) if at is not None and at > moment]
        until = min(ends, default=None)
        if not priced.steps:
            return replace(offer, valid_until=until)
        applied = tuple(
            OfferPromotion(step.promotion, Money(step.amount, currency)) for step in priced.steps
        )
        return replace(
            offer,
            price=_lowered(offer.price, priced.minor),
            applied_reductions=(
                *offer.applied_reductions,
                *(_reduction(each, ask.market) for each in applied),
            ),
            applied_promotions=applied,
            winning_rule=PriceRule.PROMOTION,
            version=f"{offer.version}.{_digest(applied)}",
            valid_until=until,
        )


NO_CAMPAIGNS = Campaigns()


def _is_over(promotion: Promotion, ask: Ask, moment: datetime) -> bool:
    ends_at = promotion.period(ask.market).ends_at
    return ends_at is not None and ends_at <= moment


def _lowered(price: Price, minor: int) -> Price:
    if len(price.taxes) == 1:
        return _of_one_rate(minor, price.gross.currency, price.taxes[0].rate)
    total, _ = taxed([at_rates(minor, rates_of(price))], price.gross.currency)
    return total


# Shops repeat their prices: all sizes of a style cost the same.
@lru_cache(maxsize=16_384)
def _of_one_rate(minor: int, currency: str, rate: Decimal) -> Price:
    return Price.containing(Money(minor, currency), rate)


def _reduction(applied: OfferPromotion, market: str) -> Reduction:
    period = applied.promotion.period(market)
    return Reduction(PriceRule.PROMOTION, applied.amount, period.starts_at, period.ends_at)


def _digest(applied: Iterable[OfferPromotion]) -> str:
    return _short("|".join(f"{each.promotion.key}:{each.amount.minor}" for each in applied))


@lru_cache(maxsize=16_384)
def _short(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
