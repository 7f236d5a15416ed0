"""Customers: the one profile that the retailer's systems share."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.consent import Consent
from domain.errors import Failure
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
    has them, ``other_emails`` and ``other_phones`` those that are not the main one. ``segments``
    are the system's own names for groups it counts them among. ``is_restricted`` tells that the
    processing of their data is restricted (GDPR, article 18); ``is_blocked`` that the retailer
    takes no orders from them, None where the system does not say.
    """

    key: str
    number: str
    name: PersonName | None = None
    email: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    language: str | None = None
    addresses: tuple[Address, ...] = ()
    consents: tuple[Consent, ...] = ()
    segments: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    other_emails: tuple[str, ...] = ()
    other_phones: tuple[str, ...] = ()
    is_restricted: bool = False
    is_blocked: bool | None = None
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


class TraitKind(Enum):
    """What a customer can be found by."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    EXTERNAL = "EXTERNAL"
    BIRTH_DATE = "BIRTH_DATE"
    NAME = "NAME"


class Trait(Struct, frozen=True, gc=False):
    """One thing that is known of a customer.

    *Shape*: ``value`` is an address, a telephone number, a key of another system's, a date as ISO
    8601, or a family name; ``given`` and ``postal_code`` narrow a name, the former by how it
    begins.
    """

    kind: TraitKind
    value: str
    given: str | None = None
    postal_code: str | None = None


class CustomerFilter(Struct, frozen=True, kw_only=True):
    """What is known of a customer who is looked for; all that is given has to apply."""

    email: str | None = None
    phone: str | None = None
    order_number: str | None = None
    name: str | None = None
    birth_date: date | None = None
    postal_code: str | None = None


def name_traits(name: str, postal_code: str | None) -> tuple[Trait, ...]:
    """Read a name as people say it: a family name, or two names in either order."""
    words = name.split()
    if len(words) < 2:
        return (Trait(TraitKind.NAME, name, None, postal_code),)
    one, other = " ".join(words[:-1]), words[-1]
    first, rest = words[0], " ".join(words[1:])
    straight = Trait(TraitKind.NAME, other, one, postal_code)
    crossed = Trait(TraitKind.NAME, first, rest, postal_code)
    whole = Trait(TraitKind.NAME, name, None, postal_code)
    return (straight, crossed, whole)


MAX_MATCHES = 50
"""How many customers one trait finds at most; so many mean that there may be more."""


@runtime_checkable
class CustomerPort(Protocol):
    """The system that owns the customer's golden record."""

    async def customer_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Customer | Failure]:
        """Read customers; unknown keys are absent."""
        ...

    async def customers_by_trait(
        self, traits: Sequence[Trait], ask: Ask
    ) -> Mapping[Trait, Sequence[Customer] | Failure]:
        """Find customers, at most ``MAX_MATCHES`` for each trait; without any a trait is absent.

        E-mail addresses are compared without regard to case, telephone numbers by their digits,
        names without regard to case and, where the system can, diacritics. A kind of trait that
        the system cannot look by finds nobody.
        """
        ...
