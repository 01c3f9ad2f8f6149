"""The record every call ends in (BIL-10), and its attempts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ..sip.flow import Address
from ..sip.headers import Headers
from .parties import Endpoint, EndpointKind
from .reasons import CallEndReason, EndDirection

PRODUCT_LENGTH: Final = 128
"""Characters kept of what an end says it is: the text is the peer's."""


@dataclass(slots=True)
class Attempt:
    """One INVITE to one vendor or phone."""

    number: int
    """From 1."""
    endpoint: Endpoint
    remote_address: Address | None
    caller: str
    """As sent, after every transform."""
    callee: str
    start_time: float
    post_dial_delay: timedelta | None = None
    """From the INVITE to the first 18x or final answer."""
    sip_status: int = 0
    """Final status, 200 to 699; 0 when none came."""
    q850_cause: int = 0
    """Of the final answer's Reason header; 0 when it had none."""
    outcome: str = ""
    """How it ended in words: "busy", "ring timeout", "answered"."""
    progressed: bool = False
    answered: bool = False
    retry_after: timedelta | None = None
    """Of a 503 answer (SIG-26)."""


@dataclass(frozen=True, slots=True)
class StreamStatistics:
    """What the media relay counted in one direction."""

    packets: int = 0
    bytes: int = 0
    packets_lost: int = 0
    jitter_ms: float = 0.0
    packets_reordered: int = 0
    packets_dropped: int = 0
    round_trip_ms: float = 0.0
    mos: float = 0.0
    last_packet_time: float | None = None
    """UNIX seconds; None when no packet came. For disputes about silence (MED-08)."""


@dataclass(frozen=True, slots=True)
class MediaStatistics:
    """Streams of both legs."""

    leg_a: StreamStatistics
    """What the caller sent us."""
    leg_b: StreamStatistics


@dataclass(slots=True)
class Cdr:
    """One call, answered or not. Filled while the call goes on; its end completes it."""

    call_id: str
    signaling_instance: str
    sip_call_id: str
    """Call-ID header of leg A."""
    caller_address: Address
    setup_time: float
    """When the INVITE arrived, UNIX seconds."""
    caller_endpoint: Endpoint | None = None
    callee_endpoint: Endpoint | None = None
    callee_address: Address | None = None
    caller_product: str = ""
    """What the caller's end says it is."""
    callee_product: str = ""
    """What the end that answered says it is."""
    caller_access: str = ""
    callee_access: str = ""
    caller: str = ""
    callee: str = ""
    caller_to_gateway: str = ""
    callee_to_gateway: str = ""
    answer_time: float | None = None
    end_time: float = 0.0
    end_direction: EndDirection = EndDirection.SERVER
    reason: CallEndReason = CallEndReason.INTERNAL_ERROR
    sip_status: int = 0
    """Final status of the last attempt, or that sent to the caller when there was none."""
    account: str = ""
    payer: EndpointKind | None = None
    """Whose account pays (BIL-04)."""
    clearing_account: str = ""
    clearing_callee: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    codecs: tuple[str, ...] = ()
    """Codecs of leg A and leg B."""
    codec_lists: tuple[tuple[str, ...], ...] = ()
    """What each side listed, most wanted first."""
    media: MediaStatistics | None = None
    explanation_id: str = ""

    @property
    def talk(self) -> timedelta:
        """Answer to end; zero when it was never answered."""
        if self.answer_time is None:
            return timedelta(0)
        return timedelta(seconds=max(self.end_time - self.answer_time, 0.0))


def product_of(headers: Headers) -> str:
    """Return what the sender of a request or response says it is, empty when it does not say."""
    return (headers.get("Server") or headers.get("User-Agent") or "")[:PRODUCT_LENGTH]
