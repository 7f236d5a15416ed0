"""Where the retailer and the customer meet."""

from domain.viewer import Channel
from schema.field import enumerates

enumerates(
    Channel,
    "Where the retailer and the customer meet.",
    WEB="The web shop.",
    APP="The mobile app.",
    POS="The till.",
    AGENT="The contact centre.",
    MARKETPLACE="Somebody else's shop.",
    KIOSK="A screen in a shop.",
)

__all__ = ["Channel"]
