"""Stand-ins for texts about people, and for the ids of what is theirs."""

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from domain.opaque import content, opaque
from domain.secret import Secret
from domain.viewer import Purpose

_LENGTH = 15
_MAX_STAND_IN = 2_048


class KeyedPseudonyms:
    """Makes stand-ins that nobody can turn back, or make, without the key.

    *Shape*: of a text 24 letters and digits; equal texts have equal ones within a purpose, compared
    without regard to case and to space around them, and unlinkable ones in different purposes. Of
    an id its encryption (AES-SIV, RFC 5297), likewise equal for equal ids within a purpose, so that
    the gateway finds the thing again by it.
    """

    def __init__(self, key: Secret | None = None) -> None:
        """Take the key; without one they hold as long as this process."""
        drawn = secrets.token_bytes(32) if key is None else key.reveal().encode()
        self._key = hashlib.sha256(b"pseudonym:" + drawn).digest()
        self._cipher = AESSIV(hashlib.sha256(b"stand-in:" + drawn).digest())

    def pseudonym(self, text: str, purpose: Purpose) -> str:
        """Give the stand-in of a text."""
        said = f"{purpose.value}\0{text.strip().casefold()}".encode()
        digest = hmac.digest(self._key, said, "sha256")
        return base64.b32encode(digest[:_LENGTH]).decode().lower()

    def stand_in(self, id: str, purpose: Purpose) -> str:
        """Give the stand-in of an id."""
        return opaque(self._cipher.encrypt(id.encode(), [purpose.value.encode()]))

    def behind(self, stand_in: str, purpose: Purpose) -> str | None:
        """Tell what a stand-in was made of for this purpose; None for any other text."""
        try:
            sealed = content(stand_in, _MAX_STAND_IN)
            return self._cipher.decrypt(sealed, [purpose.value.encode()]).decode()
        except (ValueError, InvalidTag):
            return None
