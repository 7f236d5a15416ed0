"""Changes that are told as they happen: which variants' stock is not what it was."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct


class StockChange(Struct, frozen=True, gc=False):
    """Variants whose stock has changed, or may have.

    *Shape*: ``cursor`` is the place behind this change, opaque.
    """

    skus: tuple[str, ...]
    cursor: str


class StockChanges(Protocol):
    """Follows changes of stock, and tells them to every process of the gateway."""

    def follow(self, skus: Sequence[str], after: str | None) -> AsyncIterator[StockChange]:
        """Give the changes of these SKUs as they come, for ever.

        A follower that is slower than the changes gets them together: each SKU once, and its
        stock is read when it is shown. Behind a cursor that is not the present one, all of them
        count as changed.
        """
        ...

    async def tell(self, skus: Sequence[str]) -> None:
        """Tell that the stock of these SKUs has changed."""
        ...


@runtime_checkable
class StockNotices(Protocol):
    """A system that tells by itself what has changed."""

    def changed_skus(self, body: bytes) -> Sequence[str]:
        """Read the SKUs of a notice. *Errors*: ``ValueError`` for what is not one."""
        ...
