"""Stand-ins for texts about people."""

import base64
import hashlib
import hmac
import secrets

from domain.secret import Secret
from domain.viewer import Purpose

_LENGTH = 15


class KeyedPseudonyms:
    """Makes stand-ins that cannot be turned back, or made by anybody without the key.

    *Shape*: 24 letters and digits; equal texts have equal ones within a purpose, compared without
    regard to case and to space around them, and unlinkable ones in different purposes.
    """

    def __init__(self, key: Secret | None = None) -> None:
        """Take the key; without one they hold as long as this process."""
        drawn = secrets.token_bytes(32) if key is None else key.reveal().encode()
        self._key = hashlib.sha256(b"pseudonym:" + drawn).digest()

    def pseudonym(self, text: str, purpose: Purpose) -> str:
        """Give the stand-in of a text."""
        said = f"{purpose.value}\0{text.strip().casefold()}".encode()
        digest = hmac.digest(self._key, said, "sha256")
        return base64.b32encode(digest[:_LENGTH]).decode().lower()
