"""The one HTTP client that all adapters share: bounded, counted, and honest about outcomes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

import aiohttp
import msgspec
from yarl import URL

from adapters._address import Query, base_url, target
from adapters._body import Allowance, BrokenBody, Contract
from adapters._connection import Attempt, Lost
from adapters._credential import Credential
from adapters._outcome import (
    Explain,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
    Response,
    source_failure,
)
from adapters._row import Rows, decode_rows
from adapters._session import Session
from adapters._system import SystemSettings
from adapters._verdict import answered, is_dead, lost, reason, too_late
from domain.ask import Ask
from domain.credential import TokenSource
from domain.errors import Failure, SourceFailure, SourceRejected

K = TypeVar("K")
R = TypeVar("R")
T = TypeVar("T")

# Kept back from the operation's time, so that an answer without this system's part still leaves
# within the deadline.
_MARGIN = 0.025
# Whole bodies of the greatest size allowed that may be in memory at a time.
_BODIES = 3
# Calls that may wait for a free slot, per slot; more would only wait for their deadline.
_WAITING_PER_SLOT = 64


class Upstream:
    """Speaks HTTP with one system for its adapter.

    Every call ends within the operation's deadline; at most ``concurrency`` run at a time; no
    redirect, cookie or proxy of the environment is followed; the host is the configuration's.
    """

    def __init__(
        self, system: str, settings: SystemSettings, tokens: TokenSource | None = None
    ) -> None:
        self.system = system
        self.concurrency = settings.concurrency
        self.address = base_url(settings.url)
        self._timeout = float(settings.timeout)
        self._max_body = settings.max_body
        self._allowance = Allowance(_BODIES * settings.max_body)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._waiting = 0
        self._owned = AsyncExitStack()
        self._pooled: Session | None = None
        self._fresh: Session | None = None
        self._closed = False
        self._credential = Credential(tokens) if tokens else None
        if self._credential:
            self._owned.push_async_callback(self._credential.close)

    @property
    def has_tokens(self) -> bool:
        """Whether calls prove themselves by access tokens, which no adapter need see to."""
        return self._credential is not None

    async def authorize(self) -> str | None:
        """Have an access token ready; say why there is none, None where nothing is in the way."""
        return await self._credential.put({}) if self._credential else None

    async def close(self) -> None:
        """Close all connections; what is under way ends as an outcome, what comes is not sent."""
        self._closed = True
        await self._owned.aclose()

    async def reach(self, patience: float) -> str | None:
        """Open a connection and close it again; say what is in the way, None where nothing is."""
        url = URL(self.address)
        try:
            async with asyncio.timeout(patience):
                _, writer = await asyncio.open_connection(
                    url.host, url.port, ssl=url.scheme == "https" or None
                )
                writer.transport.abort()
        except TimeoutError:
            return f"no answer within {patience:g} s"
        except OSError as error:
            return reason(error)
        return None

    async def send(
        self,
        method: str,
        path: str,
        *,
        ask: Ask,
        call: str,
        json: object | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Query | None = None,
        repeatable: bool = False,
    ) -> Outcome:
        """Send one request; whatever the network does is an outcome, never an exception.

        *Shape*: ``path`` begins with a slash and goes behind the configured address, texts of
        others in it through ``segment``; ``json`` is encoded, ``content`` goes as it is.
        ``repeatable`` allows a second try when a kept connection turns out to be dead.
        *Errors*: ``SourceRejected`` for a path that would lead elsewhere.
        """
        try:
            place = target(path, query)
        except ValueError as error:
            raise SourceRejected(self.system, call, f"not sent: {error}") from None
        sent = dict(headers or ())
        if json is not None:
            content = msgspec.json.encode(json)
            sent.setdefault("Content-Type", "application/json")
        if self._time(ask) <= 0:
            return too_late(Attempt(), waits=True)
        if self._waiting >= _WAITING_PER_SLOT * self.concurrency:
            return NotSent("too many calls wait for this system already")
        request = (method, place, sent, content, ask)
        attempt, waits, crowded = Attempt(), True, self._slots.locked()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._time(ask)) as bound, self._slots:
                self._waiting -= 1
                waits = False
                if crowded:
                    # The wait took from the operation's time, not from the call's own.
                    bound.reschedule(asyncio.get_running_loop().time() + self._time(ask))
                if self._credential and (lacking := await self._credential.put(sent)):
                    return NotSent(lacking)
                outcome = await self._exchange(self._pool(), *request, attempt)
                if self._credential and isinstance(outcome, Rejected):
                    attempt = Attempt()
                    if await self._credential.renew(sent, outcome.status):
                        outcome = await self._exchange(self._pool(), *request, attempt)
                if repeatable and attempt.reused and is_dead(outcome, attempt):
                    attempt = Attempt()
                    outcome = await self._exchange(self._spare(), *request, attempt)
                return outcome
        except TimeoutError:
            return too_late(attempt, waits)
        finally:
            self._waiting -= waits

    async def read(
        self,
        method: str,
        path: str,
        *,
        ask: Ask,
        call: str,
        decode: type[T],
        json: object | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Query | None = None,
        explain: Explain | None = None,
        rows: Sequence[Rows] = (),
    ) -> T:
        """Ask for something that may be asked twice, and decode the answer strictly.

        *Shape*: ``rows`` are the lists in which a damaged row costs nothing but itself, to be read
        by ``told`` or ``by_key`` of ``adapters/_row.py``; ``explain`` reads the system's own form
        of error into a sentence for operators, without personal data.
        *Errors*: ``SourceTimeout``, ``SourceUnavailable`` (also 429 and 5xx), ``SourceRejected``
        (other 4xx), ``SourceContract`` (redirects, and whatever does not decode).
        """
        outcome = await self.send(
            method,
            path,
            ask=ask,
            call=call,
            json=json,
            content=content,
            headers=headers,
            query=query,
            repeatable=True,
        )
        if isinstance(outcome, Response):
            return self.decode(outcome, decode, call, rows)
        raise self.failure(outcome, call, explain)

    def decode(self, response: Response, kind: type[T], call: str, rows: Sequence[Rows] = ()) -> T:
        """Decode a JSON answer. *Errors*: ``SourceContract``, naming the field at fault."""
        content_type = response.headers.get("Content-Type", "")
        return decode_rows(self.system, call, content_type, response.body, kind, rows)

    def failure(
        self,
        outcome: NotSent | Rejected | OutcomeUnknown,
        call: str,
        explain: Explain | None = None,
    ) -> SourceFailure:
        """Say what an outcome without an answer means for a read; the caller raises it."""
        return source_failure(self.system, call, outcome, explain)

    def contract(self, call: str, field: str | None = None) -> Contract:
        """Open a ``with`` block in which nonsense in an answer becomes ``SourceContract``."""
        return Contract(self.system, call, field)

    async def chunked(
        self, keys: Sequence[K], size: int, fetch: Callable[[Sequence[K]], Awaitable[R]]
    ) -> list[R]:
        """Fetch keys, each once, in chunks of at most ``size``, side by side, in order.

        The first chunk that fails ends the others, and its failure is raised.
        """
        unique = list(dict.fromkeys(keys))
        chunks = [unique[start : start + size] for start in range(0, len(unique), size)]
        if len(chunks) < 2:
            return [await fetch(chunk) for chunk in chunks]
        results: dict[int, R] = {}
        numbered = iter(enumerate(chunks))

        async def work() -> None:
            for number, chunk in numbered:
                results[number] = await fetch(chunk)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.concurrency, len(chunks))):
                    group.create_task(work())
        except BaseExceptionGroup as failed:
            first = failed.exceptions[0]
        else:
            return [results[number] for number in range(len(chunks))]
        raise first

    async def each(
        self, keys: Sequence[K], fetch: Callable[[K], Awaitable[R]]
    ) -> dict[K, R | Failure]:
        """Fetch keys, each once and on its own, side by side; a failure is its own key's alone."""

        async def one(chunk: Sequence[K]) -> R | Failure:
            try:
                return await fetch(chunk[0])
            except Failure as failure:
                return failure

        unique = list(dict.fromkeys(keys))
        return dict(zip(unique, await self.chunked(unique, 1, one)))

    async def _exchange(
        self,
        session: Session,
        method: str,
        place: str,
        headers: Mapping[str, str],
        content: bytes | None,
        ask: Ask,
        attempt: Attempt,
    ) -> Outcome:
        if self._closed:
            return NotSent("the gateway is shutting down")
        ask.calls[self.system] += 1
        try:
            answer = await session.exchange(
                method, place, headers, content, attempt, self._max_body, self._allowance
            )
        except (Lost, aiohttp.ClientError, OSError, BrokenBody) as error:
            return lost(error, attempt)
        return answered(*answer)

    def _time(self, ask: Ask) -> float:
        return min(self._timeout, ask.deadline.remaining() - _MARGIN)

    def _pool(self) -> Session:
        if self._pooled is None:
            self._pooled = self._open(keep=True)
        return self._pooled

    def _spare(self) -> Session:
        # Where one kept connection was dead the next may be: a second try takes a new one.
        if self._fresh is None:
            self._fresh = self._open(keep=False)
        return self._fresh

    def _open(self, *, keep: bool) -> Session:
        session = Session(self.address, self.concurrency, keep=keep)
        self._owned.push_async_callback(session.close)
        return session
