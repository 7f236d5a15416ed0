"""What running an operation needs of the rooms below: an executor, contexts, and proofs."""

from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Protocol

from graphql import OperationType

from domain.viewer import Role, Viewer
from execution.context import Context
from execution.demand import Admit
from execution.document import Read
from execution.prepared import Prepared
from execution.request import Asked
from execution.result import Result


class Executor(Protocol):
    """Executes documents; raises nothing but cancellation."""

    def read(self, text: str, role: Role) -> Read:
        """Read a role's document, once for all that is done with it."""
        ...

    def kind(self, read: Read, operation_name: str | None) -> OperationType | None:
        """Tell what an operation does; None where there is none to execute."""
        ...

    async def execute(
        self,
        document: Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        in_parts: bool = False,
        admit: Admit | None = None,
    ) -> Result:
        """Execute one operation of a document."""
        ...

    async def prepare(
        self,
        document: Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        for_sharing: bool = False,
        admit: Admit | None = None,
    ) -> Prepared | Result:
        """Find an operation good and have it admitted; a result tells why it was not."""
        ...

    def begin(self, prepared: Prepared, context: Context) -> Result | Coroutine[Any, Any, Result]:
        """Answer at once where nobody has to be waited for; or else give what is to be awaited."""
        ...

    async def subscribe(
        self,
        document: Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        *,
        admit: Admit | None = None,
    ) -> AsyncGenerator[Any, None] | Result:
        """Open the events of a subscription."""
        ...

    async def execute_event(
        self,
        document: Read,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        context: Context,
        event: object,
        *,
        admit: Admit | None = None,
    ) -> Result:
        """Execute a subscription for one of its events."""
        ...


class ContextFactory(Protocol):
    """Opens the context of one operation."""

    def open(
        self, viewer: Viewer, asked: Asked, request_id: str, origin: str | None = None
    ) -> Context:
        """Make a context; the caller closes its loaders."""
        ...


class Verifier(Protocol):
    """Proves who is asking."""

    def known(self, authorization: str | None) -> Viewer | None:
        """Read a header whose sender is known by now, as of None; None where others are asked."""
        ...

    async def viewer(self, authorization: str | None) -> Viewer:
        """Read an Authorization header; None is an anonymous caller."""
        ...
