"""What a plan is: selections of steps, each with the shape of what it gives.

A plan is made once for an operation, a combination of the variables that @skip and @include read,
and a policy class; it holds nothing of any request. Selections are planned when the first object
of their type comes by, so that an interface costs only the types that are met.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
)
from graphql.execution.collect_fields import FieldDetails
from msgspec import Struct, field

from domain.policy import Standing, Terms, View
from execution.argument import Arguments
from execution.collect import Fields, Operation
from execution.leaf import Column


class Form(Enum):
    """What a shape is."""

    LEAF = auto()
    LIST = auto()
    OBJECT = auto()
    ABSTRACT = auto()


class Source(Enum):
    """Where the value of a step comes from."""

    TYPENAME = auto()
    ATTRIBUTE = auto()
    BATCH = auto()
    ITEM = auto()
    INTROSPECTION = auto()
    DENIED = auto()


class Shape(Struct, eq=False, kw_only=True):
    """An output type, taken apart: one for every list around it and one for what is inside.

    *Shape*: ``known`` are the Python types whose objects need no further look; ``classes`` leads
    from a Python class to the published type, where the type alone decides.
    """

    form: Form
    is_nullable: bool
    missing: str
    named: GraphQLNamedType
    column: Column | None = None
    item: "Shape | None" = None
    known: set[type] = field(default_factory=set)
    classes: Mapping[type, GraphQLObjectType] | None = None
    selections: "dict[GraphQLObjectType, Selection]" = field(default_factory=dict)


class Step(Struct, eq=False, kw_only=True):
    """One field of one selection. Policy decided on (parent, name), never on the response key.

    *Shape*: ``view`` is how much of a personal text is shown.
    """

    key: str
    name: str
    parent: GraphQLObjectType
    field: GraphQLField
    details: list[FieldDetails]
    nodes: list[FieldNode]
    source: Source
    shape: Shape
    view: View = View.FULL
    arguments: Arguments
    cost: int = 0
    attribute: str | None = None
    read: Callable[[Any], Any] | None = None
    batch: Callable[..., Any] | None = None


class Selection(Struct, eq=False, kw_only=True):
    """The fields of one runtime type at one place.

    *Shape*: ``template`` has every response key in order. ``is_person`` tells that its objects are
    people's and nothing has to be found out of them, ``view`` whether an object of this type may
    be shown at all; ``seen`` is what is shown of each category. Where ``terms`` have to be found
    out of each object, this selection has no steps; the objects for which the same of them hold
    go on together by the one of ``variants`` that is made for these, out of ``fields``.
    ``standing`` is what it was made for itself, and what counts for the parts of its objects.
    ``denies`` tells that a field here or below is denied, ``observes`` that objects of the type
    can say of themselves that they are stale. ``runs`` counts its columns, ``surprises`` those
    that the loop left undone. ``rows``, where there is one, makes the rows of a column with all
    but the steps in ``rest``.
    """

    kind: GraphQLObjectType
    steps: Sequence[Step]
    template: dict[str, Any]
    parent: "Selection | None"
    is_abstract: bool
    is_person: bool = False
    view: View = View.FULL
    terms: Terms = frozenset()
    standing: Standing = frozenset()
    fields: Fields = field(default_factory=dict)
    seen: int | None = None
    variants: "dict[Standing, Selection]" = field(default_factory=dict)
    denies: bool = False
    observes: bool = False
    runs: int = 0
    surprises: int = 0
    rows: Callable[[Sequence[Any]], list[dict[str, Any]]] | None = None
    rest: Sequence[Step] = ()


class Plan(Struct, eq=False, kw_only=True):
    """One operation, ready to run.

    *Shape*: ``size`` counts the steps planned so far; ``is_kept`` tells that they count for the
    bound on all plans together. ``reads`` are the attributes that may be read of each domain
    class, ``least`` those of objects for which no condition holds.
    """

    operation: Operation
    select: "Callable[[Plan, Shape, GraphQLObjectType, Step, Selection], Selection]"
    vary: "Callable[[Plan, Selection, Standing], Selection]"
    tracks_paths: bool
    size: int = 0
    is_kept: bool = False
    root: Selection | None = None
    reads: Mapping[type, frozenset[str]] = field(default_factory=dict)
    least: Mapping[type, frozenset[str]] = field(default_factory=dict)
