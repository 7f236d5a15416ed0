"""The ways a sandbox system can be made to misbehave on purpose."""

import json
import random
import re
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any, Literal

import msgspec

Mode = Literal["up", "down", "drop", "drop_after", "reset", "silent"]
Garbage = Literal[
    "truncated",
    "html",
    "types",
    "rows",
    "row",
    "nan",
    "currency",
    "huge",
    "gzip_bomb",
    "drip",
    "cut",
]

_DECIMAL = re.compile(r"-?\d+\.\d+\Z")
_CURRENCY = re.compile(r"(PLN|EUR|CZK)\Z")
_CHUNK = 1 << 20
_SHARE = 0.34
_ROWS = 0.2
_HTML = b"<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>"


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """What goes wrong with the requests the fault covers.

    *Shape*: `paths` are prefixes, empty for every path; `remaining` is how many more requests
    suffer, None for all; `status` is answered by `error_rate` and `mode` down; `rate_limit` is
    requests a minute where the system has such a limit; `stale_ms` makes the WMS's snapshots older,
    as those of a store whose line is down; `garbage_bytes` is the size of a huge body
    or of an unpacked gzip bomb.
    *Units*: milliseconds; `error_rate` and `garbage_rate` are shares of requests from 0 to 1.
    """

    seed: int = 1
    mode: Mode = "up"
    latency_ms: int = 0
    jitter_ms: int = 0
    error_rate: float = 0.0
    status: int = 503
    garbage: Garbage | None = None
    garbage_rate: float = 1.0
    garbage_bytes: int = 1 << 30
    drip_ms: int = 100
    paths: list[str] = []
    remaining: int | None = None
    rate_limit: int | None = None
    stale_ms: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("latency_ms", 0, 600_000), ("jitter_ms", 0, 600_000), ("error_rate", 0, 1),
            ("status", 400, 599), ("garbage_rate", 0, 1), ("garbage_bytes", 1, 1 << 33),
            ("drip_ms", 1, 60_000), ("stale_ms", 0, 86_400_000),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must lie between {low} and {high}")

    def covers(self, path: str) -> bool:
        """True if requests to the path suffer."""
        if self.remaining is not None and self.remaining <= 0:
            return False
        return not self.paths or any(path.startswith(prefix) for prefix in self.paths)


class Plight(msgspec.Struct):
    """What the fault decided for one request, or the rest of the fault if nothing goes wrong."""

    wait_ms: int = 0
    mode: Mode = "up"
    fails: bool = False
    garbage: Garbage | None = None


def decide(fault: Fault, dice: random.Random, path: str) -> Plight:
    """The plight of the next request; always takes the same number of draws, so that a seed
    gives the same run."""
    jitter, failure, spoilt = dice.random(), dice.random(), dice.random()
    if not fault.covers(path):
        return Plight()
    if fault.remaining is not None:
        fault.remaining -= 1
    return Plight(
        fault.latency_ms + int(jitter * fault.jitter_ms),
        fault.mode,
        failure < fault.error_rate,
        fault.garbage if spoilt < fault.garbage_rate else None,
    )


def spoil(garbage: Garbage, body: bytes, dice: random.Random) -> tuple[bytes, str]:
    """The body and content type a spoilt answer has instead of its own."""
    if garbage == "html":
        return _HTML, "text/html; charset=utf-8"
    if garbage == "truncated":
        return body[: max(1, len(body) // 2)], "application/json"
    try:
        value = json.loads(body)
    except ValueError:
        return body, "application/json"
    if garbage == "rows":
        return json.dumps(_damage(value, dice)).encode(), "application/json"
    if garbage == "row":
        rows = list(_rows(value))
        if rows:
            _spoil_one(dice.choice(rows), dice)
        return json.dumps(value).encode(), "application/json"
    spoilt = _change(value, garbage, dice, _SHARE)
    if garbage == "types" and spoilt == value:
        spoilt = _change(value, garbage, dice, 1)
    return json.dumps(spoilt).encode(), "application/json"


async def flood(fault: Fault) -> AsyncIterator[bytes]:
    """A JSON string as large as the fault says, without holding it in memory."""
    yield b'{"d": "'
    left = fault.garbage_bytes
    while left > 0:
        yield b"x" * min(left, _CHUNK)
        left -= _CHUNK
    yield b'"}'


@lru_cache(maxsize=4)
def bomb(size: int) -> bytes:
    """A small gzip body that unpacks to as many spaces, in whole megabytes.

    *Source*: RFC 1951 and 1952; after a full flush a deflate block stands for itself, so that one
    block repeated makes any size.
    """
    chunk, count = b" " * _CHUNK, max(1, size // _CHUNK)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(count):
        check = zlib.crc32(chunk, check)
    trailer = struct.pack("<II", check, count * _CHUNK & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\2\xff" + block * count + b"\3\0" + trailer


def _change(value: Any, garbage: Garbage, dice: random.Random, share: float) -> Any:
    """The value with its numbers or currencies turned wrong, or such a share of its leaves."""
    if isinstance(value, dict):
        return {key: _change(item, garbage, dice, share) for key, item in value.items()}
    if isinstance(value, list):
        return [_change(item, garbage, dice, share) for item in value]
    if garbage == "currency":
        return "XXX" if isinstance(value, str) and _CURRENCY.match(value) else value
    if garbage == "nan":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float("nan") if number or _is_decimal(value) else value
    if dice.random() < share:
        return [value] if isinstance(value, str) else {"value": str(value)}
    return value


def _damage(value: Any, dice: random.Random) -> Any:
    """The value with one number turned wrong in some of the rows of its longest lists."""
    if isinstance(value, dict):
        return {key: _damage(item, dice) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    return [_change_one(row) if dice.random() < _ROWS else row for row in value]


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    """The rows of all its lists, at any depth."""
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(value, list) and isinstance(item, dict):
            yield item
        if isinstance(item, dict | list):
            yield from _rows(item)


def _spoil_one(row: dict[str, Any], dice: random.Random) -> None:
    """Turns something in the row into what it is not; what comes first tells whose it is."""
    name = dice.choice(list(row)[2:] or list(row)[-1:])
    row[name] = {"value": str(row[name])}


def _change_one(value: Any) -> Any:
    """The value with its first number, at any depth, turned into what is none."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    for key, item in items:
        if isinstance(item, int | float) and not isinstance(item, bool):
            changed: Any = "n/a"
        elif isinstance(item, dict | list):
            changed = _change_one(item)
            if changed == item:
                continue
        else:
            continue
        copy = value.copy()
        copy[key] = changed
        return copy
    return value


def _is_decimal(value: Any) -> bool:
    return isinstance(value, str) and _DECIMAL.match(value) is not None
