"""How long SIP waits (RFC 3261 table 4), with the resend list of SIG-08 for Timers A, E and G."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_RESEND: Final = (0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0)


@dataclass(frozen=True, slots=True)
class Timing:
    """Waits in seconds."""

    resend: tuple[float, ...] = DEFAULT_RESEND
    """SS_SIP_RESEND_INTERVAL: the wait before each repetition, and the last before giving up."""
    linger: float = 32.0
    """64*T1: how long late copies are recognized (Timers D, J, L, M)."""
    late: float = 180.0
    """How long a callee that rings may still answer an INVITE that nobody waits for: Timer C."""
    t4: float = 5.0
    """T4: how long a message may live in the network (Timers I, K)."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.resend) <= 20 or not all(0.1 <= wait <= 32 for wait in self.resend):
            raise ValueError(f"expected 1 to 20 waits of 0.1 to 32 s, found {self.resend}")

    @property
    def limit(self) -> float:
        """When an unanswered request fails, on any transport: the sum of the list."""
        return sum(self.resend)


class Repetition:
    """The copies of one message: when the next one goes, and when to give up (SIG-08).

    A list of n waits makes n - 1 copies; the last wait ends in failure.
    """

    __slots__ = ("_passed", "_waits", "deadline")

    def __init__(self, timing: Timing, reliable: bool, now: float) -> None:
        self._waits = (timing.limit,) if reliable else timing.resend
        self._passed = 1
        self.deadline = now + self._waits[0]

    def advance(self) -> bool:
        """Go on to the next wait; tell whether there is one, and so a copy to be sent."""
        if self._passed == len(self._waits):
            return False
        self.deadline += self._waits[self._passed]
        self._passed += 1
        return True
