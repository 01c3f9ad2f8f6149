"""Typed header fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_signaling.sip.errors import LocalProtocolError, MalformedValue
from trunkline_signaling.sip.fields import (
    CSeq,
    MediaType,
    Privacy,
    RAck,
    Reason,
    Replaces,
    RetryAfter,
    SessionExpires,
)
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.name_addr import NameAddr
from trunkline_signaling.sip.uri import SipUri
from trunkline_signaling.sip.via import Via

BOB = SipUri("b", "bob")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<sip:bob@b>", NameAddr(BOB)),
        ("Bob <sip:bob@b>;tag=1", NameAddr(BOB, "Bob", {"tag": "1"})),
        ('"Bob, \\"B\\"" <sip:bob@b> ; TAG = 1', NameAddr(BOB, 'Bob, "B"', {"tag": "1"})),
        ("sip:bob@b;tag=1", NameAddr(BOB, "", {"tag": "1"})),
        ("Bob<sip:bob@b>;x", NameAddr(BOB, "Bob", {"x": None})),
        ("<sip:bob@b;x=1>;y=2", NameAddr(SipUri("b", "bob", params={"x": "1"}), "", {"y": "2"})),
        ('<sip:bob@b>;i="<urn:x>;y"', NameAddr(BOB, "", {"i": "<urn:x>;y"})),
        ("Zoë <sip:bob@b>", NameAddr(BOB, "Zoë")),
    ],
)
def test_an_address_is_read_in_all_its_forms(text: str, address: NameAddr) -> None:
    assert NameAddr.parse(text) == address
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"Bob <sip:bob@b>',
        "Bob, Jr <sip:bob@b>",
        "<sip:bob@b",
        "<sip:bob@b> x",
        "sip:bob@b?a=b",
        "<sip:bob@b>;",
        "*",
    ],
)
def test_a_broken_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedValue):
        NameAddr.parse(text)


@pytest.mark.parametrize(
    ("text", "via"),
    [
        (
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport",
            Via("UDP", "192.0.2.1", 5060, {"branch": "z9hG4bK1", "rport": None}),
        ),
        ("SIP / 2.0 / tcp  a.example : 9 ; ttl=1", Via("TCP", "a.example", 9, {"ttl": "1"})),
        ("SIP/2.0/TLS [2001:db8::9]", Via("TLS", "2001:db8::9")),
        ("SIP/2.0/UDP h;received=2001:db8::1", Via("UDP", "h", None, {"received": "2001:db8::1"})),
    ],
)
def test_a_via_is_read_in_all_its_forms(text: str, via: Via) -> None:
    assert Via.parse(text) == via
    assert Via.parse(str(via)) == via


@pytest.mark.parametrize(
    "text", ["", "SIP/2.0/UDP", "SIP/3.0/UDP h", "SIP/2.0/UDP h:99999", "SIP/2.0/UDP h;;a", "UDP h"]
)
def test_a_broken_via_is_refused(text: str) -> None:
    with pytest.raises(MalformedValue):
        Via.parse(text)


def test_a_via_notes_where_the_request_came_from() -> None:
    """RFC 3581 section 4."""
    via = Via.parse("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK1")

    assert str(via.with_received("192.0.2.9", 4000)) == (
        "SIP/2.0/UDP 10.0.0.1:5060;rport=4000;branch=z9hG4bK1;received=192.0.2.9"
    )


def test_small_fields_are_read_and_printed() -> None:
    assert CSeq.parse("0009   INVITE") == CSeq(9, "INVITE")
    assert RAck.parse("776656 1 INVITE") == RAck(776656, CSeq(1, "INVITE"))
    assert SessionExpires.parse("1800 ; Refresher=UAS") == SessionExpires(1800, "uas")
    assert str(SessionExpires(90)) == "90"
    assert RetryAfter.parse("120 (in a meeting) ;duration=60") == RetryAfter(120, 60)
    assert Privacy.parse("id; Critical").hides_identity
    assert str(Privacy.parse("id;critical")) == "critical;id"
    assert MediaType.parse("Application / SDP;charset=x").essence == "application/sdp"
    assert str(Reason.of("Q.850", 16, "Bye")) == 'Q.850;cause=16;text="Bye"'
    assert Reason.parse('SIP ;cause=200 ;text="Call completed elsewhere"').cause == 200
    replaces = Replaces.parse("12345@149.112.118.3;to-tag=12;from-tag=5")
    assert (replaces.call_id, replaces.to_tag, replaces.from_tag) == (
        "12345@149.112.118.3",
        "12",
        "5",
    )


@pytest.mark.parametrize("text", ["", "1", "INVITE 1", "-1 INVITE", "2147483648 INVITE", "1 A B"])
def test_a_broken_cseq_is_refused(text: str) -> None:
    with pytest.raises(MalformedValue):
        CSeq.parse(text)


@pytest.mark.parametrize("text", ["", "abc", "-1", "1.5", "99999999999"])
def test_a_delay_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedValue):
        RetryAfter.parse(text)


def test_a_field_is_found_by_any_spelling_of_its_name() -> None:
    headers = Headers([("v", "SIP/2.0/UDP a"), ("VIA", "SIP/2.0/UDP b"), ("x-custom", "1")])

    assert headers.lines("Via") == ["SIP/2.0/UDP a", "SIP/2.0/UDP b"]
    assert headers.get("X-CUSTOM") == "1"
    assert "CALL-ID" not in headers
    assert list(headers) == ["Via", "X-Custom"]


def test_values_on_one_line_and_on_several_are_the_same() -> None:
    headers = Headers([("Contact", '"a, b" <sip:a@a;x=","?>, <sip:b@b>'), ("Contact", "<sip:c@c>")])

    assert headers.values("Contact") == ['"a, b" <sip:a@a;x=","?>', "<sip:b@b>", "<sip:c@c>"]


def test_an_error_names_the_header_field() -> None:
    headers = Headers([("From", "<sip:bob")])

    with pytest.raises(MalformedValue, match=r"From: expected an address, found '<sip:bob'"):
        _ = headers.from_
    with pytest.raises(MalformedValue, match="To: expected this header field"):
        _ = headers.to


def test_a_changed_field_is_parsed_anew() -> None:
    headers = Headers([("CSeq", "1 INVITE")])
    assert headers.cseq.number == 1

    headers.set("cseq", CSeq(2, "INVITE"))

    assert headers.cseq.number == 2


def test_a_copy_can_be_changed_alone() -> None:
    headers = Headers([("Route", "<sip:a;lr>")])
    copied = headers.copy()

    copied.push("Route", "<sip:b;lr>")
    copied.pop("Route")
    copied.replace_topmost("Route", "<sip:c;lr>")
    copied.set("Subject", "x")

    assert headers.values("Route") == ["<sip:a;lr>"]
    assert copied.values("Route") == ["<sip:c;lr>"]
    assert headers.get("Subject") is None


def test_a_line_break_never_gets_into_a_header() -> None:
    with pytest.raises(LocalProtocolError, match="Subject"):
        Headers([("Subject", "hello\r\nRoute: <sip:evil>")])


def test_option_tags_are_compared_without_case() -> None:
    assert Headers([("Supported", "100rel, Timer")]).tokens("k") == {"100rel", "timer"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30))
def test_any_display_name_survives(name: str) -> None:
    assert NameAddr.parse(str(NameAddr(BOB, name))).display_name == name


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30))
def test_any_parameter_value_survives(value: str) -> None:
    assert NameAddr.parse(str(NameAddr(BOB, "", {"x": value}))).params == {"x": value}
