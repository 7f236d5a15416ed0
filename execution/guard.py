"""graphql-core's executor with the field policy asked before every step.

It runs what is not planned. What it decides is what the plan decides: a denied field's resolver is
never called, an object that is not the viewer's to see is absent.
"""

from collections.abc import Awaitable
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.pyutils import Path

from domain.policy import Decision
from execution.access import owned
from execution.context import Context
from execution.notice import observe


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
        if context.policy.decide(parent_type.name, name, context.policy_class) is Decision.DENY:
            context.deny(tuple(path.as_list()))
            return None
        field = self.schema.get_field(parent_type, name)
        if field is not None:
            context.actual += field.extensions.get("cost", 0)
        return super().execute_field(
            parent_type, source, field_details_list, path, position_context
        )

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
        decision = Decision.ALLOW
        if return_type.extensions.get("person"):
            decision = context.policy.decide_type(return_type.name, context.policy_class)
        if decision is Decision.DENY:
            return None
        if decision is Decision.ALLOW:
            self._observe(return_type, path, result)
            return complete(return_type, field_details_list, info, path, result, position_context)

        async def complete_own() -> Any:
            if not (await owned([result], context))[0]:
                return None
            self._observe(return_type, path, result)
            value = complete(return_type, field_details_list, info, path, result, position_context)
            return await value if isinstance(value, Awaitable) else value

        return complete_own()

    def _observe(self, kind: GraphQLObjectType, path: Path, value: Any) -> None:
        # Only what is handed out: a notice would else tell that there is something to hide.
        if kind.extensions.get("provenance"):
            observe(value, tuple(path.as_list()), self.context_value)
