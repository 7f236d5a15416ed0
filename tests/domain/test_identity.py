"""Global ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.identity import external_id, node_id, node_key

KINDS = st.sampled_from(["Product", "Variant", "Customer"])


@given(KINDS, st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable()))
def test_an_id_leads_back(kind: str, key: str) -> None:
    """A global id leads back to exactly the kind and key it was made of."""
    assert node_key(node_id(kind, key)) == (kind, key)


@given(st.text(max_size=700))
def test_any_other_text_is_bad_input(text: str) -> None:
    """Whatever this gateway did not hand out is BAD_INPUT that names the argument."""
    with pytest.raises(BadInput) as raised:
        node_key(text, "ids")
    assert raised.value.argument == "ids"


def test_two_texts_never_mean_one_thing() -> None:
    """A padded or otherwise altered id is refused: caches and audits see one id per thing."""
    good = node_id("Product", "erp:1001")
    for altered in (good + "=", good + "==", " " + good, good[:-1] + chr(ord(good[-1]) + 1)):
        with pytest.raises(BadInput):
            node_key(altered)


def test_an_id_of_another_kind_is_refused() -> None:
    """Where one kind is asked for, the message says which kind was found."""
    with pytest.raises(BadInput, match="this is the id of a Customer"):
        node_key(node_id("Customer", "crm:1"), "id", "Product")


def test_a_key_leads_back_to_its_system() -> None:
    """A key is the system and the id there, the id keeping its own colons."""
    found = external_id("erp:4500:01")
    assert (found.system, found.id, found.key) == ("erp", "4500:01", "erp:4500:01")
