"""Texts about a person: as they are, masked so far that one can recognise, or a stand-in."""

import re
from collections.abc import Mapping
from enum import Enum

from msgspec import Struct, structs

from domain.policy import View

HIDDEN = "•••"
_PART = re.compile(r"[^\s'’-]+")  # noqa: RUF001 - an apostrophe in a name
_TOP = re.compile(r"xn--[a-zA-Z0-9-]{1,20}|[^\W\d_]{2,18}")
_SHOWN_DIGITS = 3


class Form(Enum):
    """What a text is, and so what is left of it when it is masked."""

    NAME = "NAME"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    NUMBER = "NUMBER"
    PLACE = "PLACE"


class PersonalText(Struct, frozen=True, gc=False):
    """A text about a person, in the view that its reader has of it.

    *Shape*: ``pseudonym`` is there instead of the text where the view is ``PSEUDONYM``.
    """

    whole: str
    form: Form
    view: View = View.FULL
    pseudonym: str | None = None

    @property
    def text(self) -> str | None:
        """The text as it is."""
        return self.whole if self.view is View.FULL else None

    @property
    def masked(self) -> str | None:
        """What is left of it to recognise it by."""
        return None if self.view is View.PSEUDONYM else mask(self.whole, self.form)

    def veiled(self, view: View, pseudonym: str | None = None) -> "PersonalText":
        """Give the same text in a narrower view."""
        return structs.replace(self, view=view, pseudonym=pseudonym)


SHOWN_IN: Mapping[str, frozenset[View]] = {
    "text": frozenset((View.FULL,)),
    "masked": frozenset((View.FULL, View.MASKED)),
    "pseudonym": frozenset((View.PSEUDONYM,)),
}
"""The attributes of a personal text, each with the views in which it holds something."""


def personal(text: str | None, form: Form) -> PersonalText | None:
    """Mark a text as being about a person; None stays None."""
    return None if text is None else PersonalText(text, form)


def mask(text: str, form: Form) -> str:
    """Leave of a text what tells it from others for who knows it already.

    Names keep their initials, addresses of e-mail the first letters and the last label, if it
    is one that the network could have, telephone
    and other numbers at most their last three digits, and never more than half of them; places
    their first letter. How long the text is, is not told.
    """
    if form is Form.NAME:
        return " ".join(f"{found[0][0]}{HIDDEN}" for found in _PART.finditer(text)) or HIDDEN
    if form is Form.EMAIL:
        return _email(text)
    if form in (Form.PHONE, Form.NUMBER):
        signs = [sign for sign in text if sign.isalnum()]
        count = min(_SHOWN_DIGITS, len(signs) // 2)
        return HIDDEN + "".join(signs[len(signs) - count :])
    return f"{text[:1]}{HIDDEN}"


def _email(text: str) -> str:
    local, at, host = text.rpartition("@")
    if not at or not local:
        return HIDDEN
    name, dot, last = host.rpartition(".")
    # Whatever else somebody wrote into the field stands behind the last dot, too.
    end = f"{name[:1]}{HIDDEN}{dot}{last}" if dot and _TOP.fullmatch(last) else HIDDEN
    return f"{local[:1]}{HIDDEN}@{end}"
