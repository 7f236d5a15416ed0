"""What the policy comes to, for people: who sees what, and where which personal data is."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from auth.policy import PolicyTable
from domain.policy import Decision, Label, Record
from domain.viewer import PolicyClass, Purpose, Role

NOTHING = "none"

# Which port a record is read through; what is not here is kept by the gateway itself.
_PORTS = {
    Record.PROFILE: "customer",
    Record.CONSENT: "customer",
    Record.IDENTITY: "customer",
    Record.LOYALTY: "loyalty",
    Record.ORDER: "order",
    Record.INTERACTION: "interaction",
}
OWN = "gateway"


class Cell(NamedTuple):
    """What one role sees of one field for one purpose."""

    role: str
    purpose: str
    field: str
    category: str
    seen: str


class Entry(NamedTuple):
    """One field that holds personal data, for one purpose it is processed for."""

    field: str
    category: str
    sensitivity: str
    subject: str
    record: str
    system: str
    purpose: str
    basis: str
    retention: str


def written(decision: Decision) -> str:
    """Write a decision as the table would."""
    parts = []
    for grant in decision.grants:
        terms = " and ".join(sorted(each.value for each in grant.when))
        parts.append(f"{grant.view.value} if {terms}" if terms else grant.view.value)
    return ", ".join(parts) or NOTHING


def matrix(policy: PolicyTable) -> Iterator[Cell]:
    """Tell of every field what every role sees of it for every purpose."""
    fields = sorted(policy.classification.fields.items())
    for role in Role:
        for purpose in Purpose:
            policy_class = PolicyClass(role, purpose)
            for (parent, name), label in fields:
                seen = written(policy.decide(parent, name, policy_class))
                yield Cell(
                    role.value, purpose.value, f"{parent}.{name}", label.category.value, seen
                )


def data_map(policy: PolicyTable, systems: Mapping[str, Sequence[str]]) -> Iterator[Entry]:
    """Tell of every field about a person where it is, and on which ground it is processed.

    *Shape*: ``systems`` are the ports that each configured system serves.
    """
    for (parent, name), label in sorted(policy.classification.fields.items()):
        for record in policy.classification.records_of(parent, label):
            if _is_about_somebody(label):
                yield from _entries(policy, systems, f"{parent}.{name}", label, record)


def _entries(
    policy: PolicyTable,
    systems: Mapping[str, Sequence[str]],
    field: str,
    label: Label,
    record: Record,
) -> Iterator[Entry]:
    port = _PORTS.get(record)
    served = [each for each, ports in systems.items() if port in ports]
    system = OWN if port is None else ", ".join(served) or "nobody"
    for purpose in Purpose:
        basis = policy.table.bases.get((record, purpose))
        if basis is not None:
            yield Entry(
                field,
                label.category.value,
                label.sensitivity.value,
                label.subject.value,
                record.value,
                system,
                purpose.value,
                basis.ground,
                basis.retention,
            )


def matrix_page(policy: PolicyTable) -> str:
    """Write the matrix as a page: a table for each role, with the purposes that open anything."""
    lines = [
        "# Who sees what",
        "",
        "Written by `scripts/fix` (`python -m auth matrix`) out of the policy and the schema.",
        "Fields of a type that are seen alike stand in one row, with `--csv` each in its own. What",
        "is not listed for a role shows it nothing.",
    ]
    cells = list(matrix(policy))
    for role in Role:
        own = [each for each in cells if each.role == role.value and each.seen != NOTHING]
        purposes = [each.value for each in Purpose if any(c.purpose == each.value for c in own)]
        lines += ["", f"## {role.value}", ""]
        if not own:
            lines.append("Nothing.")
            continue
        seen = {(each.field, each.purpose): each.seen for each in own}
        rows: dict[tuple[str, ...], list[str]] = {}
        for field, category in sorted({(each.field, each.category) for each in own}):
            kind, _, name = field.rpartition(".")
            views = (seen.get((field, each), "") for each in purposes)
            rows.setdefault((kind, category, *views), []).append(name)
        lines += _table(
            ("type", "fields", "category", *purposes),
            ((row[0], ", ".join(names), *row[1:]) for row, names in rows.items()),
        )
    return "\n".join(lines) + "\n"


def map_page(policy: PolicyTable, systems: Mapping[str, Sequence[str]]) -> str:
    """Write the map as a page: the stem of a record of processing (GDPR, article 30)."""
    lines = [
        "# Where personal data is, and why",
        "",
        "The stem of a record of processing activities (GDPR, article 30), written by",
        "`python -m auth map` out of the schema, `auth/policy.toml` and the configuration.",
        "",
    ]
    rows: dict[tuple[str, ...], list[str]] = {}
    for entry in data_map(policy, systems):
        kind, _, name = entry.field.rpartition(".")
        rows.setdefault((kind, *entry[1:]), []).append(name)
    purposes: dict[tuple[str, ...], list[str]] = {}
    for (kind, *what, purpose, basis, retention), names in rows.items():
        key = (kind, ", ".join(names), *what, basis, retention)
        purposes.setdefault(key, []).append(purpose)
    header = ("type", "fields", *Entry._fields[1:6], "basis", "retention", "purposes")
    table = ((*row, ", ".join(of)) for row, of in purposes.items())
    return "\n".join([*lines, *_table(header, table)]) + "\n"


def as_csv(rows: Iterable[Sequence[str]], header: Sequence[str]) -> str:
    """Write rows as CSV (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _is_about_somebody(label: Label) -> bool:
    return label.subject.value != "NOBODY"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield f"| {' | '.join(row)} |"
