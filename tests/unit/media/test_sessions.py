"""The table of sessions: opened once, closed once, lost with their owner."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from trunkline_engine import Audio, LegSettings, PortsExhausted, Protection, Side, VoiceFormat
from trunkline_media.domain.codecs import Codec, Formats
from trunkline_media.domain.legs import (
    Cipher,
    LegChange,
    LegName,
    MediaAddress,
    PayloadEncryption,
    Plain,
)
from trunkline_media.domain.session import LocalAddress, Opening, Playing
from trunkline_media.domain.sessions import MISSING_AUDIO, Sessions
from trunkline_media.errors import (
    CapacityExceeded,
    Draining,
    InvalidRequest,
    NoCodec,
    NotConvertible,
    SessionEnded,
    SessionNotFound,
)

CALLER = MediaAddress("192.0.2.10", 4000)
CALLEE = MediaAddress("198.51.100.7", 6000)
LIMIT = timedelta(seconds=60)


@dataclass
class FakeRelay:
    """Hands out ports from 10000 and remembers what it was told."""

    free: int = 100
    closed: list[int] = field(default_factory=list)
    queried: list[int] = field(default_factory=list)
    updates: list[tuple[int, LegSettings, LegSettings, bool, bool]] = field(default_factory=list)
    protected: list[tuple[int, Side, bool]] = field(default_factory=list)
    played: list[tuple[Side, bool, timedelta | None]] = field(default_factory=list)
    digits: list[tuple[Side, str, timedelta]] = field(default_factory=list)
    recorded: list[Path] = field(default_factory=list)
    opened: int = 0

    def open(
        self, a: LegSettings, b: LegSettings, *, address_a: int = 0, address_b: int = 0
    ) -> tuple[int, int, int]:
        if self.opened == self.free:
            raise PortsExhausted("no pair of ports is free for leg A")
        self.opened += 1
        return self.opened, 9996 + 4 * self.opened, 9998 + 4 * self.opened

    def update(
        self,
        session: int,
        a: LegSettings,
        b: LegSettings,
        *,
        relearn_a: bool = False,
        relearn_b: bool = False,
    ) -> None:
        self.updates.append((session, a, b, relearn_a, relearn_b))

    def protect(self, session: int, side: Side, protection: Protection | None) -> None:
        self.protected.append((session, side, protection is not None))

    def play(
        self,
        session: int,
        side: Side,
        audio: Audio,
        *,
        looped: bool = False,
        limit: timedelta | None = None,
    ) -> None:
        self.played.append((side, looped, limit))

    def record(self, session: int, path: Path) -> None:
        self.recorded.append(path)

    def stop_play(self, session: int, side: Side) -> None:
        self.played.remove((side, True, None))

    def send_digit(self, session: int, side: Side, key: str, duration: timedelta) -> None:
        self.digits.append((side, key, duration))

    def converts(self, from_: VoiceFormat, to: VoiceFormat, /) -> bool:
        known = [VoiceFormat("PCMA", 8), VoiceFormat("PCMU", 0)]
        return from_ in known and to in known

    def query(self, session: int) -> None:
        self.queried.append(session)

    def close(self, session: int) -> None:
        self.closed.append(session)


class OneAddress:
    """A machine with one address."""

    def towards(self, remote_ip: str | None) -> LocalAddress:
        return LocalAddress(0, "203.0.113.1")


def opening(
    session_id: str = "call-1",
    owner: str = "signaling-0",
    epoch: str = "1",
    legs: Mapping[LegName, LegChange] | None = None,
) -> Opening:
    return Opening(session_id, owner, epoch, legs or {}, LIMIT)


@pytest.fixture
def relay() -> FakeRelay:
    return FakeRelay()


@pytest.fixture
def sessions(relay: FakeRelay) -> Sessions:
    return Sessions(relay, OneAddress())


def test_a_second_open_with_the_same_id_returns_the_same_ports(sessions: Sessions) -> None:
    first = sessions.open(opening(), now=0)

    assert sessions.open(opening(), now=1) is first
    assert first.local[LegName.A] == MediaAddress("203.0.113.1", 10000)
    assert first.local[LegName.B] == MediaAddress("203.0.113.1", 10002)


def test_without_free_ports_the_capacity_is_exceeded(relay: FakeRelay, sessions: Sessions) -> None:
    relay.free = 0

    with pytest.raises(CapacityExceeded, match="leg A"):
        sessions.open(opening(), now=0)


def test_an_instance_that_drains_keeps_its_sessions_and_takes_no_other(sessions: Sessions) -> None:
    first = sessions.open(opening(), now=0)
    sessions.draining = True

    assert sessions.open(opening(), now=1) is first
    with pytest.raises(Draining):
        sessions.open(opening("call-2"), now=1)


def test_a_session_without_an_owner_is_refused(sessions: Sessions) -> None:
    with pytest.raises(InvalidRequest, match="owner"):
        sessions.open(opening(owner=""), now=0)


def test_both_legs_are_told_what_one_of_them_changed(relay: FakeRelay, sessions: Sessions) -> None:
    sessions.open(opening(legs={LegName.A: LegChange(remote=CALLER)}), now=0)

    sessions.connect("call-1", {LegName.B: LegChange(remote=CALLEE, relearn=True)}, answered=False)

    caller = LegSettings(remote=("192.0.2.10", 4000))
    callee = LegSettings(remote=("198.51.100.7", 6000))
    assert relay.updates == [(1, caller, callee, False, True)]


def test_a_cipher_begins_once_however_often_its_key_is_repeated(
    relay: FakeRelay, sessions: Sessions
) -> None:
    xor = LegChange(encryption=PayloadEncryption(Cipher.XOR, b"AB"))
    sessions.open(opening(legs={LegName.B: xor}), now=0)
    sessions.connect("call-1", {LegName.B: xor}, answered=True)
    sessions.connect("call-1", {LegName.B: LegChange(encryption=Plain())}, answered=True)

    assert relay.protected == [(1, Side.B, True), (1, Side.B, False)]


def test_a_bad_key_is_refused_before_any_port_is_taken(
    relay: FakeRelay, sessions: Sessions
) -> None:
    short = LegChange(encryption=PayloadEncryption(Cipher.AES128, b"fifteen bytes.."))

    with pytest.raises(InvalidRequest, match="15 bytes; AES128 takes exactly 16"):
        sessions.open(opening(legs={LegName.A: short}), now=0)
    assert relay.opened == 0


PCMA = LegChange(formats=Formats((Codec("PCMA", 8),)))
G729 = LegChange(formats=Formats((Codec("G729", 18),)))
BRIEF = timedelta(milliseconds=160)


def test_codecs_that_cannot_be_converted_are_refused_and_nothing_changes(
    relay: FakeRelay, sessions: Sessions
) -> None:
    sessions.open(opening(legs={LegName.A: PCMA}), now=0)

    with pytest.raises(NotConvertible, match="PCMA and G729"):
        sessions.connect("call-1", {LegName.B: G729}, answered=True)
    assert relay.updates == []


def test_a_re_invite_may_change_one_leg_before_the_other(sessions: Sessions) -> None:
    both = {LegName.A: PCMA, LegName.B: PCMA}
    sessions.open(opening(legs=both), now=0)
    sessions.connect("call-1", {}, answered=True)

    sessions.connect("call-1", {LegName.A: G729}, answered=False)
    sessions.connect("call-1", {LegName.B: G729}, answered=False)


def test_two_legs_of_one_codec_need_no_conversion(sessions: Sessions) -> None:
    both = {LegName.A: G729, LegName.B: LegChange(formats=Formats((Codec("g729a", 18),)))}

    assert sessions.open(opening(legs=both), now=0)


def test_an_answer_out_of_the_middle_of_an_offer_needs_no_conversion(
    relay: FakeRelay, sessions: Sessions
) -> None:
    offer = Formats((Codec("speex", 97), Codec("PCMA", 8), Codec("G729", 18)))
    sessions.open(opening(legs={LegName.A: LegChange(formats=offer)}), now=0)

    sessions.connect("call-1", {LegName.B: G729}, answered=True)
    spoken = LegSettings(
        voice=VoiceFormat("G729", 18), audio_received=MISSING_AUDIO, audio_sent=MISSING_AUDIO
    )
    assert [update[1:3] for update in relay.updates] == [(spoken, spoken)]


def test_nothing_is_played_to_a_leg_without_a_codec(sessions: Sessions) -> None:
    sessions.open(opening(), now=0)

    with pytest.raises(NoCodec, match="leg B"):
        sessions.play("call-1", Playing(LegName.B, "busy", Audio(bytes(2), 8000)))


def test_digits_go_to_the_relay_one_by_one(relay: FakeRelay, sessions: Sessions) -> None:
    sessions.open(opening(), now=0)
    sessions.send_digits("call-1", LegName.B, "1#", BRIEF)

    assert relay.digits == [(Side.B, "1", BRIEF), (Side.B, "#", BRIEF)]


@pytest.mark.parametrize(("digits", "millis"), [("", 160), ("12E", 160), ("1", 39), ("1", 8001)])
def test_digits_that_no_dial_has_are_refused(
    relay: FakeRelay, sessions: Sessions, digits: str, millis: int
) -> None:
    sessions.open(opening(), now=0)

    with pytest.raises(InvalidRequest, match="digit"):
        sessions.send_digits("call-1", LegName.B, digits, timedelta(milliseconds=millis))
    assert relay.digits == []


def test_an_unknown_session_can_be_neither_connected_nor_closed(sessions: Sessions) -> None:
    with pytest.raises(SessionNotFound, match="call-1"):
        sessions.connect("call-1", {}, answered=True)
    with pytest.raises(SessionNotFound, match="call-1"):
        sessions.close("call-1", now=0)


def test_an_open_that_comes_after_its_close_opens_nothing(
    relay: FakeRelay, sessions: Sessions
) -> None:
    with pytest.raises(SessionNotFound):
        sessions.close("call-1", now=0)
    with pytest.raises(SessionEnded):
        sessions.open(opening(), now=1)
    assert relay.opened == 0

    sessions.expire(now=61)
    sessions.open(opening(), now=61)
    assert relay.opened == 1


def test_a_session_is_closed_once_however_often_it_is_asked(
    relay: FakeRelay, sessions: Sessions
) -> None:
    sessions.open(opening(), now=0)
    sessions.close("call-1", now=0)
    sessions.close("call-1", now=0)

    assert relay.closed == [1]
    assert not sessions.is_open("call-1")


def test_the_sessions_of_an_owner_that_is_gone_are_closed(
    relay: FakeRelay, sessions: Sessions
) -> None:
    sessions.open(opening("call-1", owner="signaling-0"), now=0)
    sessions.open(opening("call-2", owner="signaling-1"), now=0)
    sessions.renew("signaling-1", "1", now=20)

    sessions.expire(now=31)

    assert relay.closed == [1]


def test_an_owner_that_has_restarted_loses_its_old_sessions(
    relay: FakeRelay, sessions: Sessions
) -> None:
    sessions.open(opening("call-1", epoch="1"), now=0)

    assert sessions.renew("signaling-0", "2", now=1) == 0
    assert relay.closed == [1]


def test_an_owner_learns_how_many_sessions_it_has(sessions: Sessions) -> None:
    sessions.open(opening("call-1"), now=0)
    sessions.open(opening("call-2"), now=0)
    sessions.close("call-2", now=0)

    assert sessions.renew("signaling-0", "1", now=1) == 1
