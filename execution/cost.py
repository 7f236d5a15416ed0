"""What an operation may cost at most, worked out from its text and variables alone.

Each field costs what its schema field says (a batch field one, an attribute nothing), once for
each object it is asked of. How many objects there are follows from ``first``, from the length of
a list given as an argument, or from an assumed size; a ``first`` on a connection bounds the lists
directly below it. Fields that @skip or @include leave out are counted in. What is told of the
schema itself costs a point for each ten values, with as many types and fields as there are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.utilities.coerce_input_value import coerce_default_value
from msgspec import Struct

VALUES = 10
"""How many values of introspection are told for a point: their work is a tenth of a field's."""

# Beyond this nobody needs the figure, and it stays a machine's number.
_MAX_COST = 10**12

Size = Callable[[Mapping[str, Any]], int | None]


class _Part(Struct, eq=False):
    """A field that costs something, or has something below it that does."""

    cost: int
    lists: int
    size: Size | int | None
    below: "_Whole"


class _Whole(Struct, eq=False):
    """A selection: its own parts, and the fragments spread in it, each read once."""

    parts: list[_Part]
    spreads: "list[_Whole]"
    is_priced: bool = False


class Estimate(Struct, eq=False):
    """The cost of one operation. *Shape*: ``constant`` where no variable bears on it."""

    whole: _Whole
    list_size: int
    constant: int | None = None

    def cost(self, variables: Mapping[str, Any]) -> int:
        """Work out the cost for one request's variables."""
        if self.constant is not None:
            return self.constant
        return _price(self.whole, variables, None, self.list_size, {})


def estimate(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDetails],
    list_size: int,
) -> Estimate:
    """Read the cost of an operation off it, in time linear in its document."""
    reader = _Reader(schema, fragments)
    root = schema.get_root_type(operation.operation)
    whole = reader.read(root, operation.selection_set)
    found = Estimate(whole, list_size)
    if not reader.is_variable:
        found.constant = found.cost({})
    return found


class _Reader:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDetails]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._known: dict[str, _Whole] = {}
        self._counts: Mapping[str, int] | None = None
        self.is_variable = False

    def read(self, parent: Any, selections: SelectionSetNode) -> _Whole:
        whole = _Whole([], [])
        for node in selections.selections:
            if isinstance(node, FieldNode):
                field = self._schema.get_field(parent, node.name.value) if parent else None
                if field is not None and is_introspection_type(parent):
                    self._told(whole, field, node)
                elif field is not None:
                    self._field(whole, field, node)
            elif isinstance(node, FragmentSpreadNode):
                spread = self._spread(node.name.value)
                if spread.is_priced:
                    whole.spreads.append(spread)
            else:
                condition = getattr(node, "type_condition", None)
                target = self._schema.get_type(condition.name.value) if condition else parent
                inner = self.read(target, node.selection_set)  # type: ignore[attr-defined]
                whole.parts.extend(inner.parts)
                whole.spreads.extend(inner.spreads)
        whole.is_priced = bool(whole.parts or whole.spreads)
        return whole

    def _told(self, whole: _Whole, field: GraphQLField, node: FieldNode) -> None:
        """Price a field of introspection: a point each, below the types for a tenth of them."""
        if self._counts is None:
            self._counts = _count_types(self._schema)
        below = _Whole([], [])
        if node.selection_set is not None:
            below = self.read(get_named_type(field.type), node.selection_set)
        count = self._counts.get(node.name.value, 1) if _lists(field.type) else None
        whole.parts.append(_Part(1, _lists(field.type), count, below))

    def _spread(self, name: str) -> _Whole:
        if name not in self._known:
            self._known[name] = _Whole([], [])
            fragment = self._fragments.get(name)
            if fragment is not None:
                definition = fragment.definition
                target = self._schema.get_type(definition.type_condition.name.value)
                self._known[name] = self.read(target, definition.selection_set)
        return self._known[name]

    def _field(self, whole: _Whole, field: GraphQLField, node: FieldNode) -> None:
        inner = get_named_type(field.type)
        below = _Whole([], [])
        if node.selection_set is not None and is_composite_type(inner):
            below = self.read(inner, node.selection_set)
        cost = field.extensions.get("cost", 0)
        if cost or below.is_priced:
            size = _size(field, node)
            if callable(size):
                self.is_variable = True
            whole.parts.append(_Part(cost, _lists(field.type), size, below))


def _count_types(schema: GraphQLSchema) -> Mapping[str, int]:
    """Count for the lists of introspection how long they are, where that is more than one."""
    types = len(schema.type_map)
    fields = sum(len(getattr(kind, "fields", ())) for kind in schema.type_map.values())
    return {"types": -(-types // VALUES), "fields": -(-fields // types)}


def _size(field: GraphQLField, node: FieldNode) -> Size | int | None:
    given = {each.name.value: each.value for each in node.arguments or ()}
    for name, argument in field.args.items():
        is_list = _lists(argument.type) > 0
        if name != "first" and not is_list:
            continue
        value = given.get(name)
        default = _default(argument)
        if value is None:
            if default is not None:
                return _count(default)
        elif isinstance(value, VariableNode):
            return _read_variable(value.name.value, default)
        elif isinstance(value, IntValueNode):
            return max(0, int(value.value))
        elif isinstance(value, ListValueNode):
            return len(value.values)
    return None


def _read_variable(name: str, default: Any) -> Size:
    def read(variables: Mapping[str, Any]) -> int | None:
        return _count(variables.get(name, default))

    return read


def _count(value: Any) -> int | None:
    if isinstance(value, int):
        return max(0, value)
    return len(value) if isinstance(value, Sequence) and not isinstance(value, str) else None


def _default(argument: GraphQLArgument) -> Any:
    try:
        value = coerce_default_value(argument)
    except TypeError:
        return None
    return value if isinstance(value, int | Sequence) else None


def _lists(kind: Any) -> int:
    count = 0
    while is_non_null_type(kind) or is_list_type(kind):
        count += is_list_type(kind)
        kind = kind.of_type
    return count


def _price(
    whole: _Whole,
    variables: Mapping[str, Any],
    bound: int | None,
    list_size: int,
    known: dict[tuple[int, int | None], int],
) -> int:
    """Price a selection for one object. ``bound`` is what a connection above was given."""
    key = (id(whole), bound)
    if key in known:
        return known[key]
    total = 0
    for part in whole.parts:
        size = part.size(variables) if callable(part.size) else part.size
        count = 1
        if part.lists:
            first = size if size is not None else bound
            count = (list_size if first is None else first) * list_size ** (part.lists - 1)
            size = None
        total += part.cost
        if part.below.is_priced:
            total += count * _price(part.below, variables, size, list_size, known)
    for spread in whole.spreads:
        total += _price(spread, variables, bound, list_size, known)
    known[key] = min(total, _MAX_COST)
    return known[key]
