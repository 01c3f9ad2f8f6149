"""How media of a leg is protected: payload encryption by a shared key (MED-01), or SRTP whose keys
travel in session descriptions (RFC 4568).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from typing import Final

from ..sip.sdp import Crypto, MediaDescription
from .codecs import MediaMismatch

SUITES: Final = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
"""Bytes of master key and salt (RFC 4568 section 6.2, RFC 7714 section 14.2)."""

OFFERED: Final = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM")
"""Suites of our offers: the one that every peer must have comes first."""

PLAIN_PROFILE: Final = "RTP/AVP"
SECURE_PROFILE: Final = "RTP/SAVP"
SECURE_PROFILES: Final = frozenset({SECURE_PROFILE, "RTP/SAVPF"})
_INLINE: Final = "inline:"


class Cipher(Enum):
    """Ciphers of MED-01."""

    XOR = auto()
    RC4 = auto()
    AES128 = auto()


@dataclass(frozen=True, slots=True)
class PayloadEncryption:
    """SS_RTPENCRYPTIONMODE and SS_RTPENCRYPTIONKEY, when there is a mode."""

    cipher: Cipher
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Keys of one leg: master key and then master salt, each way."""

    suite: str
    send_key: bytes = field(repr=False)
    receive_key: bytes = field(repr=False)


Protection = PayloadEncryption | SrtpKeys


@dataclass(slots=True)
class KeyExchange:
    """What one leg has said of keys, and we to it."""

    own: dict[str, bytes] = field(default_factory=dict, repr=False)
    """Our key for each suite: the same for as long as the leg lasts."""
    chosen: Crypto | None = field(default=None, repr=False)
    """The line of the peer's offer that we take."""
    agreed: SrtpKeys | None = None

    def read_offer(self, stream: MediaDescription) -> None:
        """Choose among the keys of an offer. Raises `MediaMismatch`."""
        usable = (crypto for crypto in _lines(stream) if _is_usable(crypto))
        self.chosen = next(usable, None)
        if self.chosen is None:
            raise MediaMismatch("no key for SRTP was offered that is known here")

    def write_offer(self, stream: MediaDescription, random: Random) -> None:
        """Offer our keys."""
        lines = [
            Crypto(tag, suite, _inline(self._own_key(suite, random)))
            for tag, suite in enumerate(OFFERED, 1)
        ]
        _write(stream, lines)

    def read_answer(self, stream: MediaDescription) -> None:
        """Take the key of an answer to our offer. Raises `MediaMismatch`."""
        lines = _lines(stream)
        if len(lines) != 1:
            raise MediaMismatch(f"an answer with one key for SRTP was expected, not {len(lines)}")
        crypto = lines[0]
        offered = dict(enumerate(OFFERED, 1)).get(crypto.tag)
        if crypto.suite != offered or not _is_usable(crypto):
            raise MediaMismatch(f"the SRTP key in the answer, tag {crypto.tag}, was not offered")
        self.agreed = SrtpKeys(crypto.suite, self.own[crypto.suite], _key_of(crypto))

    def write_answer(self, stream: MediaDescription, random: Random) -> None:
        """Answer the line that was chosen of the offer with our key for its suite."""
        chosen = self.chosen
        assert chosen is not None
        own = self._own_key(chosen.suite, random)
        self.agreed = SrtpKeys(chosen.suite, own, _key_of(chosen))
        _write(stream, [Crypto(chosen.tag, chosen.suite, _inline(own))])

    def _own_key(self, suite: str, random: Random) -> bytes:
        if suite not in self.own:
            size = SUITES[suite]
            self.own[suite] = random.getrandbits(8 * size).to_bytes(size)
        return self.own[suite]


def is_secure(stream: MediaDescription) -> bool:
    """Tell whether a stream is SRTP, whoever has its keys."""
    return "SAVP" in stream.protocol


def write_plain(stream: MediaDescription) -> None:
    """Let a description speak of plain RTP."""
    stream.protocol = PLAIN_PROFILE
    stream.remove_attributes("crypto")


def _write(stream: MediaDescription, lines: list[Crypto]) -> None:
    if stream.protocol not in SECURE_PROFILES:
        stream.protocol = SECURE_PROFILE
    stream.remove_attributes("crypto")
    for line in lines:
        stream.add_attribute("crypto", line)


def _lines(stream: MediaDescription) -> list[Crypto]:
    return stream.crypto if stream.protocol in SECURE_PROFILES else []


def _is_usable(crypto: Crypto) -> bool:
    """Tell whether we can do what a line asks for. Only a window's size may be asked for beside."""
    asked = crypto.session_params.split()
    if any(not parameter.startswith("WSH=") for parameter in asked):
        return False
    try:
        return len(_key_of(crypto)) == SUITES.get(crypto.suite)
    except (NotBase64, ValueError):
        return False


def _key_of(crypto: Crypto) -> bytes:
    """Return master key and salt. Raises `ValueError` for several keys, or one with an MKI."""
    method, _, info = crypto.key_params.partition(":")
    key, *more = info.split("|")
    if method != "inline" or ";" in info or any(":" in one for one in more):
        raise ValueError("one key without a master key identifier")
    return b64decode(key, validate=True)


def _inline(key: bytes) -> str:
    return _INLINE + b64encode(key).decode()
