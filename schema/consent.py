"""Consents."""

from datetime import datetime

import domain.consent
from domain.policy import Category
from schema.channel import Channel
from schema.field import enumerates, plain, publishes

enumerates(
    domain.consent.ConsentPurpose,
    "What a person can be asked to agree to.",
    MARKETING_EMAIL="To be written to by e-mail about offers.",
    MARKETING_SMS="To be written to by text message about offers.",
    PROFILING="To have what they buy and look at evaluated for them.",
    PARTNERS="To have their data passed on to partners.",
)
enumerates(
    domain.consent.ConsentState,
    "What a person said to a purpose.",
    GRANTED="They agreed.",
    REFUSED="They were asked and did not agree.",
    WITHDRAWN="They agreed once and have taken it back.",
)


@publishes(domain.consent.Consent, part_of=Category.CONSENT)
class Consent:
    """A person's word on one purpose. A purpose they were never asked about has none."""

    purpose: domain.consent.ConsentPurpose = plain("What they were asked for.")
    state: domain.consent.ConsentState = plain("What they said.")
    since: datetime = plain("Since when that holds.")
    source: Channel | None = plain("Where they said it; null where that is not known.")
