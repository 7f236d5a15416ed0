"""Promotions as their readers see them, and what they make of prices."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.errors import Failure, PriceExpired, SourceFailure
from domain.offer import Offer
from domain.product import Variant
from domain.promotion import Names, Promotion
from execution.context import Context
from execution.loaders import Loaders


def name(parents: Sequence[Promotion], context: Context) -> list[str]:
    """Tell what each is called in the operation's language."""
    return [parent.names.get(context.ask.language, parent.name) for parent in parents]


def ends_at(parents: Sequence[Promotion], context: Context) -> list[datetime | None]:
    """Tell when each ends in the operation's market."""
    return [parent.period(context.ask.market).ends_at for parent in parents]


async def promoted_offers(
    variants: Sequence[Variant], context: Context
) -> list[Offer | Failure | None]:
    """Find the price of each variant here, with the promotions that act on it by itself."""
    return await context.offering.offers(variants, context.loaders, context.ask, context.now)


async def article_names(variants: Sequence[Variant], context: Context) -> list[Names | Failure]:
    """Tell what promotions may call each variant by: its product and all categories above."""
    return await context.offering.names(variants, context.loaders)


async def committed_offers(
    skus: Sequence[str], loaders: Loaders
) -> Mapping[str, Offer | Failure | None]:
    """Find what systems ask for variants now, to sell at; without the gateway's promotions.

    Where a system does not answer, the price that it told last is as good until its validity is
    over; then it is ``PriceExpired``. Where prices are not written down, the failure stands.
    """
    wanted = [*dict.fromkeys(skus)]
    offers = dict(zip(wanted, await loaders.offer_by_sku.load(wanted)))
    failed = [sku for sku, offer in offers.items() if isinstance(offer, SourceFailure)]
    booked = await loaders.booked_offer_by_sku.load(failed)
    known = {k: v for k, v in zip(failed, booked) if isinstance(v, Offer | PriceExpired)}
    return offers | known
