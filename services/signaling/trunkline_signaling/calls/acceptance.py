"""What we can do at all, whoever asks (RFC 3261 sections 8.2 and 16.3)."""

from __future__ import annotations

from typing import Final

from ..sip.errors import MalformedValue
from ..sip.headers import Headers
from ..sip.message import Request, Response
from ..sip.methods import INVITE
from ..sip.sdp import CONTENT_TYPE
from ..sip.uri import OtherUri
from . import session_timer
from .policy import LegPolicy

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER"
"""Methods we take, as the Allow header says."""

RELIABLE: Final = "100rel"
"""The option tag of reliable provisional responses (RFC 3262)."""
EXTENSIONS: Final = frozenset({session_timer.OPTION, RELIABLE})
"""Option tags that a peer may require of us, if its own settings allow."""

KNOWN_METHODS: Final = frozenset(
    {"MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "PRACK", "INFO", "UPDATE", "BYE"}
)
"""Methods we understand, though not outside a dialog."""


def refusal_of(request: Request) -> Response | None:
    """Return the refusal of a request that we can do nothing with, or None."""
    try:
        return _refusal_of(request)
    except MalformedValue:
        return request.reply(400)


def option_tags(policy: LegPolicy) -> tuple[str, ...]:
    """Return the extensions that we use with one side, as Supported lists them."""
    switches = (
        (policy.session_timer, session_timer.OPTION),
        (policy.reliable_provisionals, RELIABLE),
    )
    return tuple(tag for is_on, tag in switches if is_on)


def write_extensions(headers: Headers, policy: LegPolicy) -> None:
    """Say which extensions we use with one side, if there is any."""
    tags = option_tags(policy)
    if tags:
        headers.set("Supported", ", ".join(tags))


def refusal_by_policy(request: Request, policy: LegPolicy) -> Response | None:
    """Return the 420 for an extension that is switched off for this side, or None."""
    return _refusal_of_required(request, frozenset(option_tags(policy)))


def _refusal_of_required(request: Request, known: frozenset[str]) -> Response | None:
    unknown = request.headers.tokens("Require") - known
    if not unknown:
        return None
    response = request.reply(420)
    response.headers.set("Unsupported", ", ".join(sorted(unknown)))
    return response


def _refusal_of(request: Request) -> Response | None:
    if request.headers.max_forwards == 0:
        return request.reply(483)
    if request.method not in ("CANCEL", "ACK"):
        refusal = _refusal_of_required(request, EXTENSIONS)
        if refusal is not None:
            return refusal
    if isinstance(request.request_uri, OtherUri):
        return request.reply(416)
    if request.method == INVITE:
        return _refusal_of_body(request)
    if request.method in ("REGISTER", "OPTIONS", "PUBLISH"):
        return None
    response = request.reply(405 if request.method in KNOWN_METHODS else 501)
    response.headers.set("Allow", ALLOW)
    return response


def _refusal_of_body(request: Request) -> Response | None:
    if not request.body:
        return None
    content_type = request.headers.content_type
    if content_type is None or content_type.essence != CONTENT_TYPE:
        response = request.reply(415)
        response.headers.set("Accept", CONTENT_TYPE)
        return response
    return None
