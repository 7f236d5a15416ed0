"""Stand-ins: the same for one purpose, unlinkable between two, and leading back with the key."""

import pytest

from auth.pseudonym import KeyedPseudonyms
from domain.identity import node_id
from domain.secret import Secret
from domain.viewer import Purpose

ID = node_id("Customer", "crm:C-000042")
KEYED = KeyedPseudonyms(Secret("a key"))


def test_a_stand_in_leads_back_for_its_purpose_alone() -> None:
    """An id's stand-in is the same for one purpose, another for the next, and read for its own."""
    first = KEYED.stand_in(ID, Purpose.ANALYTICS)
    assert first == KeyedPseudonyms(Secret("a key")).stand_in(ID, Purpose.ANALYTICS) != ID
    assert KEYED.behind(first, Purpose.ANALYTICS) == ID
    assert KEYED.behind(first, Purpose.MARKETING) is None
    assert KEYED.stand_in(ID, Purpose.MARKETING) != first


@pytest.mark.parametrize("text", ["", "?", "x" * 5_000, ID, "\u017c", "Zm9v"])
def test_what_is_no_stand_in_has_nothing_behind_it(text: str) -> None:
    """Whatever else a caller sends in the place of one is told from it, and breaks nothing."""
    assert KEYED.behind(text, Purpose.ANALYTICS) is None


def test_nobody_makes_one_without_the_key() -> None:
    """A stand-in of another key, or one that was changed, has nothing behind it."""
    foreign = KeyedPseudonyms().stand_in(ID, Purpose.ANALYTICS)
    assert KEYED.behind(foreign, Purpose.ANALYTICS) is None
    own = KEYED.stand_in(ID, Purpose.ANALYTICS)
    assert KEYED.behind(own[:-1] + ("A" if own[-1] != "A" else "E"), Purpose.ANALYTICS) is None


def test_texts_have_no_way_back() -> None:
    """A text's stand-in is a digest, the same in whatever case it was written."""
    text = KEYED.pseudonym(" Anna@Example.com", Purpose.ANALYTICS)
    assert text == KEYED.pseudonym("anna@example.com", Purpose.ANALYTICS)
    assert KEYED.behind(text, Purpose.ANALYTICS) is None
