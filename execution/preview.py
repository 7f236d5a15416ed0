"""Reads an operation as a caller of another role and purpose would meet it; nothing is executed."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

from domain.errors import BadInput, Failure
from domain.policy import FieldPolicy
from domain.preview import AccessPreview, PreviewedField, PreviewedView
from domain.viewer import PolicyClass
from execution.collect import Operation
from execution.context import Context
from execution.document import Document
from execution.usage import check_usages

_MAX_FIELDS = 2_000


def preview(text: str, context: Context, policy_class: PolicyClass) -> AccessPreview:
    """Tell of every field that is decided on what would be shown, and why.

    *Errors*: ``BadInput`` for a document that would be refused for itself.
    """
    read = context.documents.read(text)
    if not isinstance(read, Document):
        (found, *_) = read.told(context.excerpts.of(context))
        raise BadInput("operation", found.message, "a document that this schema can answer")
    operation = context.documents.operation(read, None)
    if isinstance(operation, GraphQLError):
        raise BadInput("operation", operation.message, "a document with one operation")
    assert isinstance(operation, Operation)
    refused = None
    values = operation.variables.coerce({})
    if not isinstance(values, list):
        try:
            check_usages(operation.usages, values, context.policy, policy_class)
        except Failure as failure:
            refused = failure.message
    fields = _fields(operation, context.policy, policy_class)
    return AccessPreview(
        role=policy_class.role,
        purpose=policy_class.purpose,
        refused=refused,
        fields=tuple(fields),
    )


def _fields(
    operation: Operation, policy: FieldPolicy, policy_class: PolicyClass
) -> list[PreviewedField]:
    schema = operation.schema
    found: dict[tuple[Any, ...], PreviewedField] = {}
    waiting: list[tuple[Any, SelectionNode, tuple[str, ...]]] = [
        (operation.root, node, ()) for node in reversed(operation.node.selection_set.selections)
    ]
    while waiting and len(found) < _MAX_FIELDS:
        parent, node, path = waiting.pop()
        if isinstance(node, FieldNode):
            name = node.name.value
            place = (*path, node.alias.value if node.alias else name)
            below = None
            for kind in _objects(schema, parent):
                field = schema.get_field(kind, name)
                if field is None:
                    continue
                below = get_named_type(field.type)
                label = field.extensions.get("label")
                decision = policy.decide(kind.name, name, policy_class)
                if label is None and decision.is_full:
                    continue
                why: Mapping[str, str] = policy.explain(kind.name, name, policy_class)
                found.setdefault(
                    (place, kind.name),
                    PreviewedField(
                        path=place,
                        type=kind.name,
                        field=name,
                        category=label.category.value if label is not None else None,
                        views=tuple(
                            PreviewedView(
                                each.view, tuple(sorted(each.when, key=lambda term: term.name))
                            )
                            for each in decision.grants
                        ),
                        rule=why.get("rule"),
                        basis=why.get("basis"),
                        retention=why.get("retention"),
                    ),
                )
            if node.selection_set and is_composite_type(below):
                waiting += [
                    (below, each, place) for each in reversed(node.selection_set.selections)
                ]
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            target = schema.get_type(condition.name.value) if condition else parent
            waiting += [(target, each, path) for each in reversed(node.selection_set.selections)]
        elif isinstance(node, FragmentSpreadNode):
            definition = operation.fragments[node.name.value].definition
            target = schema.get_type(definition.type_condition.name.value)
            selections = definition.selection_set.selections
            waiting += [(target, each, path) for each in reversed(selections)]
    return list(found.values())


def _objects(schema: GraphQLSchema, kind: Any) -> list[GraphQLObjectType]:
    if isinstance(kind, GraphQLObjectType):
        return [kind]
    return list(schema.get_possible_types(kind)) if is_abstract_type(kind) else []
