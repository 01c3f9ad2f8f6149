"""Takes rate files over into rate groups, and back.

Reading and comparing go on in a thread, so that calls are served meanwhile.
"""

import asyncio
import heapq
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.background import collector_resting
from trunkline_kernel.database import Database
from trunkline_kernel.faults import FailedPrecondition, NotFound
from trunkline_kernel.sheets import SAMPLE_LINES, text_of
from trunkline_kernel.tables import DocumentChangeRow, lock_clock, tick

from ..documents.live import RATE_GROUP
from ..documents.rate_groups import RateGroupStore
from ..errors import UnknownRateGroup
from ..rating.deck import Rate, RateDeck
from ..store.rates import (
    RateImport,
    find_import,
    generation_of,
    list_imports,
    note_import,
    note_rollback,
    prune,
    switch,
    write_beside,
)
from .comparison import Comparison, Difference, Mode, compare
from .dialect import Dialect, detect
from .reader import LineError, read
from .tally import Counts, tally

MOST_LISTED: Final = 100
MOST_DIFFERENCES: Final = 1000
CLOCK: Final = "documents"


class NotTheLastImport(FailedPrecondition):
    """Only the last import of a group can be taken back."""

    reason = "NOT_THE_LAST_IMPORT"


class UnknownImport(NotFound):
    """No such import."""

    reason = "UNKNOWN_IMPORT"


@dataclass(slots=True)
class FileReading:
    """What a file holds."""

    dialect: Dialect
    rates: list[Rate] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed, or would change."""

    id: int
    dialect: Dialect
    differences: Sequence[Difference]
    """The first of them, at most `MOST_DIFFERENCES`."""
    errors: Sequence[LineError]
    """The first of them, at most `MOST_DIFFERENCES`."""
    counts: Counts


class RateOffice:
    """Imports rates."""

    def __init__(
        self,
        database: Database,
        groups: RateGroupStore,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        """`changed` makes everybody look at the change log."""
        self._database = database
        self._groups = groups
        self._changed = changed
        self._one_at_a_time = asyncio.Lock()

    async def take_over(
        self,
        group: str,
        content: bytes,
        mode: Mode,
        *,
        dry_run: bool,
        strict: bool,
        author: str,
        file_name: str,
    ) -> ImportResult:
        """Read a file into a group; raise `UnknownRateGroup` or `BadFile`.

        Lines that give no rate are left out; when `strict`, one of them stops everything.
        """
        async with self._one_at_a_time:
            with collector_resting():
                reading = await asyncio.to_thread(_read, content)
                async with self._database.reading() as session:
                    present = await self._groups.read(session, group)
                if present is None:
                    raise UnknownRateGroup(f"no rate group is named {group!r}")
                comparison = await asyncio.to_thread(compare, present, reading.rates, mode)
                counts = await asyncio.to_thread(tally, comparison, len(reading.errors))
                id = 0
                stops = dry_run or (strict and reading.errors)
                if comparison.differences and not stops:
                    id = await self._take_over(group, comparison, counts, author, file_name)
                differences = await asyncio.to_thread(_first, comparison.differences)
                errors = reading.errors[:MOST_DIFFERENCES]
                await asyncio.to_thread(_let_go, reading, present, comparison)
        return ImportResult(id, reading.dialect, differences, errors, counts)

    async def imports(self, group: str) -> list[RateImport]:
        """Return the imports of a group, newest first."""
        async with self._database.reading() as session:
            return await list_imports(session, group, MOST_LISTED)

    async def take_back(self, id: int, author: str) -> int:
        """Put a group back to what it was before its last import; return how many rates it has."""
        async with self._one_at_a_time:
            async with self._database.session() as session:
                await lock_clock(session, CLOCK)
                found = await find_import(session, id)
                if found is None:
                    raise UnknownImport(f"no import has number {id}")
                present = await generation_of(session, found.rate_group)
                if found.rolled_back or present != found.generation:
                    raise NotTheLastImport(f"import {id} is not what {found.rate_group} holds now")
                await switch(session, found.rate_group, found.previous)
                await note_rollback(session, id)
                session.add(await self._log_entry(session, found.rate_group, author))
                deck = await self._groups.read(session, found.rate_group)
            assert deck is not None
            self._groups.written[found.rate_group] = deck
            await self._changed()
        return len(deck)

    async def _take_over(
        self, group: str, comparison: Comparison, counts: Counts, author: str, file_name: str
    ) -> int:
        rates = await asyncio.to_thread(list, comparison.deck)
        generation = await write_beside(self._database, group, rates)
        async with self._database.session() as session:
            await lock_clock(session, CLOCK)
            previous = await generation_of(session, group)
            await switch(session, group, generation)
            now = datetime.now(UTC)
            id = await note_import(
                session, group, now, author, file_name, counts, generation, previous
            )
            session.add(await self._log_entry(session, group, author))
        self._groups.written[group] = comparison.deck
        await self._changed()
        await prune(self._database, group)
        return id

    async def _log_entry(self, session: AsyncSession, group: str, author: str) -> DocumentChangeRow:
        return DocumentChangeRow(
            revision=await tick(session, CLOCK, 1),
            kind=RATE_GROUP,
            name=group,
            deleted=False,
            author=author or "unknown",
            changed_at=datetime.now(UTC),
        )


def _first(differences: Sequence[Difference]) -> list[Difference]:
    """Return the first ones by prefix, without the sort of all that nothing can interrupt."""
    return heapq.nsmallest(MOST_DIFFERENCES, differences, key=lambda one: one.prefix)


def _let_go(reading: FileReading, present: RateDeck, comparison: Comparison) -> None:
    """Free a file's rates one by one, in a thread: all at once they would keep calls waiting."""
    present.dismantle()
    for rows in (reading.rates, reading.errors, comparison.differences):
        while rows:
            rows.pop()


def _read(content: bytes) -> FileReading:
    text = text_of(content)
    reading = FileReading(detect(list(islice(io.StringIO(text), SAMPLE_LINES))))
    for row in read(io.StringIO(text), reading.dialect):
        if isinstance(row, LineError):
            reading.errors.append(row)
        else:
            reading.rates.append(row)
    return reading
