"""Codes that hand carts on, in the database: a keyed digest of each, for minutes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select

from domain.cart import Cart
from storage.table import CART_CODE
from storage.writer import Writer

_KIND = "cart code"


class HandOffWriter(Writer):
    """Offers and uses codes within one transaction; implements ``HandOffChanges``."""

    async def offer(self, cart: Cart, code: str, until: datetime) -> None:
        """Let a code hand on a cart, instead of any before."""
        id, digest = UUID(cart.key), self._seal.blind(_KIND, code)
        # A code that was drawn twice within minutes is the newer cart's.
        await self._connection.execute(
            delete(CART_CODE).where((CART_CODE.c.cart_id == id) | (CART_CODE.c.digest == digest))
        )
        await self._connection.execute(
            insert(CART_CODE).values(digest=digest, cart_id=id, expires_at=until)
        )

    async def use(self, code: str, now: datetime) -> str | None:
        """Use a code up, and tell the key of its cart; None for one that is not good."""
        digest = self._seal.blind(_KIND, code)
        row = (
            await self._connection.execute(select(CART_CODE).where(CART_CODE.c.digest == digest))
        ).one_or_none()
        # Of two who use it together one deletes it.
        gone = await self._connection.execute(delete(CART_CODE).where(CART_CODE.c.digest == digest))
        if row is None or not gone.rowcount or row.expires_at <= now:
            return None
        return str(row.cart_id)
