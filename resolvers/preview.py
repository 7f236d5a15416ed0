"""What other callers would see, for those who answer for it."""

from collections.abc import Sequence

from domain.preview import AccessPreview
from domain.viewer import PolicyClass, Purpose, Role
from execution.context import Context
from execution.permission import permit
from execution.preview import preview


async def access_preview(
    parents: Sequence[object], context: Context, role: Role, purpose: Purpose, operation: str
) -> list[AccessPreview]:
    """Read an operation as another caller would meet it. *Errors*: ``Forbidden``, ``BadInput``."""
    await permit(context, "accessPreview")
    return [preview(operation, context, PolicyClass(role, purpose))] * len(parents)
