"""The matrix and the map: complete, current, and what they say is so."""

import csv
import io
from pathlib import Path

import pytest
from graphql import build_schema, print_schema, validate_schema

from auth.__main__ import main
from auth.policy import PolicyTable
from auth.pseudonym import KeyedPseudonyms
from auth.report import NOTHING, data_map, map_page, matrix, matrix_page
from auth.table import read_table
from domain.identity import node_id
from domain.policy import Category, Subject
from domain.secret import Secret
from domain.viewer import Purpose, Role
from schema.build import build

PAGES = Path(__file__).parent.parent.parent / "docs" / "policy"
PUBLISHED = build()
POLICY = PolicyTable(PUBLISHED.classification, read_table())


@pytest.mark.parametrize("what", ["matrix", "map"])
def test_the_pages_are_current(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """docs/policy/ says what the table and the schema come to; ``scripts/fix`` writes it anew, so
    that every change of who sees what is a change of a file that somebody reads."""
    assert main([what]) == 0
    assert capsys.readouterr().out == (PAGES / f"{what}.md").read_text()


def test_every_cell_is_told() -> None:
    """The matrix has each role, purpose and classified field once, the denied ones too."""
    cells = [each[:3] for each in matrix(POLICY)]
    assert len(cells) == len(set(cells))
    assert len(cells) == len(Role) * len(Purpose) * len(PUBLISHED.classification.fields)
    guest = [each for each in matrix(POLICY) if each.role == "ANONYMOUS" and each.seen != NOTHING]
    assert {each.category for each in guest} == {Category.CART.value, Category.ADDRESS.value}


def test_all_personal_data_is_on_the_map() -> None:
    """Each field about a customer that is reached from one has a system, a basis and a period."""
    systems = {"crm": ["customer", "loyalty", "interaction"], "erp": ["order"]}
    found = {each.field: each for each in data_map(POLICY, systems)}
    for parent, name in PUBLISHED.person_fields:
        if PUBLISHED.classification.fields[parent, name].subject is Subject.CUSTOMER:
            entry = found[f"{parent}.{name}"]
            assert entry.system in ("crm", "erp", "gateway")
            assert entry.basis
            assert entry.retention
    assert found["Customer.email"].system == "crm"
    assert "nobody" in map_page(POLICY, {})


def test_csv_has_a_field_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--csv`` both are CSV with a header, each field by itself."""
    for what, column in (("matrix", "seen"), ("map", "basis")):
        assert main([what, "--csv"]) == 0
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert any(each["field"] == "Customer.email" for each in rows)
        assert all(each[column] for each in rows)


def test_a_table_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong table is told with what is wrong, and nothing is printed."""
    file = tmp_path / "policy.toml"
    file.write_text("rule = 1")
    assert main(["matrix", "--policy", str(file)]) == 2
    assert main(["map", "--config", str(tmp_path / "nowhere.toml")]) == 2
    told = capsys.readouterr()
    assert (told.out, "policy.toml" in told.err, "nowhere.toml" in told.err) == ("", True, True)


@pytest.mark.parametrize("role", list(Role))
def test_a_roles_schema_is_printed(role: Role, capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m auth sdl`` prints a valid schema with what a role can see, and nothing else."""
    assert main(["sdl", role.value]) == 0
    told = build_schema(capsys.readouterr().out)
    assert validate_schema(told) == []
    assert ("Customer" in told.type_map) is (role is not Role.ANONYMOUS)
    assert ("assistStart" in str(print_schema(told))) is (
        not POLICY.permit("assistStart", role).decision.is_denied
    )


def test_ids_become_stand_ins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``python -m auth stand-in`` gives what the gateway with the same key would, line by line, and
    refuses where there is no key, no such purpose, or no id."""
    config = tmp_path / "gateway.toml"
    config.write_text('[auth]\npseudonym_key_env = "A_KEY"\n')
    monkeypatch.setenv("A_KEY", "a key")
    ids = [node_id("Customer", f"crm:{number}") for number in range(3)]
    command = ["stand-in", "ANALYTICS", "--config", str(config)]

    def told(given: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        return main(command), capsys.readouterr().out

    pseudonyms = KeyedPseudonyms(Secret("a key"))
    stand_ins = [pseudonyms.stand_in(each, Purpose.ANALYTICS) for each in ids]
    assert told("\n".join(ids)) == (0, "\n".join(stand_ins) + "\n")
    assert told("no id") == (2, "")
    config.write_text("[auth]\n")
    assert told("\n".join(ids)) == (2, "")
    command[1] = "CURIOSITY"
    assert told("\n".join(ids)) == (2, "")
    for wrong in (["stand-in"], ["sdl"], ["map", "AGENT"]):
        with pytest.raises(SystemExit):
            main(wrong)


def test_the_page_lists_what_a_role_sees_and_no_more() -> None:
    """A role's table has the fields it can ever see of a kind, with the condition."""
    page = matrix_page(POLICY)
    marketer = page[page.index("## MARKETER") : page.index("## ASSOCIATE")]
    assert "pseudonym" in marketer
    assert "birthDate" not in marketer
