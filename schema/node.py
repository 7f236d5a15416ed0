"""What has a global id."""

import strawberry

import domain.identity
from domain.policy import Category
from schema.field import enumerates, plain, publishes

enumerates(
    domain.identity.Kind,
    "The kinds of things that can be looked up by a system's own id.",
    # Whoever is given stand-ins for people finds nobody by what a system calls them.
    classified=dict.fromkeys(("CUSTOMER", "ORDER", "LOYALTY_ACCOUNT"), Category.IDENTIFIER),
    PRODUCT="A style. Its id is the style number.",
    VARIANT="A sellable unit. Its id is the SKU, in whichever system.",
    CATEGORY="A place in the assortment.",
    LOCATION="A shop, warehouse, locker or pick-up point.",
    CUSTOMER="A person who buys.",
    ORDER="A purchase.",
    LOYALTY_ACCOUNT="A loyalty membership.",
)


@publishes(domain.identity.Node, interface=True)
class Node:
    """A thing with a global id, by which it can be had again."""

    id: strawberry.ID = plain("The global id: opaque, and stable as long as the thing exists.")


@publishes(domain.identity.ExternalId, passage=True)
class ExternalId:
    """What one of the retailer's systems calls a thing."""

    system: str | None = plain(
        "The system's configured name; for staff.", category=Category.OPERATIONAL
    )
    id: str = plain("The thing's id in that system.")


def external_ids(category: Category = Category.OPERATIONAL) -> list[ExternalId] | None:
    """Describe the field that several types share; what a person is known by is no mere inside."""
    whose = "; for staff" if category is Category.OPERATIONAL else ""
    field: list[ExternalId] | None = plain(
        f"The ids of this thing in the retailer's systems{whose}.", category=category
    )
    return field
