"""Records found by what callers sent: ids out of keys, and products by their codes."""

import re
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar, cast

from adapters._row import told
from domain.errors import Failure, SourceContract
from domain.identity import external_id

ID = re.compile(r"[1-9][0-9]{0,17}")
_MAX_CODE = 100


class Identified(Protocol):
    """Whatever Tryton has an id for, which is everything."""

    @property
    def id(self) -> int:
        """Its number among those of its kind."""


class Coded(Protocol):
    """A record with a code, which Tryton calls what everybody else calls the SKU."""

    @property
    def code(self) -> str | None:
        """What the retailer numbers it by."""


R = TypeVar("R", bound=Coded)
N = TypeVar("N", bound="Identified")
T = TypeVar("T")
V = TypeVar("V")


def own_ids(keys: Sequence[str], system: str) -> list[int]:
    """Take Tryton's ids out of keys; those of other systems, and those it cannot have, drop out."""
    found = map(external_id, keys)
    return [int(each.id) for each in found if each.system == system and ID.fullmatch(each.id)]


def plausible(skus: Sequence[str]) -> list[str]:
    """Leave out what cannot be a code: such texts make Tryton fail instead of finding nothing."""
    return [sku for sku in skus if 0 < len(sku) <= _MAX_CODE and sku.isprintable()]


def by_code(
    system: str,
    call: str,
    rows: Sequence[R],
    codes: Sequence[str],
    translate: Callable[[str, R], V],
) -> dict[str, V | Failure]:
    """Translate records by their codes, those that were asked for: Tryton compares more loosely.

    A code that stands twice is that code's failure, since nobody can tell which is meant.
    *Errors*: ``SourceContract`` for a damaged record without a code: any could be meant.
    """
    return by_name(system, call, rows, codes, _code, lambda row: translate(row.code or "", row))


def by_name(
    system: str,
    call: str,
    rows: Sequence[T],
    asked: Sequence[str],
    names: Callable[[T], Collection[str]],
    translate: Callable[[T], V],
) -> dict[str, V | Failure]:
    """Translate records by what they are called; what nobody asked for need not make sense.

    What two of them are called is a failure, since nobody can tell which is meant.
    *Errors*: ``SourceContract`` for a damaged record without a name: any could be meant.
    """
    wanted = set(asked)
    found: dict[str, V | Failure] = {}

    def read(row: T) -> V:
        return translate(row) if wanted.intersection(names(row)) else cast("V", None)

    for own, value in told(system, call, rows, names, read):
        if not own and isinstance(value, Failure):
            raise value
        for name in wanted.intersection(own):
            twice = SourceContract(system, call, f"two products have the code {name}", "code")
            found[name] = twice if name in found else value
    return found


def _code(row: Coded) -> tuple[str, ...]:
    return () if row.code is None else (row.code,)


def identified(
    system: str, call: str, rows: Sequence[N], translate: Callable[[N], V]
) -> list[tuple[str, V | Failure]]:
    """Translate records in their order, each with its id.

    *Errors*: ``SourceContract`` for a damaged record without an id: any could be meant.
    """
    found: list[tuple[str, V | Failure]] = []
    for own, value in told(system, call, rows, lambda row: (str(row.id),), translate):
        if not own and isinstance(value, Failure):
            raise value
        found += [(local, value) for local in own]
    return found


def conversion(counted: Decimal, sold: Decimal) -> Decimal:
    """Tell how many units of stock one unit of sale is, from the factors of both.

    *Errors*: ``ValueError`` for factors that are none.
    """
    if counted <= 0 or sold <= 0:
        raise ValueError("a unit of measure has a factor that is not above zero")
    return sold / counted
