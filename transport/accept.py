"""Which media type an answer takes, and which a body may have."""

from enum import Enum
from functools import lru_cache

from graphql import OperationType
from starlette.datastructures import Headers

from transport.refusal import Refusal, bad_request

_MAX_RANGES = 50
_MAX_KNOWN = 500
# As nearly every client writes it; what differs is read.
_PLAIN_JSON = (["application/json"], ["application/json; charset=utf-8"])


class Media(Enum):
    """The forms of an answer (GraphQL over HTTP, section 4)."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"

    def __init__(self, name: str) -> None:
        self.content_type = f"{name}; charset=utf-8"


EVENTS = "text/event-stream"
MULTIPART = "multipart/mixed"


class Stream(Enum):
    """The forms of an answer that comes in parts."""

    EVENTS = "graphql-sse: one event for each answer"
    PARTS = "multipart, as graphql-core 3.3 and graphql-js 17 tell @defer"
    OLD_PARTS = "multipart with deferSpec=20220824, as Apollo Client asks for by default"
    PAYLOADS = "multipart with subscriptionSpec=1.0, as Apollo Client asks for subscriptions"


class Preference:
    """What the request accepts, with its weights.

    *Source*: RFC 9110, section 12.5.1: the most specific range that matches decides.
    """

    __slots__ = ("_media", "_parts", "_streams", "_wants_page", "_weights")

    def __init__(self, text: str) -> None:
        self._weights: dict[str, float] = {}
        self._parts: set[str] = set()
        if text.strip():
            self._read(text)
        else:
            self._weights["*/*"] = 1.0
        self._streams = self.names(EVENTS) or self.names(MULTIPART)
        self._media = self._chosen()
        page = "text/html"
        self._wants_page = self.names(page) and all(
            self.weight(page) >= self.weight(media.value) for media in Media
        )

    def _read(self, text: str) -> None:
        for part in text.split(",", _MAX_RANGES)[:_MAX_RANGES]:
            name, *parameters = (each.strip().lower() for each in part.split(";"))
            weight = _weight(parameters)
            if name == MULTIPART:
                self._parts.update(parameter.replace('"', "") for parameter in parameters)
            if name and weight is not None:
                self._weights[name] = max(weight, self._weights.get(name, 0.0))

    def names(self, media: str) -> bool:
        """Tell whether the media type is accepted by its own name, not by a wildcard."""
        return self._weights.get(media, 0.0) > 0

    def weight(self, media: str) -> float:
        """Tell how much a media type is wanted; 0 is not at all."""
        for known in (media, media.partition("/")[0] + "/*", "*/*"):
            if known in self._weights:
                return self._weights[known]
        return 0.0

    def wants_page(self) -> bool:
        """Tell whether a person's browser asks, which names HTML before anything else."""
        return self._wants_page

    def stream(self, kind: OperationType | None) -> Stream | None:
        """Choose the form of an answer that may come in parts; None where none is accepted.

        Where both are wanted alike, events go before multipart for a subscription and behind it
        for anything else, as the clients that accept both expect.
        """
        if not self._streams:
            return None
        events, parts = (self._weights.get(each, 0.0) for each in (EVENTS, MULTIPART))
        is_followed = kind is OperationType.SUBSCRIPTION
        if parts and (parts > events or (parts == events and not is_followed)):
            if is_followed:
                # Multipart without this says nothing of what each part is.
                asked = "subscriptionspec=1.0" in self._parts
                return Stream.PAYLOADS if asked else Stream.EVENTS if events else None
            return Stream.OLD_PARTS if "deferspec=20220824" in self._parts else Stream.PARTS
        return Stream.EVENTS if events else None

    def wants_only_events(self) -> bool:
        """Tell whether an event stream is accepted, and none of the plain forms."""
        return self._media is None and self.names(EVENTS)

    def media(self) -> Media:
        """Choose the form of the answer.

        Where both are wanted alike, the one that is named goes before the one that a wildcard
        covers, then ``application/graphql-response+json``; a wildcard alone means
        ``application/json``, as the specification asks for clients that know no better.

        *Errors*: 406 where neither is accepted.
        """
        if self._media is None:
            allowed = " or ".join(media.value for media in Media)
            raise Refusal(406, "NOT_ACCEPTABLE", f"Accept allows no answer of ours: {allowed}.")
        return self._media

    def _chosen(self) -> Media | None:
        graphql, plain = self.weight(Media.GRAPHQL.value), self.weight(Media.JSON.value)
        if not graphql and not plain:
            return None
        if graphql != plain:
            return Media.GRAPHQL if graphql > plain else Media.JSON
        return Media.GRAPHQL if self.names(Media.GRAPHQL.value) else Media.JSON


def preferred(headers: Headers) -> Preference:
    """Read a request's Accept header; callers have a few of them, which are read once each."""
    text = ",".join(headers.getlist("accept"))
    return _known(text) if len(text) <= _MAX_KNOWN else Preference(text)


@lru_cache(maxsize=256)
def _known(text: str) -> Preference:
    return Preference(text)


def _weight(parameters: list[str]) -> float | None:
    """Read a range's weight; None for a range that cannot be met or read."""
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        value = value.strip().strip('"')
        if name.strip() == "charset" and value not in ("utf-8", "utf8", "*"):
            return None
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return None
            if not 0 <= weight <= 1:
                return None
    return weight


def check_content(headers: Headers) -> None:
    """Refuse a body that is not plain JSON in UTF-8.

    The content types that a form can send are refused with the rest, so that a browser asks
    before it sends a foreign page's request (CSRF).
    """
    types = headers.getlist("content-type")
    if types not in _PLAIN_JSON:
        _check_types(types)
    for coding in headers.getlist("content-encoding"):
        if coding.strip().lower() not in ("", "identity"):
            raise _unsupported(
                f"Content-Encoding is '{coding[:40]}'; allowed: identity (send it uncompressed).",
                {"Accept-Encoding": "identity"},
            )


def _check_types(types: list[str]) -> None:
    if len(types) > 1:
        raise bad_request("Content-Type is given more than once; send it once.")
    found, *parameters = (each.strip() for each in (types[0] if types else "").split(";"))
    if found.lower() != Media.JSON.value:
        raise _unsupported(f"Content-Type is '{found[:80]}'; allowed: {Media.JSON.value}.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in ("utf-8", "utf8"):
            raise _unsupported(f"The body's charset is '{charset[:40]}'; allowed: utf-8.")


def _unsupported(message: str, headers: dict[str, str] | None = None) -> Refusal:
    accepted = {"Accept-Post": Media.JSON.value, **(headers or {})}
    return Refusal(415, "UNSUPPORTED_MEDIA_TYPE", message, accepted)
