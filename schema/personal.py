"""Texts about people, and what consists of them."""

import domain.location
import domain.personal
import resolvers.personal
from domain.policy import Category
from schema.field import batch, plain, publishes


@publishes(domain.personal.PersonalText, passage=True)
class PersonalText:
    """A text about a person, as far as this caller may see it. No argument takes one back."""

    text: str | None = plain("The text as it is; null where it is not to be seen.")
    masked: str | None = plain(
        "What is left of it to recognise it by, such as `j•••@e•••.com`; null where it is not "
        "even to be recognised."
    )
    pseudonym: str | None = plain(
        "A stand-in, the same for the same text and purpose; null where the text or its mask is "
        "to be seen."
    )


@publishes(domain.location.Address, part_of=Category.ADDRESS)
class PersonalAddress:
    """Where a person gets post."""

    country: str | None = plain("The country, as ISO 3166-1 alpha-2 names it.")

    @batch(resolvers.personal.lines, cost=0)
    def lines(self) -> list[PersonalText] | None:
        """Street, number and whatever stands above the city."""

    @batch(resolvers.personal.postal_code, cost=0)
    def postal_code(self) -> PersonalText | None:
        """The postal code."""

    @batch(resolvers.personal.city, cost=0)
    def city(self) -> PersonalText | None:
        """The city."""
