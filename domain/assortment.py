"""Assortments: what a location has to sell right now."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.provenance import Provenance

MAX_SKUS = 20_000


class Assortment(Struct, frozen=True):
    """The SKUs of which one location can promise at least a piece, and how many.

    *Shape*: at most ``MAX_SKUS``; ``is_complete`` is false where the location has more.
    """

    location_key: str
    pieces: Mapping[str, int]
    is_complete: bool
    provenance: Provenance

    @property
    def skus(self) -> frozenset[str]:
        """Which they are."""
        return frozenset(self.pieces)


@runtime_checkable
class AssortmentPort(Protocol):
    """The system that can say what lies at a location without being asked SKU by SKU."""

    async def skus_by_location(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Assortment | Failure]:
        """Read what each location can promise: ``StockLevel.available`` above zero.

        What is allocated or held back is not available, so it is not in it. Unknown keys are
        absent. One call for each location, however much lies there.
        """
        ...
