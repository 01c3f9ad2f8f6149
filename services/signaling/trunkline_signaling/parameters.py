"""Parameters that signaling obeys (specification, section 8). They hold for new calls.

The H.323 ones are stored for compatibility and have no effect (SIG-28).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from trunkline_kernel.faults import FieldViolation
from trunkline_kernel.parameters import (
    BoolParameter,
    EnumParameter,
    HexByteParameter,
    IntOrWordParameter,
    IntParameter,
    ListParameter,
    Parameters,
    StringParameter,
)

from .calls.encryption import Cipher, PayloadEncryption
from .calls.media_policy import DEFAULT_PROMPTS, PromptParameters
from .calls.policy import MediaProxy
from .calls.progress import ProgressLimits
from .calls.relay import RelayParameters
from .calls.session_timer import TimerParameters
from .registrar.outbound import Rules
from .shell.keep_alive import KeepAliveSettings
from .sip.timing import DEFAULT_RESEND, Timing


def _wait(name: str, default: int, maximum: int, meaning: str, scope: str = "sip") -> IntParameter:
    return IntParameter(
        name,
        default=default,
        minimum=1,
        maximum=maximum,
        unit="s",
        scope=scope,
        meaning=meaning,
    )


def _seconds(name: str, default: int, minimum: int, maximum: int, meaning: str) -> IntParameter:
    return IntParameter(
        name,
        default=default,
        minimum=minimum,
        maximum=maximum,
        unit="s",
        scope="sip",
        meaning=meaning,
    )


def _resend_item(text: str) -> float:
    wait = float(text)
    if not 0.1 <= wait <= 32:
        raise ValueError(text)
    return wait


def _codec(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}", text):
        raise ValueError(text)
    return text


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(text)
    return port


RESEND_INTERVAL: Final = ListParameter(
    "SS_SIP_RESEND_INTERVAL",
    default=DEFAULT_RESEND,
    item=_resend_item,
    expected="1 to 20 waits of 0.1 to 32 seconds, with commas between",
    unit="s",
    scope="sip",
    meaning="Waits before each repetition of what is not answered over UDP; the last one ends in"
    " failure (SIG-08).",
)
SIP_PORT: Final = ListParameter(
    "SS_SIP_PORT",
    default=(5060,),
    item=_port,
    expected="ports of 1 to 65535, with commas between",
    unit="port",
    scope="sip",
    meaning="Listening SIP ports, UDP and TCP on each. Read at start.",
)
TIMEOUT_INVITE: Final = _wait(
    "SS_SIP_TIMEOUT_INVITE", 10, 120, "Wait for the first response to INVITE (SIG-09)."
)
TIMEOUT_TRYING: Final = _wait(
    "SS_SIP_TIMEOUT_TRYING", 20, 300, "Wait for progress after 100 (SIG-10)."
)
TIMEOUT_SESSION_PROGRESS: Final = _wait(
    "SS_SIP_TIMEOUT_SESSION_PROGRESS", 20, 300, "Wait after 183 without SDP (SIG-10)."
)
TIMEOUT_SESSION_PROGRESS_SDP: Final = _wait(
    "SS_SIP_TIMEOUT_SESSION_PROGRESS_SDP", 120, 600, "Wait after 183 with SDP (SIG-10)."
)
TIMEOUT_RINGING: Final = _wait(
    "SS_SIP_TIMEOUT_RINGING", 120, 600, "Wait for the answer after 180 (SIG-10)."
)
SESSION_TTL: Final = _seconds(
    "SS_SIP_SESSION_TTL",
    600,
    60,
    86400,
    "Session-Expires we offer, and the most we accept (SIG-03).",
)
SESSION_MIN_SE: Final = _seconds(
    "SS_SIP_SESSION_MIN_SE", 90, 90, 3600, "Least Session-Expires accepted; less gets 422 (SIG-03)."
)
SESSION_UPDATE_SEGMENT: Final = IntParameter(
    "SS_SIP_SESSION_UPDATE_SEGMENT",
    default=2,
    minimum=2,
    maximum=10,
    unit="divisor",
    scope="sip",
    meaning="A session is refreshed this many times in each Session-Expires (SIG-04).",
)
SESSION_TIMEOUT_EARLY_HANGUP: Final = _seconds(
    "SS_SIP_SESSION_TIMEOUT_EARLY_HANGUP",
    0,
    0,
    3600,
    "How long before its expiry a session that nobody refreshed is released (SIG-05).",
)
NO_TIMER_REINVITE_INTERVAL: Final = _seconds(
    "SS_SIP_NO_TIMER_REINVITE_INTERVAL",
    7200,
    0,
    86400,
    "Longest talk of a caller without session timer; 0 is no limit (SIG-06).",
)
MAX_CALL_DURATION: Final = IntOrWordParameter(
    "SS_MAX_CALL_DURATION",
    default=None,
    minimum=1,
    maximum=86400,
    word="None",
    unit="s",
    scope="system",
    meaning="Longest talk time where a gateway or phone has no limit of its own (SIG-25).",
)
USER_AGENT_EXPIRE: Final = IntOrWordParameter(
    "SS_SIP_USER_AGENT_EXPIRE",
    default=None,
    minimum=20,
    maximum=7200,
    word="auto",
    unit="s",
    scope="sip",
    meaning="Expiry asked for when we register at a vendor; auto takes what is granted (SIG-02).",
)
USER_AGENT_RETRY_DELAY: Final = IntParameter(
    "SS_SIP_USER_AGENT_RETRY_DELAY",
    default=60,
    minimum=30,
    maximum=600,
    unit="s",
    scope="sip",
    meaning="Wait after a REGISTER of ours that failed (SIG-02).",
)
USER_AGENT_SEND_UNREGISTER: Final = BoolParameter(
    "SS_SIP_USER_AGENT_SEND_UNREGISTER",
    default=True,
    scope="sip",
    meaning="Whether registrations of ours are ended when the switch stops (SIG-01).",
)
OPTIONS_CHECK_PERIOD: Final = IntParameter(
    "SS_SIP_OPTIONS_CHECK_PERIOD",
    default=60,
    minimum=0,
    maximum=3600,
    unit="s",
    scope="sip",
    meaning="Time between two probes of each address of gateways with the online check on; 0 is"
    " off (SIG-16).",
)
PUBLISH_EXPIRE: Final = IntParameter(
    "SS_SIP_PUBLISH_EXPIRE",
    default=300,
    minimum=30,
    maximum=7200,
    unit="s",
    scope="sip",
    meaning="How long a limit holds that a gateway publishes without Expires (SIG-14).",
)
KEEP_ALIVE_MESSAGE: Final = StringParameter(
    "SS_SIP_NAT_KEEP_ALIVE_MESSAGE",
    default="HELLO",
    scope="sip",
    meaning="What is sent to terminals behind NAT, as it is; empty sends nothing (SIG-07).",
)
KEEP_ALIVE_PERIOD: Final = IntParameter(
    "SS_SIP_NAT_KEEP_ALIVE_PERIOD",
    default=30,
    minimum=10,
    maximum=86400,
    unit="s",
    scope="sip",
    meaning="Time between two rounds of keep-alives (SIG-07).",
)
KEEP_ALIVE_SEND_INTERVAL: Final = IntParameter(
    "SS_SIP_NAT_KEEP_ALIVE_SEND_INTERVAL",
    default=500,
    minimum=1,
    maximum=10000,
    unit="ms",
    scope="sip",
    meaning="Pause between two batches of a round of keep-alives (SIG-07).",
)
KEEP_ALIVE_SEND_ONE_TIME: Final = IntParameter(
    "SS_SIP_NAT_KEEP_ALIVE_SEND_ONE_TIME",
    default=3000,
    minimum=1,
    maximum=10000,
    unit="packets",
    scope="sip",
    meaning="Keep-alives in one batch (SIG-07).",
)
TCP_CLOSE_RESET: Final = BoolParameter(
    "SS_TCP_CLOSE_RESET",
    default=False,
    scope="system",
    meaning="Close SIP connections by RST instead of FIN (SIG-17).",
)
QOS_SIGNAL: Final = HexByteParameter(
    "SS_QOS_SIGNAL",
    default=0xA0,
    scope="system",
    meaning="TOS or traffic-class byte of SIP packets of new sockets (SIG-27).",
)
MEDIA_PROXY_MODE: Final = EnumParameter(
    "SS_MEDIAPROXYMODE",
    default="Auto",
    words=("Off", "On", "Auto", "MustOn"),
    aliases=("SS_MEDIA_PROXY_MODE",),
    scope="system",
    meaning="Whether media is relayed where neither side says so (MED-02).",
)
MEDIA_PROXY_BETWEEN_NET: Final = BoolParameter(
    "SS_MEDIA_PROXY_BETWEEN_NET",
    default=True,
    scope="system",
    meaning="Auto mode: relay between legs of different local addresses.",
)
MEDIA_PROXY_SAME_NAT: Final = BoolParameter(
    "SS_MEDIA_PROXY_SAME_NAT",
    default=True,
    scope="system",
    meaning="Auto mode: relay between two endpoints behind one NAT address.",
)
MEDIA_PROXY_BEHIND_NAT: Final = BoolParameter(
    "SS_MEDIA_PROXY_BEHIND_NAT",
    default=True,
    scope="system",
    meaning="Auto mode: relay when either endpoint is behind NAT.",
)
RTP_ENCRYPTION_MODE: Final = EnumParameter(
    "SS_RTPENCRYPTIONMODE",
    default="None",
    words=("None", "XOR", "RC4", "AES128"),
    scope="system",
    meaning="Cipher of RTP payloads of sides with `encrypt` on; both systems must have the same"
    " (MED-01).",
)
RTP_ENCRYPTION_KEY: Final = StringParameter(
    "SS_RTPENCRYPTIONKEY",
    default="",
    scope="system",
    secret=True,
    meaning="Shared secret of RTP encryption, as bytes of UTF-8: XOR 1 or more, RC4 1 to 32, AES128"
    " just 16. Letters and digits are safest (MED-01).",
)
UNABLE_TO_CONNECT_PROMPT: Final = BoolParameter(
    "SS_UNABLE_TO_CONNECT_PROMPT",
    default=False,
    scope="system",
    meaning="Announce to callers why their call fails, where their side leaves it open (MED-10).",
)
BALANCE_NOT_ENOUGH_PROMPT: Final = BoolParameter(
    "SS_BALANCE_NOT_ENOUGH_PROMPT",
    default=False,
    scope="system",
    meaning="Announce to callers that the balance is too low (MED-10).",
)
CODEC_PRIORITY: Final = ListParameter(
    "IVR_CODEC_PRIORITY",
    default=DEFAULT_PROMPTS.codecs,
    item=_codec,
    expected="codec names with commas between",
    scope="ivr",
    meaning="Codecs of announcements, the first that the caller offers (MED-14).",
)
RTP_ENCRYPTION: Final = (RTP_ENCRYPTION_MODE, RTP_ENCRYPTION_KEY)
_STORED: Final = "Stored for compatibility; H.323 gateways are not routable (SIG-28)."
H323: Final = (
    _wait("SS_H323_TIMEOUT_SETUP", 10, 600, _STORED, "h323"),
    _wait("SS_H323_TIMEOUT_CALLPROCEEDING", 20, 600, _STORED, "h323"),
    _wait("SS_H323_TIMEOUT_CALLPROCEEDING_OLC", 60, 600, _STORED, "h323"),
    _wait("SS_H323_TIMEOUT_ALERTING", 120, 600, _STORED, "h323"),
)

PARAMETERS: Final = (
    RESEND_INTERVAL,
    SIP_PORT,
    TIMEOUT_INVITE,
    TIMEOUT_TRYING,
    TIMEOUT_SESSION_PROGRESS,
    TIMEOUT_SESSION_PROGRESS_SDP,
    TIMEOUT_RINGING,
    SESSION_TTL,
    SESSION_MIN_SE,
    SESSION_UPDATE_SEGMENT,
    SESSION_TIMEOUT_EARLY_HANGUP,
    NO_TIMER_REINVITE_INTERVAL,
    MAX_CALL_DURATION,
    USER_AGENT_EXPIRE,
    USER_AGENT_RETRY_DELAY,
    USER_AGENT_SEND_UNREGISTER,
    OPTIONS_CHECK_PERIOD,
    PUBLISH_EXPIRE,
    KEEP_ALIVE_MESSAGE,
    KEEP_ALIVE_PERIOD,
    KEEP_ALIVE_SEND_INTERVAL,
    KEEP_ALIVE_SEND_ONE_TIME,
    TCP_CLOSE_RESET,
    QOS_SIGNAL,
    MEDIA_PROXY_MODE,
    MEDIA_PROXY_BETWEEN_NET,
    MEDIA_PROXY_SAME_NAT,
    MEDIA_PROXY_BEHIND_NAT,
    UNABLE_TO_CONNECT_PROMPT,
    BALANCE_NOT_ENOUGH_PROMPT,
    CODEC_PRIORITY,
    *RTP_ENCRYPTION,
    *H323,
)

MOST_WAITS: Final = 20


def lists_fit(values: Parameters) -> Iterable[FieldViolation]:
    """Check the lists' lengths: 1 to 20 waits (SIG-08), at least one port."""
    if not 1 <= len(values[RESEND_INTERVAL]) <= MOST_WAITS:
        yield FieldViolation(RESEND_INTERVAL.name, f"must have 1 to {MOST_WAITS} waits")
    if not values[SIP_PORT]:
        yield FieldViolation(SIP_PORT.name, "must have a port")


def margin_fits(values: Parameters) -> Iterable[FieldViolation]:
    """Check that sessions live before they are given up (SIG-05)."""
    ttl = values[SESSION_TTL]
    if values[SESSION_TIMEOUT_EARLY_HANGUP] >= ttl:
        margin = SESSION_TIMEOUT_EARLY_HANGUP.name
        yield FieldViolation(margin, f"must be less than {SESSION_TTL.name}, which is {ttl}")


def encryption_fits(values: Parameters) -> Iterable[FieldViolation]:
    """Check the key's length against the mode: both may be written together (MED-01)."""
    least, most = KEY_SIZES[values[RTP_ENCRYPTION_MODE]]
    if not least <= len(values[RTP_ENCRYPTION_KEY].encode()) <= most:
        size = f"{least}" if least == most else f"{least} to {most}"
        mode = values[RTP_ENCRYPTION_MODE]
        yield FieldViolation(RTP_ENCRYPTION_KEY.name, f"must have {size} bytes for mode {mode}")


CHECKS: Final = (lists_fit, margin_fits, encryption_fits)

KEY_SIZES: Final = {"None": (0, 1024), "XOR": (1, 1024), "RC4": (1, 32), "AES128": (16, 16)}
"""Least and most bytes of a key, by mode."""
RECOMMENDED_RC4_KEY: Final = 16

_CIPHERS: Final = {"XOR": Cipher.XOR, "RC4": Cipher.RC4, "AES128": Cipher.AES128}

_MODES: Final = {
    "Off": MediaProxy.OFF,
    "On": MediaProxy.ON,
    "Auto": MediaProxy.AUTO,
    "MustOn": MediaProxy.MUST_ON,
}


def progress_limits(values: Parameters) -> ProgressLimits:
    """Return the waits of an attempt."""
    return ProgressLimits(
        timedelta(seconds=values[TIMEOUT_INVITE]),
        timedelta(seconds=values[TIMEOUT_TRYING]),
        timedelta(seconds=values[TIMEOUT_SESSION_PROGRESS]),
        timedelta(seconds=values[TIMEOUT_SESSION_PROGRESS_SDP]),
        timedelta(seconds=values[TIMEOUT_RINGING]),
    )


def relay_parameters(values: Parameters) -> RelayParameters:
    """Return what decides about the relay where the sides leave it open."""
    return RelayParameters(
        _MODES[values[MEDIA_PROXY_MODE]],
        values[MEDIA_PROXY_BETWEEN_NET],
        values[MEDIA_PROXY_SAME_NAT],
        values[MEDIA_PROXY_BEHIND_NAT],
        encryption=values[RTP_ENCRYPTION_MODE] in _CIPHERS,
    )


def timer_parameters(values: Parameters) -> TimerParameters:
    """Return how session timers are negotiated and kept."""
    return TimerParameters(
        values[SESSION_TTL],
        values[SESSION_MIN_SE],
        values[SESSION_UPDATE_SEGMENT],
        values[SESSION_TIMEOUT_EARLY_HANGUP],
        values[NO_TIMER_REINVITE_INTERVAL],
    )


def encryption(values: Parameters) -> PayloadEncryption | None:
    """Return how payloads are encrypted; None in mode None."""
    cipher = _CIPHERS.get(values[RTP_ENCRYPTION_MODE])
    key = values[RTP_ENCRYPTION_KEY].encode()
    return None if cipher is None else PayloadEncryption(cipher, key)


def doubts_of_key(values: Parameters) -> Iterable[str]:
    """Say what is unwise about the key in use, and nothing of the key itself (MED-01)."""
    mode, key = values[RTP_ENCRYPTION_MODE], values[RTP_ENCRYPTION_KEY]
    if mode == "RC4" and len(key.encode()) < RECOMMENDED_RC4_KEY:
        yield f"is shorter than {RECOMMENDED_RC4_KEY} bytes"
    if key and not (key.isascii() and key.isalnum()):
        yield "has other characters than letters and digits: the other system may read another key"


def prompts(values: Parameters) -> PromptParameters:
    """Return what is announced where a side leaves it open."""
    return PromptParameters(
        values[UNABLE_TO_CONNECT_PROMPT],
        values[BALANCE_NOT_ENOUGH_PROMPT],
        values[CODEC_PRIORITY],
    )


def timing(values: Parameters) -> Timing:
    """Return how transactions repeat."""
    return Timing(resend=values[RESEND_INTERVAL])


def max_duration(values: Parameters) -> timedelta | None:
    """Return the longest talk time of a side without a limit of its own."""
    seconds = values[MAX_CALL_DURATION]
    return None if seconds is None else timedelta(seconds=seconds)


def keep_alive(values: Parameters) -> KeepAliveSettings:
    """Return how terminals behind NAT are kept in reach."""
    return KeepAliveSettings(
        values[KEEP_ALIVE_MESSAGE].encode(),
        values[KEEP_ALIVE_PERIOD],
        values[KEEP_ALIVE_SEND_INTERVAL] / 1000,
        values[KEEP_ALIVE_SEND_ONE_TIME],
    )


def registration_rules(values: Parameters) -> Rules:
    """Return how we register at vendors."""
    return Rules(values[USER_AGENT_EXPIRE], values[USER_AGENT_RETRY_DELAY])
