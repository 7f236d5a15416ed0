"""Documents that have been read and found good, kept so that it is done once."""

from collections import OrderedDict
from collections.abc import Sequence

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    parse,
    specified_rules,
    validate,
)

from domain.errors import Failure
from execution.limit import Limits, check_document, check_text

_MAX_ERRORS = 20


class Documents:
    """Reads and checks documents against one schema, remembering the good ones.

    *Shape*: at most ``capacity`` documents, the least recently used leave first. What does not
    pass limits and validation is never kept, so that a caller can fill it with nothing but work
    that the server would do anyway.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, capacity: int = 1_000) -> None:
        self._schema = schema
        self._limits = limits
        self._capacity = capacity
        self._known: OrderedDict[str, DocumentNode] = OrderedDict()

    def read(self, text: str) -> DocumentNode | Sequence[GraphQLError]:
        """Give the document, or every reason why there is none."""
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known
        document = self._check(text)
        if isinstance(document, DocumentNode):
            self._known[text] = document
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return document

    def _check(self, text: str) -> DocumentNode | Sequence[GraphQLError]:
        try:
            check_text(text, self._limits)
            document = parse(text, max_lexical_tokens=self._limits.tokens)
            check_document(document, self._limits)
            errors = validate(self._schema, document, specified_rules, max_errors=_MAX_ERRORS)
        except GraphQLSyntaxError as error:
            return [error]
        except RecursionError:
            return [GraphQLError("The document is nested too deeply to be read.")]
        except Failure as failure:
            return [GraphQLError(failure.message, original_error=failure)]
        return errors or document
