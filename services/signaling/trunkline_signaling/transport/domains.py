"""Whose certificate it is: the SIP domains a certificate proves (RFC 5922 section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from ..sip.errors import MalformedValue
from ..sip.uri import parse_sip_uri


def proves(certificate: Mapping[str, Any], domain: str) -> bool:
    """Tell whether a checked certificate, as `SSLSocket.getpeercert` returns it, is a domain's.

    Names are compared whole: no wildcard, no common name (section 7.2). A vendor that is dialled
    by an IP address proves it by that address, which the RFC leaves out.
    """
    return _comparable(domain) in map(_comparable, domains_of(certificate))


def domains_of(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Yield the SIP domains and addresses of a certificate's subjectAltName (section 7.1)."""
    for kind, value in certificate.get("subjectAltName", ()):
        match kind:
            case "URI":
                yield from _sip_domain(value)
            case "DNS" | "IP Address":
                yield value


def _sip_domain(text: str) -> Iterator[str]:
    """Yield the host of a `sip:` URI; a URI with a user names a person, not a domain."""
    try:
        uri = parse_sip_uri(text)
    except MalformedValue:
        return
    if uri.scheme == "sip" and not uri.user:
        yield uri.host


def _comparable(name: str) -> str:
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower().removesuffix(".")
