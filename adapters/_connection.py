"""One connection to a system: a request goes out in one piece, one answer comes in."""

import asyncio
from collections.abc import Mapping

import aiohttp
import httptools
from aiohttp.connector import Connection as Opened
from multidict import CIMultiDict

from adapters._body import BrokenBody, Intake

# What a head may hold, whatever it says, and what may stand between and behind the parts of a body;
# aiohttp's own bound of a head is of this order.
_MAX_HEAD = 65_536
_NOT_HTTP = "the answer is not HTTP"

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers under names in any case, and body."""


class Lost(Exception):  # noqa: N818 - says what became of the connection
    """A connection ended before an answer was whole; its cause says how."""


class Attempt:
    """How far one request has come.

    *Shape*: ``sent`` tells whether any of it may have reached the system, ``reused`` whether it
    went out on a connection that was kept from an earlier request, ``answered`` whether the head
    of an answer has come.
    """

    __slots__ = ("answered", "reused", "sent")

    def __init__(self) -> None:
        self.sent = self.reused = self.answered = False


class Connection(asyncio.Protocol):
    """A connection that aiohttp has opened, from then on read by llhttp and by nobody else.

    *Shape*: ``is_kept`` tells after an answer whether another request may follow it. One on which
    something unasked arrives is closed at once: it would be taken for the answer to the next
    request, and may be somebody else's data.
    """

    def __init__(self, opened: Opened) -> None:
        protocol = opened.protocol
        assert protocol is not None, "a connection that was just made"
        self.is_kept = False
        self.idle_since = 0.0
        self._opened = opened
        self._opener = protocol
        self._transport = protocol.transport
        self._answer: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        # As aiohttp reads answers: what old systems get wrong and what harms nobody.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self.is_open = self._transport is not None and not protocol.should_close
        if self._transport is not None:
            self._transport.set_protocol(self)

    async def exchange(
        self, request: bytes, attempt: Attempt, intake: Intake, *, has_body: bool
    ) -> Answer:
        """Send a request and read its whole answer. *Errors*: ``Lost``, ``BrokenBody``."""
        if not self.is_open or self._transport is None or self._transport.is_closing():
            raise Lost from aiohttp.ServerDisconnectedError()
        self._attempt, self._intake, self._has_body = attempt, intake, has_body
        self._fault: BrokenBody | None = None
        self._is_whole = self._ends_with_connection = self.is_kept = False
        self._status = self._head = 0
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(request)
            return await self._answer
        finally:
            self._answer = None
            intake.drop()

    def close(self) -> None:
        """Close it, whatever is under way."""
        self.is_open = False
        self._opened.close()

    def data_received(self, data: bytes) -> None:
        """Read on; the answer is given when all of this has been looked at."""
        if self._answer is None or self._answer.done():
            self.close()
            return
        self._head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_whole = True  # another protocol would follow, and none was asked for
        except httptools.HttpParserError as error:
            if not self._is_whole:
                self._fault = BrokenBody(_NOT_HTTP)
                self._fault.__cause__ = error
            self.is_kept = False
        if self._head > _MAX_HEAD and self._fault is None:
            self._fault = BrokenBody(f"the head is larger than the {_MAX_HEAD} bytes allowed")
        if self._fault is not None:
            self._answer.set_exception(self._fault)
        elif self._is_whole:
            self._finish()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits, and aiohttp."""
        self.is_open = False
        self._opener.connection_lost(error)
        self._opened.close()
        if self._answer is None or self._answer.done():
            return
        if self._ends_with_connection and error is None:
            self._finish()
            return
        lost = Lost()
        lost.__cause__ = error or aiohttp.ServerDisconnectedError()
        self._answer.set_exception(lost)

    def on_message_begin(self) -> None:
        """Begin a head: the answer's, another after word in between, or one that nobody wants."""
        if self._is_whole:
            self.is_kept = False
        else:
            self._headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a line of the head."""
        if not (self._is_whole or self._attempt.answered):  # then it is a trailer
            self._headers.add(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))

    def on_headers_complete(self) -> None:
        """Look at the head: what body follows, and how it ends."""
        if self._is_whole:
            return
        self._status = self._parser.get_status_code()
        if self._is_word_in_between():
            return
        self._attempt.answered = True
        coding = self._headers.get("Transfer-Encoding", "").lower()
        self._ends_with_connection = "Content-Length" not in self._headers and (
            "chunked" not in coding
        )
        if not self._has_body:
            self._is_whole = True  # nothing tells the parser so, which then waits for a body
            return
        try:
            self._intake.begin(self._headers)
        except BrokenBody as broken:
            self._fault = broken

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self._head = 0  # the body's limit counts from here on, until it ends in trailers
        if self._is_whole or self._fault is not None:
            return
        try:
            self._intake.feed(part)
        except BrokenBody as broken:
            self._fault = broken

    def on_message_complete(self) -> None:
        """End the answer; what comes behind it in the same breath is unasked."""
        if not self._is_whole and not self._is_word_in_between():
            self._is_whole = True
            self.is_kept = self._parser.should_keep_alive()

    def _is_word_in_between(self) -> bool:
        # RFC 9110, section 15.2; after 101 comes another protocol.
        return 100 <= self._status < 200 and self._status != 101

    def _finish(self) -> None:
        assert self._answer is not None, "somebody waits for what is finished"
        try:
            self._answer.set_result((self._status, self._headers, self._intake.end()))
        except BrokenBody as broken:
            self._answer.set_exception(broken)
