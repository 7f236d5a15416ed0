"""What is personal stands nowhere in clear, and opens only where it was put."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from domain.secret import Secret
from sandbox.contact import Contact, contact_at
from storage.backup import backup
from storage.seal import Seal, SealBrokenError, master_key, new_master_key
from storage.settings import StorageSettings
from storage.store import open_store
from storage.table import WISHLIST
from tests.servers import Postgres
from tests.storage.conftest import MASTER_KEY
from tests.storage.shop import ANNA, MINE, SHARE, Shop, add, create, customer

CONTACTS = 40


def _canaries(contact: Contact) -> list[str]:
    person = contact.person
    street = contact.addresses[0].street if contact.addresses else person.email
    name = f"{person.given} {person.family}"
    return [person.email, person.phone or person.email, street, name]


def _needles(contact: Contact) -> set[bytes]:
    texts = [text for text in _canaries(contact) if text]
    plain = {text.encode() for text in texts}
    return (
        plain
        | {text.encode().hex().encode() for text in texts}
        | {base64.b64encode(each)[:-4] for each in plain}
        | {contact.id.encode()}
    )


async def _write(shop: Shop, contact: Contact) -> None:
    """Write what a careless customer would write where they can, and a careless client too."""
    email, phone, street, name = _canaries(contact)
    viewer = customer(f"crm:{contact.id}", client=f"client of {name}")
    answer = await create(shop, viewer, f"create for {email}", f"{name} {email}")
    assert answer["errors"] == []
    id = answer["data"]["wishlistCreate"]["wishlist"]["id"]
    note = f"{phone}, {street}, {name}"
    answer = await add(shop, viewer, f"add for {email}", id, {"sku": "S1", "note": note})
    assert answer["errors"] == []
    await add(shop, viewer, f"refused for {email}", id, {"sku": "X1", "note": note})
    await shop.ask(SHARE, viewer, input={"idempotencyKey": f"share {email}", "wishlist": id})
    mine = (await shop.ask(MINE, viewer))["data"]["viewer"]["customer"]["wishlists"]
    assert (mine[0]["name"], mine[0]["lines"][0]["note"]) == (f"{name} {email}", note)


def _files(server: Postgres | None, folder: Path) -> list[Path]:
    """All files that the database has: tables, journals, logs; not those of the empty templates."""
    templates: set[str] = set()
    if server is not None:
        server.query("postgres", "checkpoint")
        others = "select oid from pg_database where datname not like 'gateway%'"
        templates.update(server.query("postgres", others).split())
        folder = server.folder
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not (path.parent.parent.name == "base" and path.parent.name in templates)
    ]


def _content(files: Iterable[Path]) -> bytes:
    # Most of a journal is zeros that nobody has written over yet.
    return b"".join(re.sub(rb"\0{32,}", b"\0", path.read_bytes()) for path in files)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_dump_holds_nothing_personal_in_clear(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """No e-mail, telephone number, address, name or customer id of the sandbox can be found.

    Not in the database's files, its journal and its log, while it runs or after, nor in a backup.
    """
    server: Postgres | None = None
    url = f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"
    if kind == "postgresql":
        server = request.getfixturevalue("own_postgres")
        url = server.database()
    store = open_store(StorageSettings(url=url, master_key_env=MASTER_KEY, migrate=True))
    assert await store.start() is None
    shop = Shop(store)
    contacts = [contact_at(number) for number in range(1, CONTACTS + 1)]
    for contact in contacts:
        await _write(shop, contact)
    needles = set().union(*(_needles(contact) for contact in contacts))
    file = tmp_path / "backup"
    await backup(store._database, file)
    content = _content([*_files(server, tmp_path), file])
    await store.close()
    content += _content(_files(server, tmp_path))
    # What is looked for there can be found: the mutations' names stand in clear.
    assert content.count(b"wishlistLinesAdd") >= 2 * CONTACTS
    assert [needle for needle in needles if needle in content] == []


def test_a_value_opens_only_where_it_was_sealed() -> None:
    """A sealed value that was damaged, moved, or sealed by another key is not opened."""
    seal, other = Seal(MASTER_KEY), Seal(Secret(new_master_key()))
    key, wrapped = seal.new_key(b"anna")
    assert seal.unwrap(b"anna", wrapped) == key
    sealed = seal.seal(key, "text", "place")
    assert seal.open(key, sealed, "place") == b"text"
    assert seal.seal(key, "text", "place") != sealed
    assert seal.blind("kind", "text") == Seal(MASTER_KEY).blind("kind", "text")
    assert seal.blind("kind", "text") != seal.blind("other", "text")
    assert seal.blind("kind", "text") != other.blind("kind", "text")
    damaged = bytes([*sealed[:-1], sealed[-1] ^ 1])
    newer = bytes([2, *sealed[1:]])
    for value, place in ((sealed, "elsewhere"), (damaged, "place"), (newer, "place"), (b"", "")):
        with pytest.raises(SealBrokenError):
            seal.open(key, value, place)
    for which, owner in ((seal, b"piotr"), (other, b"anna")):
        with pytest.raises(SealBrokenError):
            which.unwrap(owner, wrapped)


@pytest.mark.parametrize("text", ["short", "ł" * 44, "A" * 44 + "====", "!" * 44])
def test_a_master_key_is_thirty_two_bytes(text: str) -> None:
    """A master key of another form is refused in words that do not show it."""
    with pytest.raises(ValueError, match="it ") as caught:
        master_key(Secret(text))
    assert text not in str(caught.value)
    assert len(master_key(Secret(new_master_key()))) == 32


async def test_a_row_that_was_tampered_with_is_not_shown(settings: StorageSettings) -> None:
    """One customer's sealed name put into another's row is noticed, not shown."""
    store = open_store(settings)
    assert await store.start() is None
    shop = Shop(store)
    for key in (ANNA, "crm:C-9"):
        await create(shop, customer(key), "create-1", f"of {key}")

    async def swap(connection: Any) -> None:
        rows = (await connection.execute(WISHLIST.select())).all()
        for row, other in ((rows[0], rows[1]), (rows[1], rows[0])):
            await connection.execute(
                update(WISHLIST)
                .where(WISHLIST.c.id == row.id)
                .values(sealed_name=other.sealed_name)
            )

    await store._database.write(swap)
    with pytest.raises(SealBrokenError):
        await shop.ask(MINE, customer(ANNA))
    await store.close()
