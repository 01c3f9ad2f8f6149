"""Rates in the database: whole decks in generations, of which a group's row names the one in force.

A new deck is written beside the present one in small transactions, so that settlements need not
wait, and comes into force by changing one number. The last decks are kept to go back to.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.database import Database

from ..imports.tally import Counts
from ..money import Currency
from ..rating.deck import Gathering, Rate, RateDeck
from .rate_rows import PRICED, RowWriter, decode_rate
from .tables import RATE_GROUPS, RATE_IMPORTS, RATES

SLICE: Final = 500
"""Rows that are read, written or deleted at once: more would keep calls waiting."""
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


async def read_rates(session: AsyncSession, group: str) -> AsyncIterator[Rate]:
    """Yield the rates of a group that are in force, in the order of their prefixes."""
    present = select(RATE_GROUPS.c.generation).where(RATE_GROUPS.c.name == group)
    query = (
        select(*PRICED)
        .where(RATES.c.rate_group == group, RATES.c.generation == present.scalar_subquery())
        .order_by(RATES.c.prefix, RATES.c.id)
    )
    found = await session.stream(query.execution_options(yield_per=SLICE))
    async for rows in found.partitions():
        for row in rows:
            yield decode_rate(row)


async def read_deck(session: AsyncSession, group: str, currency: Currency | None) -> RateDeck:
    """Return the deck of a group that is in force."""
    gathered = Gathering()
    async for rate in read_rates(session, group):
        gathered.put(rate)
    generation = await generation_of(session, group)
    columns = await asyncio.to_thread(gathered.columns)
    return RateDeck.packed(group, gathered.prices, columns, currency, generation)


async def generation_of(session: AsyncSession, group: str) -> int:
    """Return the generation of a group that is in force, 0 when there is no group."""
    query = select(RATE_GROUPS.c.generation).where(RATE_GROUPS.c.name == group)
    return await session.scalar(query) or 0


async def next_generation(session: AsyncSession, group: str) -> int:
    """Return a number for a new deck of a group."""
    query = select(func.max(RATES.c.generation)).where(RATES.c.rate_group == group)
    highest = await session.scalar(query) or 0
    return max(highest, await generation_of(session, group)) + 1


async def put_deck(session: AsyncSession, deck: RateDeck) -> None:
    """Write the rates of a deck, as its generation."""
    connection = await session.connection()
    writer = RowWriter(connection.dialect, deck)
    for rows in writer.slices(SLICE):
        await connection.exec_driver_sql(writer.statement, rows)


async def draft(database: Database, deck: RateDeck) -> AsyncIterator[int]:
    """Write a deck beside the one in force, as its generation; yield how many rates are written.

    It goes in small transactions that don't wait for the disk. The one that brings the deck into
    force does, for all of them.
    """
    writer = RowWriter(database.engine.dialect, deck)
    done = 0
    for rows in writer.slices(SLICE):
        async with database.drafting() as connection:
            await connection.exec_driver_sql(writer.statement, rows)
        done += len(rows)
        yield done


async def discard(database: Database, group: str, generation: int) -> None:
    """Delete a draft that is not to come into force."""
    await _delete(database, group, RATES.c.generation == generation)


async def switch(session: AsyncSession, group: str, generation: int) -> None:
    """Bring a generation into force; the group's rates come by import from now on."""
    change = update(RATE_GROUPS).where(RATE_GROUPS.c.name == group)
    await session.execute(change.values(generation=generation, imported=True))


async def prune(database: Database, group: str) -> None:
    """Delete decks that are older than those kept."""
    async with database.reading() as session:
        oldest = await generation_of(session, group) - KEPT
    await _delete(database, group, RATES.c.generation <= oldest)


async def _delete(database: Database, group: str, which: ColumnElement[bool]) -> None:
    """Delete rates a slice at a time."""
    slice = select(RATES.c.id).where(RATES.c.rate_group == group, which).limit(SLICE)
    deletion = delete(RATES).where(RATES.c.id.in_(slice.scalar_subquery()))
    deleted = SLICE
    while deleted == SLICE:
        async with database.drafting() as connection:
            deleted = (await connection.execute(deletion)).rowcount


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


def _import(row: dict[str, object]) -> RateImport:
    counts = Counts(**json.loads(str(row["counts"])))
    return RateImport(**{**row, "counts": counts})  # type: ignore[arg-type]
