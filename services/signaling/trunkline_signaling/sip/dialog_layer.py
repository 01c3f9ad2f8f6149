"""Dialogs above transactions (RFC 3261 sections 12 and 13, RFC 3262).

Finds the dialog of a request, and repeats what transactions don't: our 2xx to INVITE until the ACK
comes, reliable provisional responses until the PRACK. A BYE of ours waits for that ACK (section
15). Drive it as the transaction layer below it: call, `drain`, and `on_timer` at `next_deadline`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .deadlines import Deadlines
from .dialog import Dialog, DialogId, DialogState
from .errors import MalformedValue
from .fields import RAck
from .flow import Flow
from .framing import Frame
from .message import Request, Response
from .methods import BYE, PRACK, TARGET_REFRESH
from .outputs import (
    AckReceived,
    AnswerAcknowledged,
    AnswerTimedOut,
    DialogRequestReceived,
    Output,
    ProvisionalTimedOut,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    Transmit,
    TransportFailed,
)
from .timing import Repetition
from .transaction_layer import TransactionLayer
from .transactions import ClientTransaction, ServerTransaction


class _Unacknowledged:
    """A response of ours that goes out again until somebody acknowledges it."""

    __slots__ = ("_copies", "awaited", "bye", "data", "deadline", "dialog", "rseq", "transaction")

    def __init__(
        self, dialog: Dialog, transaction: ServerTransaction, rseq: int | None, copies: Repetition
    ) -> None:
        self.dialog = dialog
        self.transaction = transaction
        self.data = transaction.data
        self.rseq = rseq
        """Number of a reliable provisional response; None for a 2xx."""
        self.awaited = True
        """Nobody has acknowledged it yet."""
        self.bye: tuple[Request, Any] | None = None
        """What ends the dialog of a 2xx as soon as that is repeated no more, and its owner."""
        self._copies = copies
        self.deadline: float | None = copies.deadline

    def advance(self) -> bool:
        """Tell whether another copy is due, and set when the next will be."""
        more = self._copies.advance()
        self.deadline = self._copies.deadline if more else None
        return more

    def stop(self) -> None:
        """Send no more copies."""
        self.deadline = None


class DialogLayer:
    """All dialogs of one element."""

    def __init__(self, transactions: TransactionLayer, mark: str = "") -> None:
        """`mark` is what our tags end in, for who has to find the owner of a dialog."""
        self._mark = mark
        self.transactions = transactions
        """For what happens outside dialogs: requests, responses, CANCEL, counters."""
        self._dialogs: dict[DialogId, Dialog] = {}
        self._early: dict[ClientTransaction, list[Dialog]] = {}
        self._answers: dict[DialogId, _Unacknowledged] = {}
        self._provisionals: dict[DialogId, _Unacknowledged] = {}
        self._deadlines: Deadlines[_Unacknowledged] = Deadlines()
        self._out: list[Output] = []

    def __len__(self) -> int:
        return len(self._dialogs)

    def __iter__(self) -> Iterator[Dialog]:
        return iter(self._dialogs.values())

    @property
    def holds_byes(self) -> bool:
        """Tell whether a BYE of ours waits for an ACK."""
        return any(waiting.bye is not None for waiting in self._answers.values())

    def receive(self, data: bytes | Frame, flow: Flow, now: float) -> None:
        """Take a datagram, or a frame of a stream, whatever it holds."""
        self.transactions.receive(data, flow, now)
        self._sift(now)

    def on_timer(self, now: float) -> None:
        """Do all that is due."""
        self.transactions.on_timer(now)
        self._sift(now)
        while (waiting := self._deadlines.pop_due(now)) is not None:
            self._repeat(waiting, now)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Fail the requests that wait for an answer from this peer on this transport."""
        self.transactions.transport_failed(flow)
        self._sift(now)

    def next_deadline(self) -> float | None:
        """Return when `on_timer` is to be called, or None."""
        first, own = self.transactions.next_deadline(), self._deadlines.next()
        if first is None or (own is not None and own < first):
            return own
        return first

    def drain(self) -> list[Output]:
        """Return what has to be sent and what happened, in order, and forget it."""
        below = self.transactions.drain()
        if not self._out:
            return below
        outputs, self._out = self._out, []
        outputs += below
        return outputs

    def find(self, request: Request) -> Dialog | None:
        """Return the dialog a request belongs to."""
        return self._dialogs.get(_id_of(request))

    def named(self, dialog_id: DialogId) -> Dialog | None:
        """Return the dialog of a name, as Replaces gives it (RFC 3891)."""
        return self._dialogs.get(dialog_id)

    def accept(self, transaction: ServerTransaction, contact: str) -> Dialog:
        """Open the early dialog an INVITE asks for; `contact` is our Contact as printed.

        Raises `MalformedMessage` when the request lacks what a dialog needs.
        """
        tag = self.transactions.new_tag() + self._mark
        dialog = Dialog.of_server(transaction.request, transaction.flow, tag, contact)
        self._dialogs[dialog.id] = dialog
        return dialog

    def establish(self, event: ResponseReceived) -> Dialog:
        """Return the dialog of a 1xx with a tag or a 2xx to our INVITE, new or known.

        Each fork has its own; the first 2xx ends all other early ones. Raises `MalformedMessage`.
        """
        transaction, response = event.transaction, event.response
        headers = response.headers
        dialog_id = DialogId(headers.call_id, response.from_tag or "", response.to_tag or "")
        dialog = self._dialogs.get(dialog_id)
        if dialog is None:
            dialog = Dialog.of_client(transaction.request, response, event.flow)
            self._dialogs[dialog_id] = dialog
            self._early.setdefault(transaction, []).append(dialog)
        else:
            dialog.update(response)
        if response.is_success:
            self._end_early(transaction, survivor=dialog)
        return dialog

    def answer(
        self, dialog: Dialog, transaction: ServerTransaction, response: Response, now: float
    ) -> None:
        """Send a 2xx to INVITE, and again until the ACK comes (section 13.3.1.4)."""
        if dialog.state is DialogState.EARLY:
            dialog.state = DialogState.CONFIRMED
        provisional = self._provisionals.get(dialog.id)
        if provisional is not None:
            provisional.stop()  # its PRACK may still come (RFC 3262 section 3)
        self.transactions.respond(transaction, response, now)
        self._wait(self._answers, dialog, transaction, None, now)
        dialog.unacknowledged = True

    def respond_reliably(
        self, dialog: Dialog, transaction: ServerTransaction, response: Response, now: float
    ) -> None:
        """Send a 101-199 that wants a PRACK (RFC 3262); one at a time, its `RSeq` is set here."""
        previous = self._provisionals.get(dialog.id)
        rseq = 1 if previous is None else (previous.rseq or 0) + 1
        response.headers.add("Require", "100rel")
        response.headers.set("RSeq", rseq)
        self.transactions.respond(transaction, response, now)
        self._wait(self._provisionals, dialog, transaction, rseq, now)

    def send_bye(self, dialog: Dialog, bye: Request, owner: Any, now: float) -> None:
        """Send a BYE in a transaction of `owner`, as soon as it may go (section 15).

        It waits until our 2xx has its ACK or is given up; a peer that goes by itself gets none.
        """
        waiting = self._answers.get(dialog.id)
        if waiting is None:
            self.transactions.send_request(bye, dialog.flow, now).owner = owner
        else:
            waiting.bye = bye, owner

    def terminate(self, dialog: Dialog) -> None:
        """Forget a dialog; its requests will be met as those of no dialog.

        A 2xx to its INVITE is repeated all the same until its ACK comes: it may have been lost.
        Until then its requests are met as those of a dialog that nobody owns.
        """
        dialog.state, dialog.owner = DialogState.TERMINATED, None
        self._stop(self._provisionals, dialog)
        if not dialog.unacknowledged:
            self._dialogs.pop(dialog.id, None)

    def _sift(self, now: float) -> None:
        for output in self.transactions.drain():
            match output:
                case Transmit():
                    self._out.append(output)
                case RequestReceived(transaction, request) if request.to_tag is not None:
                    self._receive_request(transaction, request, now)
                case AckReceived(request):
                    self._receive_ack(request, now)
                case ResponseReceived(transaction, response) if response.status >= 300:
                    self._end_early(transaction)
                    self._out.append(output)
                case RequestTimedOut(transaction) | TransportFailed(transaction):
                    self._end_early(transaction)
                    self._out.append(output)
                case _:
                    self._out.append(output)

    def _receive_request(
        self, transaction: ServerTransaction, request: Request, now: float
    ) -> None:
        dialog = self.find(request)
        if dialog is None:
            self._out.append(RequestReceived(transaction, request))
            return
        status = self._judge(dialog, request)
        if status:
            self.transactions.respond(transaction, request.reply(status), now)
            return
        if request.method == BYE and dialog.unacknowledged:
            self._answers[dialog.id].bye = None
        self._out.append(DialogRequestReceived(dialog, transaction, request))

    def _judge(self, dialog: Dialog, request: Request) -> int:
        """Return the status that refuses an in-dialog request, or 0."""
        if not dialog.accepts(request):
            return 500
        try:
            if request.method == PRACK and not self._is_awaited(dialog, request):
                return 481
            if request.method in TARGET_REFRESH:
                dialog.refresh_target(request)
        except MalformedValue:
            return 400
        return 0

    def _is_awaited(self, dialog: Dialog, prack: Request) -> bool:
        """Tell whether a PRACK acknowledges what we repeat, and repeat it no more."""
        rack = prack.headers.require("RAck", RAck.parse)
        waiting = self._provisionals.get(dialog.id)
        if waiting is None or not waiting.awaited:
            return False
        if (rack.rseq, rack.cseq) != (waiting.rseq, waiting.transaction.request.headers.cseq):
            return False
        waiting.awaited = False
        waiting.stop()
        return True

    def _receive_ack(self, ack: Request, now: float) -> None:
        waiting = self._answers.get(_id_of(ack))
        number = ack.headers.cseq.number
        if waiting is None or waiting.transaction.request.headers.cseq.number != number:
            self.transactions.counters.stray_acks += 1
            return
        self._release(waiting, now)
        self._out.append(AnswerAcknowledged(waiting.dialog, ack))

    def _wait(
        self,
        place: dict[DialogId, _Unacknowledged],
        dialog: Dialog,
        transaction: ServerTransaction,
        rseq: int | None,
        now: float,
    ) -> None:
        self._stop(place, dialog)
        reliable = transaction.flow.transport.is_reliable
        copies = Repetition(self.transactions.timing, reliable, now)
        waiting = place[dialog.id] = _Unacknowledged(dialog, transaction, rseq, copies)
        self._deadlines.update(waiting)

    def _stop(self, place: dict[DialogId, _Unacknowledged], dialog: Dialog) -> None:
        waiting = place.pop(dialog.id, None)
        if waiting is not None:
            waiting.stop()

    def _release(self, waiting: _Unacknowledged, now: float) -> None:
        """Repeat a 2xx no more: what waited for this happens to its dialog."""
        dialog = waiting.dialog
        dialog.unacknowledged = False
        self._stop(self._answers, dialog)
        if waiting.bye is not None:
            self.send_bye(dialog, *waiting.bye, now)
        if dialog.state is DialogState.TERMINATED:
            self._dialogs.pop(dialog.id, None)

    def _repeat(self, waiting: _Unacknowledged, now: float) -> None:
        if waiting.advance():
            self.transactions.transmit(waiting.data, waiting.transaction.flow)
            self._deadlines.update(waiting)
        elif waiting.rseq is None:
            self._release(waiting, now)
            self._out.append(AnswerTimedOut(waiting.dialog))
        else:
            self._out.append(ProvisionalTimedOut(waiting.dialog))

    def _end_early(self, transaction: ClientTransaction, survivor: Dialog | None = None) -> None:
        for dialog in self._early.pop(transaction, ()):
            if dialog is not survivor:
                self.terminate(dialog)


def _id_of(request: Request) -> DialogId:
    return DialogId(request.headers.call_id, request.to_tag or "", request.from_tag or "")
