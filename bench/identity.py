"""Measures matching against the sandbox's truth: precision and recall over a whole book.

    .venv/bin/python -m bench.identity [--size small|large]

Candidates are found as the gateway finds them (same e-mail, telephone, birthday, or family name,
initial and postal code), every pair is weighed, and what is linked is compared with the truth.
"""

import argparse
import itertools
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from datetime import UTC, datetime

from domain.customer import MAX_MATCHES, Customer, PersonName
from domain.location import Address
from domain.match import LIKELY, POSSIBLE, match, traits
from domain.provenance import PROFILE, Provenance
from sandbox.contact import contact_at, fold
from sandbox.scale import SCALES
from sandbox.twin import link_of, owner_of


def customer(index: int) -> Customer:
    """The contact as the gateway reads it from the CRM, without the numbers that give it away."""
    contact = contact_at(index)
    person = contact.person
    return Customer(
        key=f"crm:{contact.id}",
        number=contact.id,
        name=PersonName(f"{person.given} {person.family}", person.given, person.family),
        email=person.email,
        phone=person.phone,
        birth_date=person.birth,
        addresses=tuple(
            Address(
                lines=(each.street,),
                postal_code=each.postcode,
                city=each.city,
                country=each.country,
            )
            for each in contact.addresses
        ),
        other_emails=(person.other_email,) if person.other_email else (),
        provenance=Provenance("crm", datetime.now(UTC), PROFILE),
    )


def _blocks(found: Customer) -> Iterator[Hashable]:
    for trait in traits(found):
        yield trait.kind, fold(trait.value), fold(trait.given or ""), trait.postal_code


def measure(size: str) -> dict[str, float]:
    """Match the whole book of a retailer; shares from 0 to 1, counts, seconds."""
    count = SCALES[size].contacts
    book = {index: customer(index) for index in range(1, count + 1)}
    started = time.perf_counter()
    blocks: dict[Hashable, list[int]] = defaultdict(list)
    for index, each in book.items():
        for block in _blocks(each):
            blocks[block].append(index)
    pairs = {
        pair
        for members in blocks.values()
        if len(members) <= MAX_MATCHES
        for pair in itertools.combinations(members, 2)
    }
    scores = {pair: match(book[pair[0]], book[pair[1]]).score for pair in pairs}
    seconds = time.perf_counter() - started
    truth = {
        (link.origin, index)
        for index in book
        if (link := link_of(index)) and owner_of(index) != index
    }
    linked = {pair for pair, score in scores.items() if score >= LIKELY}
    looked_at = {pair for pair, score in scores.items() if score >= POSSIBLE}
    wrong = Counter(
        link.kind if (link := link_of(pair[1])) else "STRANGER" for pair in linked - truth
    )
    return {
        "contacts": count,
        "true pairs": len(truth),
        "pairs compared": len(pairs),
        "true pairs among them": len(truth & pairs),
        "linked": len(linked),
        "precision": len(linked & truth) / max(1, len(linked)),
        "recall": len(linked & truth) / max(1, len(truth)),
        "recall with possible": len(looked_at & truth) / max(1, len(truth)),
        "precision with possible": len(looked_at & truth) / max(1, len(looked_at)),
        "seconds": seconds,
        **{f"wrongly linked: {kind}": number for kind, number in wrong.items()},
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.identity")
    parser.add_argument("--size", choices=SCALES, default="large")
    for name, value in measure(parser.parse_args().size).items():
        print(f"{name:28}{value:12.4f}" if value % 1 else f"{name:28}{value:12.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
