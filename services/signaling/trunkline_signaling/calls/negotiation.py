"""What of one side is on its way through a call and waits for the other."""

from __future__ import annotations

from dataclasses import dataclass

from ..sip.transactions import ServerTransaction
from .effects import Outgoing
from .legs import Side


@dataclass(slots=True, eq=False)
class Negotiation:
    """A request of one side that is passed to the other: its answer goes back."""

    side: Side
    """Who asked."""
    transaction: ServerTransaction
    outgoing: Outgoing
    offers: bool
    """It carries an offer, or asks for one."""
    before: bytes = b""
    """What we had said to the other side, which holds again if it refuses."""


@dataclass(frozen=True, slots=True)
class DelayedAck:
    """An INVITE of ours without an offer was answered with one (RFC 3261 section 13.2.1)."""

    awaits: Side
    """Whose ACK holds the answer."""
    invite: Outgoing
