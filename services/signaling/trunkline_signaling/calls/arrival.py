"""The INVITE that begins a call, and what auth is asked about it or any other request."""

from __future__ import annotations

from random import Random

from ..sip.dialog import Dialog
from ..sip.flow import Flow
from ..sip.message import Request
from ..sip.transactions import ServerTransaction
from . import admission, session_id
from .call import Call
from .call_settings import CallSettings, HeldBy, nobody
from .cdr import Cdr, product_of
from .effects import Effect
from .identity import host_of, user_of
from .legs import Leg, Side
from .parties import PassedOn
from .services import Admit, Allowed


def admission_of(request: Request, flow: Flow, call_id: str = "") -> Admit:
    """Return what auth is asked about a request, and the call it begins if it does."""
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
        headers.via.branch or "",
        call_id,
    )


def begin_call(
    transaction: ServerTransaction,
    dialog: Dialog,
    settings: CallSettings,
    random: Random,
    now: float,
    passed_on: PassedOn | None = None,
    held_by: HeldBy = nobody,
) -> tuple[Call, list[Effect]]:
    """Return a call for an INVITE that `refusal_of` lets pass, and what it wants first.

    One that a phone passes on comes from ourselves: nobody has to be asked who that is.
    """
    request, flow = transaction.request, transaction.flow
    leg = Leg(Side.A, random.getrandbits(31), dialog, received=request.body)
    leg.note_allow(request.headers)
    call_id = f"{random.getrandbits(128):032x}"
    cdr = Cdr(call_id, settings.instance, request.headers.call_id, flow.remote, now)
    cdr.caller_product = product_of(request.headers)
    # SIG-20's defaults, for a call that ends before routing has chosen among the headers.
    cdr.caller_access = user_of(request.headers.from_.uri)
    cdr.callee_access = user_of(request.headers.to.uri)
    call = Call(call_id, settings, random, transaction, leg, cdr, now, held_by=held_by)
    session_id.learn(call, request.headers)
    if passed_on is None:
        leg.behind_nat = _behind_nat(request, flow)
        call.ask(admission_of(request, flow, call_id))
    else:
        call.passed_on, cdr.caller_address = passed_on, passed_on.caller_address
        call.note(f"{passed_on.how} by {passed_on.phone}")
        admission.admitted(call, Allowed(passed_on.phone, passed_on.screened))
    effects, call.effects = call.effects, []
    session_id.stamp(call, effects)
    return call, effects


def _behind_nat(request: Request, flow: Flow) -> bool:
    """Tell whether the source differs from what Via and Contact say (SIG-07)."""
    contact = request.headers.contact
    said = {request.headers.via.host, host_of(contact.uri) if contact else flow.remote[0]}
    return said != {flow.remote[0]}
