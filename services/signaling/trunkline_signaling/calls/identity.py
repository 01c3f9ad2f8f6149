"""Who an INVITE says that it is from and for (SIG-20), and what ours says (SIG-11, 12 and 15)."""

from __future__ import annotations

from ..sip.errors import MalformedValue
from ..sip.headers import Headers
from ..sip.message import Request
from ..sip.name_addr import NameAddr
from ..sip.uri import SipUri, Uri
from .parties import Identity
from .policy import Candidate

ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def identity_of(invite: Request) -> Identity:
    """Collect every header that can name somebody; a malformed one counts as absent."""
    headers = invite.headers
    from_ = headers.from_
    return Identity(
        from_user=user_of(from_.uri),
        from_display=from_.display_name,
        to_user=user_of(headers.to.uri),
        request_uri_user=user_of(invite.request_uri),
        diversion_user=_user_in(headers, "Diversion"),
        remote_party_id_user=_user_in(headers, "Remote-Party-ID"),
        asserted_identity=_well_formed(headers, "P-Asserted-Identity"),
        preferred_identity=_well_formed(headers, "P-Preferred-Identity"),
        privacy=headers.get("Privacy") or "",
    )


def user_of(uri: Uri) -> str:
    """Return the number of a SIP or tel URI; "" where it has none."""
    return getattr(uri, "number", "")


def host_of(uri: Uri) -> str:
    """Return the host of a SIP URI; "" where it has none."""
    return uri.host if isinstance(uri, SipUri) else ""


def write_identity(headers: Headers, candidate: Candidate, host: str, tag: str) -> None:
    """Write From and the identity headers as routing has decided them.

    `host` is our own address as the vendor sees it, or the domain in which it knows us.
    """
    own = SipUri(host, candidate.from_user or None)
    shown = ANONYMOUS if candidate.anonymous else NameAddr(own, candidate.from_display)
    headers.set("From", f"{shown};tag={tag}")
    if candidate.privacy:
        headers.set("Privacy", candidate.privacy)
    if candidate.asserted_identity:
        headers.set("P-Asserted-Identity", _address(candidate.asserted_identity, host))
    if candidate.preferred_identity:
        headers.set("P-Preferred-Identity", _address(candidate.preferred_identity, host))
    if candidate.remote_party_id:
        privacy = "full" if candidate.anonymous or candidate.withheld else "off"
        headers.set("Remote-Party-ID", f"<{own}>;party=calling;screen=no;privacy={privacy}")


def _address(identity: str, host: str) -> str:
    """Return a number as an address; what was passed through is one already."""
    return identity if ":" in identity else f"<{SipUri(host, identity)}>"


def _well_formed(headers: Headers, name: str) -> str:
    return ", ".join(headers.lines(name)) if _user_in(headers, name) else ""


def _user_in(headers: Headers, name: str) -> str:
    if name not in headers:
        return ""
    try:
        address = headers.parse(name, NameAddr.parse)
    except MalformedValue:
        return ""
    return user_of(address.uri) if address is not None else ""
