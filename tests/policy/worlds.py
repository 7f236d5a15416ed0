"""The same gateway before one world or the other, and all that it does there."""

from typing import Any

from tests.policy.issuer import Caller
from tests.policy.oracle import VOLATILE
from tests.policy.proof import Proof
from tests.policy.twin import Elsewhere, Twin
from tests.policy.way import World

SYSTEMS = ("crm", "erp", "pos", "wms")
# Counted from the moment, in both worlds alike.
_AGES = frozenset(name for _, name in VOLATILE)


class Worlds:
    """A gateway before systems that can be those of the one world or of the other."""

    def __init__(self, proof: Proof, found: dict[str, Twin]) -> None:
        for name, twin in found.items():
            twin.target = proof.shop.systems[name]
        self.proof = proof
        self._twins = found
        self.world = World(proof, found)

    def seen_by(self, who: Caller, ways: list[str], change: Elsewhere | None) -> dict[str, Any]:
        """All that a caller can tell of a world, and all that its systems were asked for."""
        for twin in self._twins.values():
            twin.change = change
        self.proof.shop.forget(*SYSTEMS)
        told: dict[str, Any] = {}
        for way in ways:
            shown = self.world.read(who, way)[1]
            told[way] = (shown.status, _without_ages(shown.body))
        told["asked"] = {
            (system, each["path"], item)
            for system in SYSTEMS
            for each in self.proof.shop.requests(system)
            # An order that a list has brought is not asked for again, if the list came first; what
            # is held is set aside when its time comes, and groups of goods are kept for a while.
            if not each["path"].endswith(("ORDERS_BY_VBELN", "/allocations", "/MATERIAL_GROUPS"))
            for item in _items(each["body"])
        }
        for twin in self._twins.values():
            twin.change = None
        return told


def _items(body: Any) -> set[str]:
    """What a request asks for, however it was put into batches: that goes by who answers first.

    Of what a record is compared with others by, for the sake of identities, the kind alone: a
    system may be asked who else has an address that the caller is not shown.
    """
    found = {"nothing"}
    for name, value in body.items() if isinstance(body, dict) else ():
        for each in value if isinstance(value, list) else [value]:
            found.add(f"{name} {sorted(each) if isinstance(each, dict) else each}")
    return found


def _without_ages(body: Any) -> Any:
    if isinstance(body, dict):
        kept = {name: _without_ages(each) for name, each in body.items() if name not in _AGES}
        if "calls" in kept:
            kept["calls"] = sorted(kept["calls"])
        return kept
    if isinstance(body, list):
        return [_without_ages(each) for each in body]
    return body
