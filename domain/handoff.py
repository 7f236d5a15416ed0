"""Handing a cart on by a short code: read out, typed in, good once and for minutes."""

import secrets
from datetime import datetime, timedelta
from typing import Protocol

from domain.bucket import Rate
from domain.cart import Cart, CartInput, CartOutcome, Rules
from domain.errors import BadInput
from domain.merge import CartMergeOutcome
from domain.outcome import Input, UserError

_LENGTH = 8
# Crockford's base 32: nothing in it is taken for something else when it is read out.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})

# How often a code may be tried: by one caller who is known, by guests from one network address, and
# by all guests together.
TRIES = Rate(capacity=5, per_second=1 / 60)
PLACE_TRIES = Rate(capacity=20, per_second=1 / 30)
GUESTS_TRIES = Rate(capacity=60, per_second=1.0)


class CartClaim(Input, frozen=True, kw_only=True, omit_defaults=True):
    """A code to take a cart over by; ``secret`` is the one that a guest will hold it by."""

    code: str
    secret: str | None = None


class CartHandOffOutcome(CartOutcome, frozen=True, kw_only=True):
    """The cart, and the code that hands it on."""

    code: str | None = None
    expires_at: datetime | None = None


class CartClaimOutcome(CartMergeOutcome, frozen=True, kw_only=True):
    """The cart that was taken over; with the merge, where it went into one of the caller's."""


class CodeRefused(UserError, frozen=True, kw_only=True):  # noqa: N818
    """The code hands nothing on: it is none, too old, used, or not for this caller."""


class TooManyTries(UserError, frozen=True, kw_only=True):  # noqa: N818
    """Codes were tried too often. *Units*: ``retry_after`` in whole seconds."""

    retry_after: int


class CartHandOff(CartInput, frozen=True, kw_only=True, omit_defaults=True):
    """A cart to hand on."""


def new_code() -> str:
    """Draw a code of 40 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def code_expiry(now: datetime, rules: Rules) -> datetime:
    """Tell until when a code is good."""
    return now + timedelta(seconds=rules.code_expiry)


def read_code(text: str) -> str:
    """Read a code as it may have been heard or typed. *Errors*: ``BadInput`` for what is none."""
    code = text.upper().translate(_ALIKE)
    if len(code) != _LENGTH or not set(code) <= set(_ALPHABET):
        raise BadInput("input.code", f"{len(text)} characters", f"{_LENGTH} letters and digits")
    return code


class HandOffChanges(Protocol):
    """What one transaction may do to codes."""

    async def offer(self, cart: Cart, code: str, until: datetime) -> None:
        """Let a code hand on a cart, instead of any before."""
        ...

    async def use(self, code: str, now: datetime) -> str | None:
        """Use a code up, and tell the key of its cart; None for one that is not good."""
        ...
