"""Requests that a foreign page could make a browser send without asking first (CSRF)."""

from starlette.datastructures import Headers

from transport.accept import Media, Preference
from transport.refusal import Refusal

# Headers that make a browser ask before it sends a foreign page's request. Apollo's clients send
# the first two, others the third.
PREFLIGHT_HEADERS = (
    "apollo-require-preflight",
    "x-apollo-operation-name",
    "graphql-require-preflight",
)


class Origins:
    """Tells whether a request without a body may have been forged by a foreign page.

    *Source*: the rule of Apollo Server's CSRF prevention, with Fetch Metadata where the browser
    sends it (W3C, "Fetch Metadata Request Headers"). A POST needs no such check: its content type
    is one that no page can send unasked.
    """

    def __init__(self, allowed: list[str]) -> None:
        self._allowed = frozenset(allowed)

    def allows(self, headers: Headers) -> bool:
        """Tell whether whoever opens a socket may: no page at all, our own, or an allowed one.

        A browser sends the origin with every handshake, and asks nobody before.
        """
        origins = headers.getlist("origin")
        if not origins:
            return True
        if len(origins) > 1:
            return False
        origin = origins[0]
        if "*" in self._allowed or origin in self._allowed:
            return True
        return origin.partition("://")[2] == headers.get("host")

    def check(self, headers: Headers, preference: Preference) -> None:
        """Refuse with 403 a GET that any page could have caused."""
        if any(name in headers for name in PREFLIGHT_HEADERS):
            return
        # A browser adds Basic credentials by itself, a bearer token never.
        if headers.get("authorization", "")[:7].lower() == "bearer ":
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        mode = headers.get("sec-fetch-mode")
        if origin is not None and ("*" in self._allowed or origin in self._allowed):
            return
        if site is not None:
            is_own = site == "same-origin" and mode != "navigate"
        elif origin is not None:
            is_own = origin.partition("://")[2] == headers.get("host")
        else:
            # No browser of today, or one over plain HTTP: there a form, an image and a script
            # cannot choose their Accept, and only a fetch says that it is one.
            is_own = mode == "cors" or any(preference.names(media.value) for media in Media)
        if not is_own:
            raise Refusal(
                403,
                "CSRF_PREVENTED",
                "This GET could come from a foreign page; use POST with application/json, or send "
                f"the header {PREFLIGHT_HEADERS[-1]} with any value.",
            )
