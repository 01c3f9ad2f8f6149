"""Compares books with peers: every day by itself, retried hourly, and on request (BIL-14)."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

import structlog

from ..alarms.alarm import AlarmType, Condition
from ..errors import PeerAway, UnknownPeer
from ..reports.reconciliation import (
    Reconciliation,
    StatedCall,
    Tolerance,
    Totals,
    reconcile,
    totals,
)
from ..store.reconciliations import Reconciliations
from ..store.stated import StatedCalls
from .asking import NoAnswer, PeerRefuses
from .messages import Question, What, write_book, write_calls
from .peer import DAY, Book, Direction, Peer, Record, Status, begin_of, conditions, due, judge

HOUR: Final = DAY / 24
PAUSE: Final = 60.0
"""Seconds between two looks at what is due."""

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of a comparison, with its calls when they were asked for."""

    record: Record
    calls: Reconciliation | None = None


class Line(Protocol):
    """Asks peers; both methods raise `NoAnswer` or `PeerRefuses`."""

    async def totals(self, peer: Peer, day: date) -> Book:
        """Return the peer's totals of a day."""

    async def calls(self, peer: Peer, day: date) -> list[StatedCall]:
        """Return the peer's calls of a day."""


class ReconciliationOffice:
    """Keeps the books of traffic with peers. Also a source of alarms."""

    types: Collection[AlarmType] = (AlarmType.RECONCILIATION,)

    def __init__(
        self,
        peers: Callable[[], Collection[Peer]],
        stated: StatedCalls,
        records: Reconciliations,
        line: Line,
        clock: Callable[[], datetime],
    ) -> None:
        self._peers = peers
        self._stated = stated
        self._records = records
        self._line = line
        self._clock = clock

    async def look(self) -> int:
        """Compare what is due; return 0: there is nothing more to do now."""
        if not self._peers():
            return 0
        async with self._records.turn() as ours:
            if ours:
                known = await self._records.latest(self._clock())
                for peer, day in due(self._peers(), known, self._clock()):
                    await self._compare(peer, day)
        return 0

    async def run(self, name: str, day: date, *, calls: bool) -> Comparison:
        """Compare a day now; raise `UnknownPeer`, or `PeerAway` when calls cannot be had."""
        peer = next((one for one in self._peers() if one.name == name), None)
        if peer is None:
            raise UnknownPeer(f"no reconciliation peer is named {name!r}")
        record = await self._compare(peer, day)
        if not calls or record.theirs is None:
            return Comparison(record)
        try:
            theirs = await self._line.calls(peer, day)
        except (NoAnswer, PeerRefuses) as error:
            raise PeerAway(f"{name} does not tell its calls: {error}") from error
        begin = begin_of(day)
        ours = await self._calls(peer.account, peer.direction, begin, begin + DAY)
        tolerance = Tolerance(percent=peer.tolerance)
        return Comparison(record, await asyncio.to_thread(reconcile, ours, theirs, tolerance))

    def find(self, question: Question) -> Peer | None:
        """Return the peer who may ask a question."""
        return next(
            (
                peer
                for peer in self._peers()
                if (peer.account, peer.direction) == (question.account, question.direction)
                and peer.enabled
            ),
            None,
        )

    async def answer(self, question: Question) -> bytes:
        """Return the text of our books that a peer asked for."""
        if question.what is What.TOTALS:
            return write_book(await self._book(question.account, question.direction, question.day))
        begin = begin_of(question.day) + (question.hour or 0) * HOUR
        calls = await self._calls(question.account, question.direction, begin, begin + HOUR)
        return await asyncio.to_thread(write_calls, calls)

    async def conditions(self) -> Iterable[Condition]:
        """Return the peers whose last comparison failed."""
        peers = self._peers()
        return conditions(peers, await self._records.latest(self._clock())) if peers else ()

    async def _compare(self, peer: Peer, day: date) -> Record:
        ours = await self._book(peer.account, peer.direction, day)
        record = await self._ask(peer, day, ours)
        await self._records.put(record)
        tell = log.info if record.status is Status.MATCHED else log.warning
        tell(
            "books_compared",
            peer=peer.name,
            day=str(day),
            status=record.status,
            explanation=record.explanation,
        )
        return record

    async def _ask(self, peer: Peer, day: date, ours: Book) -> Record:
        try:
            theirs = await self._line.totals(peer, day)
        except (NoAnswer, PeerRefuses) as error:
            status = Status.NO_ANSWER if isinstance(error, NoAnswer) else Status.REFUSED
            return Record(peer.name, day, status, self._clock(), ours, explanation=str(error))
        return judge(peer, day, ours, theirs, self._clock())

    async def _book(self, account: str, direction: Direction, day: date) -> Book:
        book = Book(Totals(), None)
        begin = begin_of(day)
        async for part, currency in self._stated.parts(account, direction, begin, begin + DAY):
            book = Book(book.totals + totals(part), currency)
        return book

    async def _calls(
        self, account: str, direction: Direction, begin: datetime, end: datetime
    ) -> list[StatedCall]:
        parts = self._stated.parts(account, direction, begin, end)
        return [call async for part, _ in parts for call in part]
