"""What the application leaves for the server's protocols, in the state of its lifespan."""

import asyncio
from collections.abc import Mapping

from transport.gate import Gate

# The event that tells the application to stop, and the gate that tells whom to turn away.
STOPPING = "commerce.stopping"
GATE = "commerce.gate"


def stopping_of(state: Mapping[str, object]) -> asyncio.Event:
    """Find the event; one of no effect in front of an application that has none."""
    stopping = state.get(STOPPING)
    return stopping if isinstance(stopping, asyncio.Event) else asyncio.Event()


def tell_to_stop(state: Mapping[str, object]) -> None:
    """Tell the application to bring streams and sockets to their ends."""
    stopping_of(state).set()


def gate_of(state: Mapping[str, object]) -> Gate | None:
    """Find the gate; None in front of an application that has none."""
    gate = state.get(GATE)
    return gate if isinstance(gate, Gate) else None
