"""Records found by what callers sent: ids out of keys, and products by their codes."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from domain.identity import external_id

ID = re.compile(r"[1-9][0-9]{0,17}")
_MAX_CODE = 100


class Coded(Protocol):
    """A record with a code, which Tryton calls what everybody else calls the SKU."""

    @property
    def code(self) -> str | None:
        """What the retailer numbers it by."""


R = TypeVar("R", bound=Coded)


def own_ids(keys: Sequence[str], system: str) -> list[int]:
    """Take Tryton's ids out of keys; those of other systems, and those it cannot have, drop out."""
    found = map(external_id, keys)
    return [int(each.id) for each in found if each.system == system and ID.fullmatch(each.id)]


def plausible(skus: Sequence[str]) -> list[str]:
    """Leave out what cannot be a code: such texts make Tryton fail instead of finding nothing."""
    return [sku for sku in skus if 0 < len(sku) <= _MAX_CODE and sku.isprintable()]


def by_code(rows: Sequence[R], codes: Sequence[str]) -> dict[str, R]:
    """Arrange records by their codes, those that were asked for: Tryton compares more loosely.

    *Errors*: ``ValueError`` for a code that stands twice, since nobody can tell which is meant.
    """
    asked = set(codes)
    found: dict[str, R] = {}
    for row in rows:
        if row.code is not None and row.code in asked:
            if row.code in found:
                raise ValueError(f"two products have the code {row.code}")
            found[row.code] = row
    return found


def conversion(counted: Decimal, sold: Decimal) -> Decimal:
    """Tell how many units of stock one unit of sale is, from the factors of both.

    *Errors*: ``ValueError`` for factors that are none.
    """
    if counted <= 0 or sold <= 0:
        raise ValueError("a unit of measure has a factor that is not above zero")
    return sold / counted
