"""How much of the retailer there is."""

from typing import NamedTuple


class Scale(NamedTuple):
    """Counts of what is generated; everything else follows from them and the seed."""

    styles: int
    contacts: int
    orders: int
    stores: int


SMALL = Scale(styles=300, contacts=400, orders=1_500, stores=25)
LARGE = Scale(styles=2_000, contacts=20_000, orders=60_000, stores=85)
SCALES = {"small": SMALL, "large": LARGE}
