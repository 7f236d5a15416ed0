"""How a published type is tied to the domain, and a published field to what computes it.

Strawberry describes the schema; it never executes. A published type names the domain class whose
objects stand behind it. A *plain* field is the attribute of the same name and needs no code. Every
other field is a *batch* field: its function here is only the published signature, and the work is
a batch resolver in resolvers/::

    async (parents, context, **arguments) -> Sequence[value | Failure]     # one per parent

or the same without ``async``, where it waits for nothing.

A field to be followed has a second function, which gives its events::

    (context, **arguments) -> AsyncIterator[event]              # once per subscription

What execution and auth need to know of a field stands in the extensions of the graphql-core field
(``schema/build.py`` puts it there): ``attribute`` or ``batch``, ``category`` and ``cost``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from enum import Enum
from inspect import cleandoc
from typing import Any, TypeVar

import strawberry
from msgspec import Struct
from strawberry.types.field import StrawberryField

from domain.policy import Category, Record

T = TypeVar("T")

# The parents' and the context's types differ per resolver; mypy checks them where they are written.
Batch = Callable[..., Awaitable[Sequence[Any]] | Sequence[Any]]
Source = Callable[..., AsyncIterator[Any]]

INTERFACES: list[type] = []
"""Every published interface: the types below it are published though no field names them."""

DOMAIN = "__domain_class__"
ABOUT = "__about__"


class About(Struct, frozen=True):
    """What the objects of a published type have to do with people.

    *Shape*: ``is_person``: each is about one person. ``part_of``: each is a piece of what is known
    of one, and its fields are of that category where they say no other. ``is_passage``: it only
    holds others together, and tells no more than the field that leads to it. ``is_thing``: it is
    about nobody, wherever it is met. A type that is none of these is not reached from a person.
    """

    is_person: bool = False
    part_of: Category | None = None
    is_passage: bool = False
    is_thing: bool = False
    record: Record | None = None
    made_by: Sequence[str] = ()


def publishes(
    domain: type,
    *,
    person: Record | None = None,
    part_of: Category | None = None,
    passage: bool = False,
    thing: bool = False,
    interface: bool = False,
    made_by: Sequence[str] = (),
) -> Callable[[type[T]], type[T]]:
    """Publish a domain class as the decorated type, described by its docstring.

    ``person`` marks a type whose objects are about one person, and names the record that they are:
    each of its fields is classified, and each object is shown only to whom the policy allows it.
    ``part_of``, ``passage`` and ``thing`` are for what is reached from such a type, ``made_by`` for
    what only some mutations give: ``About``.
    """
    about = About(
        is_person=person is not None,
        part_of=part_of,
        is_passage=passage,
        is_thing=thing,
        record=person,
        made_by=tuple(made_by),
    )

    def publish(cls: type[T]) -> type[T]:
        setattr(cls, DOMAIN, domain)
        setattr(cls, ABOUT, about)
        if interface:
            INTERFACES.append(cls)
        else:
            # Strawberry would look for its own instances; ours are the domain's.
            cls.is_type_of = classmethod(  # type: ignore[attr-defined]
                lambda _, value, _info: isinstance(value, domain)
            )
        make = strawberry.interface if interface else strawberry.type
        return make(cls, description=described(cls))

    return publish


def accepts(domain: type, *, name: str) -> Callable[[type[T]], type[T]]:
    """Publish a domain class as an input object; resolvers are handed the domain's object."""

    def publish(cls: type[T]) -> type[T]:
        setattr(cls, DOMAIN, domain)
        return strawberry.input(cls, name=name, description=described(cls))

    return publish


def enumerates(
    enum: type[Enum],
    description: str,
    *,
    classified: Mapping[str, Category] | None = None,
    **values: str,
) -> None:
    """Publish a domain enum, with a description for each of its values.

    ``classified`` says which values may be used as arguments only by who may read that category,
    such as an order that follows a field of it.
    """
    missing = {member.name for member in enum} ^ values.keys()
    if missing:
        raise TypeError(f"enum {enum.__name__}: describe exactly its values; differing: {missing}")
    setattr(enum, "__value_descriptions__", values)  # noqa: B010 - not an attribute of the domain
    setattr(enum, "__value_categories__", dict(classified or {}))  # noqa: B010 - the same
    strawberry.enum(enum, description=description)


def plain(
    description: str,
    *,
    category: Category | None = None,
    record: Record | None = None,
    goes_along: bool = False,
    cost: int = 0,
) -> Any:
    """Publish the attribute of the same name.

    ``record`` is what the value is part of, where that is not its object's own record. A field
    that ``goes_along`` is seen by whoever sees the object: it only leads to what is classified.
    """
    metadata = {"category": category, "record": record, "along": goes_along, "cost": cost}
    return strawberry.field(description=description, metadata=metadata)


def batch(
    resolve: Batch,
    *,
    category: Category | None = None,
    record: Record | None = None,
    goes_along: bool = False,
    cost: int = 1,
    reads: Sequence[str] = (),
    action: str | None = None,
) -> Callable[[Callable[..., Any]], Any]:
    """Publish the decorated signature, described by its docstring and computed by ``resolve``.

    ``record`` and ``goes_along`` are as in ``plain``. ``reads`` names what the resolver reads of
    its parents that a system may leave out when nobody asks for it: attributes that have a
    default. ``action`` is what the policy table has to let a role do for it to have anything here.
    """

    def publish(signature: Callable[..., Any]) -> StrawberryField:
        field: StrawberryField = strawberry.field(
            resolver=signature,
            description=described(signature),
            metadata={
                "batch": resolve,
                "category": category,
                "record": record,
                "along": goes_along,
                "cost": cost,
                "reads": tuple(reads),
                "action": action,
            },
        )
        return field

    return publish


def stream(
    follow: Source, resolve: Batch, *, category: Category | None = None, cost: int = 1
) -> Callable[[Callable[..., Any]], Any]:
    """Publish the decorated signature as something to follow, described by its docstring.

    ``follow`` gives the events, once per subscription; ``resolve`` is the batch resolver of the
    field for one event, which is its parent, in a context of the event's own.
    """

    def publish(signature: Callable[..., Any]) -> StrawberryField:
        field: StrawberryField = strawberry.field(
            resolver=signature,
            description=described(signature),
            metadata={"batch": resolve, "stream": follow, "category": category, "cost": cost},
        )
        return field

    return publish


def argument(description: str, *, category: Category | None = None) -> Any:
    """Describe an argument, inside ``Annotated``.

    With a ``category`` only those may use it who may read data of that category; so it is with an
    input object's ``plain`` fields. ``schema/argument.py`` holds that rule.
    """
    return strawberry.argument(description=description, metadata={"category": category})


def described(thing: Any) -> str:
    """Take a docstring as description; without one there is nothing to publish."""
    if not thing.__doc__:
        raise TypeError(f"{thing.__qualname__} has no docstring; published things are described")
    return cleandoc(thing.__doc__)
