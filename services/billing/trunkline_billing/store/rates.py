"""Rates in the database: whole decks in generations, of which a group's row names the one in force.

A new deck is written beside the present one in small transactions, so that settlements need not
wait, and comes into force by changing one number. The last decks are kept to go back to.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.database import Database

from ..imports.tally import Counts
from ..rating.deck import Rate
from .rate_rows import PRICED, decode_rate, encode_rate
from .tables import RATE_GROUPS, RATE_IMPORTS, RATES

SLICE: Final = 500
"""Rows that are read or written at once: more would keep calls waiting."""
KEPT: Final = 5
"""Generations that are kept, the present one included."""


@dataclass(frozen=True, slots=True)
class RateImport:
    """A file that was taken over."""

    id: int
    rate_group: str
    time: datetime
    author: str
    file_name: str
    counts: Counts
    generation: int
    previous: int
    rolled_back: bool


async def read_rates(session: AsyncSession, group: str) -> list[Rate]:
    """Return the rates of a group that are in force, in the order of their prefixes."""
    present = select(RATE_GROUPS.c.generation).where(RATE_GROUPS.c.name == group)
    query = (
        select(*PRICED)
        .where(RATES.c.rate_group == group, RATES.c.generation == present.scalar_subquery())
        .order_by(RATES.c.prefix, RATES.c.id)
    )
    found = await session.stream(query.execution_options(yield_per=SLICE))
    return [decode_rate(row) async for rows in found.partitions() for row in rows]


async def generation_of(session: AsyncSession, group: str) -> int:
    """Return the generation of a group that is in force, 0 when there is no group."""
    query = select(RATE_GROUPS.c.generation).where(RATE_GROUPS.c.name == group)
    return await session.scalar(query) or 0


async def next_generation(session: AsyncSession, group: str) -> int:
    """Return a number for a new deck of a group."""
    query = select(func.max(RATES.c.generation)).where(RATES.c.rate_group == group)
    highest = await session.scalar(query) or 0
    return max(highest, await generation_of(session, group)) + 1


async def put_rates(
    session: AsyncSession, group: str, generation: int, rates: Iterable[Rate]
) -> None:
    """Write rates of a generation."""
    rows = [encode_rate(group, generation, rate) for rate in rates]
    if rows:
        await session.execute(insert(RATES), rows)


async def write_beside(database: Database, group: str, rates: Sequence[Rate]) -> int:
    """Write a new deck in small transactions and return its generation, not yet in force."""
    async with database.session() as session:
        generation = await next_generation(session, group)
        await put_rates(session, group, generation, rates[:1])
    for part in _slices(rates[1:]):
        async with database.session() as session:
            await put_rates(session, group, generation, part)
    return generation


async def switch(session: AsyncSession, group: str, generation: int) -> None:
    """Bring a generation into force; the group's rates come by import from now on."""
    change = update(RATE_GROUPS).where(RATE_GROUPS.c.name == group)
    await session.execute(change.values(generation=generation, imported=True))


async def prune(database: Database, group: str) -> None:
    """Delete decks that are older than those kept, a slice at a time."""
    async with database.reading() as session:
        oldest = await generation_of(session, group) - KEPT
    old = select(RATES.c.id).where(RATES.c.rate_group == group, RATES.c.generation <= oldest)
    while True:
        async with database.session() as session:
            ids = list(await session.scalars(old.limit(SLICE)))
            if not ids:
                return
            await session.execute(delete(RATES).where(RATES.c.id.in_(ids)))


async def note_import(
    session: AsyncSession,
    group: str,
    time: datetime,
    author: str,
    file_name: str,
    counts: Counts,
    generation: int,
    previous: int,
) -> int:
    """Write down an import and return its number."""
    row = insert(RATE_IMPORTS).values(
        rate_group=group,
        time=time,
        author=author,
        file_name=file_name,
        counts=json.dumps(asdict(counts)),
        generation=generation,
        previous=previous,
        rolled_back=False,
    )
    return int((await session.execute(row.returning(RATE_IMPORTS.c.id))).scalar_one())


async def find_import(session: AsyncSession, id: int) -> RateImport | None:
    """Return one import."""
    row = (await session.execute(select(RATE_IMPORTS).where(RATE_IMPORTS.c.id == id))).first()
    return None if row is None else _import(row._asdict())


async def list_imports(session: AsyncSession, group: str, limit: int) -> list[RateImport]:
    """Return the imports of a group, newest first."""
    query = (
        select(RATE_IMPORTS)
        .where(RATE_IMPORTS.c.rate_group == group)
        .order_by(RATE_IMPORTS.c.id.desc())
        .limit(limit)
    )
    return [_import(row._asdict()) for row in await session.execute(query)]


async def note_rollback(session: AsyncSession, id: int) -> None:
    """Write down that an import was taken back."""
    change = update(RATE_IMPORTS).where(RATE_IMPORTS.c.id == id)
    await session.execute(change.values(rolled_back=True))


def _slices(rates: Sequence[Rate]) -> Iterable[Sequence[Rate]]:
    return (rates[start : start + SLICE] for start in range(0, len(rates), SLICE))


def _import(row: dict[str, object]) -> RateImport:
    counts = Counts(**json.loads(str(row["counts"])))
    return RateImport(**{**row, "counts": counts})  # type: ignore[arg-type]
