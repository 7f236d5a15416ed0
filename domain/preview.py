"""What a caller of another role would see, and why."""

from msgspec import Struct

from domain.policy import Condition, View
from domain.viewer import Purpose, Role


class PreviewedView(Struct, frozen=True):
    """A view, and all that has to hold for it."""

    view: View
    conditions: tuple[Condition, ...] = ()


class PreviewedField(Struct, frozen=True, kw_only=True):
    """One field of an operation.

    *Shape*: ``path`` are response keys; ``views`` from wide to narrow, the first that holds is
    what is shown, and none where nothing ever is. ``rule`` is what the table says in words,
    ``basis`` and ``retention`` the ground that the field's record stands on.
    """

    path: tuple[str, ...]
    type: str
    field: str
    category: str | None
    views: tuple[PreviewedView, ...]
    rule: str | None = None
    basis: str | None = None
    retention: str | None = None


class AccessPreview(Struct, frozen=True, kw_only=True):
    """An operation as a role and purpose would meet it.

    *Shape*: ``refused`` says why the whole would be refused, None where it would not; ``fields``
    are those that somebody decides on.
    """

    role: Role
    purpose: Purpose
    refused: str | None
    fields: tuple[PreviewedField, ...]
