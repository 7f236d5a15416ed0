"""The systems' calls for contenders written in Python, and what their rows mean."""

import asyncio
import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import orjson

Row = dict[str, Any]

_BASE = "/sap/zretail"
_SPRAS = ("EN", "PL")
_MAX_PRICES = 1_000
_ERP = {"APIKey": "bench", "Content-Type": "application/json"}
_WMS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}
_CRM = {"X-Api-Key": "bench", "Content-Type": "application/json"}
_WARSAW = ZoneInfo("Europe/Warsaw")

STATES = {"A": "OPEN", "B": "PARTLY_FULFILLED", "C": "FULFILLED"}
CHANNELS = {"10": "POS", "20": "WEB", "30": "APP"}
TIERS = {"BRZ": "BRONZE", "SLV": "SILVER", "GLD": "GOLD", "PLT": "PLATINUM"}


class Systems:
    """Calls the systems on kept connections."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the connections' pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64), cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def page(self, search: str | None, first: int, after: str | None) -> Row:
        """Read a page of styles."""
        assert self._session is not None
        query = f"$top={first}&$skip={place(after)}&SPRAS=EN,PL"
        if search:
            query += f"&search={search}"
        async with self._session.get(f"{self._url}{_BASE}/ARTICLES?{query}", headers=_ERP) as found:
            answer: Row = orjson.loads(await found.read())["d"]
            return answer

    async def styles(self, numbers: Sequence[str]) -> Row:
        """Read styles by their numbers."""
        body = {"SATNR": [each.zfill(18) for each in numbers], "SPRAS": _SPRAS}
        answer: Row = (await self._post(f"{_BASE}/ARTICLE_BY_SATNR", body, _ERP))["d"]
        return answer

    async def variants(self, skus: Sequence[str]) -> Row:
        """Read the styles of variants."""
        body = {"MATNR": [each.zfill(18) for each in skus], "SPRAS": _SPRAS}
        answer: Row = (await self._post(f"{_BASE}/ARTICLE_BY_MATNR", body, _ERP))["d"]
        return answer

    async def prices(self, skus: Sequence[str]) -> list[Row]:
        """Read prices, as many at a time as the ERP takes."""
        parts = [skus[start : start + _MAX_PRICES] for start in range(0, len(skus), _MAX_PRICES)]
        today = datetime.now(_WARSAW).strftime("%Y%m%d")
        answers = await asyncio.gather(
            *(
                self._post(
                    f"{_BASE}/PRICES",
                    {
                        "MATNR": [each.zfill(18) for each in part],
                        "VKORG": "PL01",
                        "KONWA": "PLN",
                        "PRSDT": today,
                    },
                    _ERP,
                )
                for part in parts
            )
        )
        return [row for answer in answers for row in answer["d"]["results"]]

    async def stock(self, skus: Sequence[str]) -> list[Row]:
        """Read the stock of every site."""
        answer = await self._post("/v2/stock/query", {"articles": skus}, _WMS)
        rows: list[Row] = answer["articles"]
        return rows

    async def contacts(self, ids: Sequence[str]) -> list[Row]:
        """Read customers."""
        rows: list[Row] = (await self._post("/api/v1/contacts/batch", {"ids": ids}, _CRM))["data"]
        return rows

    async def accounts(self, ids: Sequence[str]) -> list[Row]:
        """Read the memberships of customers."""
        body = {"contactIds": ids}
        rows: list[Row] = (await self._post("/api/v1/loyalty/accounts/batch", body, _CRM))["data"]
        return rows

    async def orders(self, numbers: Sequence[str], first: int) -> list[Row]:
        """Read the first orders of customers."""
        body = {"KUNNR": numbers, "TOP": first, "SKIP": {}}
        answer = await self._post(f"{_BASE}/ORDERS_BY_KUNNR", body, _ERP)
        rows: list[Row] = answer["d"]["results"]
        return rows

    async def _post(self, path: str, body: object, headers: dict[str, str]) -> Row:
        assert self._session is not None
        async with self._session.post(
            self._url + path, data=orjson.dumps(body), headers=headers
        ) as found:
            answer: Row = orjson.loads(await found.read())
            return answer


_MARK = bytes(6)  # stands where the gateway marks the list that a cursor is of


def cursor(end: int) -> str:
    """Write how far a page has come."""
    return base64.urlsafe_b64encode(_MARK + str(end).encode()).rstrip(b"=").decode()


def place(after: str | None) -> int:
    """Read how far the page before has come."""
    if not after:
        return 0
    return int(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))[len(_MARK) :])


def node_id(kind: str, key: str) -> str:
    """Write a global id."""
    return base64.urlsafe_b64encode(f"{kind}:{key}".encode()).rstrip(b"=").decode()


def node_key(text: str) -> str:
    """Read a system's own id out of a global id."""
    plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return plain.rpartition(":")[2]


def english(rows: Sequence[Row], name: str) -> str:
    """The English text, or else the first."""
    for row in rows:
        if row["SPRAS"] == "EN":
            return str(row[name])
    return str(rows[0][name])


def minor(amount: str, pieces: str = "1") -> int:
    """Read an amount. *Units*: minor."""
    return round(float(amount) * 100 / float(pieces))


def value_of(row: Row) -> str:
    """Read a coded value."""
    return english(row["TEXTS"], "ATWTB") if row["TEXTS"] else str(row["ATWRT"])


def conditions(row: Row) -> tuple[int, int, int]:
    """Read a variant's price, list price, and the tax in the price. *Units*: minor."""
    listed = paid = 0
    for each in row["KONP"]:
        if each["KSCHL"] == "PR00":
            listed = minor(each["KBETR"], each["KPEIN"])
        else:
            paid = minor(each["KBETR"], each["KPEIN"])
    paid = paid or listed
    rate = round(float(row["MWST"]["KBETR"]) * 100)
    return paid, listed or paid, (2 * paid * rate + 10_000 + rate) // (2 * (10_000 + rate))


def available(row: Row) -> int:
    """What a site can promise."""
    return max(0, int(row["qoh"]) - int(row["alloc"]) - int(row["ss"]))


def band(pieces: int) -> str:
    """What a shopper is told of it."""
    if pieces <= 0:
        return "NONE"
    if pieces <= 3:
        return "FEW"
    return "SOME" if pieces < 20 else "LOTS"


def by_fullness(row: Row) -> tuple[int, str]:
    """Sort sites, the fullest first."""
    return -available(row), row["site"]


def state_of(order: Row) -> str:
    """How far an order has come."""
    if all(item["ABGRU"] for item in order["VBAP"]):
        return "CANCELLED"
    return STATES[order["GBSTK"]]


def moment(order: Row) -> str:
    """When an order was placed."""
    day, time = order["ERDAT"], order["ERZET"]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}.000Z"


def quantity(text: str) -> str:
    """Write a quantity without needless digits."""
    return text.rstrip("0").rstrip(".") if "." in text else text
