"""What every mutation answers beside the object it changed."""

import domain.outcome
from schema.field import plain, publishes

KEY = (
    "Names this wish: 8 to 128 printable characters, made anew for each, the same for every try. "
    "Within a day the same key with the same input happens once and answers the same."
)


@publishes(domain.outcome.UserError, interface=True)
class UserError:
    """Why nothing was changed, and what can be done about it."""

    message: str = plain("The reason, for people.")
    path: list[str] = plain("The way to the argument at fault; empty where none is.")


@publishes(domain.outcome.IdempotencyMismatch)
class IdempotencyMismatch(UserError):
    """The key was used before with other input, or in another market or currency.

    Nothing was changed: make a new key.
    """


@publishes(domain.outcome.Notice)
class Notice:
    """Something to know about what was done."""

    code: str = plain("What it is, for programs.")
    message: str = plain("What it is, for people.")
