"""Makes plans: fields merged by the reference, types taken apart, policy compiled in."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_introspection_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues
from msgspec import Struct

from domain.policy import (
    NOTHING,
    Decision,
    FieldPolicy,
    Standing,
    Terms,
    View,
)
from domain.viewer import PolicyClass
from execution.argument import NO_ARGUMENTS, plan_arguments
from execution.collect import Fields, Operation
from execution.leaf import leaf_column
from execution.need import read_fields
from execution.plan import Form, Plan, Selection, Shape, Source, Step

_INTROSPECTION = frozenset({"__schema", "__type"})


class _Known(Struct, frozen=True, eq=False):
    """What all steps of one schema field have in common; a leaf's shape holds nothing of a plan."""

    field: GraphQLField
    source: Source
    missing: str
    leaf: Shape | None
    cost: int
    attribute: str | None
    read: Callable[[Any], Any] | None
    batch: Callable[..., Any] | None


class Planner:
    """Plans the operations of one schema. *Shape*: ``size`` counts the steps of all kept plans."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._classes: dict[str, Mapping[type, GraphQLObjectType] | None] = {}
        self._known: dict[tuple[str, str], _Known] = {}
        self.size = 0
        self._is_foreign = any(map(_is_foreign, schema.type_map.values()))

    def plan(
        self,
        operation: Operation,
        variables: VariableValues,
        policy: FieldPolicy | None,
        policy_class: PolicyClass | None,
    ) -> Plan:
        """Plan an operation for one combination of its conditions and one policy class.

        *Errors*: ``GraphQLError`` where the reference raises one while it collects the fields.
        """
        root = operation.root
        assert root is not None, "an operation without a root type is not planned"
        conditions = VariableValues(
            {name: variables.sources[name] for name in operation.conditions},
            {name: variables.coerced[name] for name in operation.conditions},
        )

        def decide(parent: str, field: str) -> Decision:
            if policy is None or policy_class is None:
                return Decision.ALLOW
            return policy.decide(parent, field, policy_class)

        def select(
            plan: Plan, shape: Shape, kind: GraphQLObjectType, step: Step, above: Selection
        ) -> Selection:
            fields = operation.sub_fields(conditions, kind, step.details)
            is_abstract = shape.form is Form.ABSTRACT
            if policy is None or policy_class is None or not kind.extensions.get("person"):
                # A part of a person's object is decided on by what holds for that object.
                selection = build(plan, kind, fields, above, above.standing, is_abstract)
            elif needed := policy.terms(kind.name, policy_class):
                selection = open_selection(kind, fields, above, needed, is_abstract)
            else:
                selection = build(plan, kind, fields, above, NOTHING, is_abstract)
                selection.is_person = True
                selection.view = policy.decide_type(kind.name, policy_class).view(NOTHING)
            shape.selections[kind] = selection
            return selection

        def open_selection(
            kind: GraphQLObjectType,
            fields: Fields,
            above: Selection,
            needed: Terms,
            is_abstract: bool,
        ) -> Selection:
            """Make the selection of objects that have to be looked at first."""
            keys = [
                key
                for key, details in fields.items()
                if self._schema.get_field(kind, details[0].node.name.value) is not None
            ]
            return Selection(
                kind=kind,
                steps=(),
                template=dict.fromkeys(keys),
                parent=above,
                is_abstract=is_abstract,
                terms=needed,
                fields=fields,
            )

        def vary(plan: Plan, selection: Selection, standing: Standing) -> Selection:
            """Make what becomes of the objects for which the same conditions hold."""
            assert policy is not None, "conditions come of a policy"
            assert policy_class is not None, "conditions come of a policy class"
            kind = selection.kind
            made = build(plan, kind, selection.fields, selection, standing, selection.is_abstract)
            made.view = policy.decide_type(kind.name, policy_class).view(standing)
            selection.variants[standing] = made
            return made

        def build(
            plan: Plan,
            kind: GraphQLObjectType,
            fields: Fields,
            above: Selection | None,
            standing: Standing,
            is_abstract: bool,
        ) -> Selection:
            made = [
                self._step(kind, key, details, decide, standing) for key, details in fields.items()
            ]
            steps = [step for step in made if step is not None]
            plan.size += len(steps) + 1
            if plan.is_kept:
                self.size += len(steps) + 1
            selection = Selection(
                kind=kind,
                steps=steps,
                template=dict.fromkeys(step.key for step in steps),
                parent=above,
                is_abstract=is_abstract,
                standing=standing,
                observes=policy is not None and bool(kind.extensions.get("provenance")),
            )
            if any(step.source is Source.DENIED for step in steps):
                _mark_denied(selection)
            return selection

        reads, least = read_fields(operation, policy, policy_class)
        plan = Plan(
            operation=operation,
            select=select,
            vary=vary,
            tracks_paths=self._is_foreign,
            reads=reads,
            least=least,
        )
        fields = operation.root_fields(conditions)
        plan.root = build(plan, root, fields, None, NOTHING, False)
        return plan

    def _step(
        self,
        parent: GraphQLObjectType,
        key: str,
        details: list[FieldDetails],
        decide: Callable[[str, str], Decision],
        standing: Standing,
    ) -> Step | None:
        node = details[0].node
        name = node.name.value
        known = self._known.get((parent.name, name)) or self._know(parent, name)
        if known is None:
            return None
        field = known.field
        view = decide(parent.name, name).view(standing)
        return Step(
            key=key,
            name=name,
            parent=parent,
            field=field,
            details=details,
            nodes=[each.node for each in details],
            source=known.source if view is not View.NONE else Source.DENIED,
            shape=known.leaf or self._shape(field.type, known.missing),
            view=view,
            arguments=plan_arguments(field, node) if field.args else NO_ARGUMENTS,
            cost=known.cost,
            attribute=known.attribute,
            read=known.read,
            batch=known.batch,
        )

    def _know(self, parent: GraphQLObjectType, name: str) -> "_Known | None":
        """Read off a schema field, once, what every step of it has in common."""
        field = self._schema.get_field(parent, name)
        if field is None:
            return None
        attribute = field.extensions.get("attribute")
        batch = field.extensions.get("batch")
        if name == "__typename":
            source = Source.TYPENAME
        elif name in _INTROSPECTION:
            source = Source.INTROSPECTION
        elif attribute is not None:
            source = Source.ATTRIBUTE
        else:
            source = Source.ITEM if batch is None else Source.BATCH
        missing = f"Cannot return null for non-nullable field {parent}.{name}."
        is_leaf = is_leaf_type(get_named_type(field.type))
        known = self._known[parent.name, name] = _Known(
            field=field,
            source=source,
            missing=missing,
            leaf=self._shape(field.type, missing) if is_leaf else None,
            cost=field.extensions.get("cost", 0),
            attribute=attribute,
            read=attrgetter(attribute) if attribute is not None else None,
            batch=batch,
        )
        return known

    def _shape(self, kind: GraphQLOutputType, missing: str) -> Shape:
        is_nullable = not is_non_null_type(kind)
        if is_non_null_type(kind):
            kind = kind.of_type
        named = get_named_type(kind)
        if is_list_type(kind):
            return Shape(
                form=Form.LIST,
                is_nullable=is_nullable,
                missing=missing,
                named=named,
                item=self._shape(kind.of_type, missing),
            )
        if is_leaf_type(kind):
            return Shape(
                form=Form.LEAF,
                is_nullable=is_nullable,
                missing=missing,
                named=named,
                column=leaf_column(kind, is_nullable=is_nullable),
            )
        if is_abstract_type(kind):
            return Shape(
                form=Form.ABSTRACT,
                is_nullable=is_nullable,
                missing=missing,
                named=named,
                classes=self._classes_of(kind),
            )
        return Shape(
            form=Form.OBJECT,
            is_nullable=is_nullable,
            missing=missing,
            named=named,
        )

    def _classes_of(self, kind: GraphQLAbstractType) -> Mapping[type, GraphQLObjectType] | None:
        if not kind.extensions.get("by_class"):
            return None
        if kind.name not in self._classes:
            self._classes[kind.name] = {
                each.extensions["class"]: each for each in self._schema.get_possible_types(kind)
            }
        return self._classes[kind.name]


def _mark_denied(selection: Selection | None) -> None:
    while selection is not None and not selection.denies:
        selection.denies = True
        selection = selection.parent


def _is_foreign(kind: Any) -> bool:
    """Tell whether resolvers of this type are given their place in the answer."""
    if is_introspection_type(kind):
        return False
    if isinstance(kind, GraphQLObjectType):
        if kind.is_type_of is not None and "class" not in kind.extensions:
            return True
        return any(
            "attribute" not in field.extensions and "batch" not in field.extensions
            for field in kind.fields.values()
        )
    return is_abstract_type(kind) and not kind.extensions.get("by_class")
