"""SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966), and whatever other scheme turns up.

Parts are held unescaped and escaped again when printed, so `%61lice` equals `alice`.
"""

from __future__ import annotations

from ._wire import OtherUri, SipUri, TelUri, parse_sip_uri, parse_uri

__all__ = ["OtherUri", "SipUri", "TelUri", "Uri", "parse_sip_uri", "parse_uri"]

Uri = SipUri | TelUri | OtherUri
