"""Sets: articles that lie nowhere as such, because they are packed of others."""

from sandbox.catalogue import sku
from sandbox.seed import Draw

UNCARRIED = 0.02
_SETS = 0.01


def carried(style: int) -> float:
    """A share between 0 and 1: styles below ``UNCARRIED`` lie nowhere."""
    return Draw("carried", style).share()


def parts(style: int, variant: int) -> tuple[tuple[str, int], ...]:
    """The articles that a set is packed of, and how many of each; none for what is no set."""
    if carried(style) >= _SETS:
        return ()
    others = [place for place in range(style - 1, -1, -1) if carried(place) >= UNCARRIED]
    return tuple(
        (sku(other, 0), 1 + (variant + number) % 2) for number, other in enumerate(others[:2])
    )
