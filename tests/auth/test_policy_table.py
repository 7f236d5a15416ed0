"""The policy table: what each role sees of what, under which condition, and what is refused."""

import itertools
from pathlib import Path

import pytest

from auth.policy import PolicyTable, unclassified
from auth.table import DEFAULT_TABLE, read_table
from domain.configuration import ConfigurationError
from domain.policy import (
    NO_TERMS,
    NOTHING,
    Category,
    Classification,
    Condition,
    Decision,
    FieldPolicy,
    Label,
    Record,
    Standing,
    View,
)
from domain.viewer import PolicyClass, Purpose, Role

PERSONAL = [category for category in Category if category is not Category.OPERATIONAL]
TEXTS = {Category.NAME, Category.CONTACT, Category.ADDRESS, Category.IDENTIFIER}
CLASSIFICATION = Classification(
    fields={
        **{
            ("Customer", category.value.lower()): Label(
                category, Record.PROFILE, is_text=category in TEXTS
            )
            for category in PERSONAL
        },
        ("Customer", "system"): Label(Category.OPERATIONAL, Record.PROFILE),
        ("Card", "number"): Label(Category.PAYMENT, Record.ORDER),
        ("Note", "system"): Label(Category.OPERATIONAL, Record.PROFILE),
        ("Line", "note"): Label(Category.FREE_TEXT),
        ("Availability", "stock"): Label(Category.OPERATIONAL),
    },
    person_types=frozenset({"Customer", "Card", "Note"}),
    parts={"Customer": frozenset({"Line"}), "Card": frozenset(), "Note": frozenset()},
    along=frozenset({("Customer", "wishlists")}),
)
TABLE = PolicyTable(CLASSIFICATION, read_table())

OWN = frozenset({Condition.OWN})
CASE = frozenset({Condition.CASE, Condition.UNRESTRICTED})
RESTRICTED = frozenset({Condition.CASE})
FREE = frozenset({Condition.UNRESTRICTED})
HERE = frozenset({Condition.SAME_STORE})
UNDER_WAY = frozenset({Condition.OPEN_ORDER})
AGREED = frozenset({Condition.MARKETING_EMAIL, Condition.UNRESTRICTED})


@pytest.mark.parametrize(
    ("role", "purpose", "category", "standing", "view"),
    [
        (Role.ANONYMOUS, Purpose.SHOPPING, Category.NAME, NOTHING, View.NONE),
        (Role.ANONYMOUS, Purpose.SHOPPING, Category.CART, OWN, View.FULL),
        (Role.ANONYMOUS, Purpose.SHOPPING, Category.CART, NOTHING, View.NONE),
        (Role.CUSTOMER, Purpose.SHOPPING, Category.CONTACT, OWN, View.FULL),
        (Role.CUSTOMER, Purpose.SHOPPING, Category.CONTACT, NOTHING, View.NONE),
        (Role.CUSTOMER, Purpose.MARKETING, Category.CONTACT, OWN, View.NONE),
        (Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE, Category.NAME, NOTHING, View.MASKED),
        (Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE, Category.NAME, FREE, View.FULL),
        (Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE, Category.CONTACT, NOTHING, View.MASKED),
        (Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE, Category.BIRTH, CASE, View.NONE),
        (Role.ASSOCIATE, Purpose.ORDER_FULFILMENT, Category.PURCHASE_HISTORY, NOTHING, View.NONE),
        (Role.ASSOCIATE, Purpose.ORDER_FULFILMENT, Category.PURCHASE_HISTORY, HERE, View.FULL),
        (Role.ASSOCIATE, Purpose.ORDER_FULFILMENT, Category.PURCHASE_HISTORY, UNDER_WAY, View.FULL),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Category.CONTACT, NOTHING, View.MASKED),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Category.CONTACT, RESTRICTED, View.MASKED),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Category.CONTACT, CASE, View.FULL),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Category.BIRTH, NOTHING, View.NONE),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Category.BIRTH, CASE, View.FULL),
        (Role.AGENT, Purpose.MARKETING, Category.NAME, CASE, View.NONE),
        (Role.AGENT_LEAD, Purpose.FRAUD_REVIEW, Category.PAYMENT, RESTRICTED, View.FULL),
        (Role.PRIVACY_OFFICER, Purpose.LEGAL, Category.FREE_TEXT, NOTHING, View.FULL),
        (Role.PRIVACY_OFFICER, Purpose.SHOPPING, Category.NAME, NOTHING, View.NONE),
        (Role.SYSTEM, Purpose.RETURNS, Category.ADDRESS, NOTHING, View.FULL),
        (Role.SYSTEM, Purpose.MARKETING, Category.CONTACT, NOTHING, View.NONE),
        (Role.SYSTEM, Purpose.MARKETING, Category.CONTACT, AGREED, View.FULL),
        (Role.MARKETER, Purpose.MARKETING, Category.CONTACT, AGREED, View.NONE),
        (Role.MARKETER, Purpose.MARKETING, Category.BEHAVIOUR, AGREED, View.FULL),
        (Role.MERCHANDISER, Purpose.ANALYTICS, Category.NAME, CASE, View.NONE),
        (Role.MERCHANDISER, Purpose.ANALYTICS, Category.CONTACT, CASE, View.PSEUDONYM),
        (Role.MERCHANDISER, Purpose.ANALYTICS, Category.PURCHASE_HISTORY, FREE, View.FULL),
        (Role.MERCHANDISER, Purpose.ANALYTICS, Category.REFERENCE, FREE, View.NONE),
        (Role.MARKETER, Purpose.MARKETING, Category.STATUS, AGREED, View.NONE),
        (Role.ASSOCIATE, Purpose.ORDER_FULFILMENT, Category.REFERENCE, NOTHING, View.NONE),
        (Role.ASSOCIATE, Purpose.ORDER_FULFILMENT, Category.REFERENCE, UNDER_WAY, View.FULL),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Category.STATUS, NOTHING, View.NONE),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, Category.STATUS, RESTRICTED, View.FULL),
    ],
)
def test_what_the_table_is_meant_to_say(
    role: Role, purpose: Purpose, category: Category, standing: Standing, view: View
) -> None:
    """The table that comes with the gateway says what its authors meant, cell by cell."""
    policy: FieldPolicy = TABLE
    decision = policy.decide("Customer", category.value.lower(), PolicyClass(role, purpose))
    assert decision.view(standing) is view


def test_what_nobody_decided_is_denied() -> None:
    """A role sees nothing personal for a purpose that no rule of its speaks of."""
    table = read_table()
    for role, purpose, category in itertools.product(Role, Purpose, PERSONAL):
        if (role, purpose, category) not in table.cells:
            decision = TABLE.decide("Customer", category.value.lower(), PolicyClass(role, purpose))
            assert decision.is_denied


def test_consent_is_asked_only_where_it_is_the_basis() -> None:
    """Missing consent keeps nothing away that rests on contract or law."""
    consents = frozenset(each for each in Condition if ":" in each.value)
    table = read_table()
    for (record, purpose), basis in table.bases.items():
        for role, category in itertools.product(Role, PERSONAL):
            label = Label(category, record, is_text=True)
            decision = TABLE.decision(label, PolicyClass(role, purpose))
            asked = decision.conditions & consents
            assert asked == ({basis.consent} if basis.consent and decision.grants else set())
    assert {each.ground for each in table.bases.values()} >= {"contract", "law", "interest"}


def test_a_record_without_a_basis_is_closed() -> None:
    """What has no legal basis for a purpose is shown to nobody for it, whatever the rules say."""
    agent = PolicyClass(Role.AGENT, Purpose.FRAUD_REVIEW)
    assert TABLE.decision(Label(Category.PURCHASE_HISTORY, Record.ORDER), agent).grants
    assert TABLE.decision(Label(Category.PURCHASE_HISTORY, Record.WISHLIST), agent).is_denied


def test_what_is_no_text_is_not_masked() -> None:
    """A value that cannot be masked is not shown to whom it would be masked."""
    associate = PolicyClass(Role.ASSOCIATE, Purpose.RETURNS)
    text, number = (Label(Category.CONTACT, Record.PROFILE, each) for each in (True, False))
    assert TABLE.decision(text, associate).view(NOTHING) is View.MASKED
    assert TABLE.decision(number, associate).is_denied


@pytest.mark.parametrize(
    ("role", "purpose", "standing", "customer", "card"),
    [
        (Role.ANONYMOUS, Purpose.SHOPPING, NOTHING, View.NONE, View.NONE),
        (Role.CUSTOMER, Purpose.SHOPPING, OWN, View.FULL, View.FULL),
        (Role.CUSTOMER, Purpose.SHOPPING, NOTHING, View.NONE, View.NONE),
        (Role.CUSTOMER, Purpose.MARKETING, OWN, View.NONE, View.NONE),
        (Role.ASSOCIATE, Purpose.CUSTOMER_SERVICE, NOTHING, View.FULL, View.NONE),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, NOTHING, View.MASKED, View.NONE),
        (Role.AGENT, Purpose.CUSTOMER_SERVICE, CASE, View.FULL, View.FULL),
        (Role.SYSTEM, Purpose.LEGAL, NOTHING, View.FULL, View.FULL),
    ],
)
def test_types(
    role: Role, purpose: Purpose, standing: Standing, customer: View, card: View
) -> None:
    """A person's object is handed out as far as the most visible of its personal fields; what is
    operational about it opens nothing, and what only leads on goes along with it."""
    policy_class = PolicyClass(role, purpose)
    assert TABLE.decide_type("Customer", policy_class).view(standing) is customer
    assert TABLE.decide_type("Card", policy_class).view(standing) is card
    assert TABLE.decide_type("Note", policy_class).is_denied
    assert TABLE.decide_type("Product", policy_class) is Decision.ALLOW
    for name in ("id", "__typename", "wishlists"):
        assert TABLE.decide("Customer", name, policy_class).view(standing) is customer


def test_an_id_recognises_nobody_where_a_number_may_not() -> None:
    """Where identifiers are stand-ins, an object's id is one as well."""
    marketer = PolicyClass(Role.MARKETER, Purpose.ANALYTICS)
    seen = frozenset({Condition.UNRESTRICTED})
    assert TABLE.decide_type("Customer", marketer).view(seen) is View.FULL
    assert TABLE.decide("Customer", "id", marketer).view(seen) is View.PSEUDONYM


def test_conditions_are_those_of_the_object_and_all_its_parts() -> None:
    """What has to be found out of an object is known beforehand, its parts' fields included."""
    agent = PolicyClass(Role.AGENT, Purpose.CUSTOMER_SERVICE)
    assert TABLE.terms("Customer", agent) == {OWN, CASE, RESTRICTED}
    assert TABLE.terms("Customer", PolicyClass(Role.SYSTEM, Purpose.RETURNS)) == NO_TERMS
    assert TABLE.terms("Product", agent) == NO_TERMS


def test_unclassified_is_denied_for_persons_only() -> None:
    """A field that nobody classified is denied on what people's objects are made of."""
    for role, purpose in itertools.product(Role, Purpose):
        policy_class = PolicyClass(role, purpose)
        assert TABLE.decide("Customer", "shoeSize", policy_class).is_denied
        assert TABLE.decide("Line", "shoeSize", policy_class).is_denied
        assert TABLE.decide("Product", "name", policy_class) is Decision.ALLOW
        assert TABLE.decide("Availability", "band", policy_class) is Decision.ALLOW


def test_unclassified_fields_are_told() -> None:
    """Every field and type reached from a person that does not say what it is, is told."""
    fields = [*CLASSIFICATION.fields, ("Customer", "shoeSize"), ("Card", "limit")]
    found = unclassified(CLASSIFICATION, [*fields, ("Customer", "id")], {"Shoe": "Customer.shoe"})
    assert [problem.key for problem in found] == [
        "schema.Card.limit",
        "schema.Customer.shoeSize",
        "schema.Shoe",
    ]
    assert unclassified(CLASSIFICATION, CLASSIFICATION.fields) == []


RULE = """
[[rule]]
says = "x"
roles = ["AGENT"]
purposes = ["RETURNS"]
[rule.categories]
NAME = "full"
"""
RECORD = """
[[record]]
says = "x"
records = ["PROFILE"]
purposes = ["RETURNS"]
basis = "contract"
retention = "P1Y"
"""
ACTION = """
[[action]]
says = "x"
names = ["wave"]
[action.roles]
AGENT = "case"
"""
EMPTY = Classification({}, frozenset())


def wrong(tmp_path: Path, text: str, classification: Classification = EMPTY) -> list[str]:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        PolicyTable(classification, read_table(file))
    assert all(problem.file == str(file) for problem in caught.value.problems)
    return [f"{problem.key}: {problem.found}" for problem in caught.value.problems]


def test_unknown_names_all_at_once(tmp_path: Path) -> None:
    """Unknown roles, purposes, categories and views are told all at once, with their rule."""
    text = RULE + RULE.replace("AGENT", "SPY").replace("RETURNS", "CURIOSITY").replace(
        'NAME = "full"', 'SHOE_SIZE = "full"\nBIRTH = "perhaps"'
    )
    assert wrong(tmp_path, text + RECORD.replace("PROFILE", "DIARY")) == [
        "rule 2.roles: 'SPY'",
        "rule 2.purposes: 'CURIOSITY'",
        "rule 2.categories: 'SHOE_SIZE'",
        "rule 2.categories.BIRTH: 'perhaps'",
        "record 1.records: 'DIARY'",
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "full masked",
        "full if",
        "full if Tuesday",
        "full if own or case",
        "masked if own, full",
        "full, masked",
        "full if consent:PROFILING",
        "",
    ],
)
def test_a_cell_that_cannot_be_read(tmp_path: Path, cell: str) -> None:
    """A cell that is not views from wide to narrow, each with known terms, is refused; consent
    cannot be written into one, because it comes of the legal basis."""
    found = wrong(tmp_path, RULE.replace('"full"', f'"{cell}"') + RECORD)
    assert found == [f"rule 1.categories.NAME: {cell!r}"]


def test_what_is_about_nobody_has_no_conditions(tmp_path: Path) -> None:
    """An operational cell is everything or nothing."""
    text = RULE.replace("NAME", "OPERATIONAL").replace('"full"', '"full if own"')
    assert wrong(tmp_path, text + RECORD) == ["rule 1.categories.OPERATIONAL: 'full if own'"]


@pytest.mark.parametrize("role", ["CUSTOMER", "ANONYMOUS"])
@pytest.mark.parametrize(
    "cell", ["full", "full if own, masked", "pseudonym", "full if unrestricted"]
)
def test_nobody_outside_is_shown_what_is_not_theirs(tmp_path: Path, role: str, cell: str) -> None:
    """A cell that would show customers or guests anything of each other keeps from starting; what
    is about nobody may be shown to anybody."""
    text = RULE.replace("AGENT", role).replace('"full"', f'"{cell}"')
    found = f"rule 1.categories.NAME: for role {role} without own"
    assert wrong(tmp_path, text + RECORD) == [found]
    own = RULE.replace("AGENT", role).replace('"full"', '"full if own"\nOPERATIONAL = "full"')
    (tmp_path / "good.toml").write_text(own + RECORD)
    read_table(tmp_path / "good.toml")


def test_a_cell_is_decided_once(tmp_path: Path) -> None:
    """Two rules may not decide the same cell, nor two records the same basis, not even alike."""
    assert wrong(tmp_path, RULE + RULE.replace('["RETURNS"]', '["ANY"]') + RECORD + RECORD) == [
        "rule 2: AGENT, RETURNS, NAME is decided already",
        "record 2: PROFILE, RETURNS has its basis already",
    ]


def test_a_category_or_record_that_nothing_speaks_of(tmp_path: Path) -> None:
    """A published field's category or record that the table forgot is told, not denied in
    silence."""
    classification = Classification(
        {
            ("Customer", "name"): Label(Category.NAME, Record.PROFILE),
            ("Customer", "born"): Label(Category.BIRTH, Record.PROFILE),
            ("Card", "pan"): Label(Category.PAYMENT, Record.ORDER),
        },
        frozenset({"Customer", "Card"}),
    )
    assert wrong(tmp_path, RULE + RECORD, classification) == [
        "rule: no rule speaks of category PAYMENT, which Card.pan has",
        "rule: no rule speaks of category BIRTH, which Customer.born has",
        "record: no legal basis for any purpose of record ORDER, which Card.pan is part of",
    ]


def test_every_mutation_has_its_action(tmp_path: Path) -> None:
    """A mutation that no action names, and an action that is no mutation, keep from starting."""
    classification = Classification({}, frozenset(), mutations=frozenset({"greet"}))
    assert wrong(tmp_path, RULE + RECORD + ACTION, classification) == [
        "action: no action names greet",
        "action: 'wave'",
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (ACTION.replace("AGENT", "SPY"), "action 1.roles: 'SPY'"),
        (ACTION.replace('"case"', '"perhaps"'), "action 1.roles.AGENT: 'perhaps'"),
        (ACTION + ACTION, "action 2: wave is decided already"),
        (ACTION.replace("AGENT", "CUSTOMER"), "action 1.roles.CUSTOMER: 'case'"),
        (ACTION + 'ANONYMOUS = "any"', "action 1.roles.ANONYMOUS: 'any'"),
        (
            ACTION.replace("[action.roles]", 'second = ["AGENT_LEAD"]\n[action.roles]')
            + '[action.limits]\nASSOCIATE = { PLN = "1.00" }',
            "action 1.limits: ASSOCIATE",
        ),
        (ACTION + '[action.limits]\nAGENT = { PLN = "1.00" }', "action 1.second: nothing"),
        (
            ACTION.replace("[action.roles]", 'second = ["AGENT_LEAD"]\n[action.roles]')
            + '[action.limits]\nAGENT = { PLN = "1.005" }',
            "action 1.limits.AGENT.PLN: '1.005'",
        ),
    ],
)
def test_an_action_that_cannot_be_read(tmp_path: Path, text: str, key: str) -> None:
    """Whatever is wrong with an action is told with its place."""
    assert wrong(tmp_path, RULE + RECORD + text) == [key]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rule = 1",
        "[[rule]]",
        "[[rule]",
        RULE + RECORD + "[other]",
        RULE.replace('says = "x"', "") + RECORD,
        RULE.replace('says = "x"', 'says = "x"\nexcept = ["Tuesday"]') + RECORD,
        RULE.replace('"full"', "true") + RECORD,
        RULE.replace('["AGENT"]', '"AGENT"') + RECORD,
    ],
)
def test_another_form(tmp_path: Path, text: str) -> None:
    """A file that is not a policy table is refused, with its name."""
    assert wrong(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    """A policy table that is not there is refused, with its name."""
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        read_table(tmp_path / "nowhere.toml")


def test_the_present_table_speaks_of_everything() -> None:
    """The table that comes with the gateway has thought of every category and record there is."""
    every = {("Thing", each.value): Label(each) for each in Category}
    records = {("Thing", each.value): Label(Category.NAME, each) for each in Record}
    PolicyTable(Classification({**every, **records}, frozenset()), read_table(DEFAULT_TABLE))


@pytest.mark.parametrize(
    ("action", "role", "minor", "currency", "within"),
    [
        ("GOODWILL", Role.AGENT, 5000, "PLN", True),
        ("GOODWILL", Role.AGENT, 5001, "PLN", False),
        ("GOODWILL", Role.AGENT, 1, "JPY", False),
        ("REFUND", Role.SYSTEM, 10**9, "PLN", True),
    ],
)
def test_limits(action: str, role: Role, minor: int, currency: str, within: bool) -> None:
    """Up to its limit an action needs nobody else; a currency without one always does."""
    permit = TABLE.permit(action, role)
    assert permit.decision.grants
    assert permit.is_within(minor, currency) is within


@pytest.mark.parametrize("action", ["cartLinesAdd", "wishlistShare", "GOODWILL", "MERGE"])
def test_nothing_is_changed_for_the_restricted_by_a_case(action: str) -> None:
    """A case opens a restricted customer to no change but what a contract or the law asks for."""
    decision = TABLE.permit(action, Role.AGENT_LEAD).decision
    assert decision.view(CASE) is View.FULL
    assert decision.view(RESTRICTED) is View.NONE
    for due in ("REFUND", "assistStart"):
        assert TABLE.permit(due, Role.AGENT_LEAD).decision.view(RESTRICTED) is View.FULL
    assert TABLE.permit("cartLinesAdd", Role.CUSTOMER).decision.view(OWN) is View.FULL


def test_what_no_action_allows_is_permitted_to_nobody() -> None:
    """A role that an action does not name may not do it; an unknown action nobody may."""
    assert TABLE.permit("GOODWILL", Role.CUSTOMER).decision.is_denied
    assert all(TABLE.permit("burnDown", role).decision.is_denied for role in Role)
