"""The OPTIONS by which peers are probed (RFC 3261 section 11; SIG-16, AUT-08)."""

from __future__ import annotations

from random import Random

from ..calls.call import SDP
from ..sip.flow import Address
from ..sip.headers import Headers
from ..sip.message import Request
from ..sip.methods import OPTIONS
from ..sip.uri import SipUri


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
