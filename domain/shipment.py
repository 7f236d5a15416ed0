"""Shipments: parcels on their way, as the carrier tells of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain.ask import Ask
from domain.errors import Failure
from domain.provenance import Provenance


class ShipmentState(Enum):
    """Where a parcel is on its way."""

    ANNOUNCED = "ANNOUNCED"
    HANDED_OVER = "HANDED_OVER"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    FAILED_ATTEMPT = "FAILED_ATTEMPT"
    DELIVERED = "DELIVERED"
    RETURNED = "RETURNED"


class ShipmentEvent(Struct, frozen=True, gc=False):
    """One thing that the carrier saw happen."""

    state: ShipmentState
    at: datetime
    place: str | None = None


class Shipment(Struct, frozen=True, gc=False, kw_only=True):
    """A parcel. *Shape*: ``events`` oldest first; without one it is only announced."""

    tracking_number: str
    carrier: str | None = None
    events: tuple[ShipmentEvent, ...] = ()
    provenance: Provenance

    @property
    def state(self) -> ShipmentState:
        """Where it is now."""
        return self.events[-1].state if self.events else ShipmentState.ANNOUNCED


@runtime_checkable
class ShipmentPort(Protocol):
    """The system that follows parcels."""

    async def shipment_by_tracking(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Shipment | Failure]:
        """Read parcels by their tracking numbers; unknown numbers are absent."""
        ...
