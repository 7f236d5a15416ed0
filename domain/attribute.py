"""Described properties, each of one type, and what the law wants told of a product."""

from decimal import Decimal

from msgspec import Struct

from domain.location import Address


class AttributeValue(Struct, frozen=True, gc=False, kw_only=True):
    """One described property of a product.

    *Shape*: ``code`` is the retailer's code, the same in every language; ``value`` the value as
    text in the language ``locale``, None where it is the same in all. *Units*: ``unit`` of a
    value that is measured, as labels write it, such as cm.
    """

    code: str
    name: str
    value: str
    unit: str | None = None
    locale: str | None = None


class TextAttribute(AttributeValue, frozen=True, gc=False, kw_only=True):
    """A property told in words of its own."""


class NumberAttribute(AttributeValue, frozen=True, gc=False, kw_only=True):
    """A property that is measured, or counted."""

    number: Decimal


class BooleanAttribute(AttributeValue, frozen=True, gc=False, kw_only=True):
    """A property that a product has or has not."""

    is_true: bool


class CodedAttribute(AttributeValue, frozen=True, gc=False, kw_only=True):
    """A property with a value out of a list; ``choice`` is the value's code."""

    choice: str


class FibreShare(Struct, frozen=True, gc=False):
    """A fibre, and how much of a textile it makes. *Units*: ``percent`` of weight."""

    code: str
    name: str
    percent: Decimal


class ResponsiblePerson(Struct, frozen=True, gc=False):
    """The firm that answers for a product in the Union, and how to reach it."""

    name: str
    address: Address
    email: str


class ProductSafety(Struct, frozen=True, gc=False):
    """What an offer at a distance tells of safety.

    *Source*: Regulation (EU) 2023/988 (GPSR), article 19.
    """

    responsible_person: ResponsiblePerson
    warnings: tuple[str, ...] = ()
