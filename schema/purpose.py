"""Why personal data is asked for."""

from domain.viewer import Purpose
from schema.field import enumerates

__all__ = ["Purpose"]

enumerates(
    Purpose,
    "Why personal data is asked for.",
    SHOPPING="To choose and to buy.",
    ORDER_FULFILMENT="To pick, pack, ship or hand over.",
    CUSTOMER_SERVICE="To help a customer who asked for it.",
    RETURNS="To take goods back.",
    FRAUD_REVIEW="To find out whether a purchase is honest.",
    MARKETING="To recommend and to advertise.",
    ANALYTICS="To count and to compare, without names.",
    PRIVACY_REQUEST="To answer a person who asks about their own data.",
    LEGAL="To meet a duty that the law sets.",
)
