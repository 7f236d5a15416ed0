"""A schema of its own for the engine's tests, whose every value follows from a seed.

A thing is known by a number. What a field of it gives (a value, null, a failure, something of the
wrong type) follows from the number, the field, its arguments and the world's seed alone, so that
two executions of one operation must give the same answer, however they go about it.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

SDL = """
scalar Stamp
enum Color { RED GREEN BLUE }
input Filter { min: Int = 1, tags: [String!], color: Color = GREEN, deep: Filter }
interface Node { id: ID!, label: String, next: Node, peers(first: Int = 2): [Node] }
interface Named implements Node {
  id: ID!, label: String, next: Node, peers(first: Int = 2): [Node], name: String!
}
type Alpha implements Node & Named {
  id: ID!, label: String, next: Node, peers(first: Int = 2): [Node], name: String!
  rank(by: Int! = 3, color: Color): Int, ratio: Float, isGood: Boolean!, color: Color
  stamp: Stamp, stamps: [Stamp!]!, grid: [[Int]], strictGrid: [[Int!]!]!
  beta: Beta, strictBeta: Beta!, things(filter: Filter): [Thing!], alphas: [Alpha!]!
}
type Beta implements Node & Named {
  id: ID!, label: String, next: Node, peers(first: Int = 2): [Node], name: String!
  alpha: Alpha, strictAlpha: Alpha!, tags(of: [String!] = ["a", "b"]): [String!]
  cubes: [[[Gamma]]], thing(filter: Filter): Thing, colors: [Color!]
}
type Gamma { count: Int!, weight: Float, node: Node, strictNode: Node!, echo(stamp: Stamp): String }
union Thing = Alpha | Beta | Gamma
type Query {
  node(id: ID = "7"): Node
  alpha(filter: Filter, color: Color = BLUE): Alpha
  strictAlpha: Alpha!
  things(first: Int): [Thing]
  nodes(ids: [ID!] = [1, 2]): [Node!]
  gamma(stamp: Stamp): Gamma
  beta(deep: [Filter!]): Beta
  words: [String]
}
type Mutation {
  alpha(filter: Filter): Alpha
  strictAlpha(by: Int): Alpha!
  bump(by: Int! = 1): Int
  strictBump: Int!
  node: Node
}
"""


class Thing:
    """One thing of the world: its attributes are worked out when they are read."""

    def __init__(self, world: "World", number: int) -> None:
        self.world = world
        self.number = number

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.world.value(self, name, {})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}>"


class Alpha(Thing):
    """An alpha."""


class Beta(Thing):
    """A beta."""


class Gamma(Thing):
    """A gamma."""


CLASSES: dict[str, type[Thing]] = {"Alpha": Alpha, "Beta": Beta, "Gamma": Gamma}


class World:
    """The values behind one schema. *Shape*: ``trouble`` of 1,000 fields fail, as many are null."""

    def __init__(self, seed: int, trouble: int, *, foreign: bool) -> None:
        self.seed = seed
        self.trouble = trouble
        self.schema = build_schema(SDL)
        self._types: dict[tuple[str, str], Any] = {}
        self._fill(foreign)

    def value(self, parent: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        """Work out one field of one thing; raises where it is to fail."""
        number = parent.number if isinstance(parent, Thing) else 0
        owner = type(parent).__name__ if isinstance(parent, Thing) else "Query"
        key = f"{owner}.{number}.{name}({_plain(arguments)})"
        found = self._made(self._types[owner, name], key)
        if isinstance(found, Exception):
            raise found
        return found

    def _dice(self, key: str) -> int:
        digest = hashlib.blake2b(f"{self.seed}:{key}".encode(), digest_size=6).digest()
        return int.from_bytes(digest)

    def _made(self, kind: Any, key: str) -> Any:
        dice = self._dice(key)
        luck, dice = dice % 1_000, dice // 1_000
        if luck < self.trouble:
            return RuntimeError(f"no luck with {key}")
        if luck < 2 * self.trouble:
            return None
        if is_non_null_type(kind):
            kind = kind.of_type
        if is_list_type(kind):
            if 2 * self.trouble <= luck < 2 * self.trouble + self.trouble // 8:
                return "no list"
            items = [self._made(kind.of_type, f"{key}[{index}]") for index in range(dice % 4)]
            return tuple(items) if dice % 3 else items
        if is_leaf_type(kind):
            if 2 * self.trouble <= luck < 2 * self.trouble + self.trouble // 4:
                return object
            return _leaf(kind.name, dice)
        names = [kind.name]
        if is_abstract_type(kind):
            names = sorted(each.name for each in self.schema.get_possible_types(kind))
            if luck > 1_000 - self.trouble // 3:
                return 42
        name = names[dice % len(names)]
        if luck > 1_000 - self.trouble // 3:
            name = "Gamma" if name == "Beta" else "Beta"
        return CLASSES[name](self, dice % 997)

    def _fill(self, foreign: bool) -> None:
        for name, kind in self.schema.type_map.items():
            if name.startswith("__"):
                continue
            if isinstance(kind, GraphQLObjectType):
                owner = "Query" if name == "Mutation" else name
                for field_name, field in kind.fields.items():
                    if name == "Mutation":
                        field_type = field.type
                        key = field_name if field_name in ("alpha", "node") else f"m_{field_name}"
                        self._types.setdefault((owner, key), field_type)
                    self._types.setdefault((owner, field_name), field.type)
                    self._tie(f"{name}.{field_name}", field_name, field, foreign)
                if name in CLASSES:
                    self._type(kind, foreign)
            elif isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
                kind.resolve_type = self._resolve_type(name, foreign)
                if not foreign:
                    kind.extensions["by_class"] = True
            elif isinstance(kind, GraphQLEnumType):
                for value_name, value in kind.values.items():
                    value.value = f"{value_name.lower()}!"
        stamp: Any = self.schema.type_map["Stamp"]
        stamp.coerce_output_value = _write_stamp
        stamp.coerce_input_value = lambda value: f"read {value}"
        stamp.coerce_input_literal = lambda node, *_: f"read {getattr(node, 'value', None)}"

    def _type(self, kind: GraphQLObjectType, foreign: bool) -> None:
        cls = CLASSES[kind.name]
        if not foreign:
            kind.is_type_of = lambda value, _info: isinstance(value, cls)
            kind.extensions["class"] = cls
            return
        way = self._dice(f"type {kind.name}") % 3
        if way == 1:
            kind.is_type_of = lambda value, _info: isinstance(value, cls)
        elif way == 2:

            async def is_type_of(value: Any, _info: Any) -> bool:
                await asyncio.sleep(0)
                return isinstance(value, cls)

            kind.is_type_of = is_type_of

    def _resolve_type(self, name: str, foreign: bool) -> Callable[..., Any]:
        def resolve(value: Any, _info: Any, _kind: Any) -> Any:
            found = type(value).__name__
            return found if found in CLASSES else None

        async def resolve_later(value: Any, info: Any, kind: Any) -> Any:
            await asyncio.sleep(0)
            return resolve(value, info, kind)

        return resolve_later if foreign and self._dice(f"abstract {name}") % 3 == 0 else resolve

    def _tie(self, place: str, name: str, field: Any, foreign: bool) -> None:
        ways = ["attribute", "batch", "late batch"]
        if foreign:
            ways += ["item", "late item", "late items"]
        if field.args or place.startswith(("Query.", "Mutation.")):
            ways.remove("attribute")
        way = ways[self._dice(f"way {place}") % len(ways)]
        if name in ("id", "peers") or way == "attribute":
            way = "attribute" if not field.args else "batch"

        def value(parent: Any, arguments: Mapping[str, Any]) -> Any:
            return self.value(parent, name, arguments)

        async def late_batch(parents: Sequence[Any], context: Any, **arguments: Any) -> list[Any]:
            await asyncio.sleep(0)
            return batch(parents, context, **arguments)

        def batch(parents: Sequence[Any], _context: Any, **arguments: Any) -> list[Any]:
            answers: list[Any] = []
            for parent in parents:
                try:
                    answers.append(value(parent, arguments))
                except Exception as error:  # noqa: BLE001
                    answers.append(error)
            return answers

        async def late(parent: Any, _info: Any, **arguments: Any) -> Any:
            await asyncio.sleep(0)
            return value(parent, arguments)

        async def late_items(parent: Any, _info: Any, **arguments: Any) -> Any:
            found = value(parent, arguments)
            if not isinstance(found, list):
                return found

            async def each(item: Any) -> Any:
                await asyncio.sleep(0)
                if isinstance(item, Exception):
                    raise item
                return item

            return [each(item) for item in found]

        field.extensions["cost"] = 1
        if way == "attribute":
            field.extensions["attribute"] = name
            field.resolve = lambda parent, _info: getattr(parent, name)
        elif way == "item":
            field.resolve = lambda parent, _info, **arguments: value(parent, arguments)
        elif way == "late item":
            field.resolve = late
        elif way == "late items":
            field.resolve = late_items
        else:
            field.extensions["batch"] = late_batch if way == "late batch" else batch
            field.resolve = lambda parent, info, **arguments: batch(
                (parent,), info.context, **arguments
            )[0]


def _leaf(name: str, dice: int) -> Any:
    if name in ("String", "ID"):
        return f"w{dice % 89}" if dice % 11 else dice % 89
    if name == "Int":
        return dice % 10_000 if dice % 13 else 2**40
    if name == "Float":
        return dice % 1_000 / 8 if dice % 13 else float("inf")
    if name == "Boolean":
        return bool(dice % 2)
    if name == "Color":
        return ("red!", "green!", "blue!", "pink!")[dice % 4 if dice % 5 == 0 else dice % 3]
    return dice % 50


def _write_stamp(value: Any) -> Any:
    if not isinstance(value, int):
        raise TypeError(f"a stamp is a number, not {value!r}")
    return None if value == 13 else {"stamp": value}


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={_plain(each)}" for key, each in sorted(value.items()))
    return repr(value)
