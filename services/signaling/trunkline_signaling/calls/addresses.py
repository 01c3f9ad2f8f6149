"""Where responses and in-dialog requests of one side go (SIG-18). Only over UDP: a connection leads
to whoever opened it.

A host name in Via or Contact is not looked up: then, too, the message's source is used.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

from ..sip.dialog import Dialog
from ..sip.flow import Flow, Transport
from ..sip.message import Request
from ..sip.transactions import ServerTransaction
from ..sip.uri import SipUri
from .legs import Leg
from .policy import AddressMethod

DEFAULT_PORT = 5060


def settle(leg: Leg, transaction: ServerTransaction) -> None:
    """Send the response to a request of a side, and what follows in its dialog, by its policy."""
    assert leg.dialog is not None
    leg.source = leg.source or leg.dialog.flow
    transaction.flow = response_flow(
        transaction.request, transaction.flow, leg.policy.response_address
    )
    leg.dialog.flow = request_flow(leg.dialog, leg.source, leg.policy.request_address)


def response_flow(request: Request, source: Flow, method: AddressMethod) -> Flow:
    """Return where a request is answered."""
    via = request.headers.via
    return _flow(source, via.host, via.port, method)


def request_flow(dialog: Dialog, source: Flow, method: AddressMethod) -> Flow:
    """Return where requests inside a dialog go: its first route stands for Contact if it has one.

    `source` is where the peer's first message came from.
    """
    hop = dialog.next_hop
    return _flow(source, hop.host, hop.port, method) if isinstance(hop, SipUri) else source


def _flow(source: Flow, host: str, port: int | None, method: AddressMethod) -> Flow:
    if method is AddressMethod.SOCKET or source.transport is not Transport.UDP:
        return source
    said = host if method is AddressMethod.HEADER and _is_address(host) else source.remote[0]
    return source._replace(remote=(said, port or DEFAULT_PORT))


@lru_cache(maxsize=4096)
def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
