"""One operation under way: what its columns share."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSchema, default_field_resolver, default_type_resolver
from graphql.execution import Executor as Reference
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from msgspec import Struct, field

from execution.notice import notable
from execution.plan import Plan, Selection, Step

Row = dict[str, Any]
Paths = Sequence[Path | None] | None


class Failed:
    """Stands in the answer where a value could not be had, until the last pass."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Group(Struct, eq=False):
    """Objects of one type at one place, with the rows of the answer that they fill.

    *Shape*: ``paths`` stands only where resolvers are told their place. ``is_started`` tells that
    the rows hold everything but the steps in the selection's ``rest``.
    """

    selection: Selection
    parents: Sequence[Any]
    rows: list[Row]
    paths: Paths = None
    is_started: bool = False


class Late(Struct, eq=False):
    """A column that waits for something outside.

    *Shape*: ``arrive`` is given what came, or the exception that came instead.
    """

    waiting: Awaitable[Any]
    arrive: Callable[[Any], None]


class Run(Struct, eq=False, kw_only=True):
    """An operation under way.

    *Shape*: ``groups`` wait for their steps, ``pending`` for something outside. ``spoiled`` leads
    from the id of a row that came to nothing to the row, which must stay alive as long as its id
    means something, and the reason; None where the object is just not there. ``notable`` leads
    likewise to objects that have something to say of themselves. ``shown`` are the groups of
    people's objects. ``cost`` counts what was really
    resolved. ``told`` is the schema that resolvers are told of, where it is not the operation's
    own. ``loop_after`` is how many columns a selection runs before it gets a loop. ``whole`` is
    the group of the root, once it has begun.
    """

    plan: Plan
    context: Any
    variables: VariableValues
    root: Any = None
    field_resolver: Any = default_field_resolver
    type_resolver: Any = default_type_resolver
    introspection: Any = None
    told: GraphQLSchema | None = None
    loop_after: int = 0
    groups: deque[Group] = field(default_factory=deque)
    pending: list[Late] = field(default_factory=list)
    spoiled: dict[int, tuple[Row, Exception | None]] = field(default_factory=dict)
    met: list[Group] = field(default_factory=list)
    shown: list[Group] = field(default_factory=list)
    errors: list[GraphQLError] = field(default_factory=list)
    notable: dict[int, tuple[Row, Any]] = field(default_factory=dict)
    is_flawed: bool = False
    cost: int = 0
    whole: Group | None = None
    _reference: Any = None

    @property
    def waits(self) -> bool:
        """Whether there is more to be done than was done at once."""
        return self.whole is None or bool(self.pending)

    def fail(self, error: Exception) -> Failed:
        """Leave a failure in place of a value."""
        self.is_flawed = True
        return Failed(error)

    def spoil(self, row: Row, error: Exception | None) -> None:
        """Note that a row already in the answer came to nothing."""
        self.is_flawed = True
        self.spoiled[id(row)] = (row, error)

    def observe(self, group: Group) -> None:
        """Remember the rows whose objects are stale or incomplete."""
        for index in notable(group.parents, self.context):
            row = group.rows[index]
            self.notable[id(row)] = (row, group.parents[index])

    @property
    def reference(self) -> Any:
        """graphql-core's own executor of this operation, for what only it can say."""
        if self._reference is None:
            operation = self.plan.operation
            definitions = {name: each.definition for name, each in operation.fragments.items()}
            self._reference = Reference(
                self.told or operation.schema,
                definitions,
                operation.fragments,
                self.root,
                self.context,
                operation.node,
                self.variables,
                self.field_resolver,
                self.type_resolver,
                default_field_resolver,
            )
        return self._reference

    def info(self, step: Step, path: Path | None) -> Any:
        """Build what graphql-core tells a resolver; only where one asks."""
        while path is not None and isinstance(path.key, int):
            path = path.prev
        return self.reference.build_resolve_info(step.field, step.nodes, step.parent, path)
