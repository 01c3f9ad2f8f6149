"""What a trace captures: a message, a decision, a drop."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

SDES_KEY: Final = re.compile(rb"inline:[^\s|;]+")
"""A master key in SDP (RFC 4568 section 6.1), the one secret that SIP carries in the clear."""

OVERHEAD: Final = 256
"""Bytes an event takes beside its text, about."""


class TraceEventKind(StrEnum):
    """What happened."""

    RECEIVED = "received"
    """A SIP message came in."""
    SENT = "sent"
    """A SIP message went out."""
    DECISION = "decision"
    """A service decided."""
    DROPPED = "dropped"
    """A request got no answer."""
    EVENT = "event"
    """Media or money reported something."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One captured event."""

    time: float
    """UNIX seconds, to the microsecond."""
    kind: TraceEventKind
    source: str
    """Who sent the message ("192.0.2.10:5060"), or the service that decided ("routing")."""
    destination: str
    summary: str
    """One line for the ladder."""
    call_id: str = ""
    """The call's id; empty for what belongs to no call."""
    leg: str = ""
    """"A" or "B"; empty for what belongs to neither."""
    transport: str = ""
    """"UDP", "TCP"; empty for decisions."""
    message: bytes = field(default=b"", repr=False)
    """The SIP message as on the wire, keys of SDES masked; empty for decisions."""

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return OVERHEAD + len(self.message) + len(self.summary)


def without_secrets(message: bytes) -> bytes:
    """Return a SIP message fit to be shown. Digest responses stay: they are no secrets."""
    return SDES_KEY.sub(b"inline:***", message) if b"inline:" in message else message
