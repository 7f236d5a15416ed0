"""Random operations of the whole schema, over HTTP: answers, never server errors."""

import re
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests.shop import Shop

SDL = Path(__file__).parent.parent / "schema" / "schema.graphql"


# It reads a schema by executing it, which graphql-core declines for one that can defer.
_TEXT = re.sub(
    r'""".*?"""\ndirective @defer\(.*?\n\) on [^\n]*\n', "", SDL.read_text(), flags=re.DOTALL
)
published = schemathesis.graphql.from_file(_TEXT)


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
