"""Selections made of the published schema: every field that a type has, in every disguise."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

PAGE = 3
_MAX_DEPTH = 11
_TIMES = 2
# What a document may hold of directives and aliases, less some.
_MAX_MARKS = 190
_MARK = "__as"

Disguise = Callable[[str, str, str], str]
"""Writes one field of its name, its arguments, and its selection without braces or none."""


def plain(name: str, arguments: str, inner: str) -> str:
    """Write a field as it is."""
    return f"{name}{arguments} {{ {inner} }}" if inner else f"{name}{arguments}"


def aliased() -> Disguise:
    """Call every field something else, as far as a document may."""
    numbers = count(1)

    def write(name: str, arguments: str, inner: str) -> str:
        text = plain(name, arguments, inner)
        number = next(numbers)
        return text if number > _MAX_MARKS else f"{name}{_MARK}{number}: {text}"

    return write


def included() -> Disguise:
    """Take every selection into a fragment without a name, under a condition that holds."""
    numbers = count(1)

    def write(name: str, arguments: str, inner: str) -> str:
        if not inner or next(numbers) > _MAX_MARKS:
            return plain(name, arguments, inner)
        return plain(name, arguments, f"... @include(if: true) {{ {inner} }}")

    return write


def doubled() -> Disguise:
    """Ask for every value twice, to be merged."""

    def write(name: str, arguments: str, inner: str) -> str:
        text = plain(name, arguments, inner)
        return text if inner else f"{text} {text}"

    return write


DISGUISES: dict[str, Callable[[], Disguise]] = {
    "plain": lambda: plain,
    "aliased": aliased,
    "included": included,
    "doubled": doubled,
}


class Selections:
    """Writes selections of everything that is reached from a type and is about a person.

    *Shape*: an object that is about nobody and has an id of its own is selected by that id. A
    type that stands above itself is selected by its id, where it has one, and left out otherwise.
    A list is read by its ``nodes``, or else by its ``edges``. A person's type is written out twice
    in one document; after that it is selected by its id.
    """

    def __init__(
        self, schema: GraphQLSchema, persons: frozenset[str], *, by_edges: bool = False
    ) -> None:
        self._schema = schema
        self._persons = persons
        self._left_out = "nodes" if by_edges else "edges"
        self._written: Counter[str] = Counter()

    def of(self, name: str, disguise: Disguise = plain) -> str:
        """Write the selection of a type, without its braces."""
        self._written.clear()
        return self._inner(self._schema.type_map[name], (), disguise)

    def _inner(self, kind: GraphQLNamedType, above: tuple[str, ...], disguise: Disguise) -> str:
        if isinstance(kind, GraphQLUnionType):
            return " ".join(self._on(each, above, disguise) for each in kind.types)
        assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        own = " ".join(self._fields(kind, above, disguise))
        if not isinstance(kind, GraphQLInterfaceType):
            return f"__typename {own}"
        objects = self._schema.get_implementations(kind).objects
        return f"__typename {own} " + " ".join(self._on(each, above, disguise) for each in objects)

    def _on(self, kind: GraphQLObjectType, above: tuple[str, ...], disguise: Disguise) -> str:
        return f"... on {kind.name} {{ {self._inner(kind, above, disguise)} }}"

    def _fields(
        self,
        kind: GraphQLObjectType | GraphQLInterfaceType,
        above: tuple[str, ...],
        disguise: Disguise,
    ) -> Iterator[str]:
        way = (*above, kind.name)
        is_list = {"nodes", "edges"} <= kind.fields.keys()
        for name, field in kind.fields.items():
            arguments = _arguments(field)
            below = get_named_type(field.type)
            if arguments is None or (is_list and name == self._left_out):
                continue
            if is_leaf_type(below):
                yield disguise(name, arguments, "")
            elif (
                below.name in way
                or len(way) >= _MAX_DEPTH
                or self._is_thing(below)
                or self._written[below.name] >= _TIMES
            ):
                if "id" in getattr(below, "fields", {}):
                    yield disguise(name, arguments, "__typename id")
            else:
                self._written[below.name] += below.name in self._persons
                yield disguise(name, arguments, self._inner(below, way, disguise))

    def _is_thing(self, kind: GraphQLNamedType) -> bool:
        if isinstance(kind, GraphQLInterfaceType):
            return kind.name == "Node"
        is_node = isinstance(kind, GraphQLObjectType) and any(
            each.name == "Node" for each in kind.interfaces
        )
        return is_node and kind.name not in self._persons


def _arguments(field: GraphQLField) -> str | None:
    """Write what a field must be given; None where that cannot be known here."""
    if any(
        each.default_value is Undefined and str(each.type).endswith("!")
        for each in field.args.values()
    ):
        return None
    return f"(first: {PAGE})" if "first" in field.args else ""


def undisguised(answer: object) -> object:
    """Give an answer's fields their own names again."""
    if isinstance(answer, dict):
        return {name.partition(_MARK)[0]: undisguised(each) for name, each in answer.items()}
    if isinstance(answer, list):
        return [undisguised(each) for each in answer]
    return answer
