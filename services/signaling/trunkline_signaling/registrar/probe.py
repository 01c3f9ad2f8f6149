"""The OPTIONS by which peers are probed (RFC 3261 section 11; SIG-16, AUT-08, MGT-08)."""

from __future__ import annotations

from random import Random

from ..calls.call import SDP
from ..calls.parties import Target
from ..sip.flow import Address, Transport
from ..sip.headers import Headers
from ..sip.message import Request
from ..sip.methods import OPTIONS
from ..sip.uri import SipUri


def uri_of(target: Target) -> str:
    """Return the URI of a target that is no user."""
    params = {} if target.transport is Transport.UDP else {"transport": target.transport.value}
    return str(SipUri(target.host, None, target.port or None, params))


def options(target: str, own: Address, random: Random) -> Request:
    """Return an OPTIONS for a URI; `own` is our address as the peer sees it."""
    host, port = own
    headers = Headers()
    headers.set("Max-Forwards", 70)
    headers.set("From", f"<{SipUri(host)}>;tag={random.getrandbits(64):016x}")
    headers.set("To", f"<{target}>")
    headers.set("Call-ID", f"{random.getrandbits(128):032x}")
    headers.set("CSeq", f"1 {OPTIONS}")
    headers.set("Contact", f"<{SipUri(host, None, port)}>")
    headers.set("Accept", SDP)
    return Request(OPTIONS, target, headers)
