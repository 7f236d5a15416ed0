"""Consents: what a person has said to each purpose that rests on their word."""

from datetime import datetime
from enum import Enum

from msgspec import Struct

from domain.viewer import Channel


class ConsentPurpose(Enum):
    """What a person can be asked to agree to."""

    MARKETING_EMAIL = "MARKETING_EMAIL"
    MARKETING_SMS = "MARKETING_SMS"
    PROFILING = "PROFILING"
    PARTNERS = "PARTNERS"


class ConsentState(Enum):
    """What they said; only ``GRANTED`` allows anything."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class Consent(Struct, frozen=True, gc=False):
    """A person's word on one purpose; a purpose they were never asked about has none.

    *Shape*: ``source`` is the channel in which they said it, None where that is not known.
    """

    purpose: ConsentPurpose
    state: ConsentState
    since: datetime
    source: Channel | None = None
