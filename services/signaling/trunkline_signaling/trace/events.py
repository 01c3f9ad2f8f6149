"""What a trace holds, and which of it somebody wants to see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ..sip.flow import Transport

OVERHEAD: Final = 300
"""Bytes an event takes beside its message."""

_PASSWORD: Final = re.compile(rb"(?i)(\bsips?:[^\s<>\"@:;?]{1,128}:)[^\s<>\"@;?]{1,128}(?=@)")
_BASIC: Final = re.compile(rb"(?im)^((?:Proxy-)?Authorization[ \t]*:[ \t]*Basic[ \t]+)\S+")
_SECRET: Final = re.compile(rb"(inline:|^k=)[^\s|;]+", re.MULTILINE)
_NUMBER: Final = re.compile(rb"(?:sips?|tel):([^@;>\s]+)")


class EventKind(Enum):
    """Kinds of events."""

    RECEIVED = auto()
    SENT = auto()
    DECISION = auto()
    DROPPED = auto()
    EVENT = auto()


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """A message, a decision or a drop."""

    serial: int
    """Grows with every event."""
    time: float
    """UNIX seconds, to the microsecond."""
    call_id: str
    """Empty for what belongs to no call."""
    kind: EventKind
    source: str
    """Who sent the message, or the service that decided."""
    destination: str
    summary: str
    message: bytes = b""
    leg: str = ""
    transport: Transport | None = None
    continues_in: str = ""
    """Id of the call that an INVITE of this one began here."""

    @property
    def size(self) -> int:
        """Bytes it takes, roughly."""
        return OVERHEAD + len(self.message) + len(self.summary)


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """What is wanted. Empty fields mean everything; several mean all of them at once."""

    ip: str = ""
    number: str = ""
    call_id: str = ""
    """The call's id, or a SIP Call-ID of either leg: `Trace` resolves that."""
    method: str = ""

    def matches(self, event: TraceEvent) -> bool:
        """Tell whether an event by itself is wanted."""
        if self.ip and not _has_ip(event, self.ip):
            return False
        if self.number and self.number.encode() not in _NUMBER.findall(event.message):
            return False
        if self.call_id and self.call_id != event.call_id:
            return False
        return not self.method or _has_method(event, self.method)

    @property
    def follows_calls(self) -> bool:
        """Tell whether a match stands for its whole call: numbers change from leg to leg."""
        return bool(self.number) and not (self.ip or self.method)


def takes(wanted: TraceFilter, followed: set[str], event: TraceEvent) -> bool:
    """Tell whether an event is wanted by itself or by its call; `followed` are the calls that are
    wanted as a whole, with those that they continue in.
    """
    matches = wanted.matches(event)
    if matches and wanted.follows_calls and event.call_id:
        followed.add(event.call_id)
    taken = matches or (bool(event.call_id) and event.call_id in followed)
    if taken and event.continues_in:
        followed.add(event.continues_in)
    return taken


def without_secrets(message: bytes) -> bytes:
    """Return a message with passwords and media keys masked; digests stay (MGT-03)."""
    message = _PASSWORD.sub(rb"\1***", message)
    if b"asic" in message:
        message = _BASIC.sub(rb"\1***", message)
    if b"inline:" not in message and b"\nk=" not in message:
        return message
    return _SECRET.sub(rb"\1***", message)


def _has_ip(event: TraceEvent, ip: str) -> bool:
    return any(
        end.rpartition(":")[0].strip("[]") == ip for end in (event.source, event.destination)
    )


def _has_method(event: TraceEvent, method: str) -> bool:
    message = event.message
    if message.startswith(b"SIP/2.0"):
        found = re.search(rb"(?im)^CSeq\s*:\s*\d+\s+(\S+)", message)
        return found is not None and found[1].decode("ascii", "replace") == method
    return message.partition(b" ")[0].decode("ascii", "replace") == method
