"""All promotions of the retailer, found by place, time and article."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from domain.ask import Ask
from domain.promotion import Names, Promotion


class Campaigns:
    """The promotions that the file gives, in an order that is always the same."""

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


NO_CAMPAIGNS = Campaigns()


def _is_over(promotion: Promotion, ask: Ask, moment: datetime) -> bool:
    ends_at = promotion.period(ask.market).ends_at
    return ends_at is not None and ends_at <= moment
