"""The same messages through `sipmessage`, a parser of another house: both must see the same."""

from pathlib import Path

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.name_addr import NameAddr
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.uri import SipUri

MESSAGES = Path(__file__).parents[3] / "data" / "rfc4475"
# Those that the other parser reads at all, less two: in intmeth it leaves
# quoted-pairs as they are, and in longreq it misses names with a space before the colon.
READ_BY_BOTH = [
    "badbranch",
    "bcast",
    "bext01",
    "cparam01",
    "cparam02",
    "dblreq",
    "inv2543",
    "invut",
    "lwsdisp",
    "mpart01",
    "noreason",
    "regescrt",
    "sdp01",
    "transports",
    "unreason",
    "zeromf",
]

_names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=10)
# Without two spaces in a row, which the other parser makes one even between quotes.
_display_names = st.text('abc "\\,;<>@é', min_size=1, max_size=10).map(
    lambda text: " ".join(text.split())
)
_addresses = st.builds(
    NameAddr,
    st.builds(
        SipUri,
        st.sampled_from(["example.com", "192.0.2.7"]),
        _names,
        st.none() | st.integers(1, 65535),
    ),
    st.just("") | _display_names,
    st.fixed_dictionaries({"tag": _names}),
)


def same(ours: NameAddr, theirs: sipmessage.Address) -> None:
    assert isinstance(ours.uri, SipUri)
    assert ours.display_name == theirs.name
    assert (ours.uri.user, ours.uri.host, ours.uri.port) == (
        theirs.uri.user,
        theirs.uri.host,
        theirs.uri.port,
    )
    assert ours.tag == theirs.parameters.get("tag")


@pytest.mark.parametrize("name", READ_BY_BOTH)
def test_torture_messages_mean_the_same_to_both(name: str) -> None:
    data = (MESSAGES / f"{name}.dat").read_bytes()
    ours = parse_datagram(data)
    theirs = sipmessage.Message.parse(data)

    same(ours.headers.from_, theirs.from_address)
    same(ours.headers.to, theirs.to_address)
    assert ours.headers.call_id == theirs.call_id
    assert (ours.headers.cseq.number, ours.headers.cseq.method) == (
        theirs.cseq.sequence,
        theirs.cseq.method,
    )
    assert [via.parameters.get("branch") for via in theirs.via][:1] == [ours.headers.via.branch]
    assert len(ours.headers.values("Via")) == len(theirs.via)


@given(_addresses, _addresses, st.integers(0, 2**31 - 1), st.binary(max_size=30))
def test_what_we_print_is_read_by_the_other_parser(
    caller: NameAddr, callee: NameAddr, number: int, body: bytes
) -> None:
    request = Request(
        "INVITE",
        str(callee.uri),
        Headers(
            (
                ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"),
                ("From", caller),
                ("To", callee),
                ("Call-ID", "c"),
                ("CSeq", f"{number} INVITE"),
            )
        ),
        body,
    )

    theirs = sipmessage.Message.parse(request.encode())

    same(caller, theirs.from_address)
    same(callee, theirs.to_address)
    assert theirs.cseq.sequence == number
    assert theirs.body == body


def test_a_response_of_ours_is_read_by_the_other_parser() -> None:
    theirs = sipmessage.Message.parse(Response(200, "OK").encode())

    assert isinstance(theirs, sipmessage.Response)
    assert (theirs.code, theirs.phrase) == (200, "OK")
