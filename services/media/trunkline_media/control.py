"""The asyncio shell around the sessions: the engine's facts in, owners' events out.

The engine's descriptor wakes the loop when facts have come up; nothing here runs per packet.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

import structlog
from trunkline_engine import Engine

from .domain.events import (
    Happening,
    RecordingLost,
    SessionEnd,
    SessionEvent,
    SessionProgress,
    SessionStatistics,
)
from .domain.sessions import Sessions

log = structlog.stdlib.get_logger(__name__)

EXPIRY_INTERVAL: Final = 1.0
"""Seconds between two looks at the leases."""

REPLAY: Final = timedelta(seconds=10)
"""How far back a new subscription begins, so that one that broke loses nothing (MED-12)."""

MAX_PENDING: Final = 4096
"""Events kept for one owner. Older ones give way: a call whose event is lost still ends by BYE."""


class EventFeed:
    """Events by owner: recent ones for who comes back, all for who listens."""

    def __init__(self, is_open: Callable[[str], bool]) -> None:
        self._is_open = is_open
        self._recent: dict[str, deque[SessionEvent]] = {}
        self._listeners: dict[str, set[Listener]] = {}

    def tell(self, event: SessionEvent) -> None:
        """Hand an event to whoever listens for its owner, and keep it for a while."""
        self._recent.setdefault(event.owner, deque(maxlen=MAX_PENDING)).append(event)
        for listener in self._listeners.get(event.owner, ()):
            listener.put(event)

    def forget(self, now: datetime) -> None:
        """Drop what is too old to be told again."""
        for owner, events in list(self._recent.items()):
            while events and events[0].time < now - REPLAY:
                events.popleft()
            if not events:
                del self._recent[owner]

    @contextmanager
    def listen(self, owner: str) -> Iterator["Listener"]:
        """Listen for an owner, beginning with recent events of sessions that still stand."""
        listener = Listener()
        for event in self._recent.get(owner, ()):
            if event.leg is None or self._is_open(event.session_id):
                listener.put(event)
        listeners = self._listeners.setdefault(owner, set())
        listeners.add(listener)
        try:
            yield listener
        finally:
            listeners.discard(listener)
            if not listeners:
                self._listeners.pop(owner, None)


class Listener:
    """One subscription's queue. A listener that is too slow loses the oldest."""

    def __init__(self) -> None:
        self._pending: deque[SessionEvent] = deque(maxlen=MAX_PENDING)
        self._arrived = asyncio.Event()

    def put(self, event: SessionEvent) -> None:
        """Queue an event."""
        self._pending.append(event)
        self._arrived.set()

    async def events(self) -> AsyncIterator[SessionEvent]:
        """Yield events as they come. Never ends."""
        while True:
            while self._pending:
                yield self._pending.popleft()
            self._arrived.clear()
            await self._arrived.wait()


class MediaControl:
    """Joins the engine, the sessions and the loop."""

    def __init__(self, engine: Engine, sessions: Sessions) -> None:
        self._engine = engine
        self.sessions = sessions
        self.feed = EventFeed(sessions.is_open)
        self._closings: dict[str, list[asyncio.Future[SessionStatistics]]] = {}
        self._hurries = False
        self._queries: dict[str, asyncio.Future[SessionProgress]] = {}
        self._empty = asyncio.Event()
        self._on_end: list[Callable[[SessionStatistics], None]] = []
        self._on_event: list[Callable[[Happening], None]] = []
        self._on_drain: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Take facts and let leases lapse, until cancelled."""
        self._loop.add_reader(self._engine.fileno(), self._take_facts)
        try:
            while True:
                await asyncio.sleep(EXPIRY_INTERVAL)
                self.sessions.expire(self.now())
                self.feed.forget(datetime.now(UTC))
        finally:
            self._loop.remove_reader(self._engine.fileno())

    def now(self) -> float:
        """Return the loop's time, by which sessions and leases are judged."""
        return self._loop.time()

    def on_end(self, observer: Callable[[SessionStatistics], None]) -> None:
        """Tell `observer` what every session carried, at its end."""
        self._on_end.append(observer)

    async def close(self, session_id: str) -> SessionStatistics:
        """Close a session and return what it carried. Raises `SessionNotFound`."""
        statistics = self.sessions.close(session_id, self.now())
        if statistics is not None:
            return statistics
        if not self._hurries:
            self._hurries = True
            self._loop.call_soon(self._hurry)
        ended: asyncio.Future[SessionStatistics] = self._loop.create_future()
        self._closings.setdefault(session_id, []).append(ended)
        return await ended

    async def progress(self, session_ids: Iterable[str]) -> Sequence[SessionProgress]:
        """Return what the sessions have carried so far. Those that aren't open are left out."""
        known = filter(self.sessions.is_open, dict.fromkeys(session_ids))
        return await asyncio.gather(*map(self._query, known))

    def on_event(self, observer: Callable[[Happening], None]) -> None:
        """Tell `observer` what happens on any session."""
        self._on_event.append(observer)

    def on_drain(self, observer: Callable[[], None]) -> None:
        """Tell `observer` when an owner or operator asks this instance to drain."""
        self._on_drain.append(observer)

    def drain(self) -> None:
        """Take no new session from now on, and let the process end when the last is over."""
        self.sessions.draining = True
        for observe in self._on_drain:
            observe()

    async def drained(self) -> None:
        """Take no new session, and return when the last one has ended."""
        self.sessions.draining = True
        while len(self.sessions):
            self._empty.clear()
            await self._empty.wait()

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        """The event loop, looked up once: every look-up is a system call, for the process id."""
        return asyncio.get_running_loop()

    def _hurry(self) -> None:
        """Wake the relay once for all sessions that this turn of the loop has closed."""
        self._hurries = False
        self._engine.hurry()

    def _take_facts(self) -> None:
        now = self.now()
        for fact in self._engine.poll():
            for outcome in self.sessions.learn(fact, now):
                match outcome:
                    case SessionEvent():
                        self._tell(outcome)
                    case SessionProgress():
                        self._queries.pop(outcome.session_id).set_result(outcome)
                    case SessionEnd():
                        self._settle(outcome)
                    case RecordingLost(session_id, problem):
                        log.warning("recording failed", call_id=session_id, problem=problem)

    def _query(self, session_id: str) -> Awaitable[SessionProgress]:
        """Ask the relay. The answer comes before that to a Close, so that it always comes."""
        answer = self._queries.get(session_id)
        if answer is None:
            answer = self._queries[session_id] = self._loop.create_future()
            self.sessions.query(session_id)
        return asyncio.shield(answer)

    def _tell(self, event: SessionEvent) -> None:
        for observe in self._on_event:
            observe(event.happening)
        self.feed.tell(event)

    def _settle(self, end: SessionEnd) -> None:
        for observe in self._on_end:
            observe(end.statistics)
        for waiting in self._closings.pop(end.session_id, ()):
            if not waiting.done():  # who asked may have left
                waiting.set_result(end.statistics)
        if not len(self.sessions):
            self._empty.set()
