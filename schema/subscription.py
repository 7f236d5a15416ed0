"""Where following begins."""

from typing import Annotated

import resolvers.change
from schema.change import AvailabilityChange
from schema.field import argument, publishes, stream


@publishes(type(None))
class Subscription:
    """Everything that can be followed. Each event is decided on, and read, when it happens."""

    @stream(resolvers.change.follow_availability, resolvers.change.availability_changed)
    def availability_changed(
        self,
        skus: Annotated[list[str], argument("The SKUs to follow: 1 to 100.")],
        after: Annotated[
            str | None,
            argument("The cursor of the last change that was seen; all have changed if it is old."),
        ] = None,
    ) -> AvailabilityChange:
        """Changes of the stock of some variants, from now on."""
