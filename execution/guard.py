"""graphql-core's executor with the field policy asked before every step.

It runs what is not planned. What it decides is what the plan decides: a denied field's resolver is
never called, an object that is not the viewer's to see is absent.
"""

from collections.abc import Awaitable
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    is_introspection_type,
    is_leaf_type,
)
from graphql.execution import Executor
from graphql.pyutils import Path

from domain.personal import PersonalText
from domain.policy import NO_TERMS, NOTHING, Standing, View
from execution.column import veil
from execution.context import Context
from execution.notice import observe
from execution.record import seen_of
from execution.standing import standings

_META_FIELDS = (SchemaMetaFieldDef, TypeMetaFieldDef)


class GuardedExecutor(Executor[Any]):
    """Executes on graphql-core what the policy allows."""

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: Any,
        path: Path,
        position_context: Any,
    ) -> Any:
        """Leave a denied field null, without resolving it."""
        context: Context = self.context_value
        name = field_details_list[0].node.name.value
        decision = context.policy.decide(parent_type.name, name, context.policy_class)
        view = decision.view(self._standing(path) if decision.conditions else NOTHING)
        if view is View.NONE:
            context.deny(tuple(path.as_list()))
            return None
        if view is View.PSEUDONYM and name == "id":
            return context.stand_in(source.id)
        field = self.schema.get_field(parent_type, name)
        label = field.extensions.get("label") if field is not None else None
        if label is not None and parent_type.extensions.get("person"):
            seen = seen_of(label.category, view)
            context.looks.append(((source,), seen, self._standing(path)))
        if field is not None:
            context.actual += field.extensions.get("cost", 0)
        return super().execute_field(
            parent_type, source, field_details_list, path, position_context
        )

    def build_resolve_info(
        self,
        field_def: GraphQLField,
        field_nodes: list[FieldNode],
        parent_type: GraphQLObjectType,
        path: Path,
    ) -> GraphQLResolveInfo[Any]:
        """Tell introspection of what is in sight of this viewer, and of nothing else."""
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        if field_def in _META_FIELDS or is_introspection_type(parent_type):
            context: Context = self.context_value
            # Ten values are a point, and about as many go with each that leads on.
            context.actual += not is_leaf_type(get_named_type(field_def.type))
            return info._replace(schema=context.excerpts.of(context))
        return info

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Leave out an object about a person whom this viewer has no right to see."""
        context: Context = self.context_value
        complete = super().complete_object_value
        policy, policy_class = context.policy, context.policy_class
        if isinstance(result, PersonalText):
            decision = policy.decide(info.parent_type.name, info.field_name, policy_class)
            standing = self._standing(path) if decision.conditions else NOTHING
            result = veil(result, decision.view(standing), context)
        needed, seen = NO_TERMS, View.FULL
        is_person = bool(return_type.extensions.get("person"))
        if is_person:
            needed = policy.terms(return_type.name, policy_class)
            seen = policy.decide_type(return_type.name, policy_class).view(NOTHING)
        if not needed:
            if seen is View.NONE:
                return None
            if is_person:
                context.stood[tuple(path.as_list())] = NOTHING
            self._observe(return_type, path, result)
            return complete(return_type, field_details_list, info, path, result, position_context)

        async def complete_personal() -> Any:
            (standing,) = await standings([result], needed, context)
            if policy.decide_type(return_type.name, policy_class).view(standing) is View.NONE:
                return None
            context.stood[tuple(path.as_list())] = standing
            self._observe(return_type, path, result)
            value = complete(return_type, field_details_list, info, path, result, position_context)
            return await value if isinstance(value, Awaitable) else value

        return complete_personal()

    def _standing(self, path: Path | None) -> Standing:
        """Find what holds for the person's object that something is part of."""
        stood: dict[tuple[str | int, ...], Standing] = self.context_value.stood
        while path is not None:
            found = stood.get(tuple(path.as_list()))
            if found is not None:
                return found
            path = path.prev
        return NOTHING

    def _observe(self, kind: GraphQLObjectType, path: Path, value: Any) -> None:
        # Only what is handed out: a notice would else tell that there is something to hide.
        if kind.extensions.get("provenance"):
            observe(value, tuple(path.as_list()), self.context_value)
