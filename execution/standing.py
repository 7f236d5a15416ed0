"""What holds between the viewer and an object: the part of a decision that waits for the object."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from domain.case import Case
from domain.consent import ConsentPurpose, ConsentState
from domain.customer import Customer, Trait, TraitKind
from domain.errors import Failure
from domain.partial import missing_of
from domain.policy import Condition, Personal, Standing, Terms, View
from execution.context import Context

_CONSENTS = {
    Condition.MARKETING_EMAIL: ConsentPurpose.MARKETING_EMAIL,
    Condition.MARKETING_SMS: ConsentPurpose.MARKETING_SMS,
    Condition.PROFILING: ConsentPurpose.PROFILING,
    Condition.PARTNERS: ConsentPurpose.PARTNERS,
}


# What can be told of most objects once the viewer's cases and own record are known.
_AT_HAND = frozenset((Condition.OWN, Condition.CASE, Condition.UNRESTRICTED))
# What only the customer's own record tells.
_OF_RECORD = frozenset((Condition.UNRESTRICTED, *_CONSENTS))


async def standings(values: Sequence[Personal], terms: Terms, context: Context) -> list[Standing]:
    """Tell of each object which of the conditions hold for it, as far as decisions rest on them.

    An object that names the customer's own record is recognised at once, and so is one that the
    operation proved the viewer's by its secret. One that names them as another system does (an
    order knows the ERP's number) is recognised by the identities in that record, which is loaded
    once and only then. What has to be asked of the customer's record is asked only where all else
    of a term holds: so that what is not the viewer's to see costs what nothing costs.

    *Errors*: none; what cannot be found out does not hold.
    """
    needed = frozenset[Condition]().union(*terms)
    near = [each for each in Condition if each in needed and each not in _OF_RECORD]
    columns = [await _LOOKS[each](values, each, context) for each in near]
    rows = zip(*columns) if near else ((),) * len(values)
    known: dict[tuple[bool, ...], Standing] = {}
    found = []
    for row in rows:
        standing = known.get(row)
        if standing is None:
            standing = known[row] = frozenset(each for each, holds in zip(near, row) if holds)
        found.append(standing)
    for condition in needed & _OF_RECORD:
        ways = [term - _OF_RECORD for term in terms if condition in term]
        places = [index for index, each in enumerate(found) if any(way <= each for way in ways)]
        asked = [values[index] for index in places]
        if asked:
            holds = await _LOOKS[condition](asked, condition, context)
            for index, it_holds in zip(places, holds):
                if it_holds:
                    found[index] |= {condition}
    return found


def standings_now(
    values: Sequence[Personal], terms: Terms, context: Context
) -> list[Standing] | None:
    """Tell what ``standings`` would where nothing has to be asked for it; else None."""
    needed = frozenset[Condition]().union(*terms)
    keys = context.opened.get(True) if Condition.CASE in needed else frozenset()
    if keys is None or not needed <= _AT_HAND:
        return None
    ways = [term - {Condition.UNRESTRICTED} for term in terms if Condition.UNRESTRICTED in term]
    mine = frozenset(context.proven)
    if Condition.OWN in needed and (own := context.viewer.customer) is not None:
        if own not in context.people:
            return None
        mine = context.people[own].subjects | mine
    found = []
    for value in values:
        holds = set()
        subjects = value.subjects
        if not mine.isdisjoint(subjects):
            holds.add(Condition.OWN)
        if not keys.isdisjoint(subjects):
            holds.add(Condition.CASE)
        if any(way <= holds for way in ways):
            record = context.people.get(_subject(value) or "")
            if record is None:
                return None
            if not record.is_restricted:
                holds.add(Condition.UNRESTRICTED)
        found.append(frozenset(holds) & needed)
    return found


def preparation(kind: str, context: Context) -> Coroutine[Any, Any, Failure | None] | None:
    """Load what decides whose objects of a kind are, whether or not there is one.

    So neither the time taken nor an error tells whether somebody else's object exists. Gives the
    failure without which nothing can be said of any object; None where nothing is to be loaded.
    """
    decision = context.policy.decide_type(kind, context.policy_class)
    if decision.needs_own and context.viewer.customer is not None:
        return _own_record(context.viewer.customer, context)
    if Condition.CASE in decision.conditions:
        return _cases(context)
    return None


async def _own_record(customer: str, context: Context) -> Failure | None:
    record = await context.loaders.customer_by_key.load_one(customer)
    return record if isinstance(record, Failure) else None


async def _cases(context: Context) -> None:
    await case_keys(context, with_identities=True)


async def near_keys(context: Context) -> frozenset[str] | None:
    """Tell by their keys of whom alone the viewer can see more than everybody's least.

    None where that cannot be told by a key.
    """
    terms = context.policy.terms("Customer", context.policy_class)
    if not all(Condition.OWN in term or Condition.CASE in term for term in terms):
        return None
    own = context.viewer.customer
    near = frozenset() if own is None else frozenset((own,))
    if any(Condition.CASE in term for term in terms):
        near |= await case_keys(context)
    return near


async def views(
    published: str, field: str, about: str, values: Sequence[Personal], context: Context
) -> list[View]:
    """Tell how much of a field is shown for each object, before anything is loaded for it.

    *Shape*: ``about`` is the published type of the objects, ``published`` the type that has the
    field, which may be a part of them.
    """
    decision = context.policy.decide(published, field, context.policy_class)
    if not decision.conditions:
        return [decision.view(frozenset())] * len(values)
    terms = context.policy.terms(about, context.policy_class)
    return [decision.view(each) for each in await standings(values, terms, context)]


async def _own(values: Sequence[Personal], _: Condition, context: Context) -> list[bool]:
    own, proven = context.viewer.customer, context.proven
    mine = [own in value.subjects or not proven.isdisjoint(value.subjects) for value in values]
    if own is None or all(mine):
        return mine
    identities = await _identities(own, context) | proven
    return [not identities.isdisjoint(value.subjects) for value in values]


async def _case(values: Sequence[Personal], _: Condition, context: Context) -> list[bool]:
    keys = await case_keys(context)
    if not keys:
        return [False] * len(values)
    opened = [not keys.isdisjoint(value.subjects) for value in values]
    if all(opened):
        return opened
    keys = await case_keys(context, with_identities=True)
    return [not keys.isdisjoint(value.subjects) for value in values]


async def _store(values: Sequence[Personal], _: Condition, context: Context) -> list[bool]:
    store = context.viewer.store
    return [store is not None and getattr(value, "location_key", None) == store for value in values]


async def _open(values: Sequence[Personal], _: Condition, context: Context) -> list[bool]:  # noqa: ARG001
    return [getattr(value, "is_open", False) is True for value in values]


async def _unrestricted(values: Sequence[Personal], _: Condition, context: Context) -> list[bool]:
    records = await _records(values, context)
    # Nobody has restricted what is about nobody, such as a sale over the counter.
    return [
        not value.subjects if record is None else not record.is_restricted
        for value, record in zip(values, records)
    ]


async def _consent(values: Sequence[Personal], term: Condition, context: Context) -> list[bool]:
    purpose = _CONSENTS[term]
    return [
        record is not None
        and any(
            each.purpose is purpose and each.state is ConsentState.GRANTED
            for each in record.consents
        )
        for record in await _records(values, context)
    ]


async def _records(values: Sequence[Personal], context: Context) -> list[Customer | None]:
    """Find the customer's own record of each object."""
    keys = [value.key if isinstance(value, Customer) else _subject(value) for value in values]
    found: dict[str, Customer | None] = {**context.people}
    found |= {value.key: value for value in values if isinstance(value, Customer)}
    rest = list(dict.fromkeys(key for key in keys if key is not None and key not in found))
    if rest:
        loaders = context.loaders
        column = await loaders.customer_by_key.load(rest)
        foreign = [key for key, each in zip(rest, column) if not isinstance(each, Customer)]
        found |= {key: each for key, each in zip(rest, column) if isinstance(each, Customer)}
        traits = [Trait(TraitKind.EXTERNAL, key) for key in foreign]
        for key, several in zip(foreign, await loaders.customers_by_trait.load(traits)):
            found[key] = _strictest(several)
    return [found.get(key) if key is not None else None for key in keys]


def _strictest(several: Sequence[Customer] | Failure | None) -> Customer | None:
    """Of several records with one number, take the restricted one; none while some are away."""
    if not several or isinstance(several, Failure) or missing_of(several):
        return None
    return max(several, key=lambda each: each.is_restricted)


def _subject(value: Personal) -> str | None:
    return min(value.subjects, default=None)


async def _identities(key: str, context: Context) -> frozenset[str]:
    if key in context.people:
        return context.people[key].subjects
    record = await context.loaders.customer_by_key.load_one(key)
    if not isinstance(record, Customer):
        return frozenset((key,))
    _meet(record, context)
    return record.subjects


def _meet(record: Customer, context: Context) -> None:
    """Remember a customer by every key of theirs, for what is asked of their record later."""
    context.people.update(dict.fromkeys(record.subjects, record))


async def case_keys(context: Context, *, with_identities: bool = False) -> frozenset[str]:
    """Tell whom the viewer has a case open on, for the purpose at hand; asked once."""
    known = context.opened.get(with_identities)
    if known is not None:
        return known
    agent = context.viewer.subject
    if agent is None or not context.viewer.is_staff:
        return frozenset()
    cases = await context.loaders.open_cases_by_agent.load_one(agent)
    if isinstance(cases, Failure):
        context.do_without(cases)
        return frozenset()
    counting = [each for each in cases or () if _counts(each, context)]
    for each in counting:
        context.rested.setdefault(each.customer_key, {})[each.key] = None
    keys = frozenset(each.customer_key for each in counting)
    context.opened[False] = keys
    if not with_identities:
        return keys
    for record in await context.loaders.customer_by_key.load(list(keys)):
        if isinstance(record, Customer):
            _meet(record, context)
            keys |= record.subjects
    context.opened[True] = keys
    return keys


async def look_again(context: Context) -> None:
    """Let a case that the operation itself opened or ended hold for what it asks from here on."""
    context.opened.clear()
    context.loaders.forget("open_cases_by_agent")
    context.loaders.draw_near(await near_keys(context) or frozenset())


def rested_on(subject: str, context: Context) -> tuple[str, ...]:
    """Tell which of the viewer's cases let them see this customer."""
    return tuple(context.rested.get(subject, ()))


def _counts(case: Case, context: Context) -> bool:
    return case.purpose is context.purpose and case.is_open(context.now)


_Look = Callable[[Sequence[Any], Condition, Context], Awaitable[list[bool]]]

_LOOKS: dict[Condition, _Look] = {
    Condition.OWN: _own,
    Condition.CASE: _case,
    Condition.SAME_STORE: _store,
    Condition.OPEN_ORDER: _open,
    Condition.UNRESTRICTED: _unrestricted,
    **dict.fromkeys(_CONSENTS, _consent),
}
