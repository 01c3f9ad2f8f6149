"""URIs: RFC 3261 section 19.1, with the examples of 19.1.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_signaling.sip.errors import MalformedValue
from trunkline_signaling.sip.uri import OtherUri, SipUri, TelUri, parse_sip_uri, parse_uri


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:bob@[2001:db8::10]:5070",
        "tel:+1-201-555-0123;phone-context=example.com",
        "urn:service:sos",
    ],
)
def test_what_is_printed_is_what_was_read(text: str) -> None:
    assert str(parse_uri(text)) == text


def test_the_parts_of_a_uri_are_told_apart() -> None:
    uri = parse_sip_uri("sip:alice;day=tuesday:pw@[2001:db8::1]:5070;transport=tcp;lr?a=b")

    assert (uri.user, uri.password, uri.host, uri.port) == (
        "alice;day=tuesday",
        "pw",
        "2001:db8::1",
        5070,
    )
    assert uri.params == {"transport": "tcp", "lr": None}
    assert uri.headers == (("a", "b"),)
    assert uri.number == "alice"
    assert uri.is_loose_router


def test_a_uri_is_given_another_user() -> None:
    uri = parse_sip_uri("sip:alice@atlanta.com;transport=tcp")

    assert str(uri.with_user("b c")) == "sip:b%20c@atlanta.com;transport=tcp"
    assert str(uri.with_user(None)) == "sip:atlanta.com;transport=tcp"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "alice",
        "sip:@host",
        "sip:a b@host",
        "sip:alice@host:port",
        "sip:alice@host:70000",
        "sip:alice@[::1",
        "sip:alice@ho!st",
        "sip:al%zzce@host",
        "sip:alice@host;=x",
        "sip:alice@host?x",
        "<sip:alice@host>",
    ],
)
def test_a_broken_uri_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(MalformedValue, match="expected"):
        parse_uri(text)


def test_other_schemes_are_kept_as_they_are() -> None:
    assert parse_uri("soap.beep://192.0.2.103:3002") == OtherUri("soap.beep", "//192.0.2.103:3002")
    with pytest.raises(MalformedValue, match="a SIP URI"):
        parse_sip_uri("tel:+1")


def test_a_tel_uri_gives_its_number_and_parameters() -> None:
    assert parse_uri("tel:7042;phone-context=example.com") == TelUri(
        "7042", {"phone-context": "example.com"}
    )


_text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_hosts = st.sampled_from(["example.com", "192.0.2.1", "2001:db8::1", "a-b.c_d.e"])
_names = st.text("abcdefghijklmnopqrstuvwxyz-.", min_size=1, max_size=8)

sip_uris = st.builds(
    SipUri,
    _hosts,
    st.none() | _text,
    st.none() | st.integers(0, 65535),
    st.dictionaries(_names, st.none() | _text, max_size=3),
    st.just(None),
    st.lists(st.tuples(_names, _text), max_size=2).map(tuple),
    st.sampled_from(["sip", "sips"]),
)


@given(sip_uris)
def test_any_uri_survives_printing_and_parsing(uri: SipUri) -> None:
    assert parse_uri(str(uri)) == uri


@given(st.text(max_size=60))
def test_any_text_is_a_uri_or_a_typed_error(text: str) -> None:
    try:
        uri = parse_uri(text)
    except MalformedValue:
        return
    assert parse_uri(str(uri)) == uri
