"""Documents that have been read and found good, kept so that it is done once."""

from collections import OrderedDict
from collections.abc import Sequence

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    parse,
    validate,
)
from msgspec import Struct, field

from domain.errors import Failure
from execution.collect import Operation, read_operation
from execution.limit import Limits, Size, check_document, check_size, check_text
from execution.rule import rules_for

_MAX_ERRORS = 10
# As many as there are roles, and a few more.
_MAX_FITS = 16


class Document(Struct, frozen=True, eq=False):
    """A document that was found good.

    *Shape*: ``fits`` are the limits that it is known to keep within; ``operations`` by name, as
    far as asked for.
    """

    node: DocumentNode
    size: Size
    fits: list[Limits] = field(default_factory=list)
    operations: dict[str | None, Operation] = field(default_factory=dict)


class Flawed(Struct, frozen=True, eq=False):
    """A document that no schema of ours can answer.

    *Shape*: ``errors`` say why without naming anything that the document does not; ``node`` and
    ``rules`` are None where nothing better can be said.
    """

    errors: Sequence[GraphQLError]
    node: DocumentNode | None = None
    rules: Sequence[type[ASTValidationRule]] = ()

    def told(self, schema: GraphQLSchema) -> Sequence[GraphQLError]:
        """Say why, in the words of the schema that the caller may know of.

        To it what is not in sight is not there: no message names the type of a field that a caller
        has guessed, nor what its arguments are called, nor what else there is that is spelt alike.
        """
        if self.node is None:
            return self.errors
        return validate(schema, self.node, self.rules, max_errors=_MAX_ERRORS) or self.errors


# A document that was found good, or why there is none.
Read = Document | Flawed


class Documents:
    """Reads and checks documents against one schema, remembering the good ones.

    *Shape*: at most ``capacity`` documents with ``characters`` of text together (a document in
    memory is some two hundred times its text), the least recently used leave first. What does not
    pass limits and validation is never kept, so that a caller can fill it with nothing but work
    that the server would do anyway.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        capacity: int = 1_000,
        characters: int = 1_000_000,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._capacity = capacity
        self._characters = characters
        self._held = 0
        self._known: OrderedDict[str, Document] = OrderedDict()

    def read(self, text: str, limits: Limits | None = None) -> Read:
        """Give the document, or why there is none, under these limits if given."""
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known if limits is None or limits in known.fits else _within(known, limits)
        document = self._check(text, limits or self._limits)
        if not isinstance(document, Document):
            return document
        self._known[text] = document
        self._held += len(text)
        while len(self._known) > self._capacity or self._held > self._characters:
            dropped, _ = self._known.popitem(last=False)
            self._held -= len(dropped)
        return document

    def operation(self, document: Document, name: str | None) -> Operation | GraphQLError:
        """Choose an operation of a document; the error says why there is none."""
        known = document.operations.get(name)
        if known is not None:
            return known
        found = read_operation(self._schema, document.node, name, self._limits.list_size)
        if isinstance(found, Operation):
            document.operations[name] = found
        return found

    def _check(self, text: str, limits: Limits) -> Read:
        try:
            size = check_text(text, limits)
            node = parse(text)
            size, has_conflicts = check_document(node, size, limits)
            rules = rules_for(text, has_conflicts=has_conflicts)
            errors = validate(
                self._schema, node, rules, max_errors=_MAX_ERRORS, hide_suggestions=True
            )
        except GraphQLSyntaxError as error:
            return Flawed([error])
        except RecursionError:
            return Flawed([GraphQLError("The document is nested too deeply to be read.")])
        except Failure as failure:
            return Flawed([GraphQLError(failure.message, original_error=failure)])
        return Flawed(errors, node, rules) if errors else Document(node, size)


def _within(document: Document, limits: Limits) -> Read:
    try:
        check_size(document.size, limits)
    except Failure as failure:
        return Flawed([GraphQLError(failure.message, original_error=failure)])
    if len(document.fits) < _MAX_FITS:
        document.fits.append(limits)
    return document
