"""The timers of all calls on one alarm of the event loop."""

from __future__ import annotations

from ..calls.call import Call
from ..calls.effects import Timer
from ..sip.deadlines import Deadlines


class CallTimer:
    """One running timer."""

    __slots__ = ("call", "deadline", "timer")

    def __init__(self, call: Call, timer: Timer, deadline: float) -> None:
        self.call = call
        self.timer = timer
        self.deadline: float | None = deadline


class CallTimers:
    """Who is due when."""

    def __init__(self) -> None:
        self._deadlines: Deadlines[CallTimer] = Deadlines()
        self._running: dict[Call, dict[Timer, CallTimer]] = {}

    def set(self, call: Call, timer: Timer, deadline: float) -> None:
        """Start a timer, or move it."""
        running = self._running.setdefault(call, {})
        entry = running.get(timer)
        if entry is None:
            entry = running[timer] = CallTimer(call, timer, deadline)
        else:
            entry.deadline = deadline
        self._deadlines.update(entry)

    def clear(self, call: Call, timer: Timer) -> None:
        """Stop a timer; fine when it does not run."""
        entry = self._running.get(call, {}).pop(timer, None)
        if entry is not None:
            entry.deadline = None

    def clear_all(self, call: Call) -> None:
        """Stop every timer of a call."""
        for entry in self._running.pop(call, {}).values():
            entry.deadline = None

    def next(self) -> float | None:
        """Return when `pop_due` is to be called."""
        return self._deadlines.next()

    def pop_due(self, now: float) -> tuple[Call, Timer] | None:
        """Return one timer that has run out, or None."""
        entry = self._deadlines.pop_due(now)
        if entry is None:
            return None
        self.clear(entry.call, entry.timer)
        return entry.call, entry.timer
