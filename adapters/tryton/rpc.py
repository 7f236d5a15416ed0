"""Calls to Tryton over its JSON-RPC: sessions, its form of errors, and its form of values.

*Source*: docs/tryton.md, found on Tryton 8.2.
"""

import asyncio
import base64
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct, UnsetType

from adapters._address import segment
from adapters._body import exact
from adapters._outcome import Outcome, Rejected, Response
from adapters._row import Rows, joined, undamaged
from adapters._upstream import Upstream
from adapters.tryton.record import Identified
from domain.ask import Ask
from domain.errors import SourceFailure, SourceRejected, SourceTimeout
from domain.secret import Secret

T = TypeVar("T")


R = TypeVar("R", bound=Identified)

_PAGE = 1_000

# Tryton locks a user out after six refused sign-ins within five minutes, with growing delays.
_PAUSE_AFTER_REFUSAL = 60.0

_MEANINGS = MappingProxyType(
    {
        400: "it could not read the request",
        401: "it does not know user and password, or ended the session twice in a row",
        403: "it has no such method open to callers, or the user may not use it",
        404: "it has no such database",
        422: "the call carries no context",
        429: "too many refused sign-ins of this user; it opens again within minutes",
        503: "its database cannot be opened",
    }
)


class Amount(Struct, frozen=True, tag_field="__class__", tag="Decimal"):
    """An exact number as Tryton writes it."""

    decimal: Decimal

    def value(self) -> Decimal:
        """Give the number. *Errors*: ``ValueError`` where it is none of this world."""
        return exact(self.decimal)


class Day(Struct, frozen=True, tag_field="__class__", tag="date"):
    """A date as Tryton writes it."""

    year: int
    month: int
    day: int

    def value(self) -> datetime:
        """Give the beginning of the day, in UTC. *Errors*: ``ValueError``."""
        return datetime(self.year, self.month, self.day, tzinfo=UTC)


class Moment(Struct, frozen=True, tag_field="__class__", tag="datetime"):
    """A time as Tryton writes it, in UTC without saying so."""

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0

    def value(self) -> datetime:
        """Give the time. *Errors*: ``ValueError``."""
        day = (self.year, self.month, self.day)
        return datetime(*day, self.hour, self.minute, self.second, self.microsecond, tzinfo=UTC)


class Reply(Struct, Generic[T], frozen=True):
    """What comes with status 200: a result or an error."""

    result: T | UnsetType = UNSET
    error: list[Any] | UnsetType = UNSET


BY_ID = (Rows(("result",), ("id",), numbered=True),)
"""Records that tell what they are about by their id."""
BY_CODE = (Rows(("result",), ("code",)),)
"""Records that are about what has their code."""


class Rpc:
    """Speaks with one database as one user; keeps the session, and renews it when it has ended."""

    def __init__(self, upstream: Upstream, database: str, user: str, password: Secret) -> None:
        self.upstream = upstream
        self._path = f"/{segment(database)}/rpc/"
        self._user = user
        self._password = password
        self._session: str | None = None
        self._lock = asyncio.Lock()
        self._refusal: tuple[float, SourceFailure] | None = None

    async def call(
        self,
        method: str,
        params: Sequence[object],
        kind: type[Reply[T]],
        ask: Ask,
        call: str,
        rows: Sequence[Rows] = (),
    ) -> T:
        """Call a method that only reads.

        *Shape*: the last of ``params`` is Tryton's context; ``call`` names the port's method;
        ``rows`` as in ``Upstream.read``.
        *Errors*: ``SourceFailure``; what Tryton refuses with status 200 is ``SourceRejected``.
        """
        session = await self._signed_in(ask, call, ended=None)
        outcome = await self._send(method, params, ask, call, session)
        if isinstance(outcome, Rejected) and outcome.status == 401:
            session = await self._signed_in(ask, call, ended=session)
            outcome = await self._send(method, params, ask, call, session)
        return self._result(outcome, kind, call, rows)

    async def search_read(
        self,
        model: str,
        where: Sequence[object],
        fields: Sequence[str],
        limit: int,
        kind: type[Reply[T]],
        ask: Ask,
        call: str,
        rows: Sequence[Rows] = (),
        **context: object,
    ) -> T:
        """Read the fields of the first records that fit, in the order of their ids."""
        params = [where, 0, limit, [["id", "ASC"]], fields, context]
        return await self.call(f"model.{model}.search_read", params, kind, ask, call, rows)

    async def read_all(
        self,
        model: str,
        where: Sequence[object],
        fields: Sequence[str],
        most: int,
        kind: type[Reply[list[R]]],
        ask: Ask,
        call: str,
        rows: Sequence[Rows] = (),
        **context: object,
    ) -> Sequence[R]:
        """Read the fields of all records that fit, page by page.

        *Errors*: ``SourceContract`` for more than ``most``, and for a page none of whose records
        says where the next one begins.
        """
        pages: list[list[R]] = []
        last = 0
        while True:
            beyond = [["id", ">", last], *where]
            page = await self.search_read(
                model, beyond, fields, _PAGE, kind, ask, call, rows, **context
            )
            pages.append(page)
            if len(page) < _PAGE:
                return joined(pages)
            ids = [row.id for row in undamaged(page)]
            with self.upstream.contract(call, "id"):
                if not ids or ids[-1] <= last:
                    raise ValueError("a page does not go on where the one before ended")
                if sum(map(len, pages)) >= most:
                    raise ValueError(f"found more than {most} records of {model}")
            last = ids[-1]

    async def _signed_in(self, ask: Ask, call: str, ended: str | None) -> str:
        """Give a session that is not the one that has ended; one caller at a time signs in."""
        if self._session is not None and self._session != ended:
            return self._session
        try:
            async with asyncio.timeout(ask.deadline.remaining()), self._lock:
                if self._session is None or self._session == ended:
                    self._session = None
                    self._session = await self._sign_in(ask)
                return self._session
        except TimeoutError:
            detail = "the time was over while signing in"
            raise SourceTimeout(self.upstream.system, call, detail) from None

    async def _sign_in(self, ask: Ask) -> str:
        call = "sign-in"
        if self._refusal is not None:
            until, refusal = self._refusal
            if time.monotonic() < until:
                raise type(refusal)(refusal.system, call, refusal.detail)
        credentials = [self._user, {"password": self._password.reveal()}, "en"]
        outcome = await self._send("common.db.login", credentials, ask, call, session=None)
        try:
            reply = self._result(outcome, Reply[list[int | str | None]], call)
        except SourceFailure as failure:
            if isinstance(outcome, Rejected | Response):
                self._refusal = (time.monotonic() + _PAUSE_AFTER_REFUSAL, failure)
            raise
        self._refusal = None
        with self.upstream.contract(call):
            user, token = reply[:2]
            session = f"{self._user}:{user}:{token}"
        return "Session " + base64.b64encode(session.encode()).decode()

    async def _send(
        self, method: str, params: Sequence[object], ask: Ask, call: str, session: str | None
    ) -> Outcome:
        return await self.upstream.send(
            "POST",
            self._path,
            ask=ask,
            call=call,
            json={"id": 0, "method": method, "params": params},
            headers={"Authorization": session} if session else {},
            repeatable=True,
        )

    def _result(
        self, outcome: Outcome, kind: type[Reply[T]], call: str, rows: Sequence[Rows] = ()
    ) -> T:
        if not isinstance(outcome, Response):
            raise self.upstream.failure(outcome, call, _explain)
        reply = self.upstream.decode(outcome, kind, call, rows)
        if not isinstance(reply.error, UnsetType):
            raise SourceRejected(self.upstream.system, call, _said(reply.error))
        with self.upstream.contract(call, "result"):
            if isinstance(reply.result, UnsetType):
                raise ValueError("found neither a result nor an error")
            return reply.result


def _explain(answer: Rejected) -> str | None:
    return _MEANINGS.get(answer.status)


def _said(error: list[Any]) -> str:
    """Tell an error of Tryton: ``["UserError", [message, …]]``, or a bare text and a traceback.

    Only messages made for users are passed on; other texts may hold whatever was in the data.
    """
    match error:
        case ["UserError" | "UserWarning" as name, [str(message), *_]]:
            return f"{name}: {message[:160]}"
        case [str(name), *_] if name.isidentifier():
            return name
        case _:
            return "an error of its own; its log says which"
