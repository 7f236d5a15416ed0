"""What a caller is to the retailer."""

from domain.viewer import Role
from schema.field import enumerates

__all__ = ["Role"]

enumerates(
    Role,
    "What a caller is to the retailer.",
    ANONYMOUS="Somebody who has not said who they are.",
    CUSTOMER="A customer who has signed in.",
    ASSOCIATE="Somebody who works in one shop.",
    AGENT="Somebody who works in the contact centre.",
    AGENT_LEAD="Somebody who leads agents, and decides where they may not.",
    MERCHANDISER="Somebody who decides what is sold, and at which price.",
    MARKETER="Somebody who recommends and advertises.",
    PRIVACY_OFFICER="The data protection officer.",
    SYSTEM="A machine, or somebody who connects or operates the systems.",
)
