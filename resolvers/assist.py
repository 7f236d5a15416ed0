"""Cases: an agent opens a customer, sees whom they have open, and ends it."""

from collections.abc import Sequence

from domain.assist import (
    AssistEnd,
    AssistOutcome,
    AssistStart,
    ended,
    limit_reached,
    new_case,
    succeeded,
)
from domain.attempt import Changes, attempt
from domain.case import Case
from domain.customer import Customer
from domain.errors import Failure, Forbidden, NotFound
from domain.identity import node_key
from domain.viewer import Viewer
from execution.context import Context
from execution.permission import carry_out, permit
from execution.standing import look_again

_START, _END = "assistStart", "assistEnd"


async def cases_of_viewer(
    parents: Sequence[Viewer], context: Context
) -> list[Sequence[Case] | Failure | None]:
    """List the viewer's open cases, newest first; null for those who have none to open."""
    agent = context.viewer.subject
    starts = context.actions.permit(_START, context.viewer.role)
    if starts.decision.is_denied or agent is None:
        return [None] * len(parents)
    found = await context.loaders.open_cases_by_agent.load_one(agent)
    return [() if found is None else found] * len(parents)


async def customer_of_case(
    parents: Sequence[Case], context: Context
) -> list[Customer | Failure | None]:
    """Find the customer of each case."""
    return await context.loaders.customer_by_key.load([parent.customer_key for parent in parents])


async def start(
    parents: Sequence[object], context: Context, input: AssistStart
) -> list[AssistOutcome]:
    """Open a case. *Errors*: ``BadInput``, ``Forbidden``; ``NotFound`` for no customer."""
    rights = await permit(context, _START)
    agent = _agent(context)
    named = attempt(context.viewer, context.ask, _START, input)
    if input.purpose not in context.viewer.purposes:
        claimed, allowed = input.purpose.value, [each.value for each in context.viewer.purposes]
        raise Forbidden(
            f"This client may not claim purpose {claimed}; allowed: {', '.join(allowed)}."
        )
    _, key = node_key(input.customer, "input.customer", "Customer")
    wanted = new_case(input, key, agent, context.now)
    found = (
        await context.loaders.customer_by_key.load_one(key) if rights.cover_customer(key) else None
    )
    if isinstance(found, Failure):
        raise found
    if found is None:
        raise NotFound("No customer has this id.")

    async def work(changes: Changes) -> AssistOutcome:
        others = await changes.case.open_of(agent, context.now)
        before = succeeded(wanted, others)
        reached = limit_reached([each for each in others if each not in before])
        if reached is not None:
            return AssistOutcome(user_errors=(reached,))
        for each in before:
            await changes.case.end(ended(each, context.now))
        await changes.case.add(wanted)
        return AssistOutcome(case=wanted)

    outcome = await carry_out(context, rights, named, AssistOutcome, work)
    await look_again(context)
    return [outcome] * len(parents)


async def end(parents: Sequence[object], context: Context, input: AssistEnd) -> list[AssistOutcome]:
    """End a case. *Errors*: ``BadInput``; ``NotFound`` for none of the viewer's own."""
    rights = await permit(context, _END)
    agent = _agent(context)
    named = attempt(context.viewer, context.ask, _END, input)
    _, key = node_key(input.case, "input.case", "Case")

    async def work(changes: Changes) -> AssistOutcome:
        found = await changes.case.read(key)
        if found is None or found.agent != agent or not rights.cover_customer(found.customer_key):
            raise NotFound("No case of yours has this id.")
        closed = ended(found, context.now)
        if closed is not found:
            await changes.case.end(closed)
        return AssistOutcome(case=closed)

    outcome = await carry_out(context, rights, named, AssistOutcome, work)
    await look_again(context)
    return [outcome] * len(parents)


def _agent(context: Context) -> str:
    """Tell who opens and ends cases here."""
    viewer = context.viewer
    if viewer.subject is None or not viewer.is_staff:
        raise Forbidden("Cases are of staff who sign in by their own name.")
    return viewer.subject
