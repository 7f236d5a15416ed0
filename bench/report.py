"""The tables, the ratios, and the bars: what was measured, for people."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from bench import cold
from bench.contender import BESIDE
from bench.measure import Meter, Pair, Row
from bench.ratio import Ratio, compared, excess
from bench.workload import Workload

_HEAD = ("", "CPU µs", "req/s", "p50 ms", "p99 ms", "RSS MB", "calls", "/gateway", "/floor", "busy")


class Bar(Struct, frozen=True):
    """A ratio of CPU per request that the gateway is meant to keep: its own to another's."""

    workload: str
    against: str
    at_most: float


BARS = (
    Bar("listing", "floor", 1.25),
    Bar("listing", "mercurius", 1.0),
    Bar("listing", "apollo", 0.4),
    Bar("listing-warm", "floor", 1.0),
    Bar("listing-warm", "strawberry", 1.0),
    Bar("listing-warm", "apollo", 1.0),
    Bar("listing-warm", "mercurius", 1.0),
    Bar("listing-warm", "hive", 1.0),
    Bar("listing-warm", "floor-node", 1.0),
    Bar("detail", "floor", 1.25),
    Bar("detail", "apollo", 0.5),
    Bar("agent360", "floor", 1.3),
    Bar("agent360", "mercurius", 1.0),
    Bar("hello", "uvicorn", 2.0),
)
GROWTH = 10.0
COLD = 1.2


def table(
    title: str,
    meter: Meter,
    pairs: Sequence[Pair],
    caches: Mapping[str, str | None] | None,
) -> str:
    """Write one workload's table; ``caches`` says for a warm one who keeps what."""
    lines = [_HEAD, *(_cells(meter, pair) for pair in pairs)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEAD))]
    text = [title]
    for line in lines:
        name, *figures = line
        cells = [each.rjust(width) for each, width in zip(figures, widths[1:])]
        text.append("  ".join([name.ljust(widths[0]), *cells]))
    if caches:
        text += [f"  {name} keeps: {kept or 'none'}" for name, kept in caches.items()]
    return "\n".join(text)


def bars(meter: Meter) -> str:
    """Tell which bars the gateway meets, and by how much it misses the others."""
    lines = ["The gateway's CPU per request against its bars, with the quartiles of the rounds"]
    for bar in BARS:
        own, other = meter.costs(bar.workload, "gateway"), meter.costs(bar.workload, bar.against)
        lines += _told(f"{bar.workload} / {bar.against}", compared(own, other), bar.at_most)
    small, large = meter.costs("listing", "gateway"), meter.costs("listing-500", "gateway")
    lines += _told("listing-500 / listing", compared(large, small), GROWTH)
    known, whole = meter.costs("detail", "gateway"), meter.costs("cold", "gateway")
    found = excess(whole, known, meter.costs("cold", cold.NAME))
    return "\n".join([*lines, *_told(f"(cold - detail) / {cold.NAME}", found, COLD)])


def beside(meter: Meter, workloads: Sequence[Workload]) -> str:
    """Tell what this checkout's gateway costs beside another's, in each workload."""
    lines = ["CPU per request, this checkout / the other, with the quartiles of the rounds"]
    for workload in workloads:
        found = compared(meter.costs(workload.name, "gateway"), meter.costs(workload.name, BESIDE))
        lines.append(f"  {workload.name:<38} {found}")
    return "\n".join(lines)


def _cells(meter: Meter, pair: Pair) -> tuple[str, ...]:
    row = meter.row(pair)
    return (
        row.contender,
        f"{row.cpu_us_per_request:.0f}",
        f"{row.requests_per_second:.0f}",
        f"{row.p50_ms:.2f}",
        f"{row.p99_ms:.2f}",
        f"{row.rss_mb:.0f}",
        f"{row.upstream_calls_per_request:.2f}",
        _ratio(meter, row, "gateway"),
        _ratio(meter, row, "floor"),
        f"{meter.busy(pair):.0%}",
    )


def _told(what: str, found: Ratio | None, allowed: float) -> list[str]:
    if found is None:
        return []
    over = found.value / allowed
    verdict = "met" if over <= 1 else f"missed by a factor of {over:.2f}"
    return [f"  {what:<38} {found!s:<22} at most {allowed:<5g} {verdict}"]


def _ratio(meter: Meter, row: Row, other: str) -> str:
    if row.contender == other:
        return "1"
    own = meter.costs(row.workload, row.contender)
    return str(compared(own, meter.costs(row.workload, other)) or "-")
