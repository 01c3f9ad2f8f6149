"""Whole messages: from bytes and back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trunkline_signaling.sip.errors import MalformedMessage, NotSip, RemoteProtocolError
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.validation import check_request, check_response

INVITE = (
    b"INVITE sip:bob@biloxi.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n"
    b"Max-Forwards: 70\r\n"
    b"To: Bob <sip:bob@biloxi.com>\r\n"
    b"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
    b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Contact: <sip:alice@pc33.atlanta.com>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"v=0\n"
)


def invite() -> Request:
    message = parse_datagram(INVITE)
    assert isinstance(message, Request)
    return message


def test_a_message_in_our_own_spelling_is_printed_byte_for_byte() -> None:
    assert invite().encode() == INVITE


def test_the_parts_of_a_request_are_there_when_asked_for() -> None:
    request = invite()

    assert request.method == "INVITE"
    assert str(request.request_uri) == "sip:bob@biloxi.com"
    assert request.headers.via.branch == "z9hG4bK776asdhds"
    assert request.from_tag == "1928301774"
    assert request.to_tag is None
    assert request.headers.call_id == "a84b4c76e66710@pc33.atlanta.com"
    assert request.headers.max_forwards == 70
    assert request.headers.contact is not None
    assert request.body == b"v=0\n"


def test_compact_names_folded_lines_and_spaces_are_understood() -> None:
    request = parse_datagram(
        b"OPTIONS sip:a SIP/2.0\r\nv : SIP/2.0/UDP h\r\ns:one\r\n  two\r\n\tthree\r\nl:0\r\n\r\n"
    )

    assert request.headers.get("Via") == "SIP/2.0/UDP h"
    assert request.headers.get("Subject") == "one two three"


def test_bytes_that_are_no_text_pass_as_they_came() -> None:
    data = INVITE.replace(b"Alice", b"\xe9").replace(b"sip:bob@biloxi.com SIP", b"sip:\xe9@b SIP")
    request = parse_datagram(data)

    assert request.headers.from_.display_name == "\udce9"
    assert str(request) == "INVITE sip:\udce9@b"
    assert request.encode() == data


def test_what_follows_the_body_of_a_datagram_is_dropped() -> None:
    assert parse_datagram(INVITE + b"INVITE sip:x SIP/2.0\r\n").body == b"v=0\n"


def test_without_content_length_the_body_ends_with_the_datagram() -> None:
    data = INVITE.replace(b"Content-Length: 4\r\n", b"")

    assert parse_datagram(data + b"tail").body == b"v=0\ntail"


def test_line_ends_before_a_message_are_skipped() -> None:
    assert parse_datagram(b"\r\n\r\n" + INVITE) == invite()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n\r\n", id="a keep-alive"),
        pytest.param(b"HELLO", id="a NAT keep-alive (SIG-07)"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="another protocol"),
        pytest.param(INVITE[:200], id="cut inside a line"),
        pytest.param(b"SIP/2.0 99 Low\r\n\r\n", id="a status that is too small"),
        pytest.param(INVITE.replace(b"Bob <", b"Bob\nRoute: <"), id="a lone LF in a value"),
        pytest.param(INVITE.replace(b"Bob <", b"Bob\rRoute: <"), id="a lone CR in a value"),
    ],
)
def test_what_is_no_sip_is_dropped(data: bytes) -> None:
    with pytest.raises(NotSip):
        parse_datagram(data)


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", 505),
        (b"sip:bob@biloxi.com SIP", b"sip:bob@biloxi.com  SIP", 400),
        (b"Content-Length: 4", b"Content-Length: 5", 400),
        (b"Content-Length: 4", b"Content-Length: four", 400),
        (b"Content-Length: 4", b"Content-Length: 4\r\nl: 3", 400),
        (b"Max-Forwards: 70", b"Max-Forwards 70", 400),
        (b"Max-Forwards: 70", b"Max-Forwards: 256", 400),
        (b"Max-Forwards: 70", b"<bad name>: 1", 400),
        (b"CSeq: 314159 INVITE", b"CSeq: 314159 BYE", 400),
        (b"CSeq: 314159 INVITE", b"CSeq: 1 INVITE\r\nCSeq: 1 INVITE", 400),
        (b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n", b"", 400),
        (b"Contact: ", b"Expires: never\r\nContact: ", 400),
        (b"INVITE sip:bob@biloxi.com ", b"INVITE sip:bob@biloxi.com?Route=x ", 400),
        (b"INVITE sip:bob@biloxi.com ", b"INVITE gopher:bob ", 416),
    ],
)
def test_a_defect_keeps_the_request_so_that_it_can_be_answered(
    old: bytes, new: bytes, status: int
) -> None:
    with pytest.raises(MalformedMessage) as caught:
        _read_fully(INVITE.replace(old, new))

    assert caught.value.status == status
    assert caught.value.request is not None
    assert b"z9hG4bK776asdhds" in caught.value.request.reply(status).encode()


def test_a_malformed_response_is_never_answered() -> None:
    with pytest.raises(MalformedMessage) as caught:
        _read_fully(invite().reply(200).encode().replace(b"Call-ID", b"Call ID"))

    assert caught.value.request is None


def test_a_response_repeats_what_binds_it_to_its_request() -> None:
    response = invite().reply(180, to_tag="b7")

    assert response.encode() == (
        b"SIP/2.0 180 Ringing\r\n"
        b"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n"
        b"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
        b"To: Bob <sip:bob@biloxi.com>;tag=b7\r\n"
        b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
        b"CSeq: 314159 INVITE\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    assert parse_datagram(response.encode()) == response


def test_a_to_that_has_a_tag_keeps_it() -> None:
    request = invite()
    request.headers.set("To", "<sip:bob@biloxi.com>;x; TAG = own")

    assert request.reply(200, to_tag="other").to_tag == "own"


def test_a_status_nobody_registered_gets_the_phrase_of_its_class() -> None:
    assert invite().reply(499).reason == "Bad Request"
    assert invite().reply(499, "Odd").reason == "Odd"


_names = st.sampled_from(["Subject", "X-Note", "User-Agent", "Route", "Supported"])
_values = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40).map(
    lambda value: value.strip(" \t")
)
_headers = st.lists(st.tuples(_names, _values), max_size=8).map(Headers)
_messages = st.builds(
    Request, st.sampled_from(["INVITE", "X"]), st.just("sip:a@b"), _headers, st.binary(max_size=50)
) | st.builds(Response, st.integers(100, 699), _values, _headers, st.binary(max_size=50))


@given(_messages)
def test_any_message_survives_printing_and_parsing(message: Request | Response) -> None:
    assert parse_datagram(message.encode()) == message


def _read_fully(data: bytes) -> Request | Response:
    message = parse_datagram(data)
    if isinstance(message, Request):
        check_request(message)
    else:
        check_response(message)
    return message


@given(st.binary(max_size=300))
@example(b"INVITE sip:a SIP/2.0\r\n\xff: \xfe\r\n\r\n")
@example(b" I \r\n")
@example(b"   \r\n")
def test_any_bytes_are_a_message_or_a_typed_error(data: bytes) -> None:
    try:
        _read_fully(data)
    except RemoteProtocolError:
        return


@given(st.integers(0, len(INVITE) - 1), st.binary(max_size=3), st.integers(0, 8))
def test_a_mangled_invite_is_a_message_or_a_typed_error(at: int, new: bytes, cut: int) -> None:
    try:
        message = _read_fully(INVITE[:at] + new + INVITE[at + cut :])
    except RemoteProtocolError:
        return
    assert _read_fully(message.encode()).encode() == message.encode()
