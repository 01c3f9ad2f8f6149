"""Messages in a stream: RFC 3261 section 18.3, RFC 5626 section 4.4.1."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_signaling.sip.framing import Frame, Framer, Ping, StreamBroken
from trunkline_signaling.sip.parser import parse_framed

HEAD = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nContent-Length: 5"
MESSAGE = HEAD + b"\r\n\r\nhello"
SHORT = b"OPTIONS sip:b SIP/2.0\r\nl : 0\r\nVia: SIP/2.0/TCP h\r\n\r\n"


def frames(*pieces: bytes, framer: Framer | None = None) -> list[Frame | Ping]:
    framer = framer or Framer()
    return [item for piece in pieces for item in framer.feed(piece)]


def test_messages_are_cut_where_content_length_says() -> None:
    items = frames(MESSAGE + SHORT + MESSAGE)

    assert [item[1] for item in items if isinstance(item, Frame)] == [b"hello", b"", b"hello"]
    assert items[0] == Frame(HEAD, b"hello")


def test_a_frame_is_parsed_as_a_datagram_is() -> None:
    (item,) = frames(MESSAGE)

    assert isinstance(item, Frame)
    assert parse_framed(*item).body == b"hello"


def test_a_ping_between_messages_is_told_and_a_pong_is_skipped() -> None:
    items = frames(MESSAGE, b"\r\n\r\n", b"\r\n", MESSAGE)

    assert [type(item) for item in items] == [Frame, Ping, Frame]


@given(st.lists(st.integers(1, 200), min_size=1))
def test_where_the_stream_is_torn_makes_no_difference(cuts: list[int]) -> None:
    stream = MESSAGE + b"\r\n\r\n" + SHORT + MESSAGE
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:stop] for start, stop in pairwise(edges)]

    types = [type(item) for item in frames(*pieces)]

    assert types == [Frame, Ping, Frame, Frame]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n", id="no Content-Length"),
        pytest.param(HEAD.replace(b"5", b"x") + b"\r\n\r\n", id="no number"),
        pytest.param(HEAD.replace(b"5", b"2000") + b"\r\n\r\n", id="a body too long"),
        pytest.param(b"A" * 2000, id="a head too long"),
        pytest.param(b"X: y\r\n" * 300 + b"\r\n", id="a long head that ends"),
    ],
)
def test_a_stream_that_cannot_be_cut_is_broken(data: bytes) -> None:
    with pytest.raises(StreamBroken):
        frames(data, framer=Framer(max_head=1000, max_body=1000))


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_any_stream_gives_frames_or_breaks(pieces: list[bytes]) -> None:
    framer = Framer(max_head=100, max_body=100)
    try:
        frames(*pieces, framer=framer)
    except StreamBroken:
        return
    assert framer.pending <= 300
