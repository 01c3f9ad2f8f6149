"""Offers and answers on their way through the switch."""

import pytest
from trunkline_signaling.calls.legs import Leg, Side
from trunkline_signaling.calls.policy import LegPolicy, MediaCheck
from trunkline_signaling.calls.session import leg_media, read, rewritten
from trunkline_signaling.sip.errors import MalformedValue
from trunkline_signaling.sip.sdp import Direction

HEAD = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
AUDIO = b"m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"


def leg(**changes: object) -> Leg:
    """Return a leg."""
    return Leg(Side.A, 77, **changes)  # type: ignore[arg-type]


def test_the_relay_is_told_address_direction_and_formats() -> None:
    media = leg_media(leg(), read(HEAD + AUDIO + b"a=recvonly\r\n"))

    assert media.remote == ("198.51.100.7", 4000)
    assert media.direction is Direction.RECVONLY
    assert [f.encoding for f in media.formats] == ["G729", "telephone-event"]
    assert media.formats[1].parameters == "0-16"


@pytest.mark.parametrize(
    ("address", "nat", "latch"),
    [
        (b"198.51.100.7", False, True),  # documentation addresses count as private to Python
        (b"8.8.8.8", False, False),
        (b"8.8.8.8", True, True),
        (b"192.168.1.5", False, True),
    ],
)
def test_med02_the_source_is_learnt_from_private_addresses_and_behind_nat(
    address: bytes, nat: bool, latch: bool
) -> None:
    body = HEAD.replace(b"198.51.100.7", address) + AUDIO

    assert leg_media(leg(behind_nat=nat), read(body)).latch is latch


def test_a_hold_of_rfc2543_stops_media_and_names_no_address() -> None:
    media = leg_media(leg(), read(HEAD.replace(b"198.51.100.7", b"0.0.0.0") + AUDIO))

    assert media.remote is None
    assert media.direction is Direction.INACTIVE


def test_an_rtcp_port_of_its_own_is_told() -> None:
    media = leg_media(leg(), read(HEAD + AUDIO + b"a=rtcp:4005\r\n"))

    assert media.remote_rtcp == ("198.51.100.7", 4005)


def test_med08_watched_directions_are_told() -> None:
    watched = leg(policy=LegPolicy(media_check=MediaCheck.RECEIVED))

    assert leg_media(watched, read(HEAD + AUDIO)).check is MediaCheck.RECEIVED


def test_a_relayed_description_names_the_relay_alone() -> None:
    body = HEAD + AUDIO + b"a=rtcp:4005\r\na=candidate:1 1 UDP 1 192.0.2.1 4000 typ host\r\n"

    printed = rewritten(leg(relay=("10.0.0.9", 10000)), read(body), "10.0.0.1")

    assert b"c=IN IP4 10.0.0.9" in printed
    assert b"m=audio 10000 RTP/AVP 18 101" in printed
    assert b"o=- 77 1 IN IP4 10.0.0.9" in printed
    assert b"198.51.100.7" not in printed and b"192.0.2.1" not in printed


def test_without_a_relay_only_the_origin_is_ours() -> None:
    printed = rewritten(leg(), read(HEAD + AUDIO), "10.0.0.1")

    assert printed == (HEAD + AUDIO).replace(
        b"o=- 1 1 IN IP4 192.0.2.1", b"o=- 77 1 IN IP4 10.0.0.1"
    )


def test_mgt16_streams_beside_the_relayed_one_are_refused_video_too() -> None:
    body = HEAD + AUDIO + b"m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"

    printed = rewritten(leg(relay=("10.0.0.9", 10000)), read(body), "10.0.0.1")

    assert b"m=video 0 RTP/AVP 96" in printed


def test_the_version_grows_only_when_something_changed() -> None:
    side = leg()

    first = rewritten(side, read(HEAD + AUDIO), "10.0.0.1")
    again = rewritten(side, read(HEAD + AUDIO), "10.0.0.1")
    held = rewritten(side, read(HEAD + AUDIO + b"a=sendonly\r\n"), "10.0.0.1")

    assert first == again
    assert b"o=- 77 2 IN IP4" in held


@pytest.mark.parametrize(
    "body",
    [b"", b"v=0\r\n", HEAD, HEAD.replace(b"c=IN IP4 198.51.100.7\r\n", b"") + AUDIO, b"\xff\xfe"],
    ids=["empty", "cut off", "no stream", "no address", "no text"],
)
def test_a_description_we_cannot_carry_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedValue):
        read(body)
