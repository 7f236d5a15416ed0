"""The vocabulary of field access: what is personal, and what is decided about it."""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.viewer import PolicyClass


class Category(Enum):
    """What kind of personal or internal data a field holds; stands on the schema field itself."""

    NAME = "NAME"
    CONTACT = "CONTACT"
    ADDRESS = "ADDRESS"
    BIRTH = "BIRTH"
    PAYMENT = "PAYMENT"
    PURCHASE_HISTORY = "PURCHASE_HISTORY"
    LOYALTY = "LOYALTY"
    BEHAVIOUR = "BEHAVIOUR"
    INTERACTION = "INTERACTION"
    FREE_TEXT = "FREE_TEXT"
    CART = "CART"
    CONSENT = "CONSENT"
    IDENTIFIER = "IDENTIFIER"
    OPERATIONAL = "OPERATIONAL"


class Classification(Struct, frozen=True):
    """What the published schema says of its own fields; read off it at start-up.

    *Shape*: ``fields`` by (published type, published field name) for every classified field, by
    (input type or enum, name) and by (``Type.field``, argument) for what is classified among
    arguments; ``person_types`` the published types whose objects are about one person.
    """

    fields: Mapping[tuple[str, str], Category]
    person_types: frozenset[str]


class Decision(Enum):
    """What a caller of one policy class gets of one field.

    ``OWN`` depends on the object: allowed where the viewer is the person it is about.
    """

    ALLOW = "ALLOW"
    OWN = "OWN"
    DENY = "DENY"


class FieldPolicy(Protocol):
    """Decides on fields before anything is fetched; implemented in auth."""

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        """Decide on one field of one published type for one class of callers.

        The same arguments give the same answer for the life of the process, so that callers
        compile it into plans. A type that is not a person's and a field that is not classified
        are ``ALLOW``.
        """
        ...

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        """Decide whether objects of a published type may be handed out at all."""
        ...


@runtime_checkable
class Personal(Protocol):
    """Any domain object that is about one person."""

    @property
    def subjects(self) -> frozenset[str]:
        """The keys, in whichever systems, of the customer it is about."""
        ...
