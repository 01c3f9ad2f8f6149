"""One session, what it is opened with, and what it needs of the relay and of this machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from trunkline_engine import Audio, LegSettings, Protection, Side, VoiceFormat

from .codecs import Codec
from .legs import Leg, LegChange, LegName, MediaAddress, SilenceLimits


class Relay(Protocol):
    """The engine, as far as sessions need it. No method waits."""

    def open(
        self, a: LegSettings, b: LegSettings, *, address_a: int = 0, address_b: int = 0
    ) -> tuple[int, int, int]: ...

    def update(
        self,
        session: int,
        a: LegSettings,
        b: LegSettings,
        *,
        relearn_a: bool = False,
        relearn_b: bool = False,
    ) -> None: ...

    def protect(self, session: int, side: Side, protection: Protection | None) -> None: ...

    def play(
        self,
        session: int,
        side: Side,
        audio: Audio,
        *,
        looped: bool = False,
        limit: timedelta | None = None,
    ) -> None: ...

    def record(self, session: int, path: Path) -> None: ...

    def stop_play(self, session: int, side: Side) -> None: ...

    def send_digit(self, session: int, side: Side, key: str, duration: timedelta) -> None: ...

    def converts(self, from_: VoiceFormat, to: VoiceFormat, /) -> bool: ...

    def query(self, session: int) -> None: ...

    def close(self, session: int) -> None: ...


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """An address of this machine: its place in the relay's list, and how peers know it."""

    index: int
    advertised: str


class Addresses(Protocol):
    """Chooses the local address for a peer."""

    def towards(self, remote_ip: str | None) -> LocalAddress: ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session is opened with."""

    session_id: str
    owner: str
    epoch: str
    legs: Mapping[LegName, LegChange]
    silence_limit: timedelta
    recording: Path | None = None
    """File for a stereo recording of both legs (MED-14)."""


@dataclass(slots=True)
class Session:
    """One open session."""

    session_id: str
    owner: str
    number: int
    """The relay's name for it."""
    local: Mapping[LegName, MediaAddress]
    """Where each device is to send RTP. RTCP has the next port."""
    limits: SilenceLimits
    legs: dict[LegName, Leg]
    answered: bool = False
    playing: dict[LegName, str] = field(default_factory=dict)
    """Names of what is played."""
    explanation: str = ""
    """Why it is being closed without its owner's wish."""
    closing: bool = False

    def codec(self, name: LegName) -> Codec | None:
        """Return the codec a leg speaks. None while unknown."""
        return self.legs[name].codec(self.legs[name.other])

    def encoding(self, name: LegName) -> str:
        """Return the name of the codec a leg speaks. Empty while unknown."""
        codec = self.codec(name)
        return codec.encoding if codec else ""

    def settings(self, name: LegName) -> LegSettings:
        """Return what the relay is to know about a leg. Silence is watched from the answer on."""
        limits = self.limits if self.answered else None
        return self.legs[name].settings(self.legs[name.other], limits)


@dataclass(frozen=True, slots=True)
class Playing:
    """What is to be played, to whom, and for how long at most."""

    leg: LegName
    name: str
    audio: Audio
    looped: bool = False
    limit: timedelta | None = None
