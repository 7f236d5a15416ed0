"""Failures: one tree, stable codes, texts that tell a caller nothing that is not theirs."""

import pytest

from domain import errors
from domain.errors import BadInput, Failure, SourceContract, SourceFailure


def tree(kind: type[Failure] = Failure) -> list[type[Failure]]:
    """Every kind of failure in the domain's tree."""
    own = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return [*own, *(below for each in own for below in tree(each))]


def test_every_failure_has_a_code_of_its_own() -> None:
    """Each leaf of the tree has a code in capitals that no other has."""
    leaves = [each for each in tree() if not [x for x in each.__subclasses__() if x in tree()]]
    codes = [each.code for each in leaves]
    assert len(set(codes)) == len(codes)
    assert all(code.isupper() for code in codes)
    assert Failure.code == "INTERNAL"


def test_the_tree_is_drawn_as_it_is() -> None:
    """The picture at the top of domain/errors.py names every failure with its code."""
    picture = errors.__doc__ or ""
    for each in tree():
        if each is not SourceFailure:
            assert f"{each.__name__} " in picture
            assert each.code in picture


@pytest.mark.parametrize("kind", SourceFailure.__subclasses__())
def test_a_sources_failure_names_no_system_to_callers(kind: type[SourceFailure]) -> None:
    """What a caller reads of a system's failure names no system; what the log reads names all."""
    failure = kind("wms-pl", "stock_by_sku", "10.1.2.3 said no")
    told = f"{failure.message} {failure.extensions}"
    assert "wms" not in told
    assert "10.1" not in told
    assert str(failure) == "wms-pl: stock_by_sku: 10.1.2.3 said no"


def test_a_contract_failure_names_its_field_to_the_log() -> None:
    """A damaged answer's failure says which field, for the log."""
    assert "field $.a[0].qty: expected int" in str(
        SourceContract("wms", "stock_by_sku", "expected int", "$.a[0].qty")
    )


def test_bad_input_says_what_was_found_and_what_is_allowed() -> None:
    """A bad argument's failure names it, shows at most 80 characters of it, and what is allowed."""
    failure = BadInput("first", "9" * 500, "1 to 100")
    assert failure.extensions == {"code": "BAD_INPUT", "argument": "first"}
    assert "'first'" in failure.message
    assert "1 to 100" in failure.message
    assert len(failure.message) < 140
