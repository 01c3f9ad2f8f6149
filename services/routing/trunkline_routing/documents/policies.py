"""How one side of a call is treated: media, codecs, DTMF, SIP options (SIG-18, MED-02 to MED-09).

Routing carries these to signaling with the leg they belong to and decides nothing by them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AliasChoices, Field, field_validator, model_validator
from trunkline_kernel.documents import Spec

from .fields import Distinct, OnOff


class MediaProxy(StrEnum):
    """Whether media is relayed (MED-02)."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"
    MUST_ON = "mustOn"


class MediaCheck(StrEnum):
    """RTP directions whose silence ends the call (MED-08)."""

    NONE = "none"
    SENT = "sent"
    RECEIVED = "received"
    BOTH = "both"


class CodecMode(StrEnum):
    """Who chooses the codec (MED-03)."""

    AUTO = "auto"
    SPECIFIED = "specified"


class CodecPolicy(Spec):
    """Codecs of one side."""

    mode: CodecMode = CodecMode.AUTO
    codecs: Annotated[
        Distinct[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]],
        Field(validation_alias=AliasChoices("codecs", "codec")),
    ] = ()
    """In the order of preference; one may be written as `codec: PCMA`."""
    allow_conversion: bool = False

    @field_validator("codecs", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _specified_has_codecs(self) -> Self:
        if (self.mode is CodecMode.SPECIFIED) != bool(self.codecs):
            raise ValueError("codecs are listed when the mode is specified, and only then")
        return self


class DtmfReceive(StrEnum):
    """Forms of DTMF that are recognised (MED-06)."""

    ALL = "all"
    RFC4733 = "rfc4733"
    INFO = "info"
    OFF = "off"


class DtmfSend(StrEnum):
    """Form of DTMF that is sent (MED-06)."""

    AUTO = "auto"
    RFC4733 = "rfc4733"
    INFO = "info"
    OFF = "off"


class DtmfPolicy(Spec):
    """DTMF of one side."""

    receive: DtmfReceive = DtmfReceive.ALL
    send: DtmfSend = DtmfSend.AUTO
    payload: Annotated[int, Field(ge=96, le=127)] = 101
    detect_inband: bool = False
    send_inband: bool = False
    use_peer_ability: bool = False


class G729Spelling(StrEnum):
    """How G.729 is written in SDP (MED-04)."""

    AUTO = "auto"
    G729 = "g729"
    G729A = "g729a"
    BOTH = "both"


class Annex(StrEnum):
    """How a codec annex is written in SDP (MED-05)."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"
    OMIT = "omit"
    PASSTHROUGH = "passthrough"


class G729Policy(Spec):
    """G.729 and G.723 details of one side."""

    spelling: G729Spelling = G729Spelling.AUTO
    annex_b: Annex = Annex.AUTO
    g723_annex_a: Annex = Annex.AUTO


class RingTone(Spec):
    """A tone for callers whose vendor is silent (MED-11)."""

    audio: Annotated[str, Field(min_length=1, max_length=128)]
    delay: Annotated[int, Field(ge=0, le=60)] = 0
    """Seconds from the INVITE."""


class Prompts(Spec):
    """What a caller hears whose call fails (MED-10)."""

    unable_to_connect: OnOff = OnOff.DEFAULT
    balance_not_enough: OnOff = OnOff.DEFAULT
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})?)?$")] = ""
    """Begins the names of the audio files, as in `en-no-answer`."""


class MediaPolicy(Spec):
    """Media of one side."""

    proxy: MediaProxy | None = None
    """Unset leaves it to SS_MEDIAPROXYMODE."""
    codec: CodecPolicy = CodecPolicy()
    dtmf: DtmfPolicy = DtmfPolicy()
    g729: G729Policy = G729Policy()
    check: MediaCheck = MediaCheck.NONE
    encrypt: bool = False
    srtp: bool = False
    t38: bool = False
    record: bool = False
    ring_tone: RingTone | None = None
    prompts: Prompts = Prompts()


class AddressMethod(StrEnum):
    """Where answers or in-dialog requests go (SIG-18)."""

    SOCKET = "socket"
    SOURCE_IP = "sourceIp"
    HEADER = "header"


class RemoteRingSignal(StrEnum):
    """What the caller sees while it rings (SIG-19)."""

    PASSTHROUGH = "passthrough"
    PROGRESS_WITH_SDP = "183WithSdp"
    RINGING_WITH_SDP = "180WithSdp"


class SipPolicy(Spec):
    """SIP options of one side."""

    session_timer: bool = True
    reliable_provisionals: bool = False
    response_address: AddressMethod = AddressMethod.SOCKET
    request_address: AddressMethod = AddressMethod.SOCKET
    remote_ring_signal: RemoteRingSignal = RemoteRingSignal.PASSTHROUGH
    privacy_support: bool = False
    call_state_report: bool = False
    """Whether where its calls stand is told to OUT_POST_URL (MGT-14)."""


class Duration(Spec):
    """Longest talk time, drawn between two ends for each call (SIG-25).

    Unset means the parameter; `unlimited` that this side sets no limit.
    """

    least: Annotated[int, Field(ge=1, le=86400)] | None = None
    most: Annotated[int, Field(ge=1, le=86400)] | None = None
    unlimited: bool = False

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.least is None) != (self.most is None):
            raise ValueError("expected both least and most, or neither")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}")
        if self.unlimited and self.least is not None:
            raise ValueError("unlimited excludes least and most")
        return self


Quality = OnOff
"""Whether answer ratios are calculated for an object (RTE-13)."""
