"""How many pieces of an article lie where."""

from functools import lru_cache
from typing import NamedTuple

from sandbox.bundle import UNCARRIED, carried
from sandbox.catalogue import Style
from sandbox.place import Site
from sandbox.seed import Draw

DAY_MS = 86_400_000
_TICK_MS = 20_000


class Level(NamedTuple):
    """Pieces of one article at one site; on hand may be below zero, as after a sale booked
    before its receipt.

    *Units*: pieces; `due_every` days between receipts (0: none), `due_phase` days. `damaged` and
    `moving` (on the way from another site) are not in `on_hand`.
    """

    site: int
    on_hand: int
    allocated: int
    safety: int
    due_quantity: int
    due_every: int
    due_phase: int
    damaged: int = 0
    moving: int = 0


def levels(style: Style, variant: int, sites: tuple[Site, ...]) -> tuple[Level, ...]:
    """The levels at every site that carries the variant; empty for one that is not stocked."""
    plight = _plight(style, variant)
    if plight is None:
        return ()
    found = (_at(style, variant, number, site, plight) for number, site in enumerate(sites))
    return tuple(level for level in found if level is not None)


def level_at(style: Style, variant: int, position: int, site: Site) -> Level | None:
    """The level at the site of this position, or None if it does not carry the variant."""
    plight = _plight(style, variant)
    return None if plight is None else _at(style, variant, position, site, plight)


@lru_cache(maxsize=16_384)
def _plight(style: Style, variant: int) -> tuple[bool, bool] | None:
    """Whether the article is sold out and whether it is running out; None if nobody stocks it."""
    share = carried(style.position)
    if share < UNCARRIED:
        return None
    # One article in six is running out: a few pieces in a few places, none on its way.
    return share < 0.05, Draw("scarce", style.position * 1_000 + variant).chance(16)


def _at(
    style: Style, variant: int, position: int, site: Site, plight: tuple[bool, bool]
) -> Level | None:
    if site.kind == "L":
        return None
    sold_out, scarce = plight
    article = style.position * 1_000 + variant
    level = _level(Draw("stock", article * 1_000 + position), position, site, sold_out)
    if level is None or level.on_hand <= 0:
        return level
    if scarce:
        few = level.on_hand % 3 if level.on_hand % 5 == 0 else 0
        return level._replace(on_hand=few, allocated=0, safety=0, due_quantity=0)
    rest = level.on_hand * 31 + level.due_phase
    return level._replace(damaged=int(rest % 23 == 0), moving=rest % 4 if rest % 7 == 0 else 0)


def free_pieces(level: Level) -> int:
    """What of a level can be promised."""
    return max(0, level.on_hand - level.allocated - level.safety)


def _level(draw: Draw, position: int, site: Site, sold_out: bool) -> Level | None:
    share = draw.share()
    if site.kind == "W":
        on_hand = 0 if sold_out or share < 0.06 else draw.between(4, 240)
        due = draw.between(20, 120) if draw.chance(15) else 0
        return Level(position, on_hand, draw.below(1 + on_hand // 6), 5, due,
                     draw.between(7, 28) if due else 0, draw.below(28))  # fmt: skip
    if share < 0.28:
        return None
    if sold_out or share < 0.41:
        on_hand = 0
    elif share < 0.417:
        on_hand = -draw.between(1, 3)
    else:
        on_hand = 1 + draw.below(4) + draw.below(5)
    allocated = 1 if on_hand > 1 and draw.chance(20) else 0
    due = draw.between(2, 8) if draw.chance(3) else 0
    return Level(position, on_hand, allocated, 1 if draw.chance(70) else 2, due,
                 draw.between(3, 10) if due else 0, draw.below(28))  # fmt: skip


def observed_at(position: int, now: int) -> int:
    """When the site's snapshot was taken, in epoch milliseconds: within 20 s of now."""
    return now - (now + position * 1_237) % _TICK_MS


def due_at(level: Level, now: int) -> int:
    """When the level's next receipt is due, in epoch milliseconds: later than now."""
    today = now // DAY_MS
    wait = level.due_every - (today + level.due_phase) % level.due_every
    return (today + wait) * DAY_MS
