"""The tables, the ratios, and the bars: what was measured, for people."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from bench.contender import BESIDE
from bench.measure import Meter, Row
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
    rows: Sequence[Row],
    busy: Mapping[str, float],
    caches: Mapping[str, str | None] | None,
) -> str:
    """Write one workload's table; ``caches`` says for a warm one who keeps what."""
    by_name = {row.contender: row for row in rows}
    lines = [_HEAD, *(_cells(row, by_name, busy[row.contender]) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEAD))]
    text = [title]
    for line in lines:
        name, *figures = line
        cells = [each.rjust(width) for each, width in zip(figures, widths[1:])]
        text.append("  ".join([name.ljust(widths[0]), *cells]))
    if caches:
        text += [f"  {name} keeps: {kept or 'none'}" for name, kept in caches.items()]
    return "\n".join(text)


def bars(rows: Sequence[Row], cold_us: float | None) -> str:
    """Tell which bars the gateway meets, and by how much it misses the others.

    *Units*: ``cold_us`` is what parsing and validating the cold document costs by itself.
    """
    cost = {(row.workload, row.contender): row.cpu_us_per_request for row in rows}
    lines = ["The gateway's CPU per request against its bars"]
    for bar in BARS:
        own, other = cost.get((bar.workload, "gateway")), cost.get((bar.workload, bar.against))
        if own and other:
            lines.append(_told(f"{bar.workload} / {bar.against}", own / other, bar.at_most))
    small, large = cost.get(("listing", "gateway")), cost.get(("listing-500", "gateway"))
    if small and large:
        lines.append(_told("listing-500 / listing", large / small, GROWTH))
    cold, known = cost.get(("cold", "gateway")), cost.get(("detail", "gateway"))
    if cold and known and cold_us:
        lines.append(_told("(cold - detail) / parse and validate", (cold - known) / cold_us, COLD))
    return "\n".join(lines)


def beside(meter: Meter, workloads: Sequence[Workload]) -> str:
    """Tell what this checkout's gateway costs beside another's, in each workload."""
    lines = [
        "CPU per request, this checkout / the other: median of the rounds' own ratios (quartiles)"
    ]
    for workload in workloads:
        found = meter.ratio(workload.name, "gateway", BESIDE)
        lines.append(f"  {workload.name:<38} {found}")
    return "\n".join(lines)


def _cells(row: Row, by_name: Mapping[str, Row], busy: float) -> tuple[str, ...]:
    return (
        row.contender,
        f"{row.cpu_us_per_request:.0f}",
        f"{row.requests_per_second:.0f}",
        f"{row.p50_ms:.2f}",
        f"{row.p99_ms:.2f}",
        f"{row.rss_mb:.0f}",
        f"{row.upstream_calls_per_request:.2f}",
        _ratio(row, by_name.get("gateway")),
        _ratio(row, by_name.get("floor")),
        f"{busy:.0%}",
    )


def _told(what: str, found: float, allowed: float) -> str:
    verdict = "met" if found <= allowed else f"missed by a factor of {found / allowed:.2f}"
    return f"  {what:<38} {found:5.2f}   at most {allowed:<5g} {verdict}"


def _ratio(row: Row, other: Row | None) -> str:
    return f"{row.cpu_us_per_request / other.cpu_us_per_request:.2f}" if other else "-"
