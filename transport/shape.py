"""Results as the bodies of answers, whatever carries them."""

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError
from graphql.execution import (
    IncrementalDeferResult,
    PendingResult,
    SubsequentIncrementalExecutionResult,
)
from msgspec import Struct

from domain.errors import Failure
from domain.viewer import Viewer
from execution.result import Result
from transport.exchange import Exchange
from transport.problem import problem, problems, report
from transport.settings import Settings


class Answer(Struct):
    """One body on its way out.

    *Shape*: ``was_executed`` false is a request error, after which nothing more comes.
    ``max_age`` as the result tells it.
    """

    body: dict[str, Any]
    was_executed: bool = True
    max_age: int | None = None

    @property
    def code(self) -> object:
        """The first error's code; None without errors."""
        errors = self.body.get("errors")
        return errors[0]["extensions"]["code"] if errors else None


class Shaper:
    """Shapes results for one kind of caller after the other, and notes their errors."""

    def __init__(self, settings: Settings) -> None:
        self._suggestions = frozenset(settings.suggestions)

    def answer(self, result: Result, viewer: Viewer, exchange: Exchange) -> Answer:
        """Shape a result, or the first part of one."""
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = self._problems(result.errors, viewer, exchange)
        if result.was_executed:
            body["data"] = result.data
        if result.parts is not None:
            body["pending"] = [_pending(each) for each in result.pending]
            body["hasNext"] = True
        if result.extensions:
            body["extensions"] = result.extensions
        return Answer(body, result.was_executed, result.max_age)

    def part(
        self, part: SubsequentIncrementalExecutionResult, viewer: Viewer, exchange: Exchange
    ) -> Answer:
        """Shape a later part, as graphql-core 3.3 tells it."""
        body: dict[str, Any] = {"hasNext": part.has_next}
        if part.pending:
            body["pending"] = [_pending(each) for each in part.pending]
        if part.incremental:
            body["incremental"] = []
            for each in part.incremental:
                assert isinstance(each, IncrementalDeferResult), "@stream is not in the schema"
                shaped: dict[str, Any] = {"id": each.id, "data": each.data}
                if each.sub_path:
                    shaped["subPath"] = each.sub_path
                if each.errors:
                    shaped["errors"] = self._problems(each.errors, viewer, exchange)
                body["incremental"].append(shaped)
        if part.completed:
            body["completed"] = []
            for done in part.completed:
                shaped = {"id": done.id}
                if done.errors:
                    shaped["errors"] = self._problems(done.errors, viewer, exchange)
                body["completed"].append(shaped)
        return Answer(body)

    def _problems(
        self, errors: Sequence[GraphQLError], viewer: Viewer, exchange: Exchange
    ) -> list[dict[str, Any]]:
        shaped = problems(
            errors,
            exchange.request_id,
            is_staff=viewer.is_staff,
            suggests=viewer.role in self._suggestions,
        )
        exchange.note(shaped)
        return shaped


def failed(failure: Failure, exchange: Exchange) -> Answer:
    """Shape a failure that stands for a whole operation, and log it where it has to be."""
    report(failure, exchange.request_id)
    errors = [problem(failure)]
    exchange.note(errors)
    return Answer({"errors": errors}, was_executed=False)


def _pending(each: PendingResult) -> dict[str, Any]:
    shaped: dict[str, Any] = {"id": each.id, "path": each.path}
    if each.label is not None:
        shaped["label"] = each.label
    return shaped
