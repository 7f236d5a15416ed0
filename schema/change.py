"""What is told as it happens."""

import domain.change
import resolvers.change
from schema.field import batch, plain, publishes
from schema.product import Variant


@publishes(domain.change.StockChange)
class AvailabilityChange:
    """A change of what can be promised of some variants."""

    cursor: str = plain("The place behind this change: follow again from here after a break.")

    @batch(resolvers.change.variants)
    def variants(self) -> list[Variant | None]:
        """The variants it is about, as they are now; several changes may come as one."""
