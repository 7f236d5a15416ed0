"""Bodies of answers: read within a cap, decoded into typed Structs, translated under contract."""

import re
import zlib
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from functools import lru_cache
from types import TracebackType
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta

from adapters._outcome import one_line
from domain.errors import SourceContract

T = TypeVar("T")

_GZIP = 16 + zlib.MAX_WBITS
# No quantity, price or rate of any retailer needs more digits before the point.
_MAX_DIGITS = 18
# GraphQL's Int, in which pieces and points are published (October 2021, section 3.5.1), has 32 bit.
_MAX_WHOLE = 2**31 - 1

Whole = Annotated[int, Meta(ge=-_MAX_WHOLE, le=_MAX_WHOLE)]
"""A whole number of an answer, as its Struct declares it; ``whole`` is for one that is computed."""

# What a translation may raise over data that keeps its types and yet makes no sense.
_NONSENSE = (ValueError, LookupError, ArithmeticError, RecursionError)
_FIELD = re.compile(r" - at `([^`]*)`$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_CODE = re.compile(r"['\"][A-Z][A-Z0-9_]{0,15}['\"]")
_NAME = re.compile(r"[A-Za-z_.][A-Za-z0-9_.]{0,31}")


class BrokenBody(Exception):  # noqa: N818 - says what is broken, not that something is
    """The body cannot be had whole: over the cap, or not in the encoding it claims."""


class Allowance:
    """The bytes that all bodies being read from one system may hold together.

    Each body has its own limit; without this one, a system that floods every connection at once
    could still take as many limits of memory as it may be asked calls side by side.
    """

    __slots__ = ("_left",)

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, count: int) -> None:
        """Take bytes. *Errors*: ``BrokenBody`` where they are not left."""
        if count > self._left:
            raise BrokenBody("too much is arriving from this system at once")
        self._left -= count

    def give_back(self, count: int) -> None:
        """Give bytes back."""
        self._left += count


class Intake:
    """Takes in and unpacks one body of at most ``limit`` bytes, counted as sent and unpacked.

    Whoever made it drops it in the end, which gives back what it has of the allowance.
    """

    __slots__ = ("_allowance", "_chunks", "_held", "_limit", "_received", "_unpack")

    def __init__(self, limit: int, allowance: Allowance) -> None:
        self._limit = limit
        self._allowance = allowance
        self._chunks: list[bytes] = []
        self._received = self._held = 0
        self._unpack: Callable[[bytes | None], bytes] | None = None

    def begin(self, headers: Mapping[str, str]) -> None:
        """Look at what is announced. *Errors*: ``BrokenBody``."""
        if int(headers.get("Content-Length", 0)) > self._limit:
            raise BrokenBody(
                f"the body is announced with more than the {self._limit} bytes allowed"
            )
        encoding = headers.get("Content-Encoding")
        if encoding is None:
            return
        encoding = encoding.strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise BrokenBody(f"the body is encoded as {one_line(encoding)}; only gzip was accepted")
        if encoding.endswith("gzip"):
            self._unpack = _Gzip(self._limit).feed

    def feed(self, chunk: bytes) -> None:
        """Take the next part. *Errors*: ``BrokenBody``."""
        self._received += len(chunk)
        if self._unpack is not None:
            chunk = self._unpack(chunk)
        if self._received > self._limit or self._held + len(chunk) > self._limit:
            raise BrokenBody(f"the body is larger than the {self._limit} bytes allowed")
        self._allowance.take(len(chunk))
        self._held += len(chunk)
        self._chunks.append(chunk)

    def end(self) -> bytes:
        """Give the whole body. *Errors*: ``BrokenBody`` where the encoding breaks off."""
        if self._unpack is not None and self._received:
            self._unpack(None)
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def drop(self) -> None:
        """Give back what this holds of the allowance."""
        self._allowance.give_back(self._held)
        self._held = 0


class _Gzip:
    """Unpacks gzip, never more than ``limit`` bytes and one at a time."""

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._stream = zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes | None) -> bytes:
        """Unpack the next part; None says that it was the last."""
        if chunk is None:
            if not self._stream.eof:
                raise BrokenBody("the gzip body breaks off")
            return b""
        parts: list[bytes] = []
        while chunk:
            if self._stream.eof:
                self._stream = zlib.decompressobj(_GZIP)
            try:
                part = self._stream.decompress(chunk, self._room + 1)
            except zlib.error:
                raise BrokenBody("the body claims to be gzip and is not") from None
            self._room -= len(part)
            if self._room < 0:
                raise BrokenBody("the body unpacks to more than is allowed")
            parts.append(part)
            chunk = self._stream.unused_data
        return b"".join(parts)


@lru_cache(maxsize=512)
def one_decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    """Make the strict decoder of a type, once."""
    return msgspec.json.Decoder(cast("Any", kind))


def decode_body(system: str, call: str, content_type: str, body: bytes, kind: type[T]) -> T:
    """Decode a JSON body strictly. *Errors*: ``SourceContract``, with the field at fault."""
    if "html" in content_type.lower():
        raise SourceContract(system, call, "found an HTML page; promised is JSON")
    try:
        return cast("T", one_decoder(cast("Hashable", kind)).decode(body))
    except (ValueError, RecursionError) as error:  # ValueError: also what is not UTF-8
        raise _broken(system, call, error, None) from None


class Contract:
    """Turns what a translation stumbles over into ``SourceContract``; a ``with`` block.

    *Shape*: set ``field`` as the translation goes, where the error itself could not tell.
    """

    __slots__ = ("_call", "_system", "field")

    def __init__(self, system: str, call: str, field: str | None = None) -> None:
        self._system = system
        self._call = call
        self.field = field

    def __enter__(self) -> "Contract":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, _NONSENSE):
            raise _broken(self._system, self._call, error, self.field) from error


def exact(value: Decimal) -> Decimal:
    """Pass on a decimal that is a number of this world.

    *Errors*: ``ValueError`` for NaN, infinities, and numbers so large that computing with them
    would hold the gateway up; JSON text may hold all of them.
    """
    if not value.is_finite() or value.adjusted() >= _MAX_DIGITS:
        raise ValueError("found a number that is not finite or beyond any range")
    return value


def whole(value: int) -> int:
    """Pass on a whole number that can be published.

    *Errors*: ``ValueError`` beyond 32 bit.
    """
    if abs(value) > _MAX_WHOLE:
        raise ValueError("found a whole number beyond any range")
    return value


def _broken(system: str, call: str, error: BaseException, field: str | None) -> SourceContract:
    text = str(error)
    if isinstance(error, KeyError):
        key = error.args[0] if error.args else None
        plain = isinstance(key, str) and _NAME.fullmatch(key)
        text = f"nothing is known of {key}" if plain else "nothing is known of a value found"
    elif isinstance(error, ArithmeticError):
        text = f"cannot compute with it ({type(error).__name__})"
    elif at := _FIELD.search(text):
        field, text = at[1], text[: at.start()]
    return SourceContract(system, call, one_line(_QUOTED.sub(_masked, text)), field)


def _masked(quoted: re.Match[str]) -> str:
    # A code says what to fix; anything else between quotes may be somebody's name or number.
    return quoted[0] if _CODE.fullmatch(quoted[0]) else "'...'"
