"""Opaque texts: what clients keep and hand back, and never read."""

import base64


def opaque(content: bytes) -> str:
    """Write bytes as the one text that stands for them, safe in a URL."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def content(text: str, limit: int) -> bytes:
    """Read a text back.

    *Errors*: ``ValueError`` for more than ``limit`` characters, and for whatever ``opaque`` does
    not write: caches and audits see one text for each thing.
    """
    if len(text) > limit:
        raise ValueError("the text is longer than any of ours")
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    found = base64.b64decode(padded, altchars=b"-_", validate=True)
    if opaque(found) != text:
        raise ValueError("the text is not as it was written")
    return found
