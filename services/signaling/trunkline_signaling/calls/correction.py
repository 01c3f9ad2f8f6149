"""A request that was refused in one way, and goes out again in another: with credentials, or with
the session interval that its peer demands. That is no failure of its attempt (RTE-09).
"""

from __future__ import annotations

from random import Random
from typing import Final

from ..sip.message import Request, Response
from ..sip.proofs import FIELDS, Proofs, challenges_in
from . import session_timer
from .call import Call
from .effects import Outgoing, Send
from .events import ResponseReceived

CHALLENGES: Final = frozenset({401, 407})
"""Meant for our credentials, not for the other side's."""


def corrected(call: Call, event: ResponseReceived) -> bool:
    """Send a refused request again the way the peer wants it; False if that can't be."""
    outgoing, response = event.outgoing, event.response
    if authenticated(outgoing, response, call.random) or _prolonged(outgoing, response):
        call.emit(Send(outgoing))
        return True
    return False


def authenticated(outgoing: Outgoing, response: Response, random: Random) -> bool:
    """Put into a challenged request the credentials of its peer's; False if that can't be."""
    credentials = outgoing.credentials
    if credentials is None or response.status not in CHALLENGES:
        return False
    proofs = outgoing.proofs or Proofs(credentials.username, credentials.password)
    if not proofs.take(challenges_in(response)):
        return False
    again = _next(outgoing)
    proofs.write(again, random)
    outgoing.proofs = proofs
    _replace(outgoing, again)
    return True


def _prolonged(outgoing: Outgoing, response: Response) -> bool:
    """Ask for the session interval that a 422 demands, once (SIG-03 rule 6, SIG-04 rule 6).

    The peer may challenge it anew: the answers to its challenges so far are left out.
    """
    if response.status != 422 or outgoing.prolonged:
        return False
    again = _next(outgoing)
    for field in FIELDS.values():
        again.headers.remove(field)
    if not session_timer.prolong(again.headers, response.headers):
        return False
    outgoing.prolonged, outgoing.proofs = True, None
    _replace(outgoing, again)
    return True


def _next(outgoing: Outgoing) -> Request:
    """Return a copy of a request that follows it in its dialog, or outside of one (8.1.3.5)."""
    request, dialog = outgoing.request, outgoing.dialog
    number = (request.headers.cseq.number if dialog is None else dialog.local_cseq) + 1
    again = Request(request.method, request.target, request.headers.copy(), request.body)
    again.headers.remove("Via")  # the transaction layer writes a new one
    again.headers.set("CSeq", f"{number} {request.method}")
    return again


def _replace(outgoing: Outgoing, request: Request) -> None:
    outgoing.request = request
    if outgoing.dialog is not None:
        outgoing.dialog.local_cseq = request.headers.cseq.number
