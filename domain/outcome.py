"""What a mutation comes to: the changed object, or what the caller can do about there being none.

An outcome with user errors changed nothing; without, everything that was asked has happened. What
is kept of a mutation for its retries is the outcome, never the answer that was made of it.
"""

from msgspec import Struct

GUEST = "guest "
"""How the name of whoever is no customer begins, and holds something by a secret."""


class Input(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every mutation is given.

    *Shape*: the same ``idempotency_key`` with the same input gives the same outcome, once and for
    all tries. Fields that are added later need a default, so that the input of a caller who does
    not know them stays what it was.
    """

    idempotency_key: str


class UserError(Struct, frozen=True, kw_only=True):
    """Something the caller can act on. *Shape*: ``path`` leads to the argument at fault."""

    message: str
    path: tuple[str, ...] = ()


class IdempotencyMismatch(UserError, frozen=True, kw_only=True):  # noqa: N818 - raised by nobody
    """The key was used before, by the same caller for the same mutation, with another wish."""


class Notice(Struct, frozen=True, gc=False):
    """Something about an outcome that its reader should know."""

    code: str
    message: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What a mutation came to.

    *Shape*: fields that are added later need a default: outcomes are kept for a day and read by
    whichever release is running then.
    """

    user_errors: tuple[UserError, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def subject(self) -> str | None:
        """The key of the customer whom the outcome is about, and under whose key it is sealed."""
        return None

    @property
    def customer_key(self) -> str | None:
        """The customer whom it is about; None for a guest, whose secret is in the input."""
        subject = self.subject
        return None if subject is None or subject.startswith(GUEST) else subject
