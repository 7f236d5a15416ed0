"""Who sent an operation, and what they said around it."""

from msgspec import Struct

from domain.viewer import Viewer
from execution.context import Asked


class Caller(Struct, frozen=True):
    """One connection's or request's own account of itself.

    *Shape*: ``authorization`` as sent, proved anew for every operation and every event;
    ``address`` the network address that it came from, where the server knows one.
    """

    authorization: str | None
    asked: Asked
    address: str | None = None


class Proved(Struct, frozen=True):
    """A caller whose viewer was just proved."""

    caller: Caller
    viewer: Viewer
