"""What every call to a port carries beside its keys: time, place, language, and who counts it."""

from collections import Counter

from msgspec import Struct, field

from domain.deadline import Deadline
from domain.viewer import Channel


class Ask(Struct, frozen=True):
    """One operation's standing request to the systems of record.

    *Shape*: ``market`` an ISO 3166-1 country, ``currency`` ISO 4217, ``language`` BCP 47.
    ``fields`` names the attributes of the port's domain class that somebody will read; None means
    all of them. An adapter may fetch fewer columns for it, never more calls.
    ``calls`` counts what was sent, per system; the upstream client adds to it. ``request_id`` is
    for the log.
    """

    deadline: Deadline
    market: str
    currency: str
    language: str
    channel: Channel
    calls: Counter[str] = field(default_factory=Counter)
    fields: frozenset[str] | None = None
    request_id: str | None = None
