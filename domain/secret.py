"""Values that must never be shown: passwords, keys, tokens."""

from typing import Self


class Secret:
    """A text that never shows itself in logs, messages or tracebacks; ``reveal`` gives it out.

    *Source*: settings hold the name of an environment variable, in a key that ends in ``_env``;
    the value never stands in a file.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Wrap the value of an environment variable; ValueError where it is empty."""
        if not text:
            raise ValueError("it is empty")
        return cls(text)

    def reveal(self) -> str:
        """Give out the text, to be sent to the one who asks for it and kept nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not written anywhere")
