"""The timers of all calls, on the event loop's own wheel: what is cleared leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..calls.call import Call
from ..calls.effects import Timer


class CallTimers:
    """Who is due when; `fired` is told."""

    def __init__(self, fired: Callable[[Call, Timer], None]) -> None:
        self._fired = fired
        self._loop = asyncio.get_running_loop()
        self._running: dict[Call, dict[Timer, asyncio.TimerHandle]] = {}

    def set(self, call: Call, timer: Timer, after: float) -> None:
        """Start a timer, or start it anew; `after` is in seconds."""
        running = self._running.setdefault(call, {})
        before = running.get(timer)
        if before is not None:
            before.cancel()
        running[timer] = self._loop.call_later(after, self._ring, call, timer)

    def clear(self, call: Call, timer: Timer) -> None:
        """Stop a timer; fine when it does not run."""
        handle = self._running.get(call, {}).pop(timer, None)
        if handle is not None:
            handle.cancel()

    def clear_all(self, call: Call) -> None:
        """Stop every timer of a call."""
        for handle in self._running.pop(call, {}).values():
            handle.cancel()

    def _ring(self, call: Call, timer: Timer) -> None:
        self._running[call].pop(timer)
        self._fired(call, timer)
