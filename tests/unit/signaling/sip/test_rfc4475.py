"""The 49 torture messages of RFC 4475, one test each, named as the RFC names them.

`received` is what the transaction layer, which is what meets the network, makes of a message: the
status it answers by itself, if any, and the request it passes up, if any.
"""

from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from trunkline_signaling.sip.digest import Credentials
from trunkline_signaling.sip.errors import MalformedMessage, MalformedValue, NotSip
from trunkline_signaling.sip.fields import MediaType
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.name_addr import NameAddr
from trunkline_signaling.sip.outputs import Output, RequestReceived, Transmit
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.sdp import SessionDescription
from trunkline_signaling.sip.transaction_layer import Counters, TransactionLayer
from trunkline_signaling.sip.uri import OtherUri, SipUri, parse_sip_uri
from trunkline_signaling.sip.validation import check_response
from trunkline_signaling.sip.via import Via

MESSAGES = Path(__file__).parents[3] / "data" / "rfc4475"
FLOW = Flow(Transport.UDP, ("192.0.2.77", 5060), ("192.0.2.1", 5060))


class Outcome(NamedTuple):
    """What became of a message."""

    outputs: list[Output]
    counters: Counters

    @property
    def statuses(self) -> list[int]:
        """What was answered."""
        answers = [parse_datagram(o.data) for o in self.outputs if isinstance(o, Transmit)]
        return [answer.status for answer in answers if isinstance(answer, Response)]

    @property
    def requests(self) -> list[Request]:
        """What was passed up."""
        return [o.request for o in self.outputs if isinstance(o, RequestReceived)]


def read(name: str) -> bytes:
    return (MESSAGES / f"{name}.dat").read_bytes()


def received(name: str) -> Outcome:
    layer = TransactionLayer(Random(0))
    layer.receive(read(name), FLOW, now=0.0)
    return Outcome(layer.drain(), layer.counters)


def accepted(name: str) -> Request:
    outcome = received(name)
    assert outcome.statuses == []
    (request,) = outcome.requests
    return request


def refused_with(name: str) -> int:
    outcome = received(name)
    assert outcome.requests == []
    (status,) = outcome.statuses
    return status


def response(name: str) -> Response:
    message = parse_datagram(read(name))
    assert isinstance(message, Response)
    check_response(message)
    return message


def test_all_messages_of_the_rfc_are_here() -> None:
    tests = {name.removeprefix("test_rfc4475_") for name in globals()}

    assert {path.stem for path in MESSAGES.glob("*.dat")} <= tests


# 3.1.1 Valid messages


def test_rfc4475_wsinv() -> None:
    """Folding, odd spaces, compact names, escaped quotes, an empty Subject."""
    request = accepted("wsinv")

    assert request.target == "sip:vivekg@chair-dnrc.example.com;unknownparam"
    assert request.headers.to == NameAddr(
        SipUri("chair-dnrc.example.com", "vivekg"), "", {"tag": "1918181833n"}
    )
    assert request.headers.from_.display_name == 'J Rosenberg \\"'
    assert request.headers.from_.tag == "98asjd8"
    assert request.headers.max_forwards == 68
    assert (request.headers.cseq.number, request.headers.cseq.method) == (9, "INVITE")
    assert request.headers.get("Subject") == ""
    assert [via.transport for via in request.headers.parse_all("Via", Via.parse)] == [
        "UDP",
        "TCP",
        "UDP",
    ]
    assert request.headers.contact is not None
    assert request.headers.contact.params == {
        "newparam": "newvalue",
        "secondparam": None,
        "q": "0.33",
    }
    assert [m.media for m in SessionDescription.parse(request.body).media] == ["audio", "video"]


def test_rfc4475_intmeth() -> None:
    """Every character a method, a token and a user part may have."""
    request = accepted("intmeth")

    assert request.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert request.headers.from_.params["fromparam''~+*_!.-%"] == "работающий"
    assert request.headers.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert isinstance(request.headers.to.uri, SipUri)
    assert request.headers.to.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"


def test_rfc4475_esc01() -> None:
    """An escaped user part that looks like a URI of its own."""
    uri = parse_sip_uri(accepted("esc01").target)

    assert (uri.user, uri.host) == ("sips:user@example.com", "example.net")


def test_rfc4475_escnull() -> None:
    """An escaped NUL is a character like another."""
    contacts = accepted("escnull").headers.parse_all("Contact", NameAddr.parse)

    assert [str(contact.uri) for contact in contacts] == [
        "sip:%00@host5.example.com",
        "sip:%00%00@host5.example.com",
    ]


def test_rfc4475_esc02() -> None:
    """Outside URIs a percent sign escapes nothing: neither method nor header name."""
    request = accepted("esc02")

    assert request.method == "RE%47IST%45R"
    assert request.headers.to.display_name == "%Z%45"
    assert len(request.headers.values("Contact")) == 2


def test_rfc4475_lwsdisp() -> None:
    """No space between display name and angle bracket."""
    assert accepted("lwsdisp").headers.from_.display_name == "caller"


def test_rfc4475_longreq() -> None:
    """Very long values and names, and 34 Vias in every spelling."""
    request = accepted("longreq")

    assert len(request.headers.values("Via")) == 34
    assert request.headers.get("Unknown-" + "Long" * 20 + "-Name") is not None


def test_rfc4475_dblreq() -> None:
    """What follows the body of a datagram is dropped, be it a whole request."""
    assert accepted("dblreq").method == "REGISTER"


def test_rfc4475_semiuri() -> None:
    """A semicolon in the user part begins no URI parameter."""
    uri = parse_sip_uri(accepted("semiuri").target)

    assert (uri.user, uri.host, uri.params) == ("user;par=u@example.net", "example.com", {})


def test_rfc4475_transports() -> None:
    """Transports nobody knows, below the topmost Via."""
    vias = accepted("transports").headers.parse_all("Via", Via.parse)

    assert [via.transport for via in vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_rfc4475_mpart01() -> None:
    """A multipart body with binary parts, untouched."""
    request = accepted("mpart01")

    assert request.headers.content_type == MediaType(
        "multipart/mixed", {"boundary": "7a9cbec02ceef655"}
    )
    assert request.body in read("mpart01")
    assert b"\x82" in request.body


def test_rfc4475_unreason() -> None:
    """A reason phrase in UTF-8."""
    assert response("unreason").reason.endswith("сто девяносто девять - простое")


def test_rfc4475_noreason() -> None:
    """No reason phrase."""
    assert response("noreason").reason == ""


# 3.1.2 Invalid messages


def test_rfc4475_badinv01() -> None:
    """Extra semicolons and commas."""
    assert refused_with("badinv01") == 400


def test_rfc4475_clerr() -> None:
    """Content-Length is larger than the datagram."""
    assert refused_with("clerr") == 400


def test_rfc4475_ncl() -> None:
    """Content-Length is negative."""
    assert refused_with("ncl") == 400


def test_rfc4475_scalar02() -> None:
    """Numbers out of range in a request."""
    assert refused_with("scalar02") == 400


def test_rfc4475_scalarlg() -> None:
    """Numbers out of range in a response: it is dropped."""
    outcome = received("scalarlg")

    assert outcome.outputs == []
    assert outcome.counters.malformed == 1


def test_rfc4475_quotbal() -> None:
    """A quoted string without its end."""
    assert refused_with("quotbal") == 400


def test_rfc4475_ltgtruri() -> None:
    """Angle brackets around the Request-URI."""
    assert refused_with("ltgtruri") == 400


def test_rfc4475_lwsruri() -> None:
    """Space in the Request-URI."""
    assert refused_with("lwsruri") == 400


def test_rfc4475_lwsstart() -> None:
    """Several spaces in the start line."""
    assert refused_with("lwsstart") == 400


def test_rfc4475_trws() -> None:
    """Space behind the SIP version. The RFC lets us accept it; we refuse it."""
    assert refused_with("trws") == 400


def test_rfc4475_escruri() -> None:
    """Headers in the Request-URI."""
    assert refused_with("escruri") == 400


def test_rfc4475_baddate() -> None:
    """A Date that isn't in GMT. Nobody here reads it, so it does no harm."""
    assert accepted("baddate").headers.get("Date") == "Fri, 01 Jan 2010 16:00:00 EST"


def test_rfc4475_regbadct() -> None:
    """A Contact that needs angle brackets: 400 from whoever reads it."""
    request = accepted("regbadct")

    with pytest.raises(MalformedValue, match="Contact: expected angle brackets") as caught:
        _ = request.headers.contact
    assert caught.value.status == 400


def test_rfc4475_badaspec() -> None:
    """Spaces around the URI inside the angle brackets. The RFC lets us drop them; we do."""
    assert str(accepted("badaspec").headers.to.uri) == "sip:t.watson@example.org"


def test_rfc4475_baddn() -> None:
    """A display name that would need quotes."""
    assert refused_with("baddn") == 400


def test_rfc4475_badvers() -> None:
    """A version of SIP that isn't there yet."""
    assert refused_with("badvers") == 505


def test_rfc4475_mismatch01() -> None:
    """CSeq names another method."""
    assert refused_with("mismatch01") == 400


def test_rfc4475_mismatch02() -> None:
    """CSeq names another method than the unknown one of the start line."""
    assert refused_with("mismatch02") == 400


def test_rfc4475_bigcode() -> None:
    """A status that is no status."""
    with pytest.raises(NotSip):
        parse_datagram(read("bigcode"))


# 3.2 Transaction layer semantics


def test_rfc4475_badbranch() -> None:
    """A branch of nothing but the magic cookie is matched as RFC 2543 branches are."""
    layer = TransactionLayer(Random(0))
    layer.receive(read("badbranch"), FLOW, now=0.0)
    layer.receive(read("badbranch"), FLOW, now=0.1)
    layer.receive(read("badbranch").replace(b"CSeq: 8", b"CSeq: 9"), FLOW, now=0.2)

    assert [type(output) for output in layer.drain()] == [RequestReceived, RequestReceived]
    assert layer.counters.copies_received == 1


# 3.3 Application layer semantics


def test_rfc4475_insuf() -> None:
    """Call-ID, From and To are missing."""
    assert refused_with("insuf") == 400


def test_rfc4475_unkscm() -> None:
    """A Request-URI of an unknown scheme."""
    assert refused_with("unkscm") == 416


def test_rfc4475_novelsc() -> None:
    """A Request-URI of a scheme that is known, but not for SIP."""
    assert refused_with("novelsc") == 416


def test_rfc4475_unksm2() -> None:
    """Unknown schemes in From, To and Contact: for the registrar to refuse."""
    request = accepted("unksm2")

    assert request.headers.to.uri == OtherUri("isbn", "2983792873")
    assert request.headers.from_.uri == OtherUri("http", "//www.example.com")


def test_rfc4475_bext01() -> None:
    """Require of extensions nobody knows: for the user agent to answer 420."""
    assert accepted("bext01").headers.tokens("Require") == {
        "nothingsupportsthis",
        "nothingsupportsthiseither",
    }


def test_rfc4475_invut() -> None:
    """A body of an unknown type: for the user agent to answer 415."""
    content_type = accepted("invut").headers.content_type

    assert content_type is not None
    assert content_type.essence == "application/unknownformat"


def test_rfc4475_regaut01() -> None:
    """Credentials of an unknown scheme are no credentials: for the registrar to challenge."""
    authorization = accepted("regaut01").headers.get("Authorization")

    assert authorization is not None
    with pytest.raises(MalformedValue, match="the Digest scheme"):
        Credentials.parse(authorization)


def test_rfc4475_multi01() -> None:
    """Header fields twice that may be there once."""
    assert refused_with("multi01") == 400


def test_rfc4475_mcl01() -> None:
    """Two different Content-Lengths."""
    assert refused_with("mcl01") == 400


def test_rfc4475_bcast() -> None:
    """A 200 whose second Via is a broadcast address: it answers nothing of ours."""
    outcome = received("bcast")

    assert outcome.outputs == []
    assert outcome.counters.stray_responses == 1


def test_rfc4475_zeromf() -> None:
    """Max-Forwards is used up: for the user agent to decide, as it may be the target itself."""
    assert accepted("zeromf").headers.max_forwards == 0


def test_rfc4475_cparam01() -> None:
    """An unknown parameter of Contact itself."""
    contact = accepted("cparam01").headers.contact

    assert contact == NameAddr(
        SipUri("gw1.example.net", "+19725552222"), "", {"unknownparam": None}
    )


def test_rfc4475_cparam02() -> None:
    """An unknown parameter of the URI in Contact."""
    contact = accepted("cparam02").headers.contact

    assert contact is not None
    assert isinstance(contact.uri, SipUri)
    assert contact.uri.params == {"unknownparam": None}


def test_rfc4475_regescrt() -> None:
    """An escaped Route header in the URI of a Contact."""
    contact = accepted("regescrt").headers.contact

    assert contact is not None
    assert isinstance(contact.uri, SipUri)
    assert contact.uri.headers == (("Route", "<sip:sip.example.com>"),)


def test_rfc4475_sdp01() -> None:
    """An Accept without application/sdp: for the user agent to answer 406."""
    assert accepted("sdp01").headers.get("Accept") == "text/nobodyKnowsThis"


# 3.4 Backward compatibility


def test_rfc4475_inv2543() -> None:
    """An INVITE of RFC 2543: no branch, no tag, no Max-Forwards, no Content-Length."""
    request = accepted("inv2543")

    assert request.headers.from_.tag is None
    assert request.body.startswith(b"v=0")


def test_a_malformed_message_is_told_from_noise() -> None:
    with pytest.raises(MalformedMessage):
        parse_datagram(read("clerr"))
