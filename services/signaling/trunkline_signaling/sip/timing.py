"""How long SIP waits (RFC 3261 table 4), with the resend list of SIG-08 for Timers A, E and G."""

from __future__ import annotations

from ._wire import DEFAULT_RESEND, Timing

__all__ = ["DEFAULT_RESEND", "Timing"]
