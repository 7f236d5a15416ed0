"""The directory of sites as the WMS shows it, and which of them is near."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.holiday import special_days
from sandbox.place import Site

_SPECIAL_DAYS = 120
_EARTH_RADIUS = 6_371_008.8


def shown(site: Site, now: int) -> dict[str, Any]:
    """A site with its hours from today on; `now` in epoch milliseconds."""
    today = datetime.fromtimestamp(now / 1_000, UTC).date()
    # Lockers know no holidays.
    special = () if site.kind == "L" else special_days(site.country, today, _SPECIAL_DAYS)
    return {
        "code": site.code,
        "type": site.kind,
        "name": site.name,
        "addr": {
            "street": site.street,
            "zip": site.postcode,
            "city": site.city,
            "ctry": site.country,
        },
        "lat": f"{site.latitude:.6f}",
        "lon": f"{site.longitude:.6f}",
        "tz": site.zone,
        "hours": site.hours,
        "special": special,
        "svc": site.services,
        "prep": site.prep,
        "keep": site.keep,
    }


def ordered(sites: Sequence[Site], near: tuple[float, float] | None) -> list[Site]:
    """The sites, nearest first, or by name."""
    if near is None:
        return sorted(sites, key=lambda site: (site.name, site.code))
    return sorted(sites, key=lambda site: (_distance(site, near), site.name, site.code))


def _distance(site: Site, near: tuple[float, float]) -> float:
    north, south = math.radians(site.latitude), math.radians(near[0])
    across = math.radians(site.longitude - near[1])
    half = (
        math.sin((south - north) / 2) ** 2
        + math.cos(north) * math.cos(south) * math.sin(across / 2) ** 2
    )
    return 2 * _EARTH_RADIUS * math.asin(math.sqrt(min(1.0, half)))
