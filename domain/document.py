"""Persisted documents: texts that clients name by their digest instead of sending them."""

import hashlib
from typing import Protocol


def digest_of(text: str) -> str:
    """Name a document: SHA-256 of its UTF-8 text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


class DocumentStore(Protocol):
    """Keeps documents under their digest, so that nobody can change what a name stands for.

    Never fails: what cannot be had is not there, and its client sends the text again.
    """

    async def read(self, digest: str) -> str | None:
        """Read a document by its digest."""
        ...

    async def keep(self, text: str) -> str:
        """Keep a document; tells its digest."""
        ...
