"""The vocabulary of field access: what is personal, and what is decided about it."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar, Protocol, runtime_checkable

from msgspec import Struct

from domain.errors import NotServed
from domain.viewer import PolicyClass, Purpose


class Category(Enum):
    """What kind of personal or internal data a field holds; stands on the schema field itself."""

    NAME = "NAME"
    CONTACT = "CONTACT"
    ADDRESS = "ADDRESS"
    BIRTH = "BIRTH"
    PAYMENT = "PAYMENT"
    PURCHASE_HISTORY = "PURCHASE_HISTORY"
    LOYALTY = "LOYALTY"
    BEHAVIOUR = "BEHAVIOUR"
    INTERACTION = "INTERACTION"
    FREE_TEXT = "FREE_TEXT"
    CART = "CART"
    CONSENT = "CONSENT"
    IDENTIFIER = "IDENTIFIER"
    REFERENCE = "REFERENCE"
    STATUS = "STATUS"
    OPERATIONAL = "OPERATIONAL"


class Sensitivity(Enum):
    """How much harm it does in the wrong hands."""

    INTERNAL = "INTERNAL"
    PERSONAL = "PERSONAL"
    SENSITIVE = "SENSITIVE"


class Subject(Enum):
    """Whom a field is about."""

    CUSTOMER = "CUSTOMER"
    NOBODY = "NOBODY"


class Record(Enum):
    """What a piece of personal data stands on: its legal basis and its time go with the record."""

    PROFILE = "PROFILE"
    CONSENT = "CONSENT"
    IDENTITY = "IDENTITY"
    LOYALTY = "LOYALTY"
    ORDER = "ORDER"
    INTERACTION = "INTERACTION"
    WISHLIST = "WISHLIST"
    CART = "CART"
    CASE = "CASE"


_SENSITIVE = frozenset({Category.BIRTH, Category.PAYMENT, Category.ADDRESS, Category.FREE_TEXT})


class Label(Struct, frozen=True):
    """What the schema says of one of its fields.

    *Shape*: ``record`` is None for what is about no person. ``is_text`` tells that the field holds
    a text that can be masked, or leads to one. ``is_link`` tells that it leads to another record,
    which is decided on by itself: that it may be seen does not make its own object one to see.
    """

    category: Category
    record: Record | None = None
    is_text: bool = False
    is_link: bool = False

    @property
    def subject(self) -> Subject:
        """Whom the field is about."""
        internal = self.category is Category.OPERATIONAL
        return Subject.NOBODY if internal else Subject.CUSTOMER

    @property
    def sensitivity(self) -> Sensitivity:
        """How much harm it does in the wrong hands."""
        if self.category is Category.OPERATIONAL:
            return Sensitivity.INTERNAL
        return Sensitivity.SENSITIVE if self.category in _SENSITIVE else Sensitivity.PERSONAL


class Classification(Struct, frozen=True):
    """What the published schema says of its own fields; read off it at start-up.

    *Shape*: ``fields`` by (published type, published field name) for every classified field, by
    (input type or enum, name) and by (``Type.field``, argument) for what is classified among
    arguments; ``person_types`` the published types whose objects are about one person, and
    ``parts`` for each of them the types that its objects are made of; ``along`` their fields that
    only lead on and are seen with the object; ``passages`` the types among them that only hold
    others together; ``records`` which each person type and part is a piece of. ``mutations`` are
    the published names of all changes.
    """

    fields: Mapping[tuple[str, str], Label]
    person_types: frozenset[str]
    parts: Mapping[str, frozenset[str]] = {}
    along: frozenset[tuple[str, str]] = frozenset()
    passages: frozenset[str] = frozenset()
    records: Mapping[str, tuple[Record, ...]] = {}
    mutations: frozenset[str] = frozenset()

    def records_of(self, parent: str, label: Label) -> tuple[Record, ...]:
        """Tell which records a field of a published type is a piece of."""
        return (label.record,) if label.record is not None else self.records.get(parent, ())


class View(Enum):
    """How much of a value is shown, from nothing to all of it."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    MASKED = "masked"
    FULL = "full"


class Condition(Enum):
    """What can be true of a caller and an object together, and is found out for each object.

    ``OWN``: it is about the caller. ``CASE``: the caller has a case open on its customer, for
    the purpose at hand. ``SAME_STORE``: it belongs to the store that the caller works in.
    ``OPEN_ORDER``: it is an order that is not finished. ``UNRESTRICTED``: its customer has not had
    the processing restricted (GDPR, article 18). The others: its customer agreed to that.
    """

    OWN = "own"
    CASE = "case"
    SAME_STORE = "same_store"
    OPEN_ORDER = "open_order"
    UNRESTRICTED = "unrestricted"
    MARKETING_EMAIL = "consent:MARKETING_EMAIL"
    MARKETING_SMS = "consent:MARKETING_SMS"
    PROFILING = "consent:PROFILING"
    PARTNERS = "consent:PARTNERS"


CONSENTS = frozenset(each for each in Condition if each.value.startswith("consent:"))
"""The conditions that are somebody's consent."""

BY_SECRET = frozenset(("Cart", "Reservation"))
"""The published types whose objects a secret can prove the caller's own, whoever they are."""

Standing = frozenset[Condition]
"""The conditions that hold between a caller and an object."""

NOTHING: Standing = frozenset()

Terms = frozenset[Standing]
"""What decisions about an object rest on: each of these sets of conditions opens something."""

NO_TERMS: Terms = frozenset()


class Grant(Struct, frozen=True):
    """A view, and all that has to hold for it."""

    view: View
    when: Standing = NOTHING


class Decision(Struct, frozen=True):
    """What a caller of one policy class gets of one field.

    *Shape*: ``grants`` from the widest view to the narrowest; the first one that holds is what is
    shown, nothing where none does.
    """

    grants: tuple[Grant, ...] = ()

    ALLOW: ClassVar["Decision"]
    OWN: ClassVar["Decision"]
    DENY: ClassVar["Decision"]

    def view(self, standing: Standing) -> View:
        """Tell what is shown where these conditions hold."""
        for grant in self.grants:
            if grant.when <= standing:
                return grant.view
        return View.NONE

    @property
    def is_denied(self) -> bool:
        """Whether nothing is ever shown."""
        return not self.grants

    @property
    def is_full(self) -> bool:
        """Whether all of it is shown, of every object."""
        return bool(self.grants) and self.grants[0] == _FULL

    @property
    def conditions(self) -> Standing:
        """What has to be found out for each object."""
        return frozenset[Condition]().union(*(grant.when for grant in self.grants))

    @property
    def terms(self) -> Terms:
        """The sets of conditions that each open something."""
        return frozenset(grant.when for grant in self.grants if grant.when)

    @property
    def needs_own(self) -> bool:
        """Whether something is shown, and only to the person it is about."""
        return bool(self.grants) and all(Condition.OWN in grant.when for grant in self.grants)

    def is_had_by(self, *conditions: Condition) -> bool:
        """Tell whether all of it can be had by nothing more than these conditions."""
        return self.view(frozenset(conditions)) is View.FULL


_FULL = Grant(View.FULL)
Decision.ALLOW = Decision((_FULL,))
Decision.OWN = Decision((Grant(View.FULL, frozenset((Condition.OWN,))),))
Decision.DENY = Decision()


class FieldPolicy(Protocol):
    """Decides on fields before anything is fetched; implemented in auth.

    The same arguments give the same answer for the life of the process, so that callers compile
    it into plans.
    """

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        """Decide on one field of one published type for one class of callers.

        A type that is not a person's and a field that is not classified are ``ALLOW``.
        """
        ...

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        """Decide whether objects of a published type may be handed out at all."""
        ...

    def explain(self, parent_type: str, field: str, policy_class: PolicyClass) -> Mapping[str, str]:
        """Tell why a field is decided so: ``rule``, ``basis`` and ``retention``, where known."""
        ...

    def terms(self, type_name: str, policy_class: PolicyClass) -> Terms:
        """Tell what has to be found out of an object of a person's type, for all of its parts."""
        ...


class Pseudonyms(Protocol):
    """Makes stand-ins for texts and for ids; implemented in auth."""

    def pseudonym(self, text: str, purpose: Purpose) -> str:
        """Give the stand-in of a text: always the same for one purpose, another for the next."""
        ...

    def stand_in(self, id: str, purpose: Purpose) -> str:
        """Give the stand-in of an id, which leads back for the same purpose."""
        ...

    def behind(self, stand_in: str, purpose: Purpose) -> str | None:
        """Tell what a stand-in was made of for this purpose; None for any other text."""
        ...


class _NoPseudonyms:
    """Stands where nobody has a key for them."""

    def pseudonym(self, text: str, purpose: Purpose) -> str:  # noqa: ARG002 - of any
        """Refuse."""
        raise NotServed("pseudonym")

    stand_in = pseudonym

    def behind(self, stand_in: str, purpose: Purpose) -> str | None:  # noqa: ARG002 - of any
        """Know nobody."""
        return None


NO_PSEUDONYMS: Pseudonyms = _NoPseudonyms()


@runtime_checkable
class Personal(Protocol):
    """Any domain object that is about one person."""

    @property
    def subjects(self) -> frozenset[str]:
        """The keys, in whichever systems, of the customer it is about."""
        ...
