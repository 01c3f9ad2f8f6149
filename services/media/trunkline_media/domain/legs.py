"""One leg of a session as signaling describes it, and what the relay is told about it.

Requests change a leg partly: what they leave out stays as it was. RTCP's place belongs to the
remote address: a new one without it means the next port (RFC 3550 section 11).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, assert_never

from trunkline_engine import LegSettings, Protection

from ..errors import InvalidRequest
from .codecs import Codec, Formats


class LegName(StrEnum):
    """One of the two legs: the caller's and the callee's."""

    A = "A"
    B = "B"

    @property
    def other(self) -> "LegName":
        """The other one."""
        return LegName.B if self is LegName.A else LegName.A


class Direction(StrEnum):
    """What the device's description says about its media (RFC 3264)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the device sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the device receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)


class MediaCheck(StrEnum):
    """Directions whose silence is told (MED-08)."""

    NONE = "none"
    SENT = "sent"
    RECEIVED = "received"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class MediaAddress:
    """An IP address and a port."""

    ip: str
    port: int

    def __post_init__(self) -> None:
        if not is_ip_address(self.ip):
            raise InvalidRequest(f"{self.ip!r} is not an IP address")
        if not 1 <= self.port <= 65535:
            raise InvalidRequest(f"port of {self.ip} is {self.port}; expected 1 to 65535")


@lru_cache(maxsize=4096)
def is_ip_address(text: str) -> bool:
    """Return whether `text` is an IP address. Peers have few: most are asked about again."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class DigitForm(StrEnum):
    """Form in which digits go to a leg (MED-06)."""

    RFC4733 = "rfc4733"
    INBAND = "inband"
    INFO = "info"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Dtmf:
    """What is done with digits on a leg."""

    receive_events: bool = False
    """The device's events end here and are told. Otherwise they are relayed as they are."""
    receive_inband: bool = False
    """Tones in the device's voice are told; the voice goes on as it is."""
    send: DigitForm = DigitForm.RFC4733
    forward: bool = False
    """The other leg's digits are sent to this one by the relay."""


class Cipher(StrEnum):
    """The payload encryption of MED-01."""

    XOR = "xor"
    RC4 = "rc4"
    AES128 = "aes128"


@dataclass(frozen=True, slots=True)
class Plain:
    """Nothing between RTP and the wire."""


@dataclass(frozen=True, slots=True)
class PayloadEncryption:
    """RTP payloads enciphered by a shared key (MED-01)."""

    cipher: Cipher
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Srtp:
    """SRTP with keys from SDES. A key is the master key and then the master salt (RFC 4568)."""

    suite: str
    send_key: bytes = field(repr=False)
    receive_key: bytes = field(repr=False)


Encryption = Plain | PayloadEncryption | Srtp


PAYLOAD_CIPHERS: Final = {
    Cipher.XOR: Protection.xor,
    Cipher.RC4: Protection.rc4,
    Cipher.AES128: Protection.aes128,
}


def protection(encryption: Encryption) -> Protection | None:
    """Return what the relay is told. Raises `InvalidRequest` for bad keys."""
    try:
        match encryption:
            case Plain():
                return None
            case PayloadEncryption(cipher, key):
                return PAYLOAD_CIPHERS[cipher](key)
            case Srtp(suite, send_key, receive_key):
                return Protection.srtp(suite, send_key, receive_key)
            case _:
                assert_never(encryption)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


@dataclass(frozen=True, slots=True)
class LegChange:
    """What a request says about a leg. None stays as it was."""

    remote: MediaAddress | None = None
    remote_rtcp: MediaAddress | None = None
    rtcp_mux: bool = False
    learn_source: bool | None = None
    fax: bool | None = None
    direction: Direction | None = None
    check: MediaCheck | None = None
    formats: Formats | None = None
    dtmf: Dtmf | None = None
    encryption: Encryption | None = None
    relearn: bool = False


@dataclass(frozen=True, slots=True)
class SilenceLimits:
    """How long a direction in which media is due may be without a packet."""

    release: timedelta
    """Until it is told where it is watched, so that the call is released (MED-08)."""
    missing_audio: timedelta
    """Until it is told as one-way audio or dead air. The call goes on."""


NO_FORMATS: Final = Formats()


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg, as all requests so far have left it."""

    remote: MediaAddress | None = None
    remote_rtcp: MediaAddress | None = None
    rtcp_mux: bool = False
    learn_source: bool = False
    fax: bool = False
    """Whether its media is T.38 over UDPTL (MED-09)."""
    direction: Direction = Direction.SENDRECV
    check: MediaCheck = MediaCheck.NONE
    formats: Formats = NO_FORMATS
    dtmf: Dtmf = Dtmf()
    encryption: Encryption = Plain()

    def changed(self, change: LegChange) -> "Leg":
        """Return the leg with what `change` says."""
        moved = change.remote is not None
        learns = self.learn_source if change.learn_source is None else change.learn_source
        return Leg(
            remote=change.remote if moved else self.remote,
            remote_rtcp=change.remote_rtcp if moved else self.remote_rtcp,
            rtcp_mux=change.rtcp_mux if moved else self.rtcp_mux,
            learn_source=learns,
            fax=self.fax if change.fax is None else change.fax,
            direction=change.direction or self.direction,
            check=change.check or self.check,
            formats=change.formats or self.formats,
            dtmf=change.dtmf or self.dtmf,
            encryption=change.encryption or self.encryption,
        )

    def codec(self, other: "Leg") -> Codec | None:
        """Return the voice codec this leg speaks beside `other`. None while unknown."""
        return self.formats.voice_beside(other.formats)

    def settings(self, other: "Leg", limits: "SilenceLimits | None") -> LegSettings:
        """Return what the relay is told. Without limits, silence is not judged.

        A direction is judged only where media is due: a device on hold may be silent (MED-08).
        """
        received_due = self.direction.sends and other.direction.receives
        sent_due = self.direction.receives and other.direction.sends
        release = limits.release if limits else None
        missing = limits.missing_audio if limits and not (self.fax or other.fax) else None
        judges_received = received_due and self.check in (MediaCheck.RECEIVED, MediaCheck.BOTH)
        judges_sent = sent_due and self.check in (MediaCheck.SENT, MediaCheck.BOTH)
        return LegSettings(
            remote=_pair(self.remote),
            remote_rtcp=_pair(self.remote_rtcp),
            learn_source=self.learn_source,
            fax=self.fax,
            rtcp_mux=self.rtcp_mux,
            voice=codec.format if (codec := self.codec(other)) else None,
            telephone_event=self.formats.telephone_event,
            receive_events=self.dtmf.receive_events,
            receive_inband=self.dtmf.receive_inband,
            forward_digits=self.dtmf.forward and self.dtmf.send in RELAYED_FORMS,
            digits_inband=self.dtmf.send is DigitForm.INBAND,
            silence_received=release if judges_received else None,
            silence_sent=release if judges_sent else None,
            audio_received=missing if received_due else None,
            audio_sent=missing if sent_due else None,
        )


RELAYED_FORMS: Final = (DigitForm.RFC4733, DigitForm.INBAND)
"""Forms that the relay itself can send; INFO is the owner's."""


def _pair(address: MediaAddress | None) -> tuple[str, int] | None:
    return None if address is None else (address.ip, address.port)
