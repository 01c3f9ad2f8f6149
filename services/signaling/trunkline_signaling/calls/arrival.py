"""The INVITE that begins a call: whether it can be one, and the question to auth."""

from __future__ import annotations

from random import Random
from typing import Final

from ..sip.dialog import Dialog
from ..sip.errors import MalformedValue
from ..sip.flow import Flow
from ..sip.message import Request, Response
from ..sip.methods import INVITE
from ..sip.transactions import ServerTransaction
from ..sip.uri import OtherUri
from .attempts import ALLOW
from .call import SDP, Call, CallSettings
from .cdr import Cdr
from .effects import Effect
from .identity import host_of, user_of
from .legs import Leg, Side
from .services import Admit
from .session import read

EXTENSIONS: Final[frozenset[str]] = frozenset()
"""Option tags that a peer may require of us."""

KNOWN_METHODS: Final = frozenset(
    {"MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH", "PRACK", "INFO", "UPDATE", "BYE"}
)
"""Methods we understand, though not outside a dialog."""


def refusal_of(request: Request) -> Response | None:
    """Return the answer to a request that nobody needs to be asked about (RFC 3261 8.2, 16.3)."""
    if request.headers.max_forwards == 0:
        return request.reply(483)
    unknown = request.headers.tokens("Require") - EXTENSIONS
    if unknown and request.method not in ("CANCEL", "ACK"):
        response = request.reply(420)
        response.headers.set("Unsupported", ", ".join(sorted(unknown)))
        return response
    if isinstance(request.request_uri, OtherUri):
        return request.reply(416)
    if request.method == INVITE:
        return _refusal_of_body(request)
    if request.method in ("REGISTER", "OPTIONS"):
        return None
    response = request.reply(405 if request.method in KNOWN_METHODS else 501)
    response.headers.set("Allow", ALLOW)
    return response


def admission_of(request: Request, flow: Flow) -> Admit:
    """Return what auth is asked about a request."""
    headers = request.headers
    from_, to = headers.from_.uri, headers.to.uri
    return Admit(
        request.method,
        flow.remote,
        flow.transport,
        flow.local,
        request.target,
        user_of(from_),
        host_of(from_),
        user_of(to),
        host_of(to),
        headers.call_id,
        tuple(headers.lines("Authorization")),
        tuple(headers.lines("Proxy-Authorization")),
        headers.get("User-Agent") or "",
    )


def begin_call(
    transaction: ServerTransaction,
    dialog: Dialog,
    settings: CallSettings,
    random: Random,
    now: float,
) -> tuple[Call, list[Effect]]:
    """Return a call for an INVITE that `refusal_of` lets pass, and what it wants first."""
    request, flow = transaction.request, transaction.flow
    leg = Leg(Side.A, random.getrandbits(31), dialog, received=request.body)
    leg.behind_nat = _behind_nat(request, flow)
    call_id = f"{random.getrandbits(128):032x}"
    cdr = Cdr(call_id, settings.instance, request.headers.call_id, flow.remote, now)
    call = Call(call_id, settings, random, transaction, leg, cdr, now)
    call.ask(admission_of(request, flow))
    effects, call.effects = call.effects, []
    return call, effects


def _refusal_of_body(request: Request) -> Response | None:
    if not request.body:
        return None
    content_type = request.headers.content_type
    if content_type is None or content_type.essence != SDP:
        response = request.reply(415)
        response.headers.set("Accept", SDP)
        return response
    try:
        read(request.body)
    except MalformedValue:
        return request.reply(488)
    return None


def _behind_nat(request: Request, flow: Flow) -> bool:
    """Tell whether the source differs from what Via and Contact say (SIG-07)."""
    contact = request.headers.contact
    said = {request.headers.via.host, host_of(contact.uri) if contact else flow.remote[0]}
    return said != {flow.remote[0]}
