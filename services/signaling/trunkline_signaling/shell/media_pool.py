"""The media instances: the least busy one takes a new session, and each keeps those it has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from ..calls.cdr import MediaStatistics
from ..calls.events import Event, MediaLost
from ..calls.services import (
    CloseMedia,
    ConnectMedia,
    DigitsSent,
    MediaClosed,
    MediaConnected,
    MediaLoad,
    MediaOpened,
    OpenMedia,
    Play,
    PlayBegun,
    PlayStopped,
    SendDigits,
    ServiceError,
    StopPlay,
)

log = structlog.stdlib.get_logger(__name__)

LOOK_INTERVAL: Final = 2.0
"""Seconds between two looks at an instance's load."""
RETURN_INTERVAL: Final = 0.25
"""Seconds between two looks at an instance that does not answer: it is to be used soon again."""
LEASE_INTERVAL: Final = 10.0
"""Seconds between two renewals; media closes sessions of an owner unheard of for 30 s."""
LOST_AFTER: Final = 5.0
"""Seconds an instance may be out of reach before its calls are given up."""
TRIES: Final = 2
"""Instances that are asked for one session."""


class MediaInstance(Protocol):
    """One media instance. Every method raises `ServiceError`."""

    async def open(self, question: OpenMedia, epoch: str) -> MediaOpened:
        """Open a session."""

    async def connect(self, question: ConnectMedia) -> MediaConnected:
        """Change legs."""

    async def close(self, question: CloseMedia) -> MediaClosed:
        """End a session."""

    async def statistics(self, call_ids: Sequence[str]) -> Mapping[str, MediaStatistics]:
        """Return what the legs of open sessions have sent so far."""

    async def send_digits(self, question: SendDigits) -> DigitsSent:
        """Send keys to a leg."""

    async def play(self, question: Play) -> PlayBegun:
        """Play to a leg."""

    async def stop_play(self, question: StopPlay) -> PlayStopped:
        """Play nothing to a leg."""

    async def load(self) -> MediaLoad:
        """Return how busy it is."""

    async def renew_leases(self, owner: str, epoch: str) -> int:
        """Keep the owner's sessions; return how many there are."""

    def events(self, owner: str) -> AsyncIterator[tuple[str, Event]]:
        """Yield what happens on the owner's sessions."""


class _Member:
    """One instance, as far as it is known."""

    def __init__(self, instance: MediaInstance) -> None:
        self.instance = instance
        self.name = ""
        self.score = 0.0
        """How busy it is, 0.0 to 1.0; the sessions opened since the last look included."""
        self.step = 0.0
        """What one session adds to the score."""
        self.usable = False
        """It has answered lately."""
        self.draining = False
        self.calls: set[str] = set()
        """Calls that have a session there."""
        self.doubtful: set[str] = set()
        """Calls that may have one still, to be closed: no answer to Open or Close, or given up."""
        self.lost_at: float | None = None

    def look(self, load: MediaLoad) -> None:
        """Take note of its load."""
        self.name = load.instance
        self.step = 1 / max(load.capacity, 1)
        self.score = max(load.sessions * self.step, load.busy)
        self.usable = True
        self.draining = load.draining


class MediaPool:
    """Satisfies `MediaService` over all instances."""

    def __init__(self, owner: str, epoch: str, tell: Callable[[str, Event], bool]) -> None:
        """`tell` hands an event to a call by its id."""
        self._owner = owner
        self._epoch = epoch
        self._tell = tell
        self._members: dict[str, _Member] = {}

    async def open(self, question: OpenMedia) -> MediaOpened:
        """Open a session on the instance that is least busy, or on the next one."""
        failure = ServiceError("no media instance can be reached")
        for member in self._by_load()[:TRIES]:
            in_doubt = question.call_id in member.doubtful
            member.doubtful.discard(question.call_id)  # else what opens now might be closed
            try:
                opened = await member.instance.open(question, self._epoch)
            except ServiceError as error:
                failure = error
                if not (error.exhausted or error.refused):
                    member.usable, in_doubt = False, True
                if in_doubt:
                    member.doubtful.add(question.call_id)
                continue
            member.name = opened.instance
            member.score += member.step
            member.calls.add(question.call_id)
            return opened
        raise failure

    async def connect(self, question: ConnectMedia) -> MediaConnected:
        """Change legs."""
        return await self._named(question.instance).instance.connect(question)

    async def close(self, question: CloseMedia) -> MediaClosed:
        """End a session."""
        member = self._named(question.instance)
        member.calls.discard(question.call_id)
        member.doubtful.add(question.call_id)
        closed = await member.instance.close(question)
        member.doubtful.discard(question.call_id)
        return closed

    async def send_digits(self, question: SendDigits) -> DigitsSent:
        """Send keys to a leg."""
        return await self._named(question.instance).instance.send_digits(question)

    async def play(self, question: Play) -> PlayBegun:
        """Play to a leg."""
        return await self._named(question.instance).instance.play(question)

    async def stop_play(self, question: StopPlay) -> PlayStopped:
        """Play nothing to a leg."""
        return await self._named(question.instance).instance.stop_play(question)

    async def statistics(self, calls: Mapping[str, Sequence[str]]) -> Mapping[str, MediaStatistics]:
        """Return what calls carry now, by id; `calls` are those of each instance, by its name.

        Of an instance that gives no answer nothing is known.
        """
        found = await asyncio.gather(*(self._statistics(*each) for each in calls.items()))
        return {call_id: one for each in found for call_id, one in each.items()}

    async def _statistics(
        self, instance: str, call_ids: Sequence[str]
    ) -> Mapping[str, MediaStatistics]:
        try:
            return await self._named(instance).instance.statistics(call_ids)
        except ServiceError as error:
            log.info("figures of media are unknown", instance=instance, error=error.explanation)
            return {}

    async def serve(self, key: str, instance: MediaInstance) -> None:
        """Use an instance until cancelled."""
        member = self._members[key] = _Member(instance)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(member))
                tasks.create_task(_repeat(LEASE_INTERVAL, lambda: self._renew(member)))
                tasks.create_task(_repeat(LOOK_INTERVAL / 2, lambda: self._listen(member)))
        finally:
            self._members.pop(key, None)
            self._give_up(member, "the instance is gone")

    @property
    def ready(self) -> bool:
        """Tell whether an instance has answered lately that takes sessions."""
        return any(member.usable and not member.draining for member in self._members.values())

    def idle(self, key: str) -> bool:
        """Tell whether an instance has no session of ours."""
        member = self._members.get(key)
        return member is None or not member.calls

    def _by_load(self) -> list[_Member]:
        """Return whom to ask: who answers, the least busy first, then who may answer again."""
        staying = [member for member in self._members.values() if not member.draining]
        return sorted(staying, key=lambda member: (not member.usable, member.score))

    def _named(self, name: str) -> _Member:
        for member in self._members.values():
            if member.name == name:
                return member
        raise ServiceError(f"media instance {name} cannot be reached")

    async def _watch(self, member: _Member) -> None:
        while True:
            await self._look(member)
            await asyncio.sleep(LOOK_INTERVAL if member.usable else RETURN_INTERVAL)

    async def _look(self, member: _Member) -> None:
        try:
            member.look(await member.instance.load())
        except ServiceError as error:
            member.usable = False
            now = asyncio.get_running_loop().time()
            member.lost_at = member.lost_at or now
            if now - member.lost_at >= LOST_AFTER:
                self._give_up(member, error.explanation)
        else:
            if member.lost_at is not None:
                member.lost_at = None
                await self._renew(member)
            await self._close_doubtful(member)

    async def _close_doubtful(self, member: _Member) -> None:
        for call_id in sorted(member.doubtful):
            try:
                await member.instance.close(CloseMedia(call_id, member.name))
            except ServiceError as error:
                if not error.unknown:
                    return  # with the next look
            member.doubtful.discard(call_id)

    async def _renew(self, member: _Member) -> None:
        calls = member.calls.copy()
        try:
            sessions = await member.instance.renew_leases(self._owner, self._epoch)
        except ServiceError as error:
            log.warning("media sessions are not renewed", error=error.explanation)
        else:
            if not sessions and calls:
                self._give_up(member, "the instance has lost its sessions", calls)

    async def _listen(self, member: _Member) -> None:
        try:
            async for call_id, event in member.instance.events(self._owner):
                if isinstance(event, MediaLost):
                    member.calls.discard(call_id)
                self._tell(call_id, event)
        except ServiceError as error:
            if member.usable:  # told once, not with every try to come back
                log.warning("media events have stopped", error=error.explanation)

    def _give_up(self, member: _Member, why: str, calls: set[str] | None = None) -> None:
        for call_id in sorted(member.calls if calls is None else calls):
            member.calls.discard(call_id)
            member.doubtful.add(call_id)
            self._tell(call_id, MediaLost(why))


async def _repeat(interval: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await work()
        await asyncio.sleep(interval)
