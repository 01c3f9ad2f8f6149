"""What a call takes from parameters and settings, and what it is told of where we are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ..sip.flow import Address, Transport
from ..sip.uri import SipUri
from .encryption import PayloadEncryption
from .media_policy import DEFAULT_PROMPTS, PromptParameters
from .parties import Endpoint, Target
from .progress import DEFAULT_LIMITS, ProgressLimits
from .relay import DEFAULT_RELAY, RelayParameters
from .session_timer import DEFAULT_TIMERS, TimerParameters


class OwnAddresses(Protocol):
    """What we tell peers of where we are."""

    def seen_by(self, remote: str, transport: Transport) -> Address:
        """Return our address as a peer, or a host by its name, reaches it."""


Aim = Callable[[str, tuple[Target, ...]], Target]
"""Returns to which of the addresses of a gateway of that name calls go now (SIG-16)."""


def first_of(gateway: str, targets: tuple[Target, ...]) -> Target:
    """Return the first: nobody probes."""
    return targets[0]


HeldBy = Callable[[Endpoint], str]
"""Returns the number of whom a phone keeps on hold in another call; empty if nobody (SIG-21)."""


def nobody(phone: Endpoint) -> str:
    """Return no number."""
    return ""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What a call takes from parameters and settings when it begins, and keeps (0.3 rule 5)."""

    instance: str
    """Name of this signaling instance."""
    own: OwnAddresses
    """Our addresses as peers see them: host of From, Contact and SDP."""
    limits: ProgressLimits = DEFAULT_LIMITS
    relay: RelayParameters = DEFAULT_RELAY
    max_duration: timedelta | None = None
    """SS_MAX_CALL_DURATION."""
    timers: TimerParameters = DEFAULT_TIMERS
    encryption: PayloadEncryption | None = None
    """SS_RTPENCRYPTIONMODE and SS_RTPENCRYPTIONKEY, for sides with `encrypt` on (MED-01)."""
    prompts: PromptParameters = DEFAULT_PROMPTS

    aim: Aim = first_of

    def contact(self, transport: Transport, remote: str) -> str:
        """Return our Contact as printed: where in-dialog requests of a peer reach this instance."""
        host, port = self.own.seen_by(remote, transport)
        params = {} if transport is Transport.UDP else {"transport": transport.uri_parameter}
        return f"<{SipUri(host, None, port, params)}>"
