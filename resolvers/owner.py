"""For whom something is kept, and who may see and change it: asked before anything is written."""

from collections.abc import Sequence

from domain.errors import BadInput, Failure, NotFound
from domain.identity import node_key
from domain.outcome import Notice
from execution.context import Context
from execution.permission import Rights


async def customer(context: Context, rights: Rights, given: str | None) -> str:
    """Tell for which customer a thing is made: the viewer, or whom staff name by a global id.

    *Errors*: ``BadInput`` where nobody is named, ``NotFound`` for who is not the viewer's to serve.
    """
    own = context.viewer.customer
    if given is None:
        if own is None:
            need = "the id of the customer whom it is for; the caller is none"
            raise BadInput("input.customer", None, need)
        return own
    _, key = node_key(given, "input.customer", "Customer")
    if key == own:
        return key
    found = (
        await context.loaders.customer_by_key.load_one(key)
        if rights.cover_customer(key) and context.may_look_up("Customer", key)
        else None
    )
    if isinstance(found, Failure):
        raise found
    if found is None:
        raise NotFound("No customer has this id.")
    return key


async def unknown_variants(
    context: Context, skus: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Tell which SKUs are no variant's; where nobody can say, a wish is taken at its word."""
    found = await context.loaders.variant_by_sku.load(skus)
    unknown = tuple(sku for sku, each in zip(skus, found) if each is None)
    if any(isinstance(each, Failure) for each in found):
        message = "The variants could not be looked up at the moment and are noted unchecked."
        return unknown, (Notice("VARIANTS_UNCHECKED", message),)
    return unknown, ()
