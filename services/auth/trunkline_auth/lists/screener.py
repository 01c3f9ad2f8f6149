"""Watches what numbers do, lists those that misbehave, and refuses their calls (AUT-09 to AUT-13).

Order for one call: system white list, entries, calls at once, attempts. A refused call counts as no
attempt. What a window or seat says holds for the whole cluster.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from .entries import (
    PLATFORM,
    BlackList,
    CallerSeats,
    Entry,
    EntryFilter,
    EntryKey,
    ListedFor,
    Party,
    WindowKey,
    Windows,
)
from .policy import Detector, ListPolicy
from .white import WhiteList

SHORT_CANCEL = timedelta(seconds=5)
"""A caller who gives up sooner says nothing about the callee (AUT-11)."""


@dataclass(frozen=True, slots=True)
class ScreenedCall:
    """A call before it is routed, with its numbers as transformed (pipeline, step 6)."""

    call_id: str
    caller: str
    """Empty where it is withheld; then nobody is counted."""
    callee: str
    gateway: str
    """Where it comes from, as `str(EndpointId)`."""
    flagged: bool = False
    """The gateway's dynamicBlackListInStandalone."""


@dataclass(frozen=True, slots=True)
class Passed:
    """No list stops the call."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The call is refused: 403, Blacklisted."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class EndedCall:
    """How a screened call ended."""

    call: ScreenedCall
    answered: bool
    reached: bool
    """It rang, or was sent to somebody."""
    busy: bool = False
    cancelled_after: timedelta | None = None
    """When the caller gave up, from the start; None if not the caller did."""


class ListListener(Protocol):
    """Hears of entries as they begin and end."""

    def listed(self, entry: Entry) -> None: ...

    def unlisted(self, key: EntryKey) -> None: ...


class Screener:
    """Judges calls by their numbers."""

    def __init__(
        self,
        black_list: BlackList,
        windows: Windows,
        seats: CallerSeats,
        listener: ListListener,
        *,
        policy: Callable[[], ListPolicy],
        white_list: Callable[[], WhiteList],
        longest_call: timedelta,
    ) -> None:
        self._black_list = black_list
        self._windows = windows
        self._seats = seats
        self._listener = listener
        self._policy = policy
        self._white_list = white_list
        self._longest_call = longest_call

    async def screen(self, call: ScreenedCall, now: datetime) -> Passed | Stopped:
        """Return whether a call may go on, and count it if so.

        Not safe to repeat: the call that fills a window passes, and the same call again does not.
        """
        policy, white = self._policy(), self._white_list()
        is_white = call.caller in white or call.callee in white
        if not is_white:
            entry = await self._black_list.find(list(_keys(call)), now)
            if entry is not None:
                await self._black_list.hit(entry, now)
                return Stopped(entry)
        scope = _scope(call, policy)
        if scope is None:
            return Passed()
        if call.caller and call.caller not in white:
            entry = await self._seat(call, scope, policy.concurrent, now)
            if entry is not None and not is_white:
                return Stopped(entry)
            caller = WindowKey(ListedFor.MALICIOUS_CALLER, call.caller, scope)
            await self._count(caller, Party.CALLER, call.call_id, policy.caller, now)
        if call.callee not in white:
            callee = WindowKey(ListedFor.MALICIOUS_CALLEE, call.callee, scope)
            await self._count(callee, Party.CALLEE, call.call_id, policy.callee, now)
        return Passed()

    async def ended(self, ended: EndedCall, now: datetime) -> None:
        """Free the call's seat and count an unanswered one (AUT-11). Safe to repeat."""
        call, policy = ended.call, self._policy()
        for seated in (PLATFORM, call.gateway):
            await self._seats.free(seated, call.caller, call.call_id)
        scope = _scope(call, policy)
        if scope is None or not call.callee or call.callee in self._white_list():
            return
        key = WindowKey(ListedFor.NO_ANSWER, call.callee, scope)
        if ended.answered:
            await self._windows.clear(key)
        elif _is_no_answer(ended):
            await self._count(key, Party.CALLEE, call.call_id, policy.no_answer, now)

    async def add(self, key: EntryKey, span: timedelta, now: datetime) -> Entry:
        """List a number by hand for `span`."""
        entry = Entry(key, ListedFor.MANUAL, now, now + span)
        await self._put(entry)
        return entry

    async def remove(self, wanted: EntryFilter, now: datetime) -> int:
        """Take numbers off and count them anew; return how many there were."""
        entries = await self._black_list.entries(wanted, now)
        for entry in entries:
            await self._black_list.remove(entry.key)
            for reason in ListedFor:
                key = WindowKey(reason, entry.key.number, entry.key.scope)
                await self._windows.clear(key)
            self._listener.unlisted(entry.key)
        return len(entries)

    async def _seat(
        self, call: ScreenedCall, scope: str, detector: Detector, now: datetime
    ) -> Entry | None:
        if not detector.limit:
            return None
        until = now + self._longest_call
        if await self._seats.take(scope, call.caller, call.call_id, detector.limit, until, now):
            return None
        key = EntryKey(Party.CALLER, call.caller, scope)
        entry = Entry(key, ListedFor.CONCURRENT, now, now + detector.expire, detector.expire)
        await self._put(entry)
        return entry

    async def _count(
        self, key: WindowKey, party: Party, event: str, detector: Detector, now: datetime
    ) -> None:
        if not detector.limit:
            return
        reached = await self._windows.add(key, event, detector.interval, detector.limit, now)
        if reached:
            listed = EntryKey(party, key.number, key.scope)
            await self._put(Entry(listed, key.reason, now, now + detector.expire, detector.expire))

    async def _put(self, entry: Entry) -> None:
        await self._black_list.put(entry)
        self._listener.listed(entry)


def _scope(call: ScreenedCall, policy: ListPolicy) -> str | None:
    """Return where a call counts; None where it counts nowhere."""
    if not policy.standalone:
        return PLATFORM
    return call.gateway if call.flagged else None


def _keys(call: ScreenedCall) -> Iterator[EntryKey]:
    for scope in (PLATFORM, call.gateway):
        if call.caller:
            yield EntryKey(Party.CALLER, call.caller, scope)
        yield EntryKey(Party.CALLEE, call.callee, scope)


def _is_no_answer(ended: EndedCall) -> bool:
    gave_up_soon = ended.cancelled_after is not None and ended.cancelled_after < SHORT_CANCEL
    return ended.reached and not ended.busy and not gave_up_soon
