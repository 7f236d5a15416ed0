"""What a caller of another role would see."""

import domain.preview
from domain.policy import Condition, View
from schema.field import enumerates, plain, publishes
from schema.purpose import Purpose
from schema.role import Role

enumerates(
    View,
    "How much of a value is shown.",
    NONE="Nothing.",
    PSEUDONYM="A stand-in.",
    MASKED="What is left of it to recognise somebody by.",
    FULL="The value as it is.",
)
enumerates(
    Condition,
    "What is found out for each object.",
    OWN="It is about the caller.",
    CASE="The caller has a case open on its customer, for this purpose.",
    SAME_STORE="It belongs to the store that the caller works in.",
    OPEN_ORDER="It is an order that is not finished.",
    UNRESTRICTED="Its customer has not had the processing restricted.",
    MARKETING_EMAIL="Its customer agreed to offers by e-mail.",
    MARKETING_SMS="Its customer agreed to offers by text message.",
    PROFILING="Its customer agreed to being evaluated.",
    PARTNERS="Its customer agreed to data being passed on.",
)


@publishes(domain.preview.PreviewedView)
class PreviewedView:
    """A view, and all that has to hold for it."""

    view: View = plain("How much is shown.")
    conditions: list[Condition] = plain("What has to hold for that; empty for nothing.")


@publishes(domain.preview.PreviewedField)
class PreviewedField:
    """A field of an operation that is decided on."""

    path: list[str] = plain("Where it stands in the answer.")
    type: str = plain("The type that has it.")
    field: str = plain("Its name there.")
    category: str | None = plain("What kind of data it holds; null where it goes with its object.")
    views: list[PreviewedView] = plain(
        "What is shown, from wide to narrow: the first that holds; empty where nothing ever is."
    )
    rule: str | None = plain("What the policy table says of it; null where it says nothing.")
    basis: str | None = plain("The legal ground of its record for this purpose; null without one.")
    retention: str | None = plain("How long it is kept for that, as an ISO 8601 period.")


@publishes(domain.preview.AccessPreview)
class AccessPreview:
    """An operation as a role and purpose would meet it. Nothing of it is executed."""

    role: Role = plain("The role.")
    purpose: Purpose = plain("The purpose.")
    refused: str | None = plain("Why the whole would be refused; null where it would not.")
    fields: list[PreviewedField] = plain("The fields that are decided on, at most 2,000.")
