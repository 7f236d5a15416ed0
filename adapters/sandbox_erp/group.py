"""Material groups: the tree of categories, and how many styles stand in each."""

from collections.abc import Mapping, Sequence

from adapters._row import told
from adapters.sandbox_erp import article, message, search
from adapters.sandbox_erp.call import MAX_KEYS, Erp
from domain.ask import Ask
from domain.category import ROOT, Category
from domain.errors import Failure, SourceContract
from domain.provenance import CATALOGUE


class Groups:
    """Reads material groups; one call for all of them, or for the counts of up to 200."""

    def __init__(self, erp: Erp) -> None:
        self._erp = erp

    async def category_by_key(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, Category | Failure]:
        """Read material groups; the ERP has one call for all of them."""
        codes = self._erp.own(keys)
        if not codes:
            return {}
        groups = await self._groups("category_by_key", ask)
        return {key: found for key, found in groups.items() if key in keys}

    async def categories_by_parent(
        self, parents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Category | Failure]]:
        """Read what stands below material groups, or at the top."""
        wanted = {*self._erp.own(parents), *(each for each in parents if each == ROOT)}
        if not wanted:
            return {}
        groups = await self._groups("categories_by_parent", ask)
        found: dict[str, list[Category | Failure]] = {ROOT: [], **{key: [] for key in groups}}
        with self._erp.upstream.contract("categories_by_parent"):
            for key, category in groups.items():
                found[article.above(key)].append(category)
        return {parent: found[parent] for parent in parents if parent in found}

    async def product_count_by_category(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, int | Failure]:
        """Count the styles in material groups and below."""
        call = "product_count_by_category"

        async def fetch(codes: Sequence[str]) -> dict[str, int | Failure]:
            name, body, kind = "MATERIAL_GROUP_COUNTS", {"MATKL": codes}, message.GroupCount
            rows = await self._erp.rows(name, body, kind, ask, call, message.GROUP_ROWS)
            asked = {code: f"{system}:{code}" for code in codes}
            return self._erp.by_key(rows, lambda row: (row.matkl,), _counted, asked, call)

        codes = [code for code in self._erp.own(keys) if search.is_group(code)]
        system = self._erp.upstream.system
        parts = await self._erp.upstream.chunked(codes, MAX_KEYS, fetch)
        return {key: count for part in parts for key, count in part.items()}

    async def _groups(self, call: str, ask: Ask) -> dict[str, Category | SourceContract]:
        spoken = article.languages(ask.language)
        results = await self._erp.get(
            "MATERIAL_GROUPS",
            [("SPRAS", ",".join(spoken))],
            message.Results[message.Group],
            ask,
            call,
            (message.GROUP_ROWS,),
        )
        reader = article.Reader((), spoken, "", self._erp.now(CATALOGUE))
        system = self._erp.upstream.system
        rows = told(
            system,
            call,
            results.results,
            lambda row: (row.matkl,),
            lambda row: reader.category(row.matkl, row.t023t),
        )
        found: dict[str, Category | SourceContract] = {}
        for codes, category in rows:
            if not codes and isinstance(category, SourceContract):
                raise category
            found |= {f"{system}:{code}": category for code in codes}
        return found


def _counted(row: message.GroupCount) -> int:
    if row.anzahl < 0:
        raise ValueError("a count is below zero")
    return row.anzahl
