"""Requests change a leg partly; the relay hears what it needs."""

from datetime import timedelta

import pytest
from trunkline_engine import LegSettings, VoiceFormat
from trunkline_media.domain.codecs import Codec, Formats
from trunkline_media.domain.legs import (
    Direction,
    Leg,
    LegChange,
    MediaAddress,
    MediaCheck,
    SilenceLimits,
)
from trunkline_media.errors import InvalidRequest

LIMIT = timedelta(seconds=60)
MISSING = timedelta(seconds=10)
LIMITS = SilenceLimits(LIMIT, MISSING)
PCMA = Formats((Codec("PCMA", 8),))
PHONE = MediaAddress("192.0.2.10", 4000)


def test_what_a_change_leaves_out_stays_as_it_was() -> None:
    leg = Leg().changed(LegChange(remote=PHONE, learn_source=True, formats=PCMA))

    held = leg.changed(LegChange(direction=Direction.SENDONLY))

    assert held == Leg(PHONE, learn_source=True, direction=Direction.SENDONLY, formats=PCMA)


def test_a_new_address_forgets_the_old_place_of_rtcp() -> None:
    leg = Leg().changed(LegChange(remote=PHONE, remote_rtcp=MediaAddress("192.0.2.10", 5001)))

    assert leg.changed(LegChange(remote=MediaAddress("192.0.2.11", 4000))).remote_rtcp is None


@pytest.mark.parametrize(
    ("ip", "port"), [("example.com", 4000), ("192.0.2.10", 0), ("192.0.2.10", 65536)]
)
def test_what_is_no_address_is_refused(ip: str, port: int) -> None:
    with pytest.raises(InvalidRequest, match=ip.replace(".", r"\.")):
        MediaAddress(ip, port)


WATCHED = Leg(remote=PHONE, check=MediaCheck.BOTH)


@pytest.mark.parametrize(
    ("check", "received", "sent"),
    [
        (MediaCheck.NONE, None, None),
        (MediaCheck.SENT, None, LIMIT),
        (MediaCheck.RECEIVED, LIMIT, None),
        (MediaCheck.BOTH, LIMIT, LIMIT),
    ],
)
def test_only_checked_directions_are_watched(
    check: MediaCheck, received: timedelta | None, sent: timedelta | None
) -> None:
    leg = Leg(remote=PHONE, check=check)

    assert leg.settings(Leg(), LIMITS) == LegSettings(
        remote=("192.0.2.10", 4000),
        silence_received=received,
        silence_sent=sent,
        audio_received=MISSING,
        audio_sent=MISSING,
    )


@pytest.mark.parametrize(
    ("direction", "received", "sent"),
    [
        (Direction.SENDRECV, LIMIT, LIMIT),
        (Direction.SENDONLY, LIMIT, None),
        (Direction.RECVONLY, None, LIMIT),
        (Direction.INACTIVE, None, None),
    ],
)
def test_a_leg_on_hold_may_be_silent(
    direction: Direction, received: timedelta | None, sent: timedelta | None
) -> None:
    held = WATCHED.changed(LegChange(direction=direction))

    assert held.settings(Leg(), LIMITS) == LegSettings(
        remote=("192.0.2.10", 4000),
        silence_received=received,
        silence_sent=sent,
        audio_received=received and MISSING,
        audio_sent=sent and MISSING,
    )


def test_a_leg_whose_peer_is_on_hold_may_be_silent_too() -> None:
    on_hold = Leg(direction=Direction.INACTIVE)

    assert WATCHED.settings(on_hold, LIMITS) == LegSettings(remote=("192.0.2.10", 4000))


def test_med09_a_fax_owes_no_audio() -> None:
    fax = LegSettings(
        remote=("192.0.2.10", 4000), fax=True, silence_received=LIMIT, silence_sent=LIMIT
    )

    assert WATCHED.changed(LegChange(fax=True)).settings(Leg(), LIMITS) == fax


def test_before_the_answer_nothing_is_watched() -> None:
    assert WATCHED.settings(Leg(), None) == LegSettings(remote=("192.0.2.10", 4000))


def test_med03_converted_voice_comes_in_the_packets_that_the_leg_asks_for() -> None:
    asked = timedelta(milliseconds=30)
    leg = Leg(formats=Formats((Codec("PCMU", 0, packet_time=asked),)))

    spoken = VoiceFormat("PCMU", 0, packet_time=asked)
    assert leg.settings(Leg(formats=PCMA), None) == LegSettings(voice=spoken)
