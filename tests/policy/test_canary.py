"""S9: what is personal or secret gets into no log, no error, no metric and no key of a cache."""

import base64
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import redis

from domain.identity import node_id
from domain.viewer import Purpose, Role
from sandbox.crm import KEY as CRM_KEY
from sandbox.persona import GATEWAY, PERSONAS
from schema.build import build
from tests.policy.proof import SEED, Proof, caller, callers
from tests.policy.selection import Selections
from tests.servers import Redis
from tests.shop import Answer

PUBLISHED = build()
SELECTIONS = Selections(PUBLISHED.graphql, PUBLISHED.classification.person_types)
BY_ID = f"query ($id: ID!) {{ customer(id: $id) {{ {SELECTIONS.of('Customer')} }} }}"
FIND = "query ($where: CustomerFilter!) { findCustomers(where: $where) { nodes { id } } }"
PERSONS = 60
GARBAGE = ("truncated", "html", "types", "rows", "row", "nan", "cut")


class Suite:
    """A gateway whose log, errors, headers and cache keys are all kept."""

    def __init__(self, proof: Proof, cache: Redis | None) -> None:
        self.proof = proof
        self._cache = cache
        self.errors: list[str] = []
        self.http = httpx.Client(trust_env=False, timeout=30)
        self.persons = self._read()
        self.canaries = {
            text
            for person in self.persons
            for text in (
                *(each["address"] for each in person["emails"]),
                *(each["number"] for each in person["phones"]),
                *(each["line1"] for each in person["addresses"]),
                *(each["id"] for each in person["externalRefs"] if each["type"] == "CARD"),
                f"{person['name']['given']} {person['name']['family']}",
            )
        }

    def _read(self) -> list[dict[str, Any]]:
        url = f"{self.proof.shop.systems['crm']}/api/v1/contacts?limit={PERSONS}"
        answer = self.http.get(url, headers={"X-Api-Key": CRM_KEY})
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def heard(self, answer: Answer | httpx.Response) -> None:
        """Keep what an answer says beside its data."""
        if isinstance(answer, Answer):
            # What the caller may see stands in the data; nothing else may say it again.
            self.errors += [repr(answer.errors), repr(answer.extensions)]
            answer = answer.response
        else:
            self.errors.append(answer.text)
        self.errors.append(repr(answer.headers))

    def places(self) -> dict[str, str]:
        """All that was written and said meanwhile, by where."""
        keys: list[str] = []
        if self._cache is not None:
            with redis.Redis.from_url(self._cache.url) as cache:
                keys = [key.decode(errors="replace") for key in cache.scan_iter(count=1_000)]
            assert keys
        metrics = self.http.get(self.proof.shop.url.replace("/graphql", "/metrics"))
        log = self.proof.log.read_text()
        assert '"event":"request"' in log
        return {
            "log": log,
            "errors": "\n".join(self.errors),
            "keys": "\n".join(keys),
            "metrics": metrics.text,
        }

    def leaks(self, canaries: set[str]) -> list[tuple[str, str]]:
        """Every canary that stands anywhere, in clear or as it is often written."""
        places = self.places()
        return [
            (place, canary)
            for place, text in places.items()
            for canary in canaries
            if any(form in text for form in _forms(canary))
        ]


def _forms(text: str) -> set[str]:
    return {text, quote(text), quote(text, safe=""), base64.b64encode(text.encode()).decode()}


@pytest.fixture(scope="module")
def suite(proving_gateway: Proof, cache: Redis | None) -> Iterator[Suite]:
    suite = Suite(proving_gateway, cache)
    yield suite
    suite.http.close()


def test_persons(suite: Suite) -> None:
    """Whatever is asked about people, and whatever goes wrong meanwhile, nobody's data is told."""
    assert len(suite.canaries) >= 200
    dice, ask = random.Random(SEED), suite.proof.ask
    who = caller(Role.SYSTEM, Purpose.LEGAL)
    shown: list[str] = []
    for person in suite.persons:
        id = {"id": node_id("Customer", f"crm:{person['id']}")}
        answer = ask(who, BY_ID, id)
        shown.append(answer.response.text)
        suite.heard(answer)
        if person["emails"]:
            where = {"email": person["emails"][0]["address"]}
            suite.heard(ask(dice.choice(callers()), FIND, {"where": where}))
    # The proof can fail: this is what would be found.
    assert sum(canary in "\n".join(shown) for canary in suite.canaries) >= 150
    for system in ("crm", "erp", "pos"):
        for garbage in GARBAGE:
            suite.proof.shop.fault(system, garbage=garbage, seed=dice.randrange(1_000))
            for person in dice.sample(suite.persons, 1):
                id = {"id": node_id("Customer", f"crm:{person['id']}")}
                suite.heard(ask(who, BY_ID, id))
        suite.proof.shop.mend()
    assert suite.leaks(suite.canaries) == [], f"PROOF_SEED={SEED}"


def test_what_callers_say(suite: Suite) -> None:
    """What a caller says wrongly about a person is repeated to nobody else, and kept nowhere."""
    who = caller(Role.SYSTEM, Purpose.LEGAL)
    canaries = set()
    for number in range(40):
        mail, phone = f"canary.{number}@canary.example", f"+48 700 100 {number:03}"
        canaries |= {mail, phone, phone.replace(" ", "")}
        for where in (
            {"email": mail * 20, "phone": phone},
            {"email": mail, "phone": phone * 50},
            {"email": [mail], "phone": {"number": phone}},
            {"birthDate": mail},
            {"postalCode": phone},
            {mail: phone},
        ):
            suite.proof.ask(who, FIND, {"where": where})
        if number >= 10:
            continue
        for text in (mail, phone):
            for document in (
                f'{{ findCustomers(where: {{ email: "{text}" }}) {{ nodes {{ nothing }} }} }}',
                f'{{ findCustomers(where: {{ phone: "{text}" }} {{ nodes {{ id }} }} }}',
                f'{{ findCustomers(where: {{ birthDate: "{text}" }}) {{ nodes {{ id }} }} }}',
                f'{{ customer360(email: "{text}") {{ customer {{ id }} }} }}',
            ):
                suite.proof.ask(who, document)
            address = f"{suite.proof.shop.url}?query={quote(FIND)}&variables={quote(text)}"
            suite.http.get(address, headers={"Accept": "application/json"})
    assert suite.leaks(canaries) == []


def test_secrets(suite: Suite) -> None:
    """No token, key or secret is told: not a good one, a wrong one, nor the gateway's own."""
    url, canaries = suite.proof.shop.url, set()
    for number, who in enumerate(callers()):
        headers = suite.proof.headers(who)
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        wrong = f"{token[:-4]}{number:04}" if token else f"cgk_canary-{number:032}"
        for text in filter(None, (token, wrong, f"canary-token-{number}")):
            canaries |= {text, text.rpartition(".")[2]}
            answer = suite.http.post(
                url,
                json={"query": "{ viewer { role } }"},
                headers={**headers, "Authorization": f"Bearer {text}"},
            )
            suite.heard(answer)
    suite.proof.shop.fault("crm", mode="down", status=401)
    ask = {"id": node_id("Customer", "crm:C-000001")}
    suite.heard(suite.proof.ask(caller(Role.SYSTEM, Purpose.LEGAL), BY_ID, ask))
    suite.proof.shop.mend()
    secrets = {GATEWAY.client_secret, CRM_KEY, *(each.client_secret for each in PERSONAS.values())}
    assert suite.leaks(canaries | secrets) == []
