"""What is said of a person, marked as such: whoever sees it sees it in the view they have of it."""

from collections.abc import Callable, Sequence
from typing import Any

from domain.location import Address
from domain.personal import Form, PersonalText, personal
from execution.context import Context

Texts = Callable[[Sequence[Any], Context], list[PersonalText | None]]


def _text(attribute: str, form: Form) -> Texts:
    def read(parents: Sequence[Any], context: Context) -> list[PersonalText | None]:  # noqa: ARG001
        return [personal(getattr(parent, attribute), form) for parent in parents]

    read.__name__ = read.__qualname__ = f"{attribute}_text"
    return read


email = _text("email", Form.EMAIL)
phone = _text("phone", Form.PHONE)
full = _text("full", Form.NAME)
given = _text("given", Form.NAME)
family = _text("family", Form.NAME)
postal_code = _text("postal_code", Form.PLACE)
city = _text("city", Form.PLACE)


def lines(
    parents: Sequence[Address],
    context: Context,  # noqa: ARG001
) -> list[list[PersonalText]]:
    """Mark each line of an address."""
    return [[PersonalText(line, Form.PLACE) for line in parent.lines] for parent in parents]
