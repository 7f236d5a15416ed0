"""Whether two customer records are one person: weighed evidence, the same every time.

Each part that both records have speaks for or against, with a weight in bits: how many times
likelier the finding is for one person than for two. Evidence that only one person can leave
behind (the same customer number or card; the same e-mail address or telephone under an agreeing
name) decides by itself.

*Source*: Fellegi and Sunter, "A Theory for Record Linkage", 1969; Winkler's string comparator,
1990. The weights were set on a retailer's book of 20,000 contacts whose truth is known;
``python -m bench.identity`` measures them.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum

from msgspec import Struct

from domain.customer import Customer, Trait, TraitKind
from domain.identity import external_id
from domain.likeness import alike, given_alike
from domain.location import Address


class LinkMethod(Enum):
    """How a link was found."""

    DETERMINISTIC = "DETERMINISTIC"
    PROBABILISTIC = "PROBABILISTIC"


class LinkStrength(Enum):
    """What may rest on a link: ``POSSIBLE`` is for a person to look at."""

    CERTAIN = "CERTAIN"
    LIKELY = "LIKELY"
    POSSIBLE = "POSSIBLE"


class Evidence(Enum):
    """What speaks for a link."""

    REFERENCE = "REFERENCE"
    CUSTOMER_NUMBER = "CUSTOMER_NUMBER"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    NAME = "NAME"
    BIRTH_DATE = "BIRTH_DATE"
    ADDRESS = "ADDRESS"


class Match(Struct, frozen=True, gc=False):
    """What two records have in common. *Units*: ``score`` from 0 to 1, a probability."""

    score: float
    method: LinkMethod
    evidence: tuple[Evidence, ...]

    @property
    def strength(self) -> LinkStrength | None:
        """What may rest on it; None for two persons."""
        if self.score >= LIKELY:
            is_certain = self.method is LinkMethod.DETERMINISTIC
            return LinkStrength.CERTAIN if is_certain else LinkStrength.LIKELY
        return LinkStrength.POSSIBLE if self.score >= POSSIBLE else None


LIKELY = 0.95
POSSIBLE = 0.6
_UNSURE = 0.9

# Bits that have to be made up before two records of the same book are one person as likely as not.
_PRIOR = 12.0
_SPELLED_ALIKE = 0.88
_OTHER_NAME = 0.75
_SAME_STREET = 6.0
_MIN_PHONE = 7
_NUMBER = re.compile("[0-9]+")


def match(one: Customer, other: Customer) -> Match:
    """Weigh what two records have in common."""
    evidence: list[Evidence] = []
    bits = -_PRIOR
    given, family = _names(one, other)
    bits += _name_bits(given, family)
    if given >= _SPELLED_ALIKE and family >= _SPELLED_ALIKE:
        evidence.append(Evidence.NAME)
    born = _birth_bits(one.birth_date, other.birth_date)
    bits += born
    if born > 0:
        evidence.append(Evidence.BIRTH_DATE)
    at_home = _address_bits(one.addresses, other.addresses)
    bits += at_home
    if at_home >= _SAME_STREET:
        evidence.append(Evidence.ADDRESS)
    by_mail = not _emails(one).isdisjoint(_emails(other))
    by_phone = not _phones(one).isdisjoint(_phones(other))
    for shared, kind in ((by_mail, Evidence.EMAIL), (by_phone, Evidence.PHONE)):
        if shared:
            bits += 9.0
            evidence.append(kind)
    numbers = set(one.identities[1:]) & set(other.identities[1:])
    agreeing = given >= _SPELLED_ALIKE and family >= _SPELLED_ALIKE and born >= 0
    if numbers:
        return Match(1.0, LinkMethod.DETERMINISTIC, (Evidence.CUSTOMER_NUMBER, *evidence))
    score = 1 / (1 + 2.0 ** -max(-60.0, min(60.0, bits)))
    if given < _OTHER_NAME:
        # Twins share all but their given name: a person has to look at it.
        score = min(score, _UNSURE)
    if (by_mail or by_phone) and agreeing:
        return Match(max(score, LIKELY), LinkMethod.DETERMINISTIC, tuple(evidence))
    return Match(score, LinkMethod.PROBABILISTIC, tuple(evidence))


def _names(one: Customer, other: Customer) -> tuple[float, float]:
    """How alike given and family names are, 0 to 1; also when they stand in each other's place."""
    a, b = one.name, other.name
    if a is None or b is None:
        return 0.0, 0.0
    straight = (given_alike(a.given, b.given), alike(a.family, b.family))
    # Whichever record is asked about, the less alike of the two stands for the given name.
    crossed = sorted((alike(a.given, b.family), alike(a.family, b.given)))
    return max(straight, (crossed[0], crossed[1]), key=sum)


def _name_bits(given: float, family: float) -> float:
    first = 6.0 if given >= 0.99 else 4.0 if given >= _SPELLED_ALIKE else -10.0
    last = 5.0 if family >= 0.99 else 4.0 if family >= _SPELLED_ALIKE else -4.0
    return first + last


def _birth_bits(one: date | None, other: date | None) -> float:
    if one is None or other is None:
        return 0.0
    if one == other:
        return 11.0
    if one.year == other.year and (one.month, one.day) == (other.day, other.month):
        return 8.0
    parts = ((one.year, other.year), (one.month, other.month), (one.day, other.day))
    if sum(a == b for a, b in parts) == 2 and abs(one.year - other.year) <= 1:
        return 2.0  # one slip of the finger
    return -12.0


def _address_bits(one: Sequence[Address], other: Sequence[Address]) -> float:
    pairs = [(a, b) for a in one for b in other]
    return max((_home_bits(a, b) for a, b in pairs), default=0.0)


def _home_bits(one: Address, other: Address) -> float:
    if not one.postal_code or one.postal_code != other.postal_code:
        return -1.0
    first, second = " ".join(one.lines), " ".join(other.lines)
    if _house(first) != _house(second):
        return 1.0
    return _SAME_STREET if alike(first, second) >= _SPELLED_ALIKE else 1.0


def _house(line: str) -> list[str]:
    """The numbers in a line of an address: neighbours differ in nothing else."""
    return _NUMBER.findall(line)


def _emails(customer: Customer) -> frozenset[str]:
    mails = (customer.email, *customer.other_emails)
    return frozenset(mail.strip().casefold() for mail in mails if mail)


def _phones(customer: Customer) -> frozenset[str]:
    found = (customer.phone, *customer.other_phones)
    digits = ("".join(filter(str.isdigit, phone)).lstrip("0") for phone in found if phone)
    return frozenset(phone for phone in digits if len(phone) >= _MIN_PHONE)


def traits(customer: Customer) -> tuple[Trait, ...]:
    """Tell by what other records of the same person can be looked for."""
    found = [Trait(TraitKind.EMAIL, mail) for mail in sorted(_emails(customer))]
    found += [Trait(TraitKind.PHONE, phone) for phone in sorted(_phones(customer))]
    if customer.birth_date is not None:
        found.append(Trait(TraitKind.BIRTH_DATE, customer.birth_date.isoformat()))
    name = customer.name
    if name is not None and name.family and name.given and customer.addresses:
        code = customer.addresses[0].postal_code
        if code:
            # An initial keeps the number of candidates small where a name is common.
            found.append(Trait(TraitKind.NAME, name.family, name.given[0], code))
    return tuple(found)


class IdentityLink(Struct, frozen=True, gc=False, kw_only=True):
    """A record in some system that is the customer's, or may be.

    *Shape*: ``key`` is the record's; ``is_customer`` where that record is a customer of its own,
    whom a second registration made.
    """

    key: str
    method: LinkMethod
    strength: LinkStrength
    score: float
    evidence: tuple[Evidence, ...]
    is_customer: bool = False

    @property
    def system(self) -> str:
        """The system that has the record."""
        return external_id(self.key).system

    @property
    def id(self) -> str:
        """The record's id there."""
        return external_id(self.key).id


def links(customer: Customer, candidates: Iterable[Customer]) -> tuple[IdentityLink, ...]:
    """Tell whose records are the customer's: those its own record names, then the likeliest."""
    named = [
        IdentityLink(
            key=key,
            method=LinkMethod.DETERMINISTIC,
            strength=LinkStrength.CERTAIN,
            score=1.0,
            evidence=(Evidence.REFERENCE,),
        )
        for key in customer.identities
        if key != customer.key
    ]
    found = []
    for candidate in {each.key: each for each in candidates}.values():
        if candidate.key == customer.key:
            continue
        matched = match(customer, candidate)
        if (strength := matched.strength) is not None:
            found.append(
                IdentityLink(
                    key=candidate.key,
                    method=matched.method,
                    strength=strength,
                    score=matched.score,
                    evidence=matched.evidence,
                    is_customer=True,
                )
            )
    found.sort(key=lambda link: (-link.score, link.key))
    return (*named, *found)
