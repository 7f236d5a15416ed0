"""Which document an operation means: its text, an id it left here, or one the retailer trusts."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import structlog
from msgspec import Struct

from domain.configuration import ConfigurationError, Problem
from domain.document import DocumentStore, digest_of
from domain.errors import BadInput, DocumentNotFound, Forbidden, QueryTooComplex
from domain.task import beside
from domain.viewer import Viewer
from transport.parameter import Parameters
from transport.settings import DocumentMode, DocumentSettings

_log = structlog.get_logger("transport")
_MAX_MANIFEST = 64_000_000
_PREFIX = "sha256:"
# Word for word what the clients that send documents once look for.
_NOT_FOUND = "PersistedQueryNotFound"
_NOT_SUPPORTED = "PersistedQueryNotSupported"


class Document(Struct, frozen=True):
    """The text to execute, and whether the retailer knows it."""

    text: str
    is_trusted: bool


class Manifest:
    """The trusted documents, read from one file and read again when it changes."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)
        self._stamp: tuple[int, int] | None = None
        self._texts: Mapping[str, str] = {}
        self._known: frozenset[str] = frozenset()

    def load(self) -> None:
        """Read the file where it has changed. *Errors*: ``ConfigurationError``; the old stays."""
        try:
            found = self._file.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            if found.st_size > _MAX_MANIFEST:
                raise ValueError(f"it has {found.st_size} bytes")
            texts = read_manifest(self._file.read_bytes())
        except (OSError, ValueError) as error:
            allowed = (
                f"a manifest as Relay, Apollo or urql tools write it, to {_MAX_MANIFEST} bytes"
            )
            key = "transport.documents.manifest"
            raise ConfigurationError([Problem(key, str(error), allowed)]) from None
        self._stamp = stamp
        self._texts = texts
        self._known = frozenset(digest_of(text) for text in texts.values())

    def text(self, document_id: str) -> str | None:
        """Give the document of an id, with or without the name of its digest before it."""
        found = self._texts.get(document_id)
        if found is None and document_id.startswith(_PREFIX):
            found = self._texts.get(document_id.removeprefix(_PREFIX))
        elif found is None:
            found = self._texts.get(_PREFIX + document_id)
        return found

    def holds(self, text: str) -> bool:
        """Tell whether a text is one of them, letter for letter."""
        return digest_of(text) in self._known


class DocumentReader:
    """Finds the document of each request.

    *Source*: GraphQL over HTTP, appendix A (persisted documents); Apollo's automatic persisted
    queries, version 1.
    """

    def __init__(self, settings: DocumentSettings, store: DocumentStore) -> None:
        self._settings = settings
        self._store = store
        self._manifest = Manifest(settings.manifest) if settings.manifest else None
        self._requires = settings.mode is DocumentMode.REQUIRE
        self._exempt = frozenset(settings.exempt)
        if self._manifest is not None:
            self._manifest.load()
        elif self._requires:
            key = "transport.documents.mode"
            raise ConfigurationError([Problem(key, "require", "a manifest beside it")])

    async def read(self, parameters: Parameters, viewer: Viewer) -> Document:
        """Give the document of a request.

        *Errors*: ``DocumentNotFound`` for an id that nobody left here; ``BadInput`` where the
        text is not what its digest says; ``Forbidden`` in mode ``require`` for a text of the
        caller's own.
        """
        text = parameters.query
        if parameters.document_id is not None:
            found = await self._named(parameters.document_id, parameters, viewer)
            if found is not None:
                return found
        assert text is not None, "without an id there is a text"
        is_trusted = self._manifest is None or self._manifest.holds(text)
        if not is_trusted:
            self._question(text, parameters.operation_name, viewer)
        return Document(text, is_trusted)

    async def _named(self, name: str, parameters: Parameters, viewer: Viewer) -> Document | None:
        if self._manifest is not None and (text := self._manifest.text(name)) is not None:
            return Document(text, is_trusted=True)
        can_keep = self._settings.automatic and not self._is_closed(viewer)
        digest = name.removeprefix(_PREFIX)
        if parameters.query is None:
            if parameters.is_automatic and not can_keep:
                raise DocumentNotFound(_NOT_SUPPORTED)
            kept = await self._store.read(digest) if can_keep else None
            if kept is None:
                raise DocumentNotFound(_NOT_FOUND)
            return Document(kept, self._manifest is None or self._manifest.holds(kept))
        if not parameters.is_automatic:
            return None
        if hashlib.sha256(parameters.query.encode()).hexdigest() != digest:
            raise BadInput(
                "extensions.persistedQuery.sha256Hash", digest, "the SHA-256 of 'query', as hex"
            )
        if len(parameters.query) > self._settings.max_document:
            raise QueryTooComplex(
                f"The document has {len(parameters.query)} characters; kept are documents of at "
                f"most {self._settings.max_document}."
            )
        if can_keep:
            await self._store.keep(parameters.query)
        return None

    def _question(self, text: str, name: str | None, viewer: Viewer) -> None:
        if self._is_closed(viewer):
            raise Forbidden(
                "Only documents that the retailer has registered are served; send the id of one."
            )
        digest = digest_of(text)
        _log.info("unknown document", digest=digest, operation=(name or "")[:64] or None)

    def _is_closed(self, viewer: Viewer) -> bool:
        return self._requires and viewer.role not in self._exempt

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Read the manifest again when it changes, while the block runs."""
        if self._manifest is None:
            yield
            return
        async with beside(partial(self._watch, self._manifest)):
            yield

    async def _watch(self, manifest: Manifest) -> None:
        while True:
            await asyncio.sleep(self._settings.reload)
            try:
                await asyncio.to_thread(manifest.load)
            except ConfigurationError as error:
                # What was trusted before stays trusted; the file may be half written.
                _log.error("manifest", problem=str(error))


def read_manifest(content: bytes) -> Mapping[str, str]:
    """Read trusted documents by their ids.

    *Shape*: one object of id and text, as relay-compiler (``persistConfig.file``), GraphQL Code
    Generator's client preset and gql.tada write it; or Apollo's
    ``apollo-persisted-query-manifest``, version 1.

    *Errors*: ``ValueError`` for anything else.
    """
    found: Any = orjson.loads(content)
    if isinstance(found, dict) and "operations" in found:
        if found.get("format") != "apollo-persisted-query-manifest" or found.get("version") != 1:
            raise ValueError("its format is not apollo-persisted-query-manifest, version 1")
        entries = found["operations"]
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise ValueError("its operations are not a list of objects")
        pairs = [(each.get("id"), each.get("body")) for each in entries]
    elif isinstance(found, dict):
        pairs = list(found.items())
    else:
        raise ValueError("it is not a JSON object")
    if not all(isinstance(name, str) and isinstance(text, str) for name, text in pairs):
        raise ValueError("an id or a document in it is not text")
    return dict(pairs)
