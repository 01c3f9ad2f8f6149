"""Session descriptions: RFC 8866."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_signaling.sip.errors import MalformedValue
from trunkline_signaling.sip.sdp import Direction, Origin, RtpMap, SessionDescription

OFFER = (
    b"v=0\r\n"
    b"o=alice 2890844526 2890844527 IN IP4 192.0.2.10\r\n"
    b"s=-\r\n"
    b"c=IN IP4 192.0.2.10\r\n"
    b"t=0 0\r\n"
    b"x=something new\r\n"
    b"a=group:BUNDLE 1 2\r\n"
    b"m=audio 49172 RTP/SAVP 8 18 101\r\n"
    b"a=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:18 G729/8000\r\n"
    b"a=fmtp:18 annexb=no\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\n"
    b"a=fmtp:101 0-15\r\n"
    b"a=ptime:20\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20\r\n"
    b"a=rtcp:53020 IN IP4 192.0.2.11\r\n"
    b"a=sendonly\r\n"
    b"m=video 0 RTP/AVP 31\r\n"
    b"c=IN IP6 2001:db8::1/127\r\n"
)


def offer() -> SessionDescription:
    return SessionDescription.parse(OFFER)


def test_what_nobody_touched_is_printed_as_it_came() -> None:
    assert offer().encode() == OFFER


def test_lines_may_end_with_lf_alone() -> None:
    assert SessionDescription.parse(OFFER.replace(b"\r\n", b"\n")) == offer()


def test_the_parts_of_a_description_are_told_apart() -> None:
    description = offer()
    audio, video = description.media

    assert description.origin == Origin("alice", 2890844526, 2890844527, "192.0.2.10")
    assert description.audio is audio
    assert (audio.media, audio.port, audio.protocol) == ("audio", 49172, "RTP/SAVP")
    assert audio.formats == ["8", "18", "101"]
    assert audio.rtpmaps[18] == RtpMap(18, "G729", 8000)
    assert audio.fmtps == {"18": "annexb=no", "101": "0-15"}
    assert audio.ptime == 20
    assert audio.rtcp_port == 53020
    assert audio.crypto[0].suite == "AES_CM_128_HMAC_SHA1_80"
    assert str(audio.crypto[0]) == audio.attribute("crypto")
    assert description.address_of(audio) == "192.0.2.10"
    assert description.address_of(video) == "2001:db8::1"
    assert description.direction_of(audio) is Direction.SENDONLY
    assert description.direction_of(video) is Direction.SENDRECV
    assert description.has_attribute("group")
    assert video.ptime is None
    assert video.rtcp_port == 1


def test_media_is_moved_to_a_relay() -> None:
    description = offer()
    description.relocate("198.51.100.1")
    audio = description.media[0]
    audio.move(30000)
    audio.protocol = "RTP/AVP"
    audio.formats = ["8", "101"]
    audio.remove_attributes("crypto", "rtcp")
    audio.direction = Direction.SENDONLY.reversed
    audio.set_attribute("ptime", 30)

    text = description.encode()

    assert text.count(b"c=IN IP4 198.51.100.1\r\n") == 2
    assert b"m=audio 30000 RTP/AVP 8 101\r\n" in text
    assert text.count(b"a=recvonly\r\n") == 1
    assert b"a=ptime:30\r\n" in text
    assert b"crypto" not in text
    assert b"x=something new\r\n" in text


def test_a_stream_of_several_ports_keeps_them_until_it_moves() -> None:
    audio = SessionDescription.parse(OFFER.replace(b"49172", b"49172/2")).media[0]

    assert str(audio) == "audio 49172/2 RTP/SAVP 8 18 101"
    audio.move(30000)
    assert str(audio) == "audio 30000 RTP/SAVP 8 18 101"


def test_a_line_that_was_missing_is_put_where_it_belongs() -> None:
    description = SessionDescription.parse(
        b"v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=sendrecv\r\n"
    )
    description.connection = "192.0.2.1"
    description.media[0].connection = "2001:db8::2"

    assert description.encode() == (
        b"v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        b"m=audio 9 RTP/AVP 0\r\nc=IN IP6 2001:db8::2\r\na=sendrecv\r\n"
    )


def test_a_new_version_keeps_the_session() -> None:
    description = offer()
    description.origin = description.origin.next_version()

    assert description.origin.version == 2890844528


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"v=1\r\n",
        b"hello",
        OFFER.replace(b"o=alice ", b"o="),
        OFFER.replace(b"m=audio 49172 RTP/SAVP 8 18 101", b"m=audio"),
        OFFER.replace(b"49172", b"99999"),
        OFFER.replace(b"49172", b"49172/two"),
        OFFER.replace(b"s=-", b"s"),
        OFFER.replace(b"s=-", b"==-"),
        OFFER.replace(b"s=-", b"s=-\rt=0 0"),
        OFFER.replace(b"s=-\r\n", b"\r\n"),
        b"m=audio 9 RTP/AVP 0\r\n" + OFFER,
        b"v=0\r\n" * 2000,
    ],
)
def test_a_broken_description_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedValue):
        SessionDescription.parse(data)


def test_what_a_broken_line_says_behind_its_name_is_not_repeated() -> None:
    with pytest.raises(MalformedValue) as refused:
        SessionDescription.parse(OFFER.replace(b"a=crypto:", b"crypto:"))

    assert "crypto" in str(refused.value)
    assert "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj" not in str(refused.value)


@pytest.mark.parametrize("text", ["8", "8 PCMA", "x PCMA/8000", "8 PCMA/x", "128 PCMA/8000"])
def test_a_broken_rtpmap_is_refused(text: str) -> None:
    with pytest.raises(MalformedValue):
        RtpMap.parse(text)


def test_an_rtpmap_of_two_channels_survives() -> None:
    assert str(RtpMap.parse("96 opus/48000/2")) == "96 opus/48000/2"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_description_or_a_typed_error(data: bytes) -> None:
    try:
        SessionDescription.parse(b"v=0\r\no=- 1 1 IN IP4 a\r\n" + data)
    except MalformedValue:
        return


@given(st.integers(0, len(OFFER) - 1), st.binary(max_size=3), st.integers(0, 8))
def test_what_survives_mangling_survives_printing(at: int, new: bytes, cut: int) -> None:
    try:
        description = SessionDescription.parse(OFFER[:at] + new + OFFER[at + cut :])
    except MalformedValue:
        return
    assert SessionDescription.parse(description.encode()) == description
