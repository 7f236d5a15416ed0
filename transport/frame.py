"""The server's WebSocket protocol, with bounds on who reads from it."""

from typing import Any, ClassVar

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from transport.connection import Stall
from transport.state import tell_to_stop


class BoundedSocket(WebSocketsSansIOProtocol):
    """uvicorn's sans-I/O WebSocket protocol, with bounds on its readers, and an end of its own.

    uvicorn closes every socket the moment it stops; here the application says ``complete`` first,
    and closes with 1001. Hand it to ``uvicorn.Config(ws=...)``, with ``ws_max_size``, and without
    compression, which would let a small message unpack to a large one.

    *Units*: ``stall_time`` in seconds without a byte taken.
    """

    stall_time: ClassVar[float] = 10.0

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.close_timeout = 2.0
        self._stall = Stall(self.stall_time)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stall.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the reader, not for ever."""
        super().pause_writing()
        self._stall.begin(self.transport)

    def resume_writing(self) -> None:
        """Go on."""
        self._stall.end()
        super().resume_writing()

    def shutdown(self) -> None:
        """Tell the application to bring the socket to an end."""
        if self.handshake_complete and not self.close_sent:
            tell_to_stop(self.app_state)
        else:
            super().shutdown()
