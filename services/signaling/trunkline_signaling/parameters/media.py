"""What is done with media where neither side says so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from trunkline_kernel.faults import FieldViolation
from trunkline_kernel.parameters import (
    BoolParameter,
    EnumParameter,
    ListParameter,
    Parameters,
    StringParameter,
)

from ..calls.encryption import Cipher, PayloadEncryption
from ..calls.media_policy import DEFAULT_PROMPTS, PromptParameters
from ..calls.policy import MediaProxy
from ..calls.relay import RelayParameters


def _codec(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}", text):
        raise ValueError(text)
    return text


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
RTP_ENCRYPTION: Final = (RTP_ENCRYPTION_MODE, RTP_ENCRYPTION_KEY)

PARAMETERS: Final = (
    MEDIA_PROXY_MODE,
    MEDIA_PROXY_BETWEEN_NET,
    MEDIA_PROXY_SAME_NAT,
    MEDIA_PROXY_BEHIND_NAT,
    UNABLE_TO_CONNECT_PROMPT,
    BALANCE_NOT_ENOUGH_PROMPT,
    CODEC_PRIORITY,
    RTP_ENCRYPTION_MODE,
    RTP_ENCRYPTION_KEY,
)

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


def encryption_fits(values: Parameters) -> Iterable[FieldViolation]:
    """Check the key's length against the mode: both may be written together (MED-01)."""
    least, most = KEY_SIZES[values[RTP_ENCRYPTION_MODE]]
    if not least <= len(values[RTP_ENCRYPTION_KEY].encode()) <= most:
        size = f"{least}" if least == most else f"{least} to {most}"
        mode = values[RTP_ENCRYPTION_MODE]
        yield FieldViolation(RTP_ENCRYPTION_KEY.name, f"must have {size} bytes for mode {mode}")


def relay_parameters(values: Parameters) -> RelayParameters:
    """Return what decides about the relay where the sides leave it open."""
    return RelayParameters(
        _MODES[values[MEDIA_PROXY_MODE]],
        values[MEDIA_PROXY_BETWEEN_NET],
        values[MEDIA_PROXY_SAME_NAT],
        values[MEDIA_PROXY_BEHIND_NAT],
        encryption=values[RTP_ENCRYPTION_MODE] in _CIPHERS,
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
