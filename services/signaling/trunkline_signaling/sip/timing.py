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
    t4: float = 5.0
    """T4: how long a message may live in the network (Timers I, K)."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.resend) <= 20 or not all(0.1 <= wait <= 32 for wait in self.resend):
            raise ValueError(f"expected 1 to 20 waits of 0.1 to 32 s, found {self.resend}")

    @property
    def limit(self) -> float:
        """When an unanswered request fails, on any transport: the sum of the list."""
        return sum(self.resend)
