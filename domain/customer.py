"""Customers: the one profile that the retailer's systems share."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.identity import ExternalId, external_id, node_id
from domain.location import Address
from domain.provenance import Provenance


class PersonName(Struct, frozen=True, gc=False):
    """A person's name as they write it."""

    full: str
    given: str | None = None
    family: str | None = None


class Customer(Struct, frozen=True, gc=False, kw_only=True):
    """A person who buys.

    *Shape*: ``identities`` are the keys of the same person in every system that is known to have
    them, this record's own key first; ``language`` BCP 47; ``email`` and ``phone`` as the system
    has them.
    """

    key: str
    number: str
    name: PersonName | None = None
    email: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    language: str | None = None
    addresses: tuple[Address, ...] = ()
    identities: tuple[str, ...] = ()
    provenance: Provenance

    @property
    def id(self) -> str:
        """The global id."""
        return node_id("Customer", self.key)

    @property
    def external_ids(self) -> tuple[ExternalId, ...]:
        """The person's ids in all systems."""
        return tuple(map(external_id, self.identities))

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return frozenset((self.key, *self.identities))


@runtime_checkable
class CustomerPort(Protocol):
    """The system that owns the customer's golden record."""

    async def customer_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Customer]:
        """Read customers; unknown keys are absent."""
        ...
