"""The 12 torture messages for IPv6 of RFC 5118, one test each, named as the RFC names them."""

from pathlib import Path
from random import Random

import pytest
from trunkline_signaling.sip.errors import MalformedValue
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.grammar import parse_host
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import RequestReceived, Transmit
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.sdp import SessionDescription
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.uri import SipUri
from trunkline_signaling.sip.via import Via

MESSAGES = Path(__file__).parents[3] / "data" / "rfc5118"
FLOW = Flow(Transport.UDP, ("2001:db8::9:1", 5060), ("2001:db8::10", 5060))


def outcome(name: str) -> Request | int:
    """Return the request that is passed up, or the status it is refused with."""
    layer = TransactionLayer(Random(0))
    layer.receive((MESSAGES / f"{name}.dat").read_bytes(), FLOW, now=0.0)
    (output,) = layer.drain()
    if isinstance(output, RequestReceived):
        return output.request
    assert isinstance(output, Transmit)
    refusal = parse_datagram(output.data)
    assert isinstance(refusal, Response)
    return refusal.status


def accepted(name: str) -> Request:
    request = outcome(name)
    assert isinstance(request, Request)
    return request


def target(request: Request) -> SipUri:
    uri = request.request_uri
    assert isinstance(uri, SipUri)
    return uri


def vias(request: Request) -> list[Via]:
    return [Via.parse(value) for value in request.headers.values("Via")]


def addresses(request: Request) -> list[str | None]:
    description = SessionDescription.parse(request.body)
    return [description.address_of(media) for media in description.media]


def test_all_messages_of_the_rfc_are_here() -> None:
    tests = {name.removeprefix("test_rfc5118_") for name in globals()}
    files = {path.stem.replace("-", "_") for path in MESSAGES.glob("*.dat")}

    assert len(files) == 12
    assert files <= tests


def test_rfc5118_ipv6_good() -> None:
    request = accepted("ipv6-good")

    assert target(request).host == "2001:db8::10"
    assert request.target == "sip:[2001:db8::10]"
    assert vias(request)[0].host == "2001:db8::9:1"


def test_rfc5118_ipv6_bad() -> None:
    assert outcome("ipv6-bad") == 400


def test_rfc5118_port_ambiguous() -> None:
    """What looks like a port is the address's last part."""
    uri = target(accepted("port-ambiguous"))

    assert (uri.host, uri.port) == ("2001:db8::10:5070", None)


def test_rfc5118_port_unambiguous() -> None:
    uri = target(accepted("port-unambiguous"))

    assert (uri.host, uri.port) == ("2001:db8::10", 5070)


def test_rfc5118_via_received_param_with_delim() -> None:
    """RFC 3261's grammar has no brackets there, but peers send them."""
    via = vias(accepted("via-received-param-with-delim"))[0]

    assert via.params["received"] == "[2001:db8::9:255]"


def test_rfc5118_via_received_param_no_delim() -> None:
    via = vias(accepted("via-received-param-no-delim"))[0]

    assert via.params["received"] == "2001:db8::9:255"


def test_rfc5118_ipv6_in_sdp() -> None:
    request = accepted("ipv6-in-sdp")

    assert addresses(request) == ["2001:db8::20", "2001:db8::20"]


def test_rfc5118_mult_ip_in_header() -> None:
    hops = vias(accepted("mult-ip-in-header"))

    assert [(hop.host, hop.port) for hop in hops] == [
        ("2001:db8::9:1", 6050),
        ("192.0.2.1", None),
        ("2001:db8::9:255", None),
    ]
    assert hops[2].params["received"] == "192.0.2.200"


def test_rfc5118_mult_ip_in_sdp() -> None:
    assert addresses(accepted("mult-ip-in-sdp")) == ["192.0.2.1", "2001:db8::1"]


def test_rfc5118_ipv4_mapped_ipv6() -> None:
    request = accepted("ipv4-mapped-ipv6")

    assert [hop.host for hop in vias(request)] == ["::ffff:192.0.2.10", "::ffff:192.0.2.2"]
    assert addresses(request) == ["::ffff:192.0.2.2"] * 2


def test_rfc5118_ipv6_bug_abnf_3_colons() -> None:
    """The extra colon comes of RFC 3261's grammar: it is read, and not written again."""
    assert target(accepted("ipv6-bug-abnf-3-colons")).host == "2001:db8::192.0.2.1"


def test_rfc5118_ipv6_correct_abnf_2_colons() -> None:
    assert target(accepted("ipv6-correct-abnf-2-colons")).host == "2001:db8::192.0.2.1"


@pytest.mark.parametrize("host", ["[2001:db8:::10]", "[2001:db8::::192.0.2.1]", "[:::]"])
def test_three_colons_stand_before_an_ipv4_address_only(host: str) -> None:
    with pytest.raises(MalformedValue):
        parse_host(host)
