"""Authentication sessions and nonce counts in this process's memory: one replica, or a test."""

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..admission.sessions import Session

MAX_SESSIONS: Final = 100_000  # about 40 MB; beyond it the oldest goes, whoever floods us


class MemorySessions:
    """Sessions by key, the oldest first."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    async def open(self, key: str, retry: int, longest: timedelta, now: datetime) -> Session:
        session = self._live(key, now)
        if session is None:
            self._make_room(now)
            session = self._sessions[key] = Session(now, retry, longest)
        return session

    async def fail(self, key: str, now: datetime) -> Session | None:
        session = self._live(key, now)
        if session is None:
            return None
        self._sessions[key] = replace(session, failures=session.failures + 1)
        return self._sessions[key]

    async def end(self, key: str) -> None:
        self._sessions.pop(key, None)

    def _live(self, key: str, now: datetime) -> Session | None:
        session = self._sessions.get(key)
        if session is not None and session.forget_at() <= now:
            del self._sessions[key]
            return None
        return session

    def _make_room(self, now: datetime) -> None:
        while self._sessions:
            oldest = next(iter(self._sessions.values()))
            if oldest.forget_at() > now and len(self._sessions) < MAX_SESSIONS:
                return
            self._sessions.popitem(last=False)


class MemoryNonceCounts:
    """The highest count of each nonce and who used it."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, tuple[int, str, datetime]] = OrderedDict()

    async def use(
        self, nonce: str, count: int, request: str, until: datetime, now: datetime
    ) -> bool:
        self._forget(now)
        highest, user, _ = self._used.get(nonce, (0, "", now))
        if count > highest:
            self._used[nonce] = (count, request, until)
            return True
        return (count, request) == (highest, user)

    def _forget(self, now: datetime) -> None:
        while self._used:
            nonce, (_, _, until) = next(iter(self._used.items()))
            if until > now:
                return
            del self._used[nonce]
