"""Redemptions of coupons in the database.

Whoever wants to hold a code writes its row first, which makes everybody else wait, and only then
compares what is used with the limit: so that no two can take the last one, in however many
processes. What has run out is counted out by the next who comes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ask import Ask
from domain.coupon import Claim
from storage.database import Database
from storage.subject import Subjects
from storage.table import COUPON, REDEMPTION
from storage.writer import Writer


class CouponReader:
    """Reads what is left of coupons in batches; implements ``CouponPort``."""

    def __init__(self, database: Database, subjects: Subjects) -> None:
        self._database = database
        self._subjects = subjects

    async def redeemable_by_claim(self, claims: Sequence[Claim], ask: Ask) -> Mapping[Claim, bool]:
        """Tell of each claim whether it could be held now, or is held already."""
        codes = {claim.code for claim in claims}
        now = datetime.now(UTC)
        counts = (REDEMPTION.c.code.in_(codes), REDEMPTION.c.expires_at > now)

        async def transaction(connection: AsyncConnection) -> Mapping[Claim, bool]:
            people = await self._subjects.find(connection, {claim.customer for claim in claims})
            # The counter has in it what ran out and nobody has counted out yet.
            used = Counter(
                {
                    row.code: row.used
                    for row in await connection.execute(
                        select(COUPON).where(COUPON.c.code.in_(codes))
                    )
                }
            )
            over = await connection.execute(
                select(REDEMPTION.c.code, func.count().label("used"))
                .where(REDEMPTION.c.code.in_(codes), REDEMPTION.c.expires_at <= now)
                .group_by(REDEMPTION.c.code)
            )
            used.subtract({row.code: row.used for row in over})
            taken = await connection.execute(
                select(REDEMPTION.c.code, REDEMPTION.c.taker, REDEMPTION.c.subject_id).where(
                    *counts,
                    or_(
                        REDEMPTION.c.taker.in_({claim.taker for claim in claims}),
                        REDEMPTION.c.subject_id.in_({each.id for each in people.values()}),
                    ),
                )
            )
            has: set[tuple[str, str]] = set()
            by_person: Counter[tuple[str, UUID]] = Counter()
            for row in taken:
                has.add((row.code, row.taker))
                by_person[row.code, row.subject_id] += 1
            found: dict[Claim, bool] = {}
            for claim in claims:
                person = people.get(claim.customer)
                own = by_person[claim.code, person.id] if person else 0
                found[claim] = (claim.code, claim.taker) in has or _fits(
                    claim, used[claim.code], own
                )
            return found

        return await self._database.answer(transaction, ask)


class CouponWriter(Writer):
    """Holds coupons within one transaction; implements ``CouponChanges``."""

    async def hold(self, claims: Sequence[Claim], until: datetime) -> Sequence[Claim]:
        """Hold codes for their takers until then, and tell which cannot be had any more."""
        refused = []
        # In an order that is the same for everybody, so that no two wait for each other.
        for claim in sorted(claims, key=lambda claim: claim.code):
            person = await self._people.know(claim.customer)
            used = await self._lock(claim.code)
            if await self._has(claim, until):
                continue
            by_person = await self._connection.scalar(
                select(func.count()).where(
                    REDEMPTION.c.code == claim.code, REDEMPTION.c.subject_id == person.id
                )
            )
            if not _fits(claim, used, by_person or 0):
                refused.append(claim)
                continue
            await self._connection.execute(
                insert(REDEMPTION).values(
                    code=claim.code,
                    taker=claim.taker,
                    subject_id=person.id,
                    created_at=datetime.now(UTC),
                    expires_at=until,
                )
            )
            await self._count(claim.code, 1)
        return refused

    async def release(self, taker: str, codes: Sequence[str] | None = None) -> None:
        """Let go of what a taker holds, of these codes or of all."""
        for code in await self._held(taker):
            if codes is not None and code not in codes:
                continue
            await self._lock(code)
            let_go = await self._connection.execute(
                delete(REDEMPTION).where(REDEMPTION.c.taker == taker, REDEMPTION.c.code == code)
            )
            await self._count(code, -let_go.rowcount)

    async def _has(self, claim: Claim, until: datetime) -> bool:
        """Tell whether its taker has the code already, and hold it until then where it has."""
        held = await self._connection.execute(
            update(REDEMPTION)
            .where(REDEMPTION.c.code == claim.code, REDEMPTION.c.taker == claim.taker)
            .values(expires_at=until)
        )
        return bool(held.rowcount)

    async def _held(self, taker: str) -> Sequence[str]:
        rows = await self._connection.scalars(
            select(REDEMPTION.c.code).where(REDEMPTION.c.taker == taker).order_by(REDEMPTION.c.code)
        )
        return rows.all()

    async def _lock(self, code: str) -> int:
        """Keep everybody else from the code, count out what ran out, and tell what is used."""
        await self._connection.execute(
            self._database.insert(COUPON)
            .values(code=code, used=0)
            .on_conflict_do_update(index_elements=[COUPON.c.code], set_={"used": COUPON.c.used})
        )
        over = await self._connection.execute(
            delete(REDEMPTION).where(
                REDEMPTION.c.code == code, REDEMPTION.c.expires_at <= datetime.now(UTC)
            )
        )
        await self._count(code, -over.rowcount)
        used = await self._connection.scalar(select(COUPON.c.used).where(COUPON.c.code == code))
        return used or 0

    async def _count(self, code: str, change: int) -> None:
        if change:
            await self._connection.execute(
                update(COUPON).where(COUPON.c.code == code).values(used=COUPON.c.used + change)
            )


def _fits(claim: Claim, used: int, by_person: int) -> bool:
    return (claim.limit is None or used < claim.limit) and (
        claim.limit_per_customer is None or by_person < claim.limit_per_customer
    )
