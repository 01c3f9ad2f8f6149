"""What the SIP core hands out: bytes to send, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .flow import Flow
from .message import Request, Response

if TYPE_CHECKING:
    from .dialog import Dialog
    from .transactions import ClientTransaction, ServerTransaction


class Transmit(NamedTuple):
    """Send these bytes along `flow`."""

    data: bytes
    flow: Flow


class RequestReceived(NamedTuple):
    """A new request. Answer it through its transaction, or `ignore` that."""

    transaction: ServerTransaction
    request: Request


class RefusalDue(NamedTuple):
    """A request that any element refuses, whoever sends it: send the response, or nothing.

    Where strangers are owed no answer, the user of the core has to know the sender first.
    """

    request: Request
    response: Response
    flow: Flow
    transaction: ServerTransaction | None
    """What to answer through; None is answered without one (section 8.2.7)."""


class CancelReceived(NamedTuple):
    """The client gave up its INVITE. The CANCEL is answered; the INVITE waits for its 487."""

    transaction: ServerTransaction
    request: Request


class AckReceived(NamedTuple):
    """An ACK for a 2xx: it belongs to a dialog, not to a transaction (RFC 6026)."""

    request: Request
    flow: Flow


class ResponseReceived(NamedTuple):
    """A response to our request. 2xx to INVITE come again for each copy and each fork."""

    transaction: ClientTransaction
    response: Response
    flow: Flow


class RequestTimedOut(NamedTuple):
    """No final response came in time, or none at all."""

    transaction: ClientTransaction


class AckTimedOut(NamedTuple):
    """No ACK came for our non-2xx response to an INVITE."""

    transaction: ServerTransaction


class TransportFailed(NamedTuple):
    """The request could not be sent."""

    transaction: ClientTransaction


class DialogRequestReceived(NamedTuple):
    """A new request inside a dialog, in order; its Contact is the new remote target already."""

    dialog: Dialog
    transaction: ServerTransaction
    request: Request


class AnswerAcknowledged(NamedTuple):
    """The ACK for our 2xx; its body may hold the answer (RFC 3264). Told of ended dialogs, too."""

    dialog: Dialog
    request: Request


class AnswerTimedOut(NamedTuple):
    """No ACK came for our 2xx: a dialog that goes on is to be ended with a BYE (13.3.1.4)."""

    dialog: Dialog


class ProvisionalTimedOut(NamedTuple):
    """No PRACK came for a reliable provisional response (RFC 3262 section 3)."""

    dialog: Dialog


ClientEvent = ResponseReceived | RequestTimedOut | TransportFailed
"""What happens to a request of ours."""

Event = (
    ClientEvent
    | RequestReceived
    | RefusalDue
    | CancelReceived
    | AckReceived
    | AckTimedOut
    | DialogRequestReceived
    | AnswerAcknowledged
    | AnswerTimedOut
    | ProvisionalTimedOut
)
Output = Transmit | Event
