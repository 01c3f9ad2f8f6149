"""The trace itself: a ring of bounded size that is off until somebody wants it."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ..sip.flow import ANY_LOCAL, Address, Flow, Transport, local_end
from ..sip.grammar import format_host_port
from .events import EventKind, TraceEvent, TraceFilter, takes, without_secrets

_CALL_ID: Final = re.compile(rb"(?im)^(?:Call-ID|i)[ \t]*:[ \t]*(\S+)")
_ENDED_CALLS: Final = 1000
"""Ended calls whose late messages are still told apart."""
EVERYTHING: Final = TraceFilter()

SeenBy = Callable[[str, Transport], Address]
"""Returns our address as a peer's host sees it."""


def _as_it_is(remote: str, transport: Transport) -> Address:
    return ANY_LOCAL


class Trace:
    """Captures while it is on; what was captured stays readable until the next start."""

    def __init__(self, size: int, now: Callable[[], float], seen_by: SeenBy = _as_it_is) -> None:
        """`size` is in bytes; `now` returns UNIX seconds; `seen_by` our address as a peer's host
        sees it, where a socket takes any.
        """
        self._size = size
        self._now = now
        self._seen_by = seen_by
        self._events: deque[TraceEvent] = deque()
        self._bytes = 0
        self._serial = 0
        self._filter = EVERYTHING
        self._matched: set[str] = set()
        self._calls: dict[str, str] = {}
        self._legs: dict[str, list[str]] = {}
        self._ended: deque[str] = deque()
        self._end: float | None = None
        self._on = False
        self._more = asyncio.Event()

    @property
    def on(self) -> bool:
        """Tell whether it captures; at its end it goes off by itself."""
        if self._on and self._end is not None and self._now() >= self._end:
            self.stop()
        return self._on

    def start(self, wanted: TraceFilter, duration: timedelta | None) -> float | None:
        """Begin anew; return when it ends by itself."""
        self._events.clear()
        self._matched.clear()
        self._bytes = self._serial = 0
        self._filter = self._resolved(wanted)
        self._end = None if duration is None else self._now() + duration.total_seconds()
        self._on = True
        return self._end

    def stop(self) -> int:
        """Capture no more; return how many events there are."""
        self._on = False
        self._more.set()
        return len(self._events)

    def call_began(self, call_id: str, sip_call_id: str) -> None:
        """Note that a SIP Call-ID belongs to a call; the first one is leg A's."""
        before = self._calls.get(sip_call_id, "")
        self._calls[sip_call_id] = call_id
        self._legs.setdefault(call_id, []).append(sip_call_id)
        if self.on:
            self._claim_invite(call_id)
            self._link(before, call_id, sip_call_id)

    def call_ended(self, call_id: str) -> None:
        """Forget a call, a while after its end."""
        self._ended.append(call_id)
        if len(self._ended) > _ENDED_CALLS:
            for sip_call_id in self._legs.pop(self._ended.popleft(), ()):
                self._calls.pop(sip_call_id, None)

    def correlate(self, data: bytes) -> str:
        """Return the id of the call a message belongs to; outside of calls its SIP Call-ID."""
        found = _CALL_ID.search(data)
        if found is None:
            return ""
        sip_call_id = found[1].decode("utf-8", "surrogateescape")
        return self._calls.get(sip_call_id, sip_call_id)

    def message(self, kind: EventKind, data: bytes, flow: Flow, summary: str = "") -> None:
        """Capture a message. Only while `on`."""
        call_id, leg = self._belongs(data)
        remote = format_host_port(*flow.remote)
        local = format_host_port(*local_end(flow, self._seen_by))
        data = without_secrets(data)
        sent = kind is EventKind.SENT
        self._add(
            kind,
            call_id,
            local if sent else remote,
            remote if sent else local,
            summary or data.partition(b"\r\n")[0].decode("utf-8", "replace"),
            data,
            leg,
            flow.transport,
        )

    def decision(self, kind: EventKind, call_id: str, source: str, summary: str) -> None:
        """Capture what somebody decided. Only while `on`."""
        self._add(kind, call_id, source, "signaling", summary)

    async def read(self, wanted: TraceFilter, *, follow: bool) -> AsyncIterator[TraceEvent]:
        """Yield what was captured, and with `follow` what is captured until the trace ends."""
        chosen = _Selection(self._resolved(wanted))
        last = 0
        while True:
            self._more.clear()
            for event in [event for event in self._events if event.serial > last]:
                last = event.serial
                if chosen.takes(event):
                    yield event
            if not (follow and self.on):
                return
            await self._wait()

    async def _wait(self) -> None:
        """Wait for the next event, or for the end of the trace."""
        left = None if self._end is None else max(self._end - self._now(), 0)
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._more.wait()

    def _add(
        self,
        kind: EventKind,
        call_id: str,
        source: str,
        destination: str,
        summary: str,
        message: bytes = b"",
        leg: str = "",
        transport: Transport | None = None,
        continues_in: str = "",
    ) -> None:
        event = TraceEvent(
            self._serial + 1,
            self._now(),
            call_id,
            kind,
            source,
            destination,
            summary,
            message,
            leg,
            transport,
            continues_in,
        )
        if not self._wants(event):
            return
        self._serial += 1
        self._events.append(event)
        self._bytes += event.size
        while self._bytes > self._size:
            self._bytes -= self._events.popleft().size
        self._more.set()

    def _claim_invite(self, call_id: str) -> None:
        """Give the newest message to the call it began: it came before the call had an id."""
        event = self._events[-1] if self._events else None
        if event is None or event.call_id:
            return
        owner, leg = self._belongs(event.message)
        if owner == call_id:
            self._events[-1] = replace(event, call_id=call_id, leg=leg)
            self._wants(self._events[-1])

    def _link(self, first: str, second: str, sip_call_id: str) -> None:
        """Lead from a call to the one that its INVITE, on leg B, began here."""
        if not first or first == second or self._legs[first][0] == sip_call_id:
            return
        summary = f"continues in call {second}"
        self._add(EventKind.EVENT, first, "", "", summary, continues_in=second)
        self._add(EventKind.EVENT, second, "", "", f"continues call {first}")

    def _wants(self, event: TraceEvent) -> bool:
        return takes(self._filter, self._matched, event)

    def _belongs(self, data: bytes) -> tuple[str, str]:
        found = _CALL_ID.search(data)
        if found is None:
            return "", ""
        sip_call_id = found[1].decode("utf-8", "surrogateescape")
        call_id = self._calls.get(sip_call_id, "")
        if not call_id:
            return "", ""
        return call_id, "A" if self._legs[call_id][0] == sip_call_id else "B"

    def _resolved(self, wanted: TraceFilter) -> TraceFilter:
        call_id = self._calls.get(wanted.call_id, wanted.call_id)
        return TraceFilter(wanted.ip, wanted.number, call_id, wanted.method)


class _Selection:
    """A filter over what was captured: a call that matches by number is shown as a whole."""

    def __init__(self, wanted: TraceFilter) -> None:
        self._wanted = wanted
        self._matched: set[str] = set()

    def takes(self, event: TraceEvent) -> bool:
        """Tell whether an event is shown."""
        return takes(self._wanted, self._matched, event)
