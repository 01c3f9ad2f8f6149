"""The trace of one instance: off by default, bounded in memory, ended by its own clock."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from .events import TraceEvent, without_secrets
from .filters import Selection, TraceFilter

MAX_BYTES: Final = 100 * 1024 * 1024
"""Memory of the ring (MGT-03). The oldest events leave first."""

Subscriber = Callable[[TraceEvent], None]


class Tracer:
    """Captures events while it is on."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._events: deque[TraceEvent] = deque()
        self._size = 0
        self._selection: Selection | None = None
        self._end = float("inf")
        self._subscribers: set[Subscriber] = set()

    def __len__(self) -> int:
        return len(self._events)

    def is_on(self, now: float) -> bool:
        """Tell whether events are captured at `now`, UNIX seconds. Ask before building one."""
        if self._selection is None:
            return False
        if now >= self._end:
            self.stop()
            return False
        return True

    def start(self, wanted: TraceFilter, end: float | None = None) -> None:
        """Begin anew with a filter, until `end` (UNIX seconds) or until stopped."""
        self._events.clear()
        self._size = 0
        self._selection = Selection(wanted)
        self._end = float("inf") if end is None else end

    def stop(self) -> None:
        """Capture nothing more; what was captured stays."""
        self._selection = None

    def record(self, event: TraceEvent) -> None:
        """Capture an event if the trace is on and about it."""
        if not self.is_on(event.time) or self._selection is None:
            return
        if not self._selection.takes(event):
            return
        shown = replace(event, message=without_secrets(event.message))
        self._events.append(shown)
        self._size += shown.size
        while self._size > self._max_bytes:
            self._size -= self._events.popleft().size
        for subscriber in tuple(self._subscribers):
            subscriber(shown)

    def read(self, wanted: TraceFilter) -> Iterator[TraceEvent]:
        """Yield what was captured and is looked for, the oldest first."""
        selection = Selection(wanted)
        return (event for event in tuple(self._events) if selection.takes(event))

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hand every event to come to `subscriber`; the answer ends that."""
        self._subscribers.add(subscriber)
        return lambda: self._subscribers.discard(subscriber)
