"""A cache: values that may be gone at any moment, and never outlive their time."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Cache(Protocol):
    """Keeps values for a while. Never fails: what cannot be had is not there."""

    async def read(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Read what is there."""
        ...

    async def keep(self, values: Mapping[str, bytes], seconds: float) -> None:
        """Keep values for at most so long."""
        ...

    async def forget(self, keys: Sequence[str]) -> None:
        """Forget values; while what is shared cannot be reached, others see them out their time."""
        ...
