"""Whose an object is: the part of a decision that has to wait for the object."""

from collections.abc import Sequence

from domain.customer import Customer
from domain.policy import Personal
from execution.context import Context


async def owned(values: Sequence[Personal], context: Context) -> list[bool]:
    """Tell of each object whether it is about the viewer.

    An object that names the viewer's own record is recognised at once, and so is one that the
    operation proved theirs by its secret. One that names them as
    another system does (an order knows the ERP's number) is recognised by the identities in the
    viewer's own record, which is loaded once and only then.

    *Errors*: none; if the record cannot be read, nothing that needs it is the viewer's.
    """
    own, proven = context.viewer.customer, context.proven
    mine = [own in value.subjects or not proven.isdisjoint(value.subjects) for value in values]
    if own is None or all(mine):
        return mine
    record = await context.loaders.customer_by_key.load_one(own)
    identities = record.subjects if isinstance(record, Customer) else frozenset((own,))
    identities |= proven
    return [not identities.isdisjoint(value.subjects) for value in values]
