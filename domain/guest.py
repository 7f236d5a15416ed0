"""Guests: nobody knows who they are; what is theirs is held by a secret that they draw."""

from domain.errors import BadInput

_MIN_SECRET, _MAX_SECRET = 32, 128
_MIN_DISTINCT = 12
_SECRET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def check_secret(secret: str, argument: str = "input.secret") -> None:
    """See that a guest's secret was drawn at random. *Errors*: ``BadInput``, without the secret."""
    if not (
        _MIN_SECRET <= len(secret) <= _MAX_SECRET
        and _SECRET.issuperset(secret)
        and len(frozenset(secret)) >= _MIN_DISTINCT
    ):
        allowed = "32 random bytes as base64url, 43 characters, drawn anew for each cart"
        raise BadInput(argument, f"{len(secret)} characters", allowed)
