"""Sends requests, matches responses, absorbs copies (RFC 3261 sections 8, 9, 17 and 18).

Everything a call leads to is queued: after each call take the outputs with `drain`, and call
`on_timer` when `next_deadline` comes. Times are seconds on any clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from random import Random

from .deadlines import Deadlines
from .errors import LocalProtocolError, MalformedMessage, NotSip
from .flow import Flow
from .framing import Frame
from .grammar import format_host_port
from .matching import merge_key, note_source, server_key
from .message import Message, Request, Response
from .methods import ACK, CANCEL, INVITE
from .outputs import (
    AckReceived,
    AckTimedOut,
    CancelReceived,
    Output,
    RefusalDue,
    RequestReceived,
    RequestTimedOut,
    Transmit,
)
from .parser import parse_datagram, parse_framed
from .timing import Timing
from .transaction_tables import State
from .transactions import (
    ClientTransaction,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
    Transaction,
)
from .validation import check_request, check_response
from .via import BRANCH_MAGIC


@dataclass(slots=True)
class Counters:
    """What the layer has seen, as plain numbers that only grow."""

    requests_received: int = 0
    responses_received: int = 0
    requests_sent: int = 0
    responses_sent: int = 0
    copies_received: int = 0
    """Retransmissions of requests that were absorbed."""
    not_sip: int = 0
    malformed: int = 0
    stray_responses: int = 0
    stray_acks: int = 0
    merged: int = 0
    timeouts: int = 0


def local_address(flow: Flow) -> str:
    """Return the flow's local address as the sent-by of a Via."""
    return format_host_port(*flow.local)


class TransactionLayer:
    """All transactions of one element.

    `sent_by` tells which host and port our Via shows on a flow; `random` makes branches and tags.
    """

    def __init__(
        self,
        random: Random,
        timing: Timing | None = None,
        sent_by: Callable[[Flow], str] = local_address,
    ) -> None:
        self.timing = timing or Timing()
        """Used by transactions that begin from now on; may be replaced at any time."""
        self.answers_strangers = True
        """Refuse at once what is refused whoever sends it: malformed requests (400), CANCELs of
        nothing (481), merged requests (482). Off where unknown sources may get no reply at all
        (AUT-01): then each is a `RefusalDue`."""
        self.counters = Counters()
        self._random = random
        self._sent_by = sent_by
        self._clients: dict[Hashable, ClientTransaction] = {}
        self._servers: dict[Hashable, ServerTransaction] = {}
        self._first_paths: dict[Hashable, ServerTransaction] = {}
        self._deadlines: Deadlines[Transaction] = Deadlines()
        self._out: list[Output] = []

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def drain(self) -> list[Output]:
        """Return what has to be sent and what happened, in order, and forget it."""
        outputs = self._out.copy()
        self._out.clear()  # the transactions hold the same list
        return outputs

    def next_deadline(self) -> float | None:
        """Return when `on_timer` is to be called, or None."""
        return self._deadlines.next()

    def on_timer(self, now: float) -> None:
        """Do all that is due."""
        while (transaction := self._deadlines.pop_due(now)) is not None:
            transaction.on_timer(now)
            if self._out and isinstance(self._out[-1], RequestTimedOut | AckTimedOut):
                self.counters.timeouts += 1
            self._settle(transaction)

    def new_tag(self) -> str:
        """Return a random tag for From or To (section 19.3)."""
        return f"{self._random.getrandbits(64):016x}"

    def receive(self, data: bytes | Frame, flow: Flow, now: float) -> None:
        """Take a datagram, or a frame of a stream, whatever it holds."""
        try:
            message = parse_framed(*data) if isinstance(data, Frame) else parse_datagram(data)
            self._receive(message, flow, now)
        except NotSip:
            self.counters.not_sip += 1
        except MalformedMessage as error:
            self.counters.malformed += 1
            if error.request is not None:
                self.reject(error.request, error.status, str(error), flow)

    def send_request(
        self, request: Request, flow: Flow, now: float, timing: Timing | None = None
    ) -> ClientTransaction:
        """Send a request in a new transaction, under a Via of its own: we are no proxy.

        `timing` holds for this one in place of the layer's. ACK and CANCEL belong to the
        transaction of their INVITE: see `send_ack` and `cancel`.
        """
        if request.method in (ACK, CANCEL):
            raise LocalProtocolError(f"{request.method} is sent by send_ack or cancel")
        branch = self._push_via(request, flow)
        return self._start(request, branch, flow, now, timing or self.timing)

    def send_ack(self, transaction: ClientTransaction, ack: Request, flow: Flow) -> None:
        """Send the ACK for a 2xx to this INVITE, now and with each copy of the 2xx."""
        if not isinstance(transaction, InviteClientTransaction):
            raise LocalProtocolError("only an INVITE is acknowledged")
        self._push_via(ack, flow)
        transmit = Transmit(ack.encode(), flow)
        transaction.acks[ack.to_tag] = transmit
        self._out.append(transmit)

    def transmit(self, data: bytes, flow: Flow) -> None:
        """Send a message that no transaction repeats: a 2xx to INVITE, once more."""
        self._out.append(Transmit(data, flow))

    def cancel(self, transaction: ClientTransaction, now: float) -> None:
        """Give up an INVITE (section 9.1).

        Before any response the INVITE is repeated no more, and the CANCEL waits for a provisional
        one; the INVITE's own end is still reported.
        Without effect once a final response is there.
        """
        if not isinstance(transaction, InviteClientTransaction):
            raise LocalProtocolError("only an INVITE can be cancelled")
        if transaction.state is State.CALLING:
            transaction.want_cancel(now)
        elif transaction.state is State.PROCEEDING:
            self._send_cancel(transaction, now)

    def abandon(self, transaction: ClientTransaction) -> None:
        """Stop repeating a request and forget it; a response that still comes is a stray one."""
        transaction.terminate()
        self._settle(transaction)

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        """Send a response to a request."""
        self.counters.responses_sent += 1
        transaction.respond(response, now)
        self._settle(transaction)

    def ignore(self, transaction: ServerTransaction) -> None:
        """Leave a request unanswered and forget it; a copy of it will be a new request."""
        transaction.terminate()
        self._settle(transaction)

    def reject(self, request: Request, status: int, reason: str, flow: Flow) -> None:
        """Answer without a transaction (section 8.2.7); an ACK is never answered."""
        if request.method == ACK or "Via" not in request.headers:
            return
        response = request.reply(status, to_tag=self.new_tag())
        response.headers.set("Warning", f'399 trunkline "{_harmless(reason)}"')
        if self.answers_strangers:
            self.send_stateless(response, flow)
        else:
            self._out.append(RefusalDue(request, response, flow, None))

    def send_stateless(self, response: Response, flow: Flow) -> None:
        """Send a response that belongs to no transaction (section 8.2.7)."""
        self.counters.responses_sent += 1
        self._out.append(Transmit(response.encode(), flow))

    def transport_failed(self, flow: Flow) -> None:
        """Fail the requests that wait for an answer from this peer on this transport."""
        way = flow.way
        for transaction in [t for t in self._clients.values() if t.flow.way == way]:
            transaction.fail()
            self._settle(transaction)

    def _receive(self, message: Message, flow: Flow, now: float) -> None:
        if isinstance(message, Response):
            self.counters.responses_received += 1
            self._receive_response(message, flow, now)
            return
        self.counters.requests_received += 1
        check_request(message)
        key = server_key(message)
        note_source(message, flow)
        transaction = self._servers.get(key)
        if message.method == ACK:
            self._receive_ack(transaction, message, flow, now)
        elif transaction is not None:
            self.counters.copies_received += 1
            transaction.receive_copy()
        else:
            self._receive_new(key, message, flow, now)

    def _receive_response(self, response: Response, flow: Flow, now: float) -> None:
        check_response(response)
        headers = response.headers
        transaction = self._clients.get((headers.via.branch or "", headers.cseq.method))
        if transaction is None or len(headers.values("Via")) != 1:
            self.counters.stray_responses += 1
            return
        transaction.receive(response, flow, now)
        if isinstance(transaction, InviteClientTransaction) and transaction.cancel_wanted:
            self._cancel_now(transaction, now)
        self._settle(transaction)

    def _receive_ack(
        self, transaction: ServerTransaction | None, ack: Request, flow: Flow, now: float
    ) -> None:
        if isinstance(transaction, InviteServerTransaction):
            transaction.receive_ack(ack, flow, now)
            self._settle(transaction)
        elif ack.to_tag is None:
            self.counters.stray_acks += 1
        else:
            self._out.append(AckReceived(ack, flow))

    def _receive_new(self, key: Hashable, request: Request, flow: Flow, now: float) -> None:
        kind = InviteServerTransaction if request.method == INVITE else NonInviteServerTransaction
        transaction = kind(key, request, flow, self.timing, self._out)
        self._servers[key] = transaction
        if request.method == CANCEL:
            self._receive_cancel(transaction, request, now)
        elif request.to_tag is None and self._is_merged(transaction, request):
            self.counters.merged += 1
            self._refuse(transaction, request, 482, now)
        else:
            self._out.append(RequestReceived(transaction, request))

    def _receive_cancel(self, own: ServerTransaction, cancel: Request, now: float) -> None:
        invite = self._servers.get(server_key(cancel, INVITE))
        if invite is None:
            self._refuse(own, cancel, 481, now)
            return
        response = cancel.reply(200, to_tag=self.new_tag())
        if invite.to is not None:
            response.headers.set("To", invite.to)
        self.respond(own, response, now)
        if invite.state is State.PROCEEDING:
            self._out.append(CancelReceived(invite, cancel))

    def _refuse(
        self, transaction: ServerTransaction, request: Request, status: int, now: float
    ) -> None:
        response = request.reply(status, to_tag=self.new_tag())
        if self.answers_strangers:
            self.respond(transaction, response, now)
        else:
            self._out.append(RefusalDue(request, response, transaction.flow, transaction))

    def _is_merged(self, transaction: ServerTransaction, request: Request) -> bool:
        """Tell whether the request is here already, by another path (section 8.2.2.2)."""
        first = self._first_paths.setdefault(merge_key(request), transaction)
        return first is not transaction

    def _start(
        self, request: Request, branch: str, flow: Flow, now: float, timing: Timing
    ) -> ClientTransaction:
        kind = InviteClientTransaction if request.method == INVITE else NonInviteClientTransaction
        key = (branch, request.method)
        transaction = kind(key, request, flow, timing, self._out)
        self._clients[key] = transaction
        self.counters.requests_sent += 1
        transaction.start(now)
        self._settle(transaction)
        return transaction

    def _cancel_now(self, transaction: InviteClientTransaction, now: float) -> None:
        if transaction.state is State.PROCEEDING:
            self._send_cancel(transaction, now)
        else:
            transaction.cancel_wanted = False

    def _send_cancel(self, transaction: InviteClientTransaction, now: float) -> None:
        """Send the CANCEL of section 9.1: same Request-URI, branch, From, To and CSeq number."""
        invite = transaction.request
        cancel = Request(CANCEL, invite.target)
        cancel.headers.set("Via", invite.headers.via)
        cancel.headers.copy_from(
            invite.headers, "Route", "Max-Forwards", "From", "To", "Call-ID", "Reason", "Session-ID"
        )
        cancel.headers.set("CSeq", f"{invite.headers.cseq.number} {CANCEL}")
        branch = invite.headers.via.branch or ""
        self._start(cancel, branch, transaction.flow, now, self.timing)
        transaction.cancelled(now)
        self._settle(transaction)

    def _push_via(self, request: Request, flow: Flow) -> str:
        branch = f"{BRANCH_MAGIC}{self._random.getrandbits(64):016x}"
        request.headers.remove("Via")
        request.headers.push(
            "Via",
            f"SIP/2.0/{flow.transport.upper()} {self._sent_by(flow)};branch={branch};rport",
        )
        return branch

    def _settle(self, transaction: Transaction) -> None:
        """Note a transaction's new deadline, or forget it."""
        if not transaction.is_terminated:
            self._deadlines.update(transaction)
        elif isinstance(transaction, ClientTransaction):
            self._clients.pop(transaction.key, None)
        elif isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            if transaction.request.to_tag is None:
                self._forget_path(transaction)

    def _forget_path(self, transaction: ServerTransaction) -> None:
        key = merge_key(transaction.request)
        if self._first_paths.get(key) is transaction:
            del self._first_paths[key]


def _harmless(reason: str) -> str:
    """Return a reason that fits into a quoted string."""
    return "".join(c if c.isprintable() and c not in '"\\' else "?" for c in reason)[:100]
