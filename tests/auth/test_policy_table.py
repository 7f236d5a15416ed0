"""The policy table: what each role sees, and what start-up refuses."""

import itertools
from pathlib import Path

import pytest

from auth.policy import PolicyTable, unclassified
from domain.configuration import ConfigurationError
from domain.policy import Category, Classification, Decision, FieldPolicy
from domain.viewer import PolicyClass, Purpose, Role

PERSONAL = [category for category in Category if category is not Category.OPERATIONAL]
FIELDS = {("Customer", category.value.lower()): category for category in PERSONAL}
CLASSIFICATION = Classification(
    fields={
        **FIELDS,
        ("Customer", "system"): Category.OPERATIONAL,
        ("Card", "number"): Category.PAYMENT,
        ("Note", "system"): Category.OPERATIONAL,
        ("Availability", "stock"): Category.OPERATIONAL,
    },
    person_types=frozenset({"Customer", "Card", "Note"}),
)
TABLE = PolicyTable(CLASSIFICATION)

CUSTOMERS = {
    Purpose.SHOPPING,
    Purpose.ORDER_FULFILMENT,
    Purpose.CUSTOMER_SERVICE,
    Purpose.RETURNS,
    Purpose.PRIVACY_REQUEST,
}
STORE = {Purpose.ORDER_FULFILMENT, Purpose.CUSTOMER_SERVICE, Purpose.RETURNS}
STORE_SEES = {
    Category.NAME,
    Category.PURCHASE_HISTORY,
    Category.LOYALTY,
    Category.IDENTIFIER,
    Category.INTERACTION,
    Category.CART,
}
ANSWERABLE = {Role.AGENT, Role.AGENT_LEAD, Role.PRIVACY_OFFICER, Role.SYSTEM}
GUEST_SEES = {Category.CART, Category.ADDRESS}
CASE = {*STORE, Purpose.FRAUD_REVIEW, Purpose.PRIVACY_REQUEST, Purpose.LEGAL}


def expected(role: Role, purpose: Purpose, category: Category) -> Decision:
    """The first content of the table, said once more and independently of the file."""
    staff = role not in (Role.ANONYMOUS, Role.CUSTOMER)
    if category is Category.OPERATIONAL:
        return Decision.ALLOW if staff else Decision.DENY
    if role is Role.CUSTOMER and purpose in CUSTOMERS:
        return Decision.OWN
    if role is Role.ANONYMOUS and purpose is Purpose.SHOPPING and category in GUEST_SEES:
        return Decision.OWN
    if role is Role.ASSOCIATE and purpose in STORE and category in STORE_SEES:
        return Decision.ALLOW
    if role in ANSWERABLE and purpose in CASE:
        return Decision.ALLOW
    return Decision.DENY


CELLS = list(itertools.product(Role, Purpose, Category))


def test_every_cell() -> None:
    """Each role sees, for each purpose, of each category, what the table is meant to say."""
    policy: FieldPolicy = TABLE
    names = {category: name for (_, name), category in CLASSIFICATION.fields.items()}
    names |= {category: name for (_, name), category in FIELDS.items()}
    for role, purpose, category in CELLS:
        found = policy.decide(
            "Availability" if category is Category.OPERATIONAL else "Customer",
            "stock" if category is Category.OPERATIONAL else names[category],
            PolicyClass(role, purpose),
        )
        assert found is expected(role, purpose, category), (role, purpose, category)
    assert len(CELLS) == 1134


@pytest.mark.parametrize(
    ("role", "purpose", "customer", "card"),
    [
        (Role.ANONYMOUS, Purpose.SHOPPING, Decision.OWN, Decision.DENY),
        (Role.CUSTOMER, Purpose.SHOPPING, Decision.OWN, Decision.OWN),
        (Role.CUSTOMER, Purpose.MARKETING, Decision.DENY, Decision.DENY),
        (Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE, Decision.ALLOW, Decision.DENY),
        (Role.ASSOCIATE, Purpose.MARKETING, Decision.DENY, Decision.DENY),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Decision.ALLOW, Decision.ALLOW),
        (Role.AGENT, Purpose.ANALYTICS, Decision.DENY, Decision.DENY),
        (Role.SYSTEM, Purpose.LEGAL, Decision.ALLOW, Decision.ALLOW),
    ],
)
def test_types(role: Role, purpose: Purpose, customer: Decision, card: Decision) -> None:
    """A person's object is handed out as far as the most visible of its personal fields; what is
    operational about it opens nothing."""
    policy_class = PolicyClass(role, purpose)
    assert TABLE.decide_type("Customer", policy_class) is customer
    assert TABLE.decide_type("Card", policy_class) is card
    assert TABLE.decide_type("Note", policy_class) is Decision.DENY
    assert TABLE.decide_type("Product", policy_class) is Decision.ALLOW
    for name in ("id", "__typename"):
        assert TABLE.decide("Customer", name, policy_class) is customer
        assert TABLE.decide("Card", name, policy_class) is card


def test_unclassified_is_denied_for_persons_only() -> None:
    """A field that nobody classified is denied under a person's type and allowed elsewhere."""
    for role, purpose in itertools.product(Role, Purpose):
        policy_class = PolicyClass(role, purpose)
        assert TABLE.decide("Customer", "shoeSize", policy_class) is Decision.DENY
        assert TABLE.decide("Product", "name", policy_class) is Decision.ALLOW
        assert TABLE.decide("Availability", "band", policy_class) is Decision.ALLOW


def test_classified_id() -> None:
    """An id that has a category of its own follows that."""
    table = PolicyTable(
        Classification(
            {("Customer", "id"): Category.CONTACT, ("Customer", "name"): Category.NAME},
            frozenset({"Customer"}),
        )
    )
    associate = PolicyClass(Role.ASSOCIATE, Purpose.RETURNS)
    assert table.decide("Customer", "id", associate) is Decision.DENY
    assert table.decide("Customer", "__typename", associate) is Decision.ALLOW


def test_unclassified_fields_are_told() -> None:
    """Every field of a person's type without a category is told, but for what goes with the
    object."""
    fields = [*FIELDS, ("Customer", "shoeSize"), ("Card", "limit"), ("Customer", "id")]
    assert [problem.key for problem in unclassified(CLASSIFICATION, fields)] == [
        "schema.Card.limit",
        "schema.Customer.shoeSize",
    ]
    assert unclassified(CLASSIFICATION, FIELDS) == []


RULE = """
[[rule]]
says = "x"
roles = ["AGENT"]
purposes = ["RETURNS"]
[rule.categories]
NAME = "allow"
"""
EMPTY = Classification({}, frozenset())


def wrong(tmp_path: Path, text: str, classification: Classification = EMPTY) -> list[str]:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        PolicyTable(classification, file)
    assert all(problem.file == str(file) for problem in caught.value.problems)
    return [f"{problem.key}: {problem.found}" for problem in caught.value.problems]


def test_unknown_names_all_at_once(tmp_path: Path) -> None:
    """Unknown roles, purposes, categories and decisions are told all at once, with their rule."""
    text = RULE + RULE.replace("AGENT", "SPY").replace("RETURNS", "CURIOSITY").replace(
        'NAME = "allow"', 'SHOE_SIZE = "allow"\nBIRTH = "perhaps"'
    )
    assert wrong(tmp_path, text) == [
        "rule 2.roles: 'SPY'",
        "rule 2.purposes: 'CURIOSITY'",
        "rule 2.categories: 'SHOE_SIZE'",
        "rule 2.categories.BIRTH: 'PERHAPS'",
    ]


def test_a_cell_is_decided_once(tmp_path: Path) -> None:
    """Two rules may not decide the same cell, not even alike."""
    assert wrong(tmp_path, RULE + RULE.replace('"RETURNS"', '"ANY"')) == [
        "rule 2: AGENT, RETURNS, NAME is decided already"
    ]
    assert wrong(tmp_path, RULE + RULE.replace('["RETURNS"]', '["ANY"]')) == [
        "rule 2: AGENT, RETURNS, NAME is decided already"
    ]


def test_a_category_that_no_rule_speaks_of(tmp_path: Path) -> None:
    """A published field's category that the table forgot is told, rather than denied in silence."""
    classification = Classification(
        {
            ("Customer", "name"): Category.NAME,
            ("Customer", "born"): Category.BIRTH,
            ("Card", "pan"): Category.PAYMENT,
        },
        frozenset({"Customer", "Card"}),
    )
    assert wrong(tmp_path, RULE, classification) == [
        "rule: no rule speaks of category PAYMENT, which Card.pan has",
        "rule: no rule speaks of category BIRTH, which Customer.born has",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rule = 1",
        "[[rule]]",
        "[[rule]",
        RULE + "[other]",
        RULE.replace('says = "x"', ""),
        RULE.replace('says = "x"', 'says = "x"\nexcept = ["Tuesday"]'),
        RULE.replace('"allow"', "true"),
        RULE.replace('["AGENT"]', '"AGENT"'),
    ],
)
def test_another_form(tmp_path: Path, text: str) -> None:
    """A file that is not a policy table is refused, with its name."""
    assert wrong(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    """A policy table that is not there is refused, with its name."""
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        PolicyTable(EMPTY, tmp_path / "nowhere.toml")


def test_the_present_table_speaks_of_every_category() -> None:
    """The table that comes with the gateway has thought of every category there is."""
    every = Classification(
        {("Thing", category.value): category for category in Category}, frozenset()
    )
    PolicyTable(every)


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ('NAME = "allow"\nCONTACT = "own"', '"own" beside "allow"'),
        ('NAME = "own"\nOPERATIONAL = "own"', 'OPERATIONAL: "own"'),
    ],
)
def test_own_is_refused_where_nothing_could_hold_it(tmp_path: Path, rule: str, part: str) -> None:
    """A table that says "own" beside "allow" of one object, or of no person's data, is refused."""
    file = tmp_path / "policy.toml"
    rest = "\n".join(f'{each.value} = "deny"' for each in Category if each.value not in rule)
    file.write_text(
        f'[[rule]]\nsays = "x"\nroles = ["CUSTOMER"]\npurposes = ["SHOPPING"]\n'
        f"[rule.categories]\n{rule}\n{rest}\n"
    )
    with pytest.raises(ConfigurationError, match=part):
        PolicyTable(CLASSIFICATION, file)
