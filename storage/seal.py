"""Encryption at rest: one key per person, wrapped by a master key, so that erasure can shred.

*Source*: AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces; keys derived by HKDF-SHA256
(RFC 5869); blind indexes by HMAC-SHA256.
"""

import base64
import binascii
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.secret import Secret

_KEY, _CURSOR_KEY = 32, 64
_NONCE = 12
# The first byte of every sealed value: what to do differently where a later release seals so.
_VERSION = b"\x01"


class SealBrokenError(Exception):
    """A sealed value was damaged, moved to another place, or sealed under another key."""


def master_key(secret: Secret) -> bytes:
    """Read the master key. *Errors*: ``ValueError`` where it is no 32 bytes in base64."""
    text = secret.reveal().strip().replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None
    if len(key) != _KEY:
        raise ValueError(f"it holds {len(key)} bytes")
    return key


def new_master_key() -> str:
    """Make a master key, as text."""
    return base64.urlsafe_b64encode(os.urandom(_KEY)).decode()


class Seal:
    """Seals and opens values; holds the keys that are derived of the master key."""

    def __init__(self, secret: Secret) -> None:
        master = master_key(secret)
        self._wrapping = AESGCM(_derived(master, b"wrap"))
        self._index = _derived(master, b"index")
        self.own_key = _derived(master, b"own")
        self.cursor_key = _derived(master, b"cursor", _CURSOR_KEY)

    def blind(self, kind: str, text: str | bytes) -> bytes:
        """Make the index by which a value is found that stands nowhere in clear."""
        plain = text.encode() if isinstance(text, str) else text
        return hmac.digest(self._index, kind.encode() + b"\0" + plain, "sha256")

    def new_key(self, owner: bytes) -> tuple[bytes, bytes]:
        """Make a data key, plain and wrapped; the wrapped one opens for this owner alone."""
        key = os.urandom(_KEY)
        return key, _seal(self._wrapping, key, owner)

    def unwrap(self, owner: bytes, wrapped: bytes) -> bytes:
        """Open a data key. *Errors*: ``SealBrokenError``."""
        return _open(self._wrapping, wrapped, owner)

    def seal(self, key: bytes, plain: str | bytes, place: str) -> bytes:
        """Seal a value for the place it is kept in."""
        text = plain.encode() if isinstance(plain, str) else plain
        return _seal(AESGCM(key), text, place.encode())

    def open(self, key: bytes, sealed: bytes, place: str) -> bytes:
        """Open a value from the place it was sealed for. *Errors*: ``SealBrokenError``."""
        return _open(AESGCM(key), sealed, place.encode())


def _derived(master: bytes, use: bytes, length: int = _KEY) -> bytes:
    info = b"commerce-gateway " + use
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(master)


def _seal(cipher: AESGCM, plain: bytes, place: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + cipher.encrypt(nonce, plain, place)


def _open(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    head, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        if head != _VERSION:
            raise InvalidTag
        return cipher.decrypt(nonce, text, place)
    except InvalidTag:
        raise SealBrokenError("a sealed value cannot be opened") from None
