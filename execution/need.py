"""Which attributes of the domain's objects an operation will read.

Loaders keep each object for the whole operation, whoever asked for it first. So what travels to a
port is the union over the operation, never one field's share: an object fetched for one place
would else lack what another place reads (docs/decisions/0010-fields-asked-for.md).
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from msgspec import Struct

from domain.customer import Customer
from domain.order import Order
from domain.policy import CONSENTS, NOTHING, Condition, Decision, FieldPolicy, View
from domain.product import Variant
from domain.viewer import PolicyClass
from execution.collect import Operation

# The key is what every object is asked for by, so it is always there, and the id is made of it;
# by its subjects it is found out whose a person's object is.
_ALWAYS = frozenset({"id", "subjects", "external_ids"})
# What no field of the object publishes alone, and others read of it: stock is worked out from what
# a bundle is packed of, wherever it is asked for.
_BESIDE: Mapping[type, frozenset[str]] = {Variant: frozenset({"components"})}
# What a property is made of: who asks for it asks for no more.
_MADE_OF: Mapping[tuple[type, str], frozenset[str]] = {
    (Order, "receipt_number"): frozenset({"receipt_key"})
}


Reads = Mapping[type, frozenset[str]]
# By the names of type and field: the type, and what the field is tied to.
_Asked = dict[tuple[str, str], tuple[GraphQLObjectType, Mapping[str, Any]]]


def read_fields(
    operation: Operation, policy: FieldPolicy | None, policy_class: PolicyClass | None
) -> tuple[Reads, Reads]:
    """Tell what an operation may read, and what of it where no condition holds for an object."""
    asked = _asked(operation)
    if policy is None or policy_class is None:
        every = _needed(asked, lambda _parent, _name: True)
        return every, every

    def decide(parent: str, name: str) -> Decision:
        return policy.decide(parent, name, policy_class)

    reads = _needed(asked, lambda parent, name: not decide(parent, name).is_denied)
    terms = policy.terms("Customer", policy_class)
    if not terms or Customer not in reads:
        return reads, reads
    if not CONSENTS.isdisjoint(frozenset[Condition]().union(*terms)):
        reads = {**reads, Customer: reads[Customer] | {"consents"}}
    least = _needed(asked, lambda parent, name: decide(parent, name).view(NOTHING) is not View.NONE)
    return reads, least


def _needed(asked: _Asked, decide: Callable[[str, str], bool]) -> Mapping[type, frozenset[str]]:
    """Tell, for each domain class that is read attribute by attribute, which attributes.

    *Shape*: a class is absent where all of its attributes may be read: where a property is asked
    for. What the policy denies is not counted in.
    """
    # Customers are loaded to find out whose an object is, and orders to find out who placed them,
    # also where nothing of them is shown.
    reads: dict[type, set[str]] = {Customer: set(), Order: set()}
    whole: set[type] = set()
    for (parent, name), (kind, extensions) in asked.items():
        if decide(parent, name):
            _note(kind, extensions, reads, whole)
    return {kind: frozenset(names) for kind, names in reads.items() if kind not in whole}


def _asked(operation: Operation) -> _Asked:
    """Find all fields that an operation asks for, with what @skip and @include leave out."""
    asked: _Asked = {}
    spread: set[str] = set()
    schema = operation.schema
    waiting: list[tuple[Any, SelectionNode]] = [
        (operation.root, node) for node in operation.node.selection_set.selections
    ]
    while waiting:
        parent, node = waiting.pop()
        if isinstance(node, FieldNode):
            below = parent
            for kind in _objects(schema, parent):
                field = schema.get_field(kind, node.name.value)
                if field is None:
                    continue
                below = get_named_type(field.type)
                asked[kind.name, node.name.value] = kind, field.extensions
            if parent is not None and is_abstract_type(parent):
                field = schema.get_field(parent, node.name.value)
                below = get_named_type(field.type) if field is not None else None
            if node.selection_set and is_composite_type(below):
                waiting.extend((below, each) for each in node.selection_set.selections)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            target = schema.get_type(condition.name.value) if condition else parent
            waiting.extend((target, each) for each in node.selection_set.selections)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            fragment = operation.fragments.get(name)
            if fragment is not None and name not in spread:
                spread.add(name)
                definition = fragment.definition
                target = schema.get_type(definition.type_condition.name.value)
                waiting.extend((target, each) for each in definition.selection_set.selections)
    return asked


def _objects(schema: GraphQLSchema, kind: Any) -> list[GraphQLObjectType]:
    if isinstance(kind, GraphQLObjectType):
        return [kind]
    if kind is not None and is_abstract_type(kind):
        return list(schema.get_possible_types(kind))
    return []


def _note(
    kind: GraphQLObjectType | GraphQLInterfaceType,
    extensions: Mapping[str, Any],
    reads: dict[type, set[str]],
    whole: set[type],
) -> None:
    domain = kind.extensions.get("class")
    if domain is None or not issubclass(domain, Struct):
        return
    names = reads.setdefault(domain, set(_BESIDE.get(domain, ())))
    names.update(extensions.get("reads", ()))
    attribute = extensions.get("attribute")
    if attribute is None or attribute in _ALWAYS:
        return
    made_of = _MADE_OF.get((domain, attribute))
    if made_of is not None:
        names.update(made_of)
    elif attribute in domain.__struct_fields__:
        names.add(attribute)
    else:
        whole.add(domain)
