"""Goods held back: what of a place's stock a channel may not sell, so that walk-ins find some."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.ask import Ask
from domain.assortment import Assortment, AssortmentPort
from domain.availability import StockLevel, StockPort
from domain.errors import Failure
from domain.partial import Partial, missing_of
from domain.viewer import Channel


class HeldBack(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What some channels may not sell at some places; the greater of the two figures.

    *Shape*: no channels, or no locations, stands for all of them.
    """

    channels: Annotated[
        list[Channel], Meta(description="for which channels; for all if empty")
    ] = []
    locations: Annotated[
        list[str], Meta(description="at which places, as SYSTEM:ID; at all if empty")
    ] = []
    pieces: Annotated[int, Meta(ge=0, le=1_000_000, description="how many pieces of each SKU")] = 0
    percent: Annotated[
        int, Meta(ge=0, le=100, description="which part of what could be sold, rounded up")
    ] = 0


class HoldBack:
    """What is held back, as the settings say; of several rules the one that holds back most."""

    def __init__(self, rules: Sequence[HeldBack] = ()) -> None:
        self._rules = tuple(rules)

    def level(self, level: StockLevel, channel: Channel) -> StockLevel:
        """Say in a level what is held back from a channel, as part of the safety stock."""
        sellable = level.on_hand - level.allocated - level.safety_stock + level.held_back
        pieces = self._pieces(level.location_key, channel, sellable)
        if pieces == level.held_back:
            return level
        safety_stock = level.safety_stock - level.held_back + pieces
        return replace(level, safety_stock=safety_stock, held_back=pieces)

    def over(
        self, stock: StockPort, assortment: AssortmentPort
    ) -> tuple[StockPort, AssortmentPort]:
        """Put what is held back into what systems tell of stock."""
        if not self._rules:
            return stock, assortment
        return _Stock(stock, self), _Assortment(assortment, self)

    def assortment(self, assortment: Assortment, channel: Channel) -> Assortment:
        """Take out of an assortment what is held back from a channel."""
        rest = {
            sku: pieces - self._pieces(assortment.location_key, channel, pieces)
            for sku, pieces in assortment.pieces.items()
        }
        return replace(assortment, pieces={sku: left for sku, left in rest.items() if left > 0})

    def _pieces(self, location_key: str, channel: Channel, sellable: int) -> int:
        return max(
            (
                max(rule.pieces, -(-max(0, sellable) * rule.percent // 100))
                for rule in self._rules
                if (not rule.channels or channel in rule.channels)
                and (not rule.locations or location_key in rule.locations)
            ),
            default=0,
        )


NOTHING_HELD_BACK = HoldBack()


class _Stock:
    """Implements ``StockPort``."""

    def __init__(self, port: StockPort, back: HoldBack) -> None:
        self._port = port
        self._back = back

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel] | Failure]:
        found = await self._port.stock_by_sku(skus, ask)
        return {
            sku: each if isinstance(each, Failure) else self._kept(each, ask.channel)
            for sku, each in found.items()
        }

    def _kept(self, levels: Sequence[StockLevel], channel: Channel) -> Sequence[StockLevel]:
        missing = missing_of(levels)
        kept = [self._back.level(level, channel) for level in levels]
        return Partial(kept, missing) if missing else kept


class _Assortment:
    """Implements ``AssortmentPort``."""

    def __init__(self, port: AssortmentPort, back: HoldBack) -> None:
        self._port = port
        self._back = back

    async def skus_by_location(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Assortment | Failure]:
        found = await self._port.skus_by_location(keys, ask)
        return {
            key: each if isinstance(each, Failure) else self._back.assortment(each, ask.channel)
            for key, each in found.items()
        }
