"""Whose an object is: the part of a decision that has to wait for the object."""

from collections.abc import Sequence

from domain.customer import Customer
from domain.policy import Personal
from execution.context import Context


async def owned(values: Sequence[Personal], context: Context) -> list[bool]:
    """Tell of each object whether it is about the viewer.

    An object that names the viewer's own record is recognised at once. One that names them as
    another system does (an order knows the ERP's number) is recognised by the identities in the
    viewer's own record, which is loaded once and only then.

    *Errors*: none; if the record cannot be read, nothing that needs it is the viewer's.
    """
    own = context.viewer.customer
    if own is None:
        return [False] * len(values)
    mine = [own in value.subjects for value in values]
    if all(mine):
        return mine
    record = await context.loaders.customer_by_key.load_one(own)
    identities = record.subjects if isinstance(record, Customer) else frozenset((own,))
    return [not identities.isdisjoint(value.subjects) for value in values]
