"""How the caller is shown to who is called (SIG-11, SIG-12, SIG-15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..calls.facts import Facts
from ..documents.identity import (
    ExtraHeaders,
    ExtraMode,
    IdentityHeader,
    IdentityPolicy,
    PrivacyHeader,
)
from ..documents.routing_gateway import Registration, RoutingGatewaySpec
from ..model.callers import Phone
from ..numbers.digits import Number
from ..parameters import Display, Parameters, UserAgentPrivacy

_PRIVACY: Final = {
    UserAgentPrivacy.IGNORE: PrivacyHeader.NONE,
    UserAgentPrivacy.ID: PrivacyHeader.ID,
    UserAgentPrivacy.NONE: PrivacyHeader.PUBLIC,
}
"""What SS_SIP_USER_AGENT_PRIVACY means for a vendor that we register at."""

NO_EXTRA_HEADERS: Final = ExtraHeaders()


@dataclass(frozen=True, slots=True)
class Presentation:
    """How the caller is shown. Empty headers are left out."""

    display: str = ""
    anonymous: bool = False
    """From names nobody."""
    withheld: bool = False
    """The caller asked for it."""
    privacy: str = ""
    asserted: str = ""
    preferred: str = ""
    remote_party_id: bool = False
    extra_headers: ExtraHeaders = NO_EXTRA_HEADERS


def present_to_gateway(
    spec: RoutingGatewaySpec, facts: Facts, caller: Number, identity: Number, parameters: Parameters
) -> Presentation:
    """Return how a vendor sees the caller: `caller` in From, `identity` in identity headers."""
    policy, received = spec.identity, facts.call.identity
    privacy = _privacy_of(spec, parameters)
    return Presentation(
        display=_vendor_display(policy, received.from_display, caller, parameters.display_from),
        anonymous=privacy is PrivacyHeader.ID,
        withheld=_is_withheld(facts),
        privacy=_privacy_header(privacy, facts),
        asserted=_header(policy.asserted, received.asserted_identity, identity),
        preferred=_header(policy.preferred, received.preferred_identity, identity),
        remote_party_id=policy.remote_party_id,
        extra_headers=policy.extra_headers,
    )


def present_to_phone(
    phone: Phone, facts: Facts, caller: Number, parameters: Parameters
) -> Presentation:
    """Return how a phone sees the caller: one that is withheld, not at all (RFC 3325 section 7)."""
    policy, received = phone.identity, facts.call.identity
    if _is_withheld(facts):
        return Presentation(
            anonymous=True,
            withheld=True,
            privacy=received.privacy,
            extra_headers=policy.extra_headers,
        )
    identity = facts.numbers.caller
    return Presentation(
        display=_display(parameters.display_from, received.from_display, caller),
        privacy=_received_privacy(facts),
        asserted=_header(policy.asserted, received.asserted_identity, identity),
        preferred=_header(policy.preferred, received.preferred_identity, identity),
        extra_headers=policy.extra_headers,
    )


def present_to_forwarded(facts: Facts) -> Presentation:
    """Return what the next call of ours is to know: everything, as the caller said it."""
    received = facts.call.identity
    return Presentation(
        display=received.from_display,
        withheld=_is_withheld(facts),
        privacy=_received_privacy(facts),
        asserted=received.asserted_identity,
        preferred=received.preferred_identity,
        extra_headers=ExtraHeaders(mode=ExtraMode.ALL),
    )


def _privacy_of(spec: RoutingGatewaySpec, parameters: Parameters) -> PrivacyHeader:
    if spec.identity.privacy is not None:
        return spec.identity.privacy
    if spec.registration is Registration.PEER:
        return _PRIVACY[parameters.user_agent_privacy]
    return PrivacyHeader.NONE


def _privacy_header(policy: PrivacyHeader, facts: Facts) -> str:
    match policy:
        case PrivacyHeader.PASSTHROUGH:
            return _received_privacy(facts)
        case PrivacyHeader.ID:
            return "id"
        case PrivacyHeader.PUBLIC:
            return "none"
        case PrivacyHeader.NONE:
            return ""


def _received_privacy(facts: Facts) -> str:
    """Return the caller's Privacy, where its side recognises it (SIG-11)."""
    return facts.call.identity.privacy if facts.caller.sip.privacy_support else ""


def _is_withheld(facts: Facts) -> bool:
    return facts.caller.sip.privacy_support and facts.call.identity.asks_privacy


def _vendor_display(policy: IdentityPolicy, received: str, caller: Number, wanted: Display) -> str:
    if policy.display is False:
        return ""
    if policy.display and wanted is Display.IGNORE:
        wanted = Display.CALLER
    return _display(wanted, received, caller)


def _display(wanted: Display, received: str, caller: Number) -> str:
    match wanted:
        case Display.IGNORE:
            return ""
        case Display.CALLER:
            return caller
        case Display.PASSTHROUGH:
            return received


def _header(policy: IdentityHeader, received: str, identity: Number) -> str:
    match policy:
        case IdentityHeader.NONE:
            return ""
        case IdentityHeader.PASSTHROUGH:
            return received
        case IdentityHeader.CALLER:
            return identity
