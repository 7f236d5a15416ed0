"""What variants are offered for, with the promotions that act on single articles."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from domain.ask import Ask
from domain.campaign import NO_CAMPAIGNS, Campaigns
from domain.errors import Failure
from domain.ledger import PriceRecorder
from domain.offer import Offer
from domain.product import Variant
from domain.promotion import Names, names
from execution.lineage import Lineage
from execution.loaders import Loaders

_NOWHERE: Names = frozenset()
Offered = Offer | Failure | None


class Offering(Struct, frozen=True):
    """All that a price follows from beside its system's; one for the whole process."""

    lineage: Lineage
    campaigns: Campaigns = NO_CAMPAIGNS
    recorder: PriceRecorder | None = None

    async def offers(
        self, variants: Sequence[Variant], loaders: Loaders, ask: Ask, now: datetime
    ) -> list[Offered]:
        """Find the price of each variant at the place of ``ask``, and note it.

        Where its product cannot be read, it is not known which promotions mean it: then its price
        is not known either, rather than told too high.
        """
        skus = [variant.sku for variant in variants]
        asked = await loaders.offer_by_sku.load(skus)
        public = asked
        if self.campaigns.on_offers(ask, now):
            articles = await self.names(variants, loaders)
            public = [
                self._promoted(offer, article, ask, now) for offer, article in zip(asked, articles)
            ]
        if self.recorder is not None:
            self.recorder.note(ask, skus, asked, public)
        return public

    async def names(self, variants: Sequence[Variant], loaders: Loaders) -> list[Names | Failure]:
        """Tell what promotions may call each variant by: its product and all categories above."""
        paths: Mapping[str, Names | Failure] = {}
        if self.campaigns.name_goods:
            paths = await self.lineage.of_variants(variants, loaders)
        found: list[Names | Failure] = []
        for variant in variants:
            path = paths.get(variant.product_key, _NOWHERE)
            found.append(
                path if isinstance(path, Failure) else names(variant.sku, variant.product_key, path)
            )
        return found

    def _promoted(
        self, offer: Offered, article: Names | Failure, ask: Ask, now: datetime
    ) -> Offered:
        if not isinstance(offer, Offer):
            return offer
        if isinstance(article, Failure):
            return article
        return self.campaigns.offer(offer, article, ask, now)
