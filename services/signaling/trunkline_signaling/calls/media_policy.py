"""How routing wants the media of one side treated: codecs, DTMF, tones (MED-03 to MED-11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final, NamedTuple


class Spelling(Enum):
    """How G.729 is written in SDP (MED-04)."""

    AUTO = auto()
    """As the peer wrote it."""
    G729 = auto()
    G729A = auto()
    BOTH = auto()
    """Offered in both spellings."""

    __hash__ = object.__hash__  # Enum's own runs in Python, and every offer looks a policy up


class Annex(Enum):
    """How a codec's annex is written in SDP (MED-05)."""

    AUTO = auto()
    """As the peers say: a "no" of either side wins."""
    YES = auto()
    NO = auto()
    OMIT = auto()
    PASS_THROUGH = auto()
    """As the far side said."""

    __hash__ = object.__hash__


class G729Policy(NamedTuple):
    """Details of G.729 and G.723 on one side."""

    spelling: Spelling = Spelling.AUTO
    annex_b: Annex = Annex.AUTO
    g723_annex_a: Annex = Annex.AUTO


DEFAULT_G729: Final = G729Policy()


class DtmfReceive(Enum):
    """Forms of DTMF that are recognised (MED-06)."""

    ALL = auto()
    RFC4733 = auto()
    INFO = auto()
    OFF = auto()

    __hash__ = object.__hash__


class DtmfSend(Enum):
    """Form of DTMF that is sent (MED-06)."""

    AUTO = auto()
    RFC4733 = auto()
    INFO = auto()
    OFF = auto()

    __hash__ = object.__hash__


class DtmfForm(Enum):
    """Forms in which a key travels (MED-06)."""

    RFC4733 = auto()
    INBAND = auto()
    INFO = auto()
    NONE = auto()


class DtmfPolicy(NamedTuple):
    """DTMF of one side (MED-06, MED-07)."""

    receive: DtmfReceive = DtmfReceive.ALL
    send: DtmfSend = DtmfSend.AUTO
    payload_type: int = 101
    """Of telephone-event where this side is offered it, 96 to 127."""
    detect_inband: bool = False
    """Look for tones in the voice stream."""
    send_inband: bool = False
    """Put tones into the voice stream where nothing better is there."""
    use_peer_ability: bool = False
    """Offer telephone-event only when the far side has it."""


DEFAULT_DTMF: Final = DtmfPolicy()


@dataclass(frozen=True, slots=True)
class Prompts:
    """What a caller whose call fails is told (MED-10). None leaves it to the parameter."""

    unable_to_connect: bool | None = None
    balance_not_enough: bool | None = None
    language: str = ""
    """Begins the names of the audio files; empty for none."""


NO_PROMPTS: Final = Prompts()


@dataclass(frozen=True, slots=True)
class PromptParameters:
    """What holds of announcements where a caller's side leaves it open."""

    unable_to_connect: bool = False
    """SS_UNABLE_TO_CONNECT_PROMPT."""
    balance_not_enough: bool = False
    """SS_BALANCE_NOT_ENOUGH_PROMPT."""
    codecs: tuple[str, ...] = ("g729a", "g729", "g723", "g711a", "g711u")
    """IVR_CODEC_PRIORITY (MED-14)."""


DEFAULT_PROMPTS: Final = PromptParameters()


@dataclass(frozen=True, slots=True)
class RingTone:
    """What a caller hears when its vendor stays silent (MED-11)."""

    audio: str
    delay: timedelta
    """From the INVITE."""
