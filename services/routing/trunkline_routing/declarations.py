"""The parameters that routing obeys, declared once (MGT-01, parameters.csv)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from trunkline_kernel.parameters import (
    AnyParameter,
    BoolParameter,
    EnumParameter,
    IntOrWordParameter,
    IntParameter,
    StringParameter,
)
from trunkline_kernel.parameters import Parameters as Values

from .documents.fields import parse_address
from .documents.forwarding import CallerDisplay
from .parameters import Display, LrnMode, Parameters, Place, Sequence, UserAgentPrivacy

SWITCH_LIMIT: Final = IntOrWordParameter(
    "SS_GATEWAY_SWITCH_LIMIT",
    default=None,
    word="None",
    minimum=1,
    maximum=999,
    unit="attempts",
    scope="system",
    meaning="Most gateway switches (attempts after the first) for one call. None = until the"
    " candidate list ends.",
)
SWITCH_UNTIL_CONNECT: Final = BoolParameter(
    "SS_GATEWAY_SWITCH_UNTIL_CONNECT",
    default=False,
    scope="system",
    meaning="On = ringing and provisional SDP no longer stop switching; go on until a connect, the"
    " list end, user busy or RTP lock-in.",
)
STOP_AFTER_BUSY: Final = BoolParameter(
    "SS_GATEWAY_SWITCH_STOP_AFTER_USER_BUSY",
    default=True,
    scope="system",
    meaning="On = 486/600 or Q.850 17 from a gateway ends switching, also in until-connect mode."
    " Gateway override switching.afterBusy.",
)
STOP_AFTER_RTP: Final = BoolParameter(
    "SS_GATEWAY_SWITCH_STOP_AFTER_RTP_START",
    default=True,
    scope="system",
    meaning="On = once RTP from the gateway has been relayed the call stays on that gateway. Needs"
    " media proxy. Gateway override switching.afterRtp.",
)
STOP_AFTER_SDP: Final = BoolParameter(
    "SS_SIP_STOP_SWITCH_AFTER_SDP",
    default=True,
    scope="sip",
    meaning="On = a provisional response carrying SDP from a gateway ends gateway switching for the"
    " call. Gateway override switching.afterSdp.",
)
STOP_AFTER_INVITE_TIMEOUT: Final = BoolParameter(
    "SS_SIP_USER_AGENT_STOP_SWITCH_AFTER_INVITE_TIMEOUT",
    default=False,
    scope="sip",
    meaning="When On, an INVITE timeout on a gateway of the outbound-registered type ends gateway"
    " switching; Off = try the next gateway.",
)
ASR_CALCULATE: Final = BoolParameter(
    "SS_GATEWAY_ASR_CALCULATE",
    default=False,
    scope="system",
    meaning="Compute per-gateway answer ratio in real time for use in routing. Gateway field"
    " quality (default/on/off) overrides.",
)
ASR_RESERVE_TIME: Final = IntParameter(
    "SS_GATEWAY_ASR_RESERVE_TIME",
    default=3600,
    minimum=60,
    maximum=86400,
    unit="s",
    scope="system",
    meaning="Length of history kept for the real-time ratio.",
)
ASR_RESERVE_SEPARATE: Final = IntParameter(
    "SS_GATEWAY_ASR_RESERVE_SEPARATE",
    default=10,
    minimum=1,
    maximum=100,
    unit="segments",
    scope="system",
    meaning="Number of equal time segments the history is cut into; whole segments are dropped as"
    " they age.",
)
ASR_SORT: Final = EnumParameter(
    "SS_GATEWAY_ASR_ROUTE_SORT_CONFIG",
    default=Place.NONE,
    words=tuple(Place),
    scope="system",
    meaning="Place of the answer-ratio key in the gateway sort chain. None = not used.",
)
FEE_RATE_SORT: Final = EnumParameter(
    "SS_GATEWAY_FEE_RATE_ROUTE_SORT_CONFIG",
    default=Place.NONE,
    words=tuple(Place),
    aliases=("SERVER_GATEWAY_ROUTE_FEE_RATE_SORT_CONFIG",),
    scope="system",
    meaning="Place of the lowest-cost key in the gateway sort chain. None = not used.",
)
FEE_RATE_BEFORE_ASR: Final = BoolParameter(
    "SS_GATEWAY_FEE_RATE_ROUTE_BEFORE_ASR",
    default=False,
    aliases=("SERVER_GATEWAY_ROUTE_FEE_RATE_BEFORE_QUALITY",),
    scope="system",
    meaning="Tie-break when cost and answer ratio occupy the same place: On = cost first.",
)
POOL_SEQUENCE: Final = EnumParameter(
    "FORWARD_SIGNAL_REWRITE_SEQUENCE",
    default=Sequence.RANDOM,
    words=tuple(Sequence),
    scope="softswitch",
    meaning="How a number is taken from a caller-number pool: random or round robin.",
)
LRN_SERVER_ADDRESS: Final = StringParameter(
    "SS_LRN_SERVER_ADDRESS",
    default="",
    expected="empty or host:port",
    check=lambda text: parse_address(text) if text else None,
    scope="system",
    meaning="LRN lookup server; empty = LRN unavailable, apply the failure action.",
)
LRN_QUERY_TIMEOUT: Final = IntParameter(
    "SS_LRN_QUERY_TIMEOUT",
    default=2000,
    minimum=100,
    maximum=10000,
    unit="ms",
    scope="system",
    meaning="Wait for one LRN answer.",
)
LRN_QUERY_MODE: Final = EnumParameter(
    "SS_LRN_QUERY_MODE",
    default=LrnMode.EXTERNAL,
    words=tuple(LrnMode),
    scope="system",
    meaning="Internal = use the locally managed LRN number table; External = ask the LRN server.",
)
USER_AGENT_PRIVACY: Final = EnumParameter(
    "SS_SIP_USER_AGENT_PRIVACY",
    default=UserAgentPrivacy.IGNORE,
    words=tuple(UserAgentPrivacy),
    scope="sip",
    meaning="Privacy of calls to gateways we register at: Ignore = no header, Id = withheld, None ="
    " shown. Gateway override identity.privacy (SIG-11).",
)
DISPLAY_FROM: Final = EnumParameter(
    "SS_SIP_E164_DISPLAY_FROM",
    default=Display.IGNORE,
    words=tuple(Display),
    scope="sip",
    meaning="Display name in From of outgoing calls: Ignore = none, Caller = the number,"
    " Passthrough = as received. Gateway field identity.display (SIG-15).",
)
INVITE_USE_CONTACT: Final = BoolParameter(
    "SS_SIP_ROUTING_GATEWAY_INVITE_USE_CONTACT",
    default=False,
    scope="sip",
    meaning="Off = To and Request-URI both carry the number as sent, and the callee of incoming"
    " calls is read from To. On = To keeps the number as it was before the gateway's rules, and the"
    " callee is read from the Request-URI (SIG-13).",
)
USE_CALLER_PHONE_DISPLAY: Final = BoolParameter(
    "SS_USE_CALLER_PHONE_DISPLAY",
    default=False,
    scope="system",
    meaning="On = a phone that calls through a mapping gateway is shown by its display number"
    " (SIG-15).",
)
FORWARD_DISPLAY: Final = EnumParameter(
    "SS_CALL_FORWARD_DISPLAY",
    default="Original",
    words=("Original", "Local"),
    scope="system",
    meaning="Caller shown where a phone forwards: the original one, or the phone. Phone field"
    " forwarding.display overrides (SIG-22).",
)
TRANSFER_DISPLAY: Final = EnumParameter(
    "SS_CALL_TRANSFER_NORMAL_DISPLAY",
    default="Original",
    words=("Original", "Local"),
    scope="system",
    meaning="Caller shown where a phone transfers blindly: the one who is transferred, or the"
    " phone. Phone field transfer.display overrides (SIG-21).",
)
CONSULT_DISPLAY: Final = EnumParameter(
    "SS_CALL_TRANSFER_ASK_DISPLAY",
    default="Local",
    words=("Original", "Local"),
    scope="system",
    meaning="Caller shown where a phone that may transfer calls somebody while it keeps another one"
    " on hold: the one on hold, or the phone. Phone field transfer.consultDisplay overrides"
    " (SIG-21).",
)

DECLARED: Final[tuple[AnyParameter, ...]] = (
    SWITCH_LIMIT,
    SWITCH_UNTIL_CONNECT,
    STOP_AFTER_BUSY,
    STOP_AFTER_RTP,
    STOP_AFTER_SDP,
    STOP_AFTER_INVITE_TIMEOUT,
    ASR_CALCULATE,
    ASR_RESERVE_TIME,
    ASR_RESERVE_SEPARATE,
    ASR_SORT,
    FEE_RATE_SORT,
    FEE_RATE_BEFORE_ASR,
    POOL_SEQUENCE,
    LRN_SERVER_ADDRESS,
    LRN_QUERY_TIMEOUT,
    LRN_QUERY_MODE,
    USER_AGENT_PRIVACY,
    DISPLAY_FROM,
    INVITE_USE_CONTACT,
    USE_CALLER_PHONE_DISPLAY,
    FORWARD_DISPLAY,
    TRANSFER_DISPLAY,
    CONSULT_DISPLAY,
)


def read_parameters(values: Values) -> Parameters:
    """Return what decisions obey."""
    return Parameters(
        switch_limit=values[SWITCH_LIMIT],
        switch_until_connect=values[SWITCH_UNTIL_CONNECT],
        stop_after_busy=values[STOP_AFTER_BUSY],
        stop_after_rtp=values[STOP_AFTER_RTP],
        stop_after_sdp=values[STOP_AFTER_SDP],
        stop_after_invite_timeout=values[STOP_AFTER_INVITE_TIMEOUT],
        calculate_ratio=values[ASR_CALCULATE],
        ratio_window=timedelta(seconds=values[ASR_RESERVE_TIME]),
        ratio_segments=values[ASR_RESERVE_SEPARATE],
        ratio_place=Place(values[ASR_SORT]),
        cost_place=Place(values[FEE_RATE_SORT]),
        cost_before_ratio=values[FEE_RATE_BEFORE_ASR],
        pool_sequence=Sequence(values[POOL_SEQUENCE]),
        lrn_mode=LrnMode(values[LRN_QUERY_MODE]),
        lrn_server=values[LRN_SERVER_ADDRESS],
        lrn_timeout=timedelta(milliseconds=values[LRN_QUERY_TIMEOUT]),
        user_agent_privacy=UserAgentPrivacy(values[USER_AGENT_PRIVACY]),
        display_from=Display(values[DISPLAY_FROM]),
        invite_uses_contact=values[INVITE_USE_CONTACT],
        use_phone_display=values[USE_CALLER_PHONE_DISPLAY],
        forward_display=CallerDisplay(values[FORWARD_DISPLAY].lower()),
        transfer_display=CallerDisplay(values[TRANSFER_DISPLAY].lower()),
        consult_display=CallerDisplay(values[CONSULT_DISPLAY].lower()),
    )
