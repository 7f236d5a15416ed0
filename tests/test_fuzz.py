"""Random operations of the whole schema, over HTTP: answers, never server errors."""

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from graphql import build_schema
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.result import Ok

from tests.shop import Shop

pytestmark = pytest.mark.long
SDL = Path(__file__).parent.parent / "schema" / "schema.graphql"


# It reads a schema by executing it, which graphql-core declines for one that can defer.
_TEXT = re.sub(
    r'""".*?"""\ndirective @defer\(.*?\n\) on [^\n]*\n', "", SDL.read_text(), flags=re.DOTALL
)
published = schemathesis.graphql.from_file(_TEXT)


def test_every_field_of_the_roots_is_asked() -> None:
    """Each query and each mutation is among the operations made up below."""
    types = build_schema(_TEXT)
    roots = (types.query_type, types.mutation_type)
    every = {f"{root}.{name}" for root in roots if root is not None for name in root.fields}
    made = [each for each in published.get_all_operations() if isinstance(each, Ok)]
    assert {each.ok().label for each in made} == every


@published.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
def test_no_operation_is_a_server_error(case: schemathesis.Case[Any], served: Shop) -> None:
    """Whatever fits the schema is answered with 200 or refused with a 4xx, and never INTERNAL."""
    answer = case.call(
        base_url=served.url, headers={"Authorization": f"Bearer {served.token('system')}"}
    )
    assert answer.status_code < 500, answer.text
    assert "INTERNAL" not in answer.text
