"""Places of lists about people, sealed, so that a cursor tells nobody whose it is."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from domain.opaque import content, opaque
from domain.page import MAX_CURSOR

KEY = 64


class SealedCursors:
    """Writes places that only this gateway reads; implements ``Cursors``.

    *Shape*: a place has one cursor in each list, so that the same page is the same twice.
    *Source*: AES-SIV (RFC 5297), the list's mark being associated data.
    """

    def __init__(self, key: bytes | None = None) -> None:
        """Take the key; without one cursors hold as long as this process."""
        self._cipher = AESSIV(os.urandom(KEY) if key is None else key)

    def write(self, place: str, mark: bytes) -> str:
        """Write a place of the list with this mark."""
        return opaque(self._cipher.encrypt(place.encode(), [mark]))

    def read(self, cursor: str, mark: bytes) -> str:
        """Read a place. *Errors*: ``ValueError`` for what was not written for this list."""
        try:
            return self._cipher.decrypt(content(cursor, MAX_CURSOR), [mark]).decode()
        except InvalidTag:
            raise ValueError("a cursor of another list, or none of ours") from None
