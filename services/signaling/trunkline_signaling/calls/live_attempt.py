"""The attempt in progress: how far one candidate has come."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..sip.dialog import Dialog
from ..sip.message import Response
from .cdr import Attempt
from .effects import Outgoing
from .parties import Binding
from .policy import Candidate
from .progress import Progress
from .relay import Relay
from .stop_rules import Failure


@dataclass(slots=True, eq=False)
class LiveAttempt:
    """The attempt in progress: one candidate, its INVITE, and what has come back so far."""

    candidate: Candidate
    record: Attempt
    relay: Relay = Relay.NONE
    binding: Binding | None = None
    outgoing: Outgoing | None = None
    rivals: list[Outgoing] = field(default_factory=list)
    """INVITEs that are out at the same time (SIG-22, simultaneous)."""
    refusals: list[Response] = field(default_factory=list)
    """What came back to INVITEs of the attempt."""
    progress: Progress = Progress.INVITED
    ringing: bool = False
    sdp: bool = False
    rtp: bool = False
    descriptions: dict[str | None, bytes] = field(default_factory=dict)
    """What each fork has said of its media so far, by its To tag."""
    prack: Outgoing | None = None
    """Acknowledges an offer of the callee, and waits for the caller's answer to it."""
    agreed: bool = False
    """The caller has answered that offer: both are bound to their session."""
    settled: Dialog | None = None
    """The early dialog in which offer and answer have been exchanged, by a reliable response."""

    def note_address(self) -> None:
        """Write down where the INVITE went, which the shell found out."""
        if self.outgoing is not None and self.outgoing.flow is not None:
            self.record.remote_address = self.outgoing.flow.remote

    def failure(self, status: int = 0, q850_cause: int = 0) -> Failure:
        """Describe a failure by final response."""
        bound = self.agreed or self.prack is not None
        return Failure(status, q850_cause, None, self.ringing, self.sdp, self.rtp, bound)
