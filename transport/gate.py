"""Who is turned away before being read, while the gateway is full.

A crowd is kept out by nobody if keeping one shopper out costs a tenth of serving one. So the
answer is written beforehand, and who asks is guessed from the headers alone. The guess can only
refuse: whom it lets through is proved, and counted, as ever.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence

import structlog

from domain.errors import RateLimited
from domain.task import beside
from domain.viewer import Role
from transport.accept import Media
from transport.answer import encode
from transport.budget import Spent
from transport.door import NO_CONTENT, SECURITY
from transport.load import Load, Overloaded
from transport.problem import problem
from transport.settings import DemandMode, Settings

_log = structlog.get_logger("transport")
_DECIDING = frozenset(
    (b"authorization", b"origin", b"accept", b"content-length", b"transfer-encoding", b"expect")
)
_TELLING = (b"authorization", b"x-forwarded-for")
_GRAPHQL = Media.GRAPHQL.value.encode()
_MAX_KNOWN = 20_000
_MAX_LENGTH_DIGITS = 9
_TELL_SECONDS = 1.0

# Who has spent their budget is not even read for so long; what they ask for then may be cheaper.
_BARRED_SECONDS = 1.0
_MAX_BARRED = 10_000

Headers = Sequence[tuple[bytes, bytes]]


class Gate:
    """Guesses from a request's head whether it would find no room.

    *Shape*: without a token a caller is a guest. A token counts as its role did when it was last
    proved; one that nobody has seen is let through as long as guests would be, and beyond that one
    in each tick, so that whoever may come in gets known, and proving forged ones costs little.
    """

    def __init__(self, load: Load, settings: Settings, path: str) -> None:
        demand = settings.demand
        self.load = load
        self._path = path.encode()
        self._queried = self._path + b"?"
        self._max_body = settings.max_body
        self._is_enforced = demand.mode is DemandMode.ENFORCE
        self._shares = {role: demand.of(role).share for role in Role}
        self._least = min(self._shares.values())
        # By a hash that is this process's own, and tells nothing of the token.
        self._known: dict[int, float] = {}
        self._last_stranger = 0
        # Until when, by a hash of who is asking as the head tells it.
        self._barred: dict[int, float] = {}
        self._turned_away = 0
        self._full = _Answers(Overloaded(), settings.origins)
        self._spent = _Answers(Spent(_BARRED_SECONDS), settings.origins)

    def refusal(
        self, method: bytes, address: bytes, headers: Headers, peer: str | None
    ) -> bytes | None:
        """Give the answer to a request that is refused; None lets it through.

        *Shape*: headers and body; the status, 429, and what the server says of itself come before.
        ``peer`` is whoever holds the other end of the connection, which may be a proxy. What has
        to be read to be understood (other methods, bodies of unknown or excessive length) is let
        through.
        """
        is_full = self.load.is_full(self._least)
        if not self._is_enforced or not (is_full or self._barred):
            return None
        if method not in (b"POST", b"GET"):
            return None
        if address != self._path and not address.startswith(self._queried):
            return None
        authorization = origin = None
        media = Media.JSON
        for name, value in headers:
            if name not in _DECIDING:
                continue
            if name == b"authorization":
                authorization = value
            elif name == b"origin":
                origin = value
            elif name == b"accept":
                if _GRAPHQL in value:
                    media = Media.GRAPHQL
            elif name == b"content-length":
                if len(value) > _MAX_LENGTH_DIGITS or int(value) > self._max_body:
                    return None
            else:
                return None
        if self._barred and self._is_barred(_who(headers, peer)):
            answers = self._spent
        elif is_full and self._is_full_for(authorization):
            answers = self._full
        else:
            return None
        self._turned_away += 1
        return answers.give(media, origin)

    def learn(self, authorization: str | None, role: Role) -> None:
        """Remember what a token was proved to be; one that was not accepted is a guest's."""
        if authorization is None:
            return
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[hash(authorization.encode("latin-1", "replace"))] = self._shares[role]

    def bar(self, headers: Headers, peer: str | None) -> None:
        """Turn away for a second, unread, a caller who has spent their budget.

        Being refused for that costs a tenth of being served, for as often as they like to be.
        """
        if len(self._barred) >= _MAX_BARRED:
            self._barred.clear()
        self._barred[_who(headers, peer)] = time.monotonic() + _BARRED_SECONDS

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch the loop, and log how many were turned away, while the block runs."""
        async with beside(self._tell), self.load.watched():
            yield

    def _is_barred(self, who: int) -> bool:
        until = self._barred.get(who)
        if until is None:
            return False
        if time.monotonic() < until:
            return True
        del self._barred[who]
        return False

    def _is_full_for(self, authorization: bytes | None) -> bool:
        load = self.load
        if authorization is None:
            return load.is_full(self._shares[Role.ANONYMOUS])
        known = self._known.get(hash(authorization))
        if known is not None:
            return load.is_full(known)
        if not load.is_full(self._shares[Role.ANONYMOUS]):
            return False
        if load.now == self._last_stranger:
            return True
        self._last_stranger = load.now
        return False

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            if self._turned_away:
                _log.info("turned away", requests=self._turned_away, room=int(self.load.room))
                self._turned_away = 0


class _Answers:
    """The answers to those who are turned away for one reason, written beforehand."""

    def __init__(self, reason: RateLimited, origins: Sequence[str]) -> None:
        self._plain = {media: _written(reason, media, []) for media in Media}
        self._for_pages = {
            origin.encode(): {media: _written(reason, media, _readable(origin)) for media in Media}
            for origin in origins
        }

    def give(self, media: Media, origin: bytes | None) -> bytes:
        """Give the one that a page of this origin may read."""
        if origin is None or not self._for_pages:
            return self._plain[media]
        found = self._for_pages.get(origin) or self._for_pages.get(b"*") or self._plain
        return found[media]


def _who(headers: Headers, peer: str | None) -> int:
    """Tell callers apart by the peer, and by what it says of whom it is for.

    A proxy adds the address that it was called from to whatever the caller wrote there: nobody can
    write what another one's request says. Who varies it is read, and refused then.
    """
    said = tuple(value for name, value in headers if name in _TELLING)
    return hash((peer, said))


def _written(reason: RateLimited, media: Media, extra: Headers) -> bytes:
    """Write an answer, with the headers that every other one has, but for a request's id."""
    body = encode({"errors": [problem(reason)]})
    headers = [
        (b"content-type", f"{media.value}; charset=utf-8".encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"private, no-store"),
        (b"retry-after", b"1"),
        (b"vary", b"Accept, Origin" if extra else b"Accept"),
        *SECURITY,
        NO_CONTENT,
        *extra,
    ]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return lines + b"\r\n" + body


def _readable(origin: str) -> Headers:
    """Let a page of an allowed origin read it (CORS)."""
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-expose-headers", b"Retry-After"),
    ]
