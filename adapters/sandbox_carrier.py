"""The sandbox's carriers: parcels by their tracking numbers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
from msgspec import Struct

from adapters._outcome import Rejected
from adapters._row import Rows, by_key
from adapters._upstream import Upstream
from domain.ask import Ask
from domain.configuration import ConfigurationError, Problem
from domain.errors import Failure
from domain.provenance import TRACKING, Provenance
from domain.secret import Secret
from domain.shipment import Shipment, ShipmentEvent, ShipmentState

_MAX_BATCH = 100
_MAX_NUMBER = 40
_FIRST = 946_684_800  # the year 2000: a stamp in milliseconds would lie far behind the last
_LAST = 4_102_444_800

_STATES = MappingProxyType(
    {
        "PUP": ShipmentState.HANDED_OVER,
        "HUB": ShipmentState.IN_TRANSIT,
        "OFD": ShipmentState.OUT_FOR_DELIVERY,
        "NDL": ShipmentState.FAILED_ATTEMPT,
        "DLV": ShipmentState.DELIVERED,
        "RTS": ShipmentState.RETURNED,
    }
)
_CARRIERS = MappingProxyType({"KUR": "Kurier", "PNX": "Paczkonos", "ZIP": "Zip Parcel"})


class _Event(Struct, frozen=True):
    code: str
    time: int
    place: str


class _Parcel(Struct, frozen=True):
    number: str
    carrier: str
    events: list[_Event]


class _Parcels(Struct, frozen=True):
    parcels: list[_Parcel]


_PARCEL_ROWS = (Rows(("parcels",), ("number",)),)


class _Refusal(Struct, frozen=True):
    code: str


class Adapter:
    """Reads parcels; one call for up to 100 of them."""

    class Options(Struct, frozen=True, forbid_unknown_fields=True):
        """The system needs no settings beyond its address and token."""

    def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None:  # noqa: ARG002
        if secret is None:
            key = f"systems.{upstream.system}.secret_env"
            problem = Problem(key, "missing", "the variable with the carriers' token")
            raise ConfigurationError([problem])
        self._upstream = upstream
        self._headers = {"Authorization": f"Token {secret.reveal()}"}

    async def shipment_by_tracking(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Shipment | Failure]:
        """Read parcels with everything that was seen of them."""
        call = "shipment_by_tracking"

        async def fetch(chunk: Sequence[str]) -> Mapping[str, Shipment | Failure]:
            answer = await self._upstream.read(
                "POST",
                "/track/v3/parcels",
                ask=ask,
                call=call,
                decode=_Parcels,
                rows=_PARCEL_ROWS,
                json={"numbers": chunk},
                headers=self._headers,
                explain=_explain,
            )
            provenance = Provenance(self._upstream.system, datetime.now(UTC), TRACKING)
            return by_key(
                self._upstream.system,
                call,
                answer.parcels,
                lambda parcel: (parcel.number,),
                lambda parcel: _shipment(parcel, provenance),
                chunk,
            )

        plausible = [
            number for number in numbers if 0 < len(number) <= _MAX_NUMBER and number.isprintable()
        ]
        parts = await self._upstream.chunked(plausible, _MAX_BATCH, fetch)
        return {number: found for part in parts for number, found in part.items()}


def _shipment(parcel: _Parcel, provenance: Provenance) -> Shipment:
    events = sorted(map(_event, parcel.events), key=lambda event: event.at)
    return Shipment(
        tracking_number=parcel.number,
        carrier=_CARRIERS.get(parcel.carrier, parcel.carrier),
        events=tuple(events),
        provenance=provenance,
    )


def _event(event: _Event) -> ShipmentEvent:
    if not _FIRST <= event.time <= _LAST:
        raise ValueError("a time is not in seconds since 1970")
    place = None if event.place in ("", "-") else event.place
    return ShipmentEvent(_STATES[event.code], datetime.fromtimestamp(event.time, UTC), place)


def _explain(answer: Rejected) -> str:
    return msgspec.json.decode(answer.body, type=_Refusal).code
