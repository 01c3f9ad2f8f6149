"""Input made to cost us much: it must cost no more than its length."""

import pytest
from trunkline_signaling.sip.digest import Challenge
from trunkline_signaling.sip.errors import LocalProtocolError, RemoteProtocolError
from trunkline_signaling.sip.fields import RetryAfter
from trunkline_signaling.sip.framing import Framer, StreamBroken
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.sdp import SessionDescription
from trunkline_signaling.sip.validation import check_request

LONG = 60_000
DISTINCT = "".join(f";a{number}" for number in range(5_000))
REQUEST = (
    "INVITE {target} SIP/2.0\r\nVia: {via}\r\nFrom: {from_}\r\nTo: <sip:b>\r\nCall-ID: c\r\n"
    "CSeq: {cseq}\r\nContact: {contact}\r\n\r\n"
)
USUAL = {
    "target": "sip:b",
    "via": "SIP/2.0/UDP h;branch=z9hG4bK1",
    "from_": "<sip:a>;tag=1",
    "cseq": "1 INVITE",
    "contact": "<sip:a>",
}


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("target", "B" + " " * LONG + "x"),
        ("target", "sip:" + "%41" * (LONG // 3)),
        ("target", "sip:[" + ":" * LONG + "g]"),
        ("target", "sip:a;" + ";" * LONG),
        ("via", "SIP/2.0/UDP h" + "\x0b" * LONG + "x"),
        ("via", "SIP" + "\x0b" * LONG + "x"),
        ("via", "SIP/2.0/UDP h;" + "a" + " " * LONG + "b"),
        ("via", "SIP/2.0/UDP h," * (LONG // 14)),
        ("from_", "\x0b" * LONG + "=<sip:a>"),
        ("from_", '"' + "\\" * LONG + "<sip:a>"),
        ("from_", '<sip:a>;x="' + "\\" * LONG),
        ("from_", "<sip:a>" + ";a" * (LONG // 2)),
        ("from_", "<sip:a" + DISTINCT + ">" + DISTINCT),
        ("cseq", "1" * LONG + " INVITE"),
        ("contact", '"' * LONG),
        ("contact", "<" * LONG + ","),
        ("contact", "<sip:a>,<" * (LONG // 9)),
    ],
)
def test_a_hostile_request_costs_no_more_than_its_length(place: str, value: str) -> None:
    data = REQUEST.format(**{**USUAL, place: value}).encode()
    try:
        request = parse_datagram(data)
        assert isinstance(request, Request)
        check_request(request)
        _ = request.headers.contact
    except RemoteProtocolError:
        return


@pytest.mark.timeout(5)
def test_other_hostile_values_cost_no_more_than_their_length() -> None:
    with pytest.raises(RemoteProtocolError):
        RetryAfter.parse("1" + " " * LONG + "x")
    with pytest.raises(RemoteProtocolError):
        Challenge.parse("Digest realm=" + "\x0b" * LONG + "=")
    with pytest.raises(RemoteProtocolError):
        SessionDescription.parse(b"v=0\r\no=" + b" " * LONG + b"\r\n")
    with pytest.raises(StreamBroken):
        list(Framer().feed(b"X: y\r\nl" + b" " * LONG + b"x\r\n\r\n"))


def test_a_message_of_nothing_but_header_fields_is_dropped() -> None:
    with pytest.raises(RemoteProtocolError, match="more than 500"):
        parse_datagram(b"OPTIONS sip:a SIP/2.0\r\n" + b"a:\r\n" * 1000 + b"\r\n")


def test_a_line_break_never_gets_into_a_start_line() -> None:
    with pytest.raises(LocalProtocolError):
        Request("OPTIONS", "sip:a SIP/2.0\r\nRoute: <sip:evil>").encode()
