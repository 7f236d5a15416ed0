"""Described properties, fibres and safety."""

from decimal import Decimal

import domain.attribute
from schema.field import plain, publishes
from schema.location import Address


@publishes(domain.attribute.AttributeValue, interface=True)
class AttributeValue:
    """A described property; what type it has is the type that it is given as."""

    code: str = plain("The retailer's code of the property, which filters take.")
    name: str = plain("What the property is called, in the language served.")
    value: str = plain("What it is, as text in the language served.")
    unit: str | None = plain("The unit of a value that is measured; null for any other.")
    locale: str | None = plain(
        "The language that the value is really in, as BCP 47 names it; null where it is in none."
    )


@publishes(domain.attribute.TextAttribute)
class TextAttribute(AttributeValue):
    """A property told in words of its own."""


@publishes(domain.attribute.NumberAttribute)
class NumberAttribute(AttributeValue):
    """A property that is measured, or counted."""

    number: Decimal = plain("The number, in the unit.")


@publishes(domain.attribute.BooleanAttribute)
class BooleanAttribute(AttributeValue):
    """A property that the product has or has not."""

    is_true: bool = plain("Whether it has it.")


@publishes(domain.attribute.CodedAttribute)
class CodedAttribute(AttributeValue):
    """A property with a value out of a list."""

    choice: str = plain("The value's code, the same in every language, which filters take.")


@publishes(domain.attribute.FibreShare)
class FibreShare:
    """A fibre, and how much of a textile it makes."""

    code: str = plain("The fibre's code.")
    name: str = plain("The fibre, in the language served.")
    percent: Decimal = plain("Its share in percent of weight.")


@publishes(domain.attribute.ResponsiblePerson)
class ResponsiblePerson:
    """The firm that answers for a product in the Union."""

    name: str = plain("Its name.")
    address: Address = plain("Where a letter reaches it.")
    email: str = plain("Where an e-mail reaches it.")


@publishes(domain.attribute.ProductSafety)
class ProductSafety:
    """What an offer at a distance must tell of safety (Regulation (EU) 2023/988, article 19)."""

    responsible_person: ResponsiblePerson = plain("Who answers for the product.")
    warnings: list[str] = plain("What its user is warned of, in the language served.")
