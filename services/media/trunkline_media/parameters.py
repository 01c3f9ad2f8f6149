"""Parameters that the media service obeys (spec section 8). They hold for new sessions."""

import re
from typing import Final

from trunkline_kernel.parameters import HexByteParameter, IntParameter, StringParameter

LOWEST_PORT: Final = 1024
HIGHEST_PORT: Final = 65535


def parse_port_range(text: str) -> tuple[int, int]:
    """Return the first and last port of "10000-39999". Raises `ValueError` (MED-13)."""
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    if match is None:
        raise ValueError("not two ports with a hyphen between them")
    first, last = int(match[1]), int(match[2])
    if first % 2:
        raise ValueError("the first port is odd")
    if not LOWEST_PORT <= first < last <= HIGHEST_PORT:
        raise ValueError("the first port is not below the last")
    return first, last


RTP_PORT_RANGE: Final = StringParameter(
    "SS_RTP_PORT_RANGE",
    default="10000-39999",
    meaning="UDP ports of the media relay: even ports carry RTP, the next odd ones RTCP.",
    scope="media",
    expected="FIRST-LAST in 1024-65535, FIRST even and below LAST",
    check=parse_port_range,
)

RTP_INTERRUPT_TIMEOUT: Final = IntParameter(
    "SS_RTP_INTERRUPT_TIMEOUT",
    default=60,
    minimum=5,
    maximum=3600,
    unit="s",
    meaning="Silence on a watched direction after which a call is released (MED-08).",
    scope="media",
)

QOS_RTP: Final = HexByteParameter(
    "SS_QOS_RTP",
    default=0xA0,
    meaning="TOS or traffic-class byte of RTP and RTCP packets.",
    scope="media",
)

_STORED: Final = "Stored for compatibility: there are no voice mail boxes (MED-14)."

VOICE_MAIL: Final = (
    IntParameter(
        "IVR_VOICEMAIL_EXPIRE_DAY",
        default=7,
        minimum=1,
        maximum=3650,
        unit="days",
        meaning=_STORED,
        scope="ivr",
    ),
    IntParameter(
        "IVR_VOICEMAIL_MAX_NUMBER",
        default=10,
        minimum=1,
        maximum=10000,
        unit="items",
        meaning=_STORED,
        scope="ivr",
    ),
    IntParameter(
        "IVR_VOICEMAIL_MAX_TIME",
        default=60,
        minimum=1,
        maximum=3600,
        unit="s",
        meaning=_STORED,
        scope="ivr",
    ),
    StringParameter(
        "IVR_VOICEMAILWELCOME", default="voicemailwelcome", meaning=_STORED, scope="ivr"
    ),
)

PARAMETERS: Final = (RTP_PORT_RANGE, RTP_INTERRUPT_TIMEOUT, QOS_RTP, *VOICE_MAIL)
