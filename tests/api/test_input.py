"""Bad input gets a clear error that names the argument, and reaches no system."""

from typing import Any

import pytest

from domain.identity import node_id
from tests.shop import Shop

PRODUCT = node_id("Product", "erp:1")


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ('{ product(id: "x") { name } }', "id"),
        ('{ node(id: "UHJvZHVjdA") { id } }', "id"),
        ('{ node(id: "") { id } }', "id"),
        (f'{{ customer(id: "{PRODUCT}") {{ id }} }}', "id"),
        ('{ nodes(ids: ["x"]) { id } }', "ids"),
        ("{ products(first: 0) { complete } }", "first"),
        ("{ products(first: 101) { complete } }", "first"),
        ("{ products(first: -1) { complete } }", "first"),
        ('{ products(after: "x") { complete } }', "after"),
        ('{ products(search: "") { complete } }', "search"),
        (f'{{ products(search: "{"a" * 201}") {{ complete }} }}', "search"),
    ],
)
def test_a_bad_argument_is_named(shop: Shop, query: str, argument: str) -> None:
    """A bad id, cursor or size is BAD_INPUT naming the argument; the field is null."""
    answer = shop.ask(query)
    assert answer.status == 200
    assert answer.codes == ["BAD_INPUT"]
    assert answer.errors[0]["extensions"]["argument"] == argument
    assert f"'{argument}'" in answer.errors[0]["message"]
    assert sum(len(shop.requests(each)) for each in ("wms", "crm")) == 0


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ("near: {latitude: 91, longitude: 0}", "near"),
        ('locations: ["x"]', "locations"),
        (f'locations: ["{PRODUCT}"]', "locations"),
    ],
)
def test_a_bad_place_is_named(shop: Shop, arguments: str, argument: str) -> None:
    """A point off the globe or an id that is no location's costs only its own field."""
    answer = shop.ask(
        f'{{ variant(sku: "100001001") {{ sku availability({arguments}) {{ band }} }} }}'
    )
    assert answer.data["variant"] == {"sku": "100001001", "availability": None}
    assert [each["extensions"]["argument"] for each in answer.errors] == [argument]


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ('{ variant(sku: "1") { availability(modes: [FLY]) { band } } }', "modes"),
        ('{ products(search: "a", first: "ten") { complete } }', "first"),
        ("{ products(first: 99999999999) { complete } }", "first"),
        ("{ nodes(ids: [true]) { id } }", "ids"),
        (
            '{ variant(sku: "1") { availability(near: {latitude: 1, longitude: "x"}) { band } } }',
            "near",
        ),
        (
            '{ variant(sku: "1") { availability(near: {latitude: 1, height: 2}) { band } } }',
            "near",
        ),
        ("{ viewer @skip(if: 1) { role } }", "if"),
        ('query ($size: Int! = "x") { products(first: $size) { complete } }', "size"),
    ],
)
def test_a_literal_of_the_wrong_type_is_named(shop: Shop, query: str, argument: str) -> None:
    """A value that its argument cannot take is BAD_INPUT with the argument, literal or not."""
    answer = shop.ask(query)
    assert answer.status == 400
    assert {each["extensions"].get("argument") for each in answer.errors} == {argument}
    assert set(answer.codes) == {"BAD_INPUT"}


def test_what_is_wrong_beside_values_stays_a_matter_of_the_document(shop: Shop) -> None:
    """A field or variable that is none is the document's fault, and names no argument."""
    for query in ("{ shoes }", "{ products(first: $size) { complete } }", "{ products(top: 1) }"):
        assert set(shop.ask(query).codes) == {"GRAPHQL_VALIDATION_FAILED"}


def test_a_bad_cursor_costs_its_own_list_alone(shop: Shop) -> None:
    """Beside a list whose cursor is of another one, the same field without it is whole."""
    page = shop.ask('{ products(first: 1, search: "backpack") { pageInfo { endCursor } } }')
    cursor = page.data["products"]["pageInfo"]["endCursor"]
    answer = shop.ask(
        """query ($after: String) { a: products(first: 1) { nodes { name } }
             b: products(first: 1, after: $after) { nodes { name } } }""",
        {"after": cursor},
    )
    assert len(answer.data["a"]["nodes"]) == 1
    assert answer.data["b"] is None
    assert [each["path"] for each in answer.errors] == [["b"]]
    assert answer.errors[0]["extensions"] == {"code": "BAD_INPUT", "argument": "after"}
    assert repr(cursor) in answer.errors[0]["message"]


def test_a_failing_page_costs_its_own_list_alone(shop: Shop) -> None:
    """Two pages of one field are two questions: one that the ERP breaks leaves the other whole."""
    shop.fault("erp", mode="down", remaining=1)
    answer = shop.ask(
        "{ a: products(first: 1) { nodes { id } } b: products(first: 2) { nodes { id } } }"
    )
    assert sorted(len(each["nodes"]) if each else 0 for each in answer.data.values()) in (
        [0, 1],
        [0, 2],
    )
    assert answer.codes == ["SOURCE_UNAVAILABLE"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Commerce-Market": "XX"}, 400, "BAD_INPUT"),
        ({"Commerce-Currency": "EUR"}, 400, "BAD_INPUT"),
        ({"Commerce-Channel": "FAX"}, 400, "BAD_INPUT"),
        ({"Commerce-Purpose": "FUN"}, 400, "BAD_INPUT"),
        ({"Commerce-Purpose": "LEGAL"}, 403, "FORBIDDEN"),
        ({"Commerce-Store": "x"}, 400, "BAD_INPUT"),
        ({"Authorization": "Bearer x"}, 401, "UNAUTHENTICATED"),
    ],
)
def test_a_bad_context_refuses_the_request(
    shop: Shop, headers: dict[str, str], status: int, code: str
) -> None:
    """A header that says what is unknown or not allowed refuses the whole request."""
    answer = shop.ask("{ viewer { role } }", headers=headers)
    assert (answer.status, answer.codes) == (status, [code])
    assert answer.data is None


@pytest.mark.parametrize(
    "variables", [{"first": "many"}, {"first": 2**40}, {"first": None}, {"first": [1]}]
)
def test_a_bad_variable_is_a_request_error(shop: Shop, variables: dict[str, Any]) -> None:
    """A variable of the wrong type is refused before anything is executed."""
    answer = shop.ask("query ($first: Int!) { products(first: $first) { complete } }", variables)
    assert answer.status == 400
    assert "data" not in answer.body
    assert shop.requests("erp") == []


def test_an_unknown_id_is_null(shop: Shop) -> None:
    """An id that was well made and names nothing is null, not an error."""
    answer = shop.ask(
        "query ($a: ID!, $b: [ID!]!) { node(id: $a) { id } nodes(ids: $b) { id } "
        'variant(sku: "none") { sku } }',
        {"a": node_id("Product", "erp:none"), "b": [node_id("Variant", "0"), PRODUCT]},
    )
    assert answer.errors == []
    assert answer.data == {"node": None, "nodes": [None, None], "variant": None}


def test_what_would_unfold_is_refused(shop: Shop) -> None:
    """A chain of fragments that unfolds to millions of fields is refused unread."""
    chain = "".join(f"fragment F{n} on Product {{ ...F{n + 1} ...F{n + 1} }} " for n in range(40))
    query = f"{{ products {{ nodes {{ ...F0 }} }} }} {chain} fragment F40 on Product {{ id }}"
    answer = shop.ask(query)
    assert (answer.status, answer.codes) == (400, ["QUERY_TOO_COMPLEX"])
