"""The parameters that decisions obey, as values; the kernel keeps them under VOS3000's names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from .documents.forwarding import CallerDisplay
from .documents.mapping_gateway import CalleeSource


class Place(StrEnum):
    """Where a key stands in the chain that sorts candidates (RTE-07, RTE-14)."""

    NONE = "None"
    BEFORE_PREFIX = "BeforePrefix"
    BEFORE_PRIORITY = "BeforePriority"
    AFTER_PRIORITY = "AfterPriority"


class Sequence(StrEnum):
    """How a number is taken from a caller pool (RTE-26)."""

    RANDOM = "Random"
    POLL = "Poll"


class LrnMode(StrEnum):
    """Where a ported number's routing number comes from (RTE-23, RTE-24)."""

    INTERNAL = "Internal"
    EXTERNAL = "External"


class UserAgentPrivacy(StrEnum):
    """Privacy header for vendors that we register at (SIG-11)."""

    IGNORE = "Ignore"
    ID = "Id"
    NONE = "None"


class Display(StrEnum):
    """What stands as display name in From (SIG-15)."""

    IGNORE = "Ignore"
    CALLER = "Caller"
    PASSTHROUGH = "Passthrough"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values in force for a new call."""

    switch_limit: int | None = None
    """SS_GATEWAY_SWITCH_LIMIT: switches after the first attempt."""
    switch_until_connect: bool = False
    """SS_GATEWAY_SWITCH_UNTIL_CONNECT"""
    stop_after_busy: bool = True
    """SS_GATEWAY_SWITCH_STOP_AFTER_USER_BUSY"""
    stop_after_rtp: bool = True
    """SS_GATEWAY_SWITCH_STOP_AFTER_RTP_START"""
    stop_after_sdp: bool = True
    """SS_SIP_STOP_SWITCH_AFTER_SDP"""
    stop_after_invite_timeout: bool = False
    """SS_SIP_USER_AGENT_STOP_SWITCH_AFTER_INVITE_TIMEOUT"""
    calculate_ratio: bool = False
    """SS_GATEWAY_ASR_CALCULATE"""
    ratio_window: timedelta = timedelta(hours=1)
    """SS_GATEWAY_ASR_RESERVE_TIME"""
    ratio_segments: int = 10
    """SS_GATEWAY_ASR_RESERVE_SEPARATE"""
    ratio_place: Place = Place.NONE
    """SS_GATEWAY_ASR_ROUTE_SORT_CONFIG"""
    cost_place: Place = Place.NONE
    """SS_GATEWAY_FEE_RATE_ROUTE_SORT_CONFIG"""
    cost_before_ratio: bool = False
    """SS_GATEWAY_FEE_RATE_ROUTE_BEFORE_ASR"""
    pool_sequence: Sequence = Sequence.RANDOM
    """FORWARD_SIGNAL_REWRITE_SEQUENCE"""
    lrn_mode: LrnMode = LrnMode.EXTERNAL
    """SS_LRN_QUERY_MODE"""
    lrn_server: str = ""
    """SS_LRN_SERVER_ADDRESS"""
    lrn_timeout: timedelta = timedelta(seconds=2)
    """SS_LRN_QUERY_TIMEOUT"""
    user_agent_privacy: UserAgentPrivacy = UserAgentPrivacy.IGNORE
    """SS_SIP_USER_AGENT_PRIVACY"""
    display_from: Display = Display.IGNORE
    """SS_SIP_E164_DISPLAY_FROM"""
    invite_uses_contact: bool = False
    """SS_SIP_ROUTING_GATEWAY_INVITE_USE_CONTACT"""
    use_phone_display: bool = False
    """SS_USE_CALLER_PHONE_DISPLAY"""

    forward_display: CallerDisplay = CallerDisplay.ORIGINAL
    """SS_CALL_FORWARD_DISPLAY"""
    transfer_display: CallerDisplay = CallerDisplay.ORIGINAL
    """SS_CALL_TRANSFER_NORMAL_DISPLAY"""
    consult_display: CallerDisplay = CallerDisplay.LOCAL
    """SS_CALL_TRANSFER_ASK_DISPLAY"""

    @property
    def callee_source(self) -> CalleeSource:
        """Return where the callee of a caller's side stands that chooses no header (SIG-13)."""
        return CalleeSource.REQUEST_URI if self.invite_uses_contact else CalleeSource.TO
