"""Where the gateway's time goes for one workload: sampled from outside, summed by library."""

import asyncio
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

from msgspec import Struct

from bench import contender, measure
from bench.contender import BY_NAME, INSTALLED, Missing
from bench.measure import Meter, Pair, Plan
from bench.workload import Workload

_PY_SPY = "0.4.3"
_RATE = 250
_INSTALL_SECONDS = 120
_FRAME = re.compile(r"^(?P<name>.*) \((?P<place>[^()]*)\)$")

# Which part of the gateway a frame belongs to, by the file that it is in; the first match counts.
# Native frames have their C file's name. What matches nothing (the interpreter, libc) is its
# caller's.
_PARTS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (part, library, re.compile(pattern))
    for part, library, pattern in (
        ("engine", "graphql-core", r"^graphql/"),
        ("engine", "execution/", r"^execution/"),
        ("engine", "aiodataloader", r"^aiodataloader"),
        ("engine", "resolvers/", r"^resolvers/"),
        ("engine", "schema/, Strawberry", r"^(schema|strawberry)/"),
        ("policy", "auth/, domain.policy", r"^(auth/|domain/(policy|viewer)\.py)"),
        ("domain", "domain/", r"^domain/"),
        ("upstream client", "aiohttp, yarl, multidict", r"^(aiohttp|yarl|multidict|propcache)/"),
        ("upstream client", "aiohttp, yarl, multidict", r"^_(http_parser|http_writer|quoting_c)"),
        ("upstream client", "adapters/_*", r"^adapters/_"),
        ("translation", "adapters/", r"^adapters/"),
        ("JSON", "orjson", r"^(orjson|src/(serialize|deserialize))"),
        ("transport", "transport/", r"^transport/"),
        ("transport", "Starlette", r"^starlette/"),
        ("transport", "uvicorn, httptools", r"^(uvicorn|httptools)/|^(parser|api|llhttp)\.c"),
        ("log", "structlog", r"^structlog/"),
        ("event loop", "asyncio", r"^(asyncio|contextlib|async_timeout)"),
        ("event loop", "uvloop, sockets", r"^(uvloop|loop|core|linux|stream|loop-watcher|udp)\b"),
        ("composition", "app.py", r"^(app|command)\.py"),
    )
)
# What else msgspec does, such as making Structs, is its caller's.
_MSGSPEC = re.compile(r"^(json_|JSON|ms_decode|ms_encode|encode_|Encoder_|Decoder_)")


class _Share(Struct):
    part: str
    library: str
    samples: int


async def run(workload: Workload, seconds: float) -> int:
    """Profile the gateway under a workload's load and print what was found."""
    sampler = _install()
    # The load goes on beside the sampler, which takes a part of its core: the gateway's is its own.
    usable = sorted(os.sched_getaffinity(0))
    core, other = (usable[-1], usable[0]) if len(usable) > 1 else (None, None)
    if other is not None:
        os.sched_setaffinity(0, {other})
    upstream = contender.start_upstream(other)
    try:
        gateway = contender.start(BY_NAME["gateway"], upstream.url, core, is_warm=workload.is_warm)
        try:
            pair = Pair(workload, gateway)
            plan = Plan(turns=1, rounds=1, seconds=seconds + 2, warm_seconds=2, budget=0)
            meter = Meter(upstream, await measure.token(upstream), plan, core)
            await meter.warm(pair)
            load = asyncio.create_task(meter.measure(pair, 0))
            stacks = await _record(sampler, gateway.pid, seconds)
            await load
        finally:
            gateway.stop()
    finally:
        upstream.stop()
    print(_report(workload, _shares(stacks), meter.row(pair).cpu_us_per_request))
    return 0


def _install() -> Path:
    """Have the sampler in place; it is of no use to anybody but the bench."""
    folder = INSTALLED / f"py-spy-{_PY_SPY}"
    program = folder / "bin" / "py-spy"
    if not program.exists():
        python = os.environ.get("PYTHON", "python3")
        command = [python, "-m", "pip", "install", "--quiet", "--target", str(folder)]
        try:
            subprocess.run([*command, f"py-spy=={_PY_SPY}"], check=True, timeout=_INSTALL_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise Missing(f"py-spy could not be installed: {error}") from None
    return program


async def _record(sampler: Path, pid: int, seconds: float) -> Counter[str]:
    out = INSTALLED / f"profile-{pid}.txt"
    process = await asyncio.create_subprocess_exec(
        *(str(sampler), "record", "--pid", str(pid), "--native", "--format", "raw"),
        *("--rate", str(_RATE), "--duration", str(max(1, round(seconds))), "--output", str(out)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, told = await asyncio.wait_for(process.communicate(), seconds + 60)
        if process.returncode:
            raise Missing(f"py-spy cannot look into the gateway: {told.decode().strip()[-300:]}")
        stacks: Counter[str] = Counter()
        for line in out.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            stacks[stack] += int(count)
        return stacks
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        out.unlink(missing_ok=True)


def _shares(stacks: Counter[str]) -> list[_Share]:
    """Give each sample to the innermost frame that belongs to somebody."""
    found: Counter[tuple[str, str]] = Counter()
    for stack, count in stacks.items():
        found[_owner(stack.split(";"))] += count
    return [_Share(part, library, count) for (part, library), count in found.most_common()]


def _owner(frames: list[str]) -> tuple[str, str]:
    for frame in reversed(frames):
        match = _FRAME.match(frame)
        if match is None:
            continue
        if _MSGSPEC.match(match["name"]):
            return "JSON", "msgspec"
        if "orjson" in frame:
            return "JSON", "orjson"
        place = match["place"].rpartition(":")[0] or match["place"]
        for part, library, pattern in _PARTS:
            if pattern.search(place):
                return part, library
    return "interpreter", "interpreter"


def _report(workload: Workload, shares: list[_Share], cost: float) -> str:
    whole = sum(share.samples for share in shares)
    parts: Counter[str] = Counter()
    for share in shares:
        parts[share.part] += share.samples
    lines = [f"{workload.name}: {cost:.0f} µs of CPU a request, {whole} samples"]
    for part, samples in parts.most_common():
        lines.append(f"  {part:<28} {samples / whole:6.1%} {cost * samples / whole:9.1f} µs")
        lines += [
            f"      {share.library:<24} {share.samples / whole:6.1%}"
            f" {cost * share.samples / whole:9.1f} µs"
            for share in shares
            if share.part == part
        ]
    return "\n".join(lines)
