"""Where requests may go: below the address that the configuration gives, and nowhere else."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, urlencode

from yarl import URL

Query = Mapping[str, str] | Sequence[tuple[str, str]]

# RFC 3986's characters of a path, without empty and dot segments, which could lead elsewhere.
_PATH = re.compile(
    r"(?:/(?!(?:\.|%2e){1,2}(?:/|$))(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9a-f]{2})+)*/?",
    re.IGNORECASE,
)


def segment(text: str) -> str:
    """Quote a text as one segment of a path, such as an id that came from a caller."""
    return quote(text, safe="")


def base_url(text: str) -> str:
    """Check the address of a system, and give it without a closing slash.

    *Errors*: ``ValueError`` that says what is allowed.
    """
    try:
        url = URL(text)
        proper = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
    except ValueError:
        proper = False
    if not proper or url.query_string or url.fragment or not _is_path(url.raw_path):
        raise ValueError("write http:// or https://, a host, and where needed a port and a path")
    if url.user is not None or url.password is not None:
        raise ValueError("leave user and password out; secret_env names where a secret stands")
    return str(url).rstrip("/")


def target(path: str, query: Query | None) -> str:
    """Write what follows a system's address. *Errors*: ``ValueError`` if it would leave it."""
    if not path.startswith("/") or not _is_path(path):
        raise ValueError("the path is not one below the system's address")
    return f"{path}?{urlencode(query)}" if query else path


@lru_cache(maxsize=1024)
def _is_path(text: str) -> bool:
    return _PATH.fullmatch(text) is not None
