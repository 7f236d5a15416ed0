"""Sections: a screen's parts of one subject, each saying whether it may be and could be had."""

from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

from domain.customer import Customer
from domain.errors import Failure
from domain.provenance import Provenance

T = TypeVar("T")


class SectionAccess(Enum):
    """What has become of a section."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    UNAVAILABLE = "UNAVAILABLE"


class Section(Struct, Generic[T], frozen=True, kw_only=True):
    """One part.

    *Shape*: ``value`` is None where it is denied or there is nothing, and the failure where a
    system kept it away; ``provenance`` names each system that something in it came from, once,
    by its oldest word.
    """

    access: SectionAccess
    value: T | Failure | None = None
    provenance: tuple[Provenance, ...] = ()


class Customer360(Struct, frozen=True):
    """A customer as a screen for staff shows them: the profile first, the parts on demand.

    *Shape*: ``others`` are further customers to whom the same e-mail address or telephone number
    leads.
    """

    customer: Customer
    others: tuple[Customer, ...] = ()

    @property
    def subjects(self) -> frozenset[str]:
        """The person this is about."""
        return self.customer.subjects

    @property
    def key(self) -> str:
        """The customer's key."""
        return self.customer.key
