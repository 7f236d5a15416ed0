"""Whether two records are one person."""

import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.identity import customer, measure
from domain.customer import Customer, PersonName
from domain.likeness import similarity
from domain.location import Address
from domain.match import (
    LIKELY,
    POSSIBLE,
    Evidence,
    LinkMethod,
    LinkStrength,
    links,
    match,
)
from domain.provenance import PROFILE, Provenance

FROM = Provenance("crm", datetime(2026, 1, 1, tzinfo=UTC), PROFILE)
HOME = Address(lines=("ul. Lipowa 5/2",), postal_code="00-590", city="Warszawa", country="PL")
AWAY = Address(lines=("ul. Polna 9",), postal_code="31-019", city="Kraków", country="PL")


def person(key: str = "crm:1", **more: Any) -> Customer:
    known: dict[str, Any] = {
        "name": PersonName("Katarzyna Wójcik", "Katarzyna", "Wójcik"),
        "email": "kw@example.com",
        "phone": "+48 401 123 456",
        "birth_date": date(1980, 3, 9),
        "addresses": (HOME,),
        "identities": (key,),
    }
    return Customer(key=key, number=key, provenance=FROM, **{**known, **more})


ME = person()
OTHERS: dict[str, Any] = {"email": "other@example.org", "phone": "+48 402 999 888"}


@pytest.mark.parametrize(
    ("other", "strength", "method"),
    [
        (person("crm:2"), LinkStrength.CERTAIN, LinkMethod.DETERMINISTIC),
        (person("crm:2", phone="48-401-123-456", email=None), LinkStrength.CERTAIN, None),
        (person("crm:2", email="KW@Example.com", phone=None), LinkStrength.CERTAIN, None),
        (person("crm:2", **OTHERS), LinkStrength.LIKELY, LinkMethod.PROBABILISTIC),
        (
            person("crm:2", **OTHERS, name=PersonName("Kasia Wojcik", "Kasia", "Wojcik")),
            LinkStrength.LIKELY,
            None,
        ),
        (person("crm:2", **OTHERS, birth_date=date(1980, 9, 3)), LinkStrength.LIKELY, None),
        # Who lives with somebody and shares a telephone is somebody else.
        (
            person(
                "crm:2",
                email=None,
                name=PersonName("Piotr Wójcik", "Piotr", "Wójcik"),
                birth_date=date(1978, 1, 1),
            ),
            None,
            None,
        ),
        # So is who only has the name.
        (person("crm:2", **OTHERS, birth_date=date(1955, 1, 1), addresses=(AWAY,)), None, None),
        # A twin shares all but the given name: a person has to look.
        (
            person("crm:2", email=None, name=PersonName("Anna Wójcik", "Anna", "Wójcik")),
            LinkStrength.POSSIBLE,
            None,
        ),
    ],
)
def test_records_are_told_apart(
    other: Customer, strength: LinkStrength | None, method: LinkMethod | None
) -> None:
    """Differences in writing do not part a person in two, nor does a shared home join two."""
    found = match(ME, other)
    assert found.strength is strength, found
    assert method is None or found.method is method


def test_a_number_in_another_system_decides() -> None:
    """The same customer number or card is the same person, whatever else is written."""
    one = person("crm:1", identities=("crm:1", "pos:29"))
    other = person("crm:2", identities=("crm:2", "pos:29"), name=None, **OTHERS)
    found = match(one, other)
    assert (found.score, found.method) == (1.0, LinkMethod.DETERMINISTIC)
    assert found.evidence[0] is Evidence.CUSTOMER_NUMBER


def test_links_are_told_the_surest_first() -> None:
    """What the record itself names comes first; the record itself and strangers are not linked."""
    mine = person("crm:1", identities=("crm:1", "erp:7"))
    likely = person("crm:3", **OTHERS)
    certain = person("crm:2")
    stranger = person("crm:4", **OTHERS, birth_date=date(1955, 1, 1), addresses=(AWAY,))
    found = links(mine, [likely, mine, stranger, certain, likely])
    assert [link.key for link in found] == ["erp:7", "crm:2", "crm:3"]
    assert found[0].evidence == (Evidence.REFERENCE,)


people = st.builds(customer, st.integers(min_value=1, max_value=2_000))


@given(people, people)
def test_matching_is_symmetric_and_bounded(one: Customer, other: Customer) -> None:
    """It does not matter which record is asked about; a score is a probability."""
    there, back = match(one, other), match(other, one)
    assert there == back
    assert 0 <= there.score <= 1
    assert match(one, one).score >= POSSIBLE or one.name is None


@given(st.text(max_size=12), st.text(max_size=12))
def test_similarity_is_a_share(one: str, other: str) -> None:
    """Texts are as alike as they are the other way round, from 0 to 1, and equal ones wholly."""
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, other) == pytest.approx(similarity(other, one))
    assert similarity(one, one) == 1


def test_winklers_own_examples() -> None:
    """The comparator gives what its author printed."""
    assert similarity("martha", "marhta") == pytest.approx(0.961, abs=5e-4)
    assert similarity("dixon", "dicksonx") == pytest.approx(0.813, abs=5e-4)
    assert similarity("dwayne", "duane") == pytest.approx(0.840, abs=5e-4)


def test_a_whole_book_is_matched_as_the_truth_has_it() -> None:
    """Nearly all who are there twice are found, and almost nobody is taken for another."""
    figures = measure("small")
    sys.stdout.write(f"{figures}\n")
    assert figures["precision"] >= 0.95
    assert figures["recall"] >= 0.9
    assert LIKELY > POSSIBLE
