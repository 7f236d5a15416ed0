"""No adapter goes unproven: each has a counterpart that holds it to every promise it makes."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any, get_type_hints

import adapters
from domain.port import Ports
from tests.adapters import test_ports
from tests.adapters.counterpart import Counterpart
from tests.systems import test_tryton_ports

_APART = {"tryton": frozenset(test_tryton_ports.SERVED["erp"])}


def _made() -> Iterator[tuple[str, type[Any]]]:
    for module in pkgutil.iter_modules(adapters.__path__):
        found = importlib.import_module(f"adapters.{module.name}")
        if hasattr(found, "Adapter"):
            yield module.name, found.Adapter


def _served(adapter: type[Any]) -> set[str]:
    """The methods of all ports that the adapter can stand behind."""
    served: set[str] = set()
    for port in get_type_hints(Ports).values():
        calls = {name for name, _ in inspect.getmembers(port, inspect.isfunction) if name[0] != "_"}
        if all(hasattr(adapter, call) for call in calls):
            served |= calls
    return served


async def test_every_adapter_is_held_to_what_it_serves(
    sandbox_counterpart: Counterpart, tills_counterpart: Counterpart
) -> None:
    """Each method of each port that an adapter serves is among the promises that are tested."""
    held: dict[str, frozenset[str]] = dict(_APART)
    counterparts = {"sandbox": sandbox_counterpart, "tills": tills_counterpart}
    assert counterparts.keys() == test_ports.SERVED.keys()
    for system, counterpart in counterparts.items():
        assert counterpart.promises.keys() == set(test_ports.SERVED[system])
        for call, promise in counterpart.promises.items():
            name = type(promise.adapter).__module__.split(".")[1]
            held[name] = held.get(name, frozenset()) | {call}
    found = dict(_made())
    assert set(found) == set(held)
    for name, adapter in found.items():
        served = _served(adapter)
        assert served, f"{name} serves no port"
        assert served <= held[name], f"{name}: nobody tests {sorted(served - held[name])}"
