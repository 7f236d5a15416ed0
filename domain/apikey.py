"""API keys: what machines prove themselves with that have no identity provider of their own."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.deadline import Deadline
from domain.viewer import OUTSIDE, Channel, Purpose, Role

MARK = "cgk_"
"""How the text of every key begins, and of no token."""

_SECRET_BYTES = 32
_FORM = re.compile(rf"{MARK}[A-Za-z0-9_-]{{43}}")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")


class ApiKey(Struct, frozen=True, kw_only=True):
    """What one key proves; the text of the key itself is kept nowhere.

    *Shape*: ``name`` is the machine's, small letters, digits, dots and hyphens; ``purposes`` what
    it may claim, the first being its default; ``store`` the key of the one location that it works
    in; ``digest`` the SHA-256 of the text, which is random enough not to be guessed from it.
    """

    id: str
    name: str
    digest: bytes
    role: Role
    purposes: tuple[Purpose, ...]
    store: str | None = None
    channel: Channel | None = None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it is accepted at that moment."""
        return self.revoked_at is None and now < self.expires_at


def new_text() -> str:
    """Make the text of a key: 256 random bits behind a mark that scanners of code can look for."""
    return MARK + secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(text: str) -> bytes | None:
    """Give what a key is kept by; None for a text that is no key's."""
    if _FORM.fullmatch(text) is None:
        return None
    return hashlib.sha256(text.encode()).digest()


def check(key: ApiKey) -> None:
    """Check what a key is to prove. *Errors*: ``ValueError``, which says what is allowed."""
    if _NAME.fullmatch(key.name) is None:
        raise ValueError(
            f"name is {key.name!r}; allowed: 1 to 64 small letters, digits, dots and hyphens"
        )
    if key.role in OUTSIDE:
        allowed = ", ".join(role.value for role in Role if role not in OUTSIDE)
        raise ValueError(f"role is {key.role.value}, which is no machine's; allowed: {allowed}")
    if not key.purposes:
        raise ValueError("there is no purpose; write at least one")
    if key.role is Role.ASSOCIATE and key.store is None:
        raise ValueError("role ASSOCIATE is bound to a store; name it")
    if key.expires_at <= key.created_at:
        raise ValueError("it would be over before it begins; let it last a day at least")


@runtime_checkable
class ApiKeyPort(Protocol):
    """The store that keeps API keys. *Errors*: ``StoreUnavailable``."""

    async def api_keys(self, deadline: Deadline) -> Mapping[bytes, ApiKey]:
        """Read every key that was not revoked and is not over, by digest; all are one batch."""
        ...
