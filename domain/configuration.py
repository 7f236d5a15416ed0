"""How settings are read, and what can be wrong with them, told all at once."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Problem(Struct, frozen=True):
    """One thing that keeps the gateway from starting.

    *Shape*: ``key`` is dotted, as in ``systems.erp.url``; ``found`` never holds a secret;
    ``allowed`` says what may stand there, or what to do; ``file`` is None where no file is at
    fault.
    """

    key: str
    found: str
    allowed: str
    file: str | None = None

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.key) if part)
        return f"{place}: {self.found}; {self.allowed}"


class ConfigurationError(Exception):
    """Everything that is wrong with a configuration, one line each.

    *Shape*: ``rest`` is what the configuration says with its problems left out, where that is
    still whole, so that whoever reads on can find the other problems in the same run.
    """

    def __init__(self, problems: Sequence[Problem], rest: object = None) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)
        self.rest = rest

    def __str__(self) -> str:
        count = len(self.problems)
        head = (
            "The configuration has a problem:"
            if count == 1
            else (f"The configuration has {count} problems:")
        )
        return "\n".join((head, *(f"  {problem}" for problem in self.problems)))


class Reader(Protocol):
    """Reads one table of settings into a Struct, as config does."""

    def __call__(self, table: Mapping[str, Any], kind: type[T], key: str) -> T:
        """Read it. *Errors*: ``ConfigurationError``."""
        ...


class Noted:
    """A ``with`` block that notes what is wrong with the configuration, and goes on behind it."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, ConfigurationError):
            return False
        self._problems += error.problems
        return True
