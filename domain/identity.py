"""How things are told apart: keys inside, global ids outside, and the ids of other systems.

A *key* is the gateway's own name for one thing of one kind. A variant's key is its SKU, which is
the same in every system. Everything else is keyed ``<system>:<id there>``, so that a key leads
back to the system that knows it, and two systems may number alike. A *global id* is the kind and
the key in one opaque text; clients keep it and never read it.
"""

from enum import Enum
from typing import Protocol

from msgspec import Struct

from domain.errors import BadInput
from domain.opaque import content, opaque

_MAX_ID = 512


class Kind(Enum):
    """The kinds of things that have keys; the value is the published type's name."""

    PRODUCT = "Product"
    VARIANT = "Variant"
    CATEGORY = "Category"
    LOCATION = "Location"
    CUSTOMER = "Customer"
    ORDER = "Order"
    LOYALTY_ACCOUNT = "LoyaltyAccount"


class ExternalId(Struct, frozen=True, gc=False):
    """The id that one system uses for a thing."""

    system: str
    id: str

    @property
    def key(self) -> str:
        """The gateway's key for it."""
        return f"{self.system}:{self.id}"


def external_id(key: str) -> ExternalId:
    """Take a key apart into the system and the id there."""
    system, _, local = key.partition(":")
    return ExternalId(system, local)


def node_id(kind: str, key: str) -> str:
    """Make the opaque global id of one thing."""
    return opaque(f"{kind}:{key}".encode())


def node_key(text: str, argument: str = "id", kind: str | None = None) -> tuple[str, str]:
    """Read a global id into kind and key.

    *Errors*: ``BadInput`` for anything this gateway did not make, and, where ``kind`` is given,
    for the id of another kind.
    """
    try:
        found, mark, key = content(text, _MAX_ID).decode().partition(":")
        if not mark or not key or not found.isalpha():
            raise ValueError
    except ValueError:
        raise BadInput(argument, text, "an id this gateway has handed out") from None
    if kind is not None and found != kind:
        raise BadInput(argument, text, f"the id of a {kind}; this is the id of a {found}")
    return found, key


class Node(Protocol):
    """Anything with a global id."""

    @property
    def id(self) -> str:
        """The global id."""
        ...
