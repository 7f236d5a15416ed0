"""Texts about people."""

import domain.personal
from schema.field import plain, publishes


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
