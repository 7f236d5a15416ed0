"""Promotions as their readers see them, and what they make of prices."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.errors import Failure
from domain.offer import Offer
from domain.product import Variant
from domain.promotion import Names, Promotion, names
from execution.context import Context

_NOWHERE: Names = frozenset()


async def name(parents: Sequence[Promotion], context: Context) -> list[str]:
    """Tell what each is called in the operation's language."""
    return [parent.names.get(context.ask.language, parent.name) for parent in parents]


async def ends_at(parents: Sequence[Promotion], context: Context) -> list[datetime | None]:
    """Tell when each ends in the operation's market."""
    return [parent.period(context.ask.market).ends_at for parent in parents]


async def promoted_offers(
    variants: Sequence[Variant], context: Context
) -> list[Offer | Failure | None]:
    """Find the price of each variant here, with the promotions that act on it by itself.

    Where its product cannot be read, it is not known which promotions mean it: then its price is
    not known either, rather than told too high.
    """
    offers = await context.loaders.offer_by_sku.load([variant.sku for variant in variants])
    if not context.campaigns.on_offers(context.ask, context.now):
        return offers
    articles = await article_names(variants, context)
    return [
        article
        if isinstance(article, Failure) and isinstance(offer, Offer)
        else context.campaigns.offer(offer, article, context.ask, context.now)
        if isinstance(offer, Offer) and not isinstance(article, Failure)
        else offer
        for offer, article in zip(offers, articles)
    ]


async def article_names(variants: Sequence[Variant], context: Context) -> list[Names | Failure]:
    """Tell what promotions may call each variant by: its product and all categories above."""
    paths: Mapping[str, Names | Failure] = {}
    if context.campaigns.name_goods:
        paths = await context.lineage.of_variants(variants, context.loaders)
    found: list[Names | Failure] = []
    for variant in variants:
        path = paths.get(variant.product_key, _NOWHERE)
        found.append(
            path if isinstance(path, Failure) else names(variant.sku, variant.product_key, path)
        )
    return found
