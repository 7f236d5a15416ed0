"""What everything that one transaction may change stands on."""

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.seal import Seal
from storage.subject import People, Subjects


class Writer:
    """Changes one kind of thing within one transaction."""

    def __init__(
        self,
        connection: AsyncConnection,
        database: Database,
        seal: Seal,
        subjects: Subjects,
        people: People,
    ) -> None:
        self._connection = connection
        self._database = database
        self._seal = seal
        self._subjects = subjects
        self._people = people
