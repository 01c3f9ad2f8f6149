"""Takes rate files over into rate groups, and back.

What a file makes of a deck is worked out beside the loop, so that calls are served meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.background import to_the_end
from trunkline_kernel.beside import beside
from trunkline_kernel.database import Database
from trunkline_kernel.faults import FailedPrecondition, NotFound
from trunkline_kernel.progress import Progress, Stage
from trunkline_kernel.tables import DocumentChangeRow, lock_clock, tick

from ..documents.live import RATE_GROUP
from ..documents.rate_groups import RateGroupStore
from ..errors import UnknownRateGroup
from ..rating.deck import RateDeck
from ..store.rates import (
    RateImport,
    discard,
    draft,
    find_import,
    generation_of,
    list_imports,
    next_generation,
    note_import,
    note_rollback,
    prune,
    switch,
)
from .comparison import Mode
from .tally import Counts
from .work import DeckPiece, DeckPieces, Job, Report, pieces_of, work_out

MOST_LISTED: Final = 100
CLOCK: Final = "documents"
LARGE_FILE: Final = 100_000
"""Bytes of a file that is read in a process of its own."""
LARGE_DECK: Final = 20_000
"""Rates of a deck that is compared there."""


class NotTheLastImport(FailedPrecondition):
    """Only the last import of a group can be taken back."""

    reason = "NOT_THE_LAST_IMPORT"


class UnknownImport(NotFound):
    """No such import."""

    reason = "UNKNOWN_IMPORT"


@dataclass(frozen=True, slots=True)
class RateFile:
    """A file to be taken over, and how."""

    rate_group: str
    content: bytes
    packed: bool
    """Whether `content` is packed by gzip."""
    mode: Mode
    dry_run: bool
    strict: bool
    """Whether one line that gives no rate stops everything; else it is left out."""
    author: str
    name: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed, or would change."""

    id: int
    """Zero when nothing was to be changed."""
    report: Report


@dataclass(slots=True)
class Outcome:
    """What was worked out."""

    report: Report | None = None
    pieces: DeckPieces = field(default_factory=DeckPieces)


class RateOffice:
    """Imports rates."""

    def __init__(
        self,
        database: Database,
        groups: RateGroupStore,
        decks: Mapping[str, RateDeck],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        """`decks` are those in force here; `changed` makes everybody look at the change log."""
        self._database = database
        self._groups = groups
        self._decks = decks
        self._changed = changed
        self._one_at_a_time = asyncio.Lock()

    async def take_over(self, file: RateFile) -> AsyncGenerator[Progress | ImportResult, None]:
        """Read a file into a group; yield how far that is, then what changed.

        Raises `UnknownRateGroup`, `BadFile` or `UnreadableFile`. Closed before its end it leaves
        everything as it was.
        """
        async with self._one_at_a_time:
            present = await self._present(file.rate_group)
            outcome = Outcome()
            async with aclosing(_worked_out(file, present, outcome)) as steps:
                async for step in steps:
                    yield step
            report = outcome.report
            assert report is not None
            id = 0
            if report.holds:
                deck = await self._numbered(present, outcome.pieces)
                async with aclosing(self._draft(deck)) as steps:
                    async for step in steps:
                        yield step
                id = await to_the_end(self._put_in_force(deck, file, report.counts))
        yield ImportResult(id, report)

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

    async def _present(self, group: str) -> RateDeck:
        """Return the deck in force, from memory unless another replica has put one there since."""
        async with self._database.reading() as session:
            deck = self._decks.get(group)
            if deck is None or deck.generation != await generation_of(session, group):
                deck = await self._groups.read(session, group)
        if deck is None:
            raise UnknownRateGroup(f"no rate group is named {group!r}")
        return deck

    async def _numbered(self, present: RateDeck, pieces: DeckPieces) -> RateDeck:
        """Return the deck that takes the place of `present`, with its generation."""
        async with self._database.reading() as session:
            generation = await next_generation(session, present.name)
        return RateDeck.packed(
            present.name, pieces.prices, pieces.columns, present.currency, generation
        )

    async def _draft(self, deck: RateDeck) -> AsyncGenerator[Progress, None]:
        """Write a deck beside the one in force; without an end nothing of it stays."""
        total, done = len(deck), 0
        try:
            async for done in draft(self._database, deck):
                yield Progress(Stage.STORED, done, total)
        finally:
            if done < total:
                await to_the_end(discard(self._database, deck.name, deck.generation))

    async def _put_in_force(self, deck: RateDeck, file: RateFile, counts: Counts) -> int:
        group = deck.name
        async with self._database.session() as session:
            await lock_clock(session, CLOCK)
            previous = await generation_of(session, group)
            await switch(session, group, deck.generation)
            now = datetime.now(UTC)
            id = await note_import(
                session, group, now, file.author, file.name, counts, deck.generation, previous
            )
            session.add(await self._log_entry(session, group, file.author))
        self._groups.written[group] = deck
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


async def _worked_out(
    file: RateFile, present: RateDeck, outcome: Outcome
) -> AsyncGenerator[Progress, None]:
    """Read and compare, and put into `outcome` what comes of it."""
    large = len(file.content) > LARGE_FILE or len(present) > LARGE_DECK
    pieces = pieces_of(_job(file, present), file.content, present)
    async with beside(work_out, pieces, large=large) as results:
        async for result in results:
            if isinstance(result, Progress):
                yield result
            elif isinstance(result, DeckPiece):
                outcome.pieces.take(result.prices, result.columns)
            else:
                outcome.report = result


def _job(file: RateFile, present: RateDeck) -> Job:
    return Job(
        group=present.name,
        currency=present.currency,
        mode=file.mode,
        packed=file.packed,
        strict=file.strict,
        dry_run=file.dry_run,
    )
