"""What the schema says of personal data, where everybody can read it: on the fields themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLNonNull,
    GraphQLSchema,
    print_schema,
)

from domain.policy import Category, Label, Sensitivity, Subject

_CATEGORIES = {
    Category.NAME: "What somebody is called.",
    Category.CONTACT: "How somebody is reached: e-mail, telephone, language.",
    Category.ADDRESS: "Where somebody lives or gets post.",
    Category.BIRTH: "When somebody was born.",
    Category.PAYMENT: "What somebody pays with, and how much.",
    Category.PURCHASE_HISTORY: "What somebody bought, or means to.",
    Category.LOYALTY: "What somebody has collected in the loyalty programme.",
    Category.BEHAVIOUR: "What was concluded from what somebody does.",
    Category.INTERACTION: "When and how somebody spoke with the retailer.",
    Category.FREE_TEXT: "What somebody wrote, or somebody wrote about them.",
    Category.CART: "What somebody is about to buy.",
    Category.CONSENT: "What somebody has agreed to.",
    Category.IDENTIFIER: "By which numbers somebody is known.",
    Category.REFERENCE: "By which numbers a purchase or a parcel is found again.",
    Category.STATUS: "What the retailer may not do with somebody: sell to them, or use their data.",
    Category.OPERATIONAL: "How the shop works inside; about nobody.",
}
_SENSITIVITIES = {
    Sensitivity.INTERNAL: "Not personal; for those who work here.",
    Sensitivity.PERSONAL: "About a person.",
    Sensitivity.SENSITIVE: "About a person, and of much harm in the wrong hands.",
}
_SUBJECTS = {Subject.CUSTOMER: "The customer.", Subject.NOBODY: "Nobody."}


def _enum(name: str, description: str, values: Mapping[Any, str]) -> GraphQLEnumType:
    return GraphQLEnumType(
        name,
        {
            each.value: GraphQLEnumValue(each.value, description=text)
            for each, text in values.items()
        },
        description=description,
    )


def label_schema(schema: GraphQLSchema, labels: Mapping[tuple[str, str], Label]) -> None:
    """Make the directive part of a schema, and hang each label on its field."""
    category = _enum("DataCategory", "Kinds of data that access is decided by.", _CATEGORIES)
    sensitivity = _enum("Sensitivity", "How much harm data does.", _SENSITIVITIES)
    subject = _enum("DataSubject", "Whom data is about.", _SUBJECTS)
    for kind in (category, sensitivity, subject):
        schema.type_map[kind.name] = kind
    directive = GraphQLDirective(
        "personal",
        [DirectiveLocation.FIELD_DEFINITION],
        {
            "category": GraphQLArgument(GraphQLNonNull(category), description="What kind it is."),
            "sensitivity": GraphQLArgument(
                GraphQLNonNull(sensitivity), description="How much harm it does."
            ),
            "subject": GraphQLArgument(GraphQLNonNull(subject), description="Whom it is about."),
        },
        description="What a field holds; who sees it follows from role and purpose.",
    )
    schema.directives = (*schema.directives, directive)
    for (parent, name), label in labels.items():
        schema.type_map[parent].fields[name].extensions["label"] = label  # type: ignore[attr-defined]


def print_labelled(schema: GraphQLSchema, labels: Mapping[tuple[str, str], Label]) -> str:
    """Print a schema with the labels on its fields."""
    return "\n".join(_lines(print_schema(schema).splitlines(), labels))


def _lines(lines: list[str], labels: Mapping[tuple[str, str], Label]) -> Iterator[str]:
    kind, name, is_text = "", "", False
    for line in lines:
        # A description ends on a line of its own, or on the one where it begins.
        if '"""' in line:
            is_text ^= line.count('"""') % 2 == 1
            yield line
            continue
        if is_text:
            yield line
            continue
        words = line.split()
        if words and not line.startswith(" "):
            kind = words[1] if words[0] in ("type", "interface") else ""
        elif kind and line.startswith("  ") and line[2].isalpha():
            name = line.strip().partition("(")[0].partition(":")[0]
        label = labels.get((kind, name))
        ends = line.startswith("  )") or (line[2:3].isalpha() and not line.endswith("("))
        if kind and label is not None and line.startswith("  ") and ends:
            yield f"{line} {_directive(label)}"
        else:
            yield line


def _directive(label: Label) -> str:
    return (
        f"@personal(category: {label.category.value}, sensitivity: {label.sensitivity.value}, "
        f"subject: {label.subject.value})"
    )
