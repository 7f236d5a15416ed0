"""The headers of a request, found by name."""

from typing import Any

from starlette.datastructures import Headers


class Head(Headers):
    """Starlette's headers, looked up in a table instead of searched from the start each time.

    *Shape*: names are asked for in small letters, as servers give them. Where a name is there
    twice, Starlette's own search tells of each.
    """

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._table = dict(raw)
        self._has_twins = len(self._table) != len(raw)

    def get(self, key: str, default: Any = None) -> Any:
        """Give a header's value, the first where there are several."""
        if self._has_twins:
            return super().get(key, default)
        found = self._table.get(key.encode("latin-1"))
        return default if found is None else found.decode("latin-1")

    def getlist(self, key: str) -> list[str]:
        """Give every value of a header."""
        if self._has_twins:
            return super().getlist(key)
        found = self._table.get(key.encode("latin-1"))
        return [] if found is None else [found.decode("latin-1")]

    def __contains__(self, key: Any) -> bool:
        return key.encode("latin-1") in self._table
