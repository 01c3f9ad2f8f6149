"""A SIP user agent for tests: the real core, an address, and a script for what happens."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar

from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.dialog_layer import DialogLayer
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
    Transmit,
)
from trunkline_signaling.sip.timing import Timing
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.transactions import ClientTransaction

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

E = TypeVar("E", bound=Event)


class UserAgent:
    """A `Node` of `LossyNetwork`. `script` is called with each event; all are kept in `events`."""

    def __init__(
        self,
        address: Address,
        seed: int = 0,
        timing: Timing | None = None,
        script: Callable[[UserAgent, Event], None] | None = None,
    ) -> None:
        self.address = address
        self.now = 0.0
        self.transactions = TransactionLayer(Random(f"{seed}{address}"), timing)
        self.dialogs = DialogLayer(self.transactions)
        self.events: list[Event] = []
        self._script = script or _do_nothing
        self._transmissions: list[Transmit] = []

    @property
    def contact(self) -> str:
        """Our Contact as printed."""
        return f"<sip:{self.address[0]}:{self.address[1]}>"

    def flow_to(self, address: Address) -> Flow:
        """Return the UDP way to a peer."""
        return Flow(Transport.UDP, address, self.address)

    def request(self, method: str, call_id: str = "call-1", to_tag: str = "") -> Request:
        """Build a request outside any dialog of ours."""
        return Request(
            method,
            "sip:bob@192.0.2.2",
            Headers(
                (
                    ("Max-Forwards", 70),
                    ("From", "Alice <sip:alice@192.0.2.1>;tag=alice"),
                    ("To", "<sip:bob@192.0.2.2>" + (f";tag={to_tag}" if to_tag else "")),
                    ("Call-ID", call_id),
                    ("CSeq", f"1 {method}"),
                    ("Contact", self.contact),
                )
            ),
        )

    def send(self, request: Request, to: Address) -> ClientTransaction:
        """Send a request in a new transaction."""
        transaction = self.transactions.send_request(request, self.flow_to(to), self.now)
        self._settle()
        return transaction

    def send_in(self, dialog: Dialog, method: str) -> ClientTransaction:
        """Send a request in a dialog."""
        request = dialog.request(method)
        return self.transactions.send_request(request, dialog.flow, self.now)

    def answer(self, event: RequestReceived) -> Dialog:
        """Take a call with a 180 and a 200."""
        dialog = self.dialogs.accept(event.transaction, self.contact)
        ringing = dialog.reply(event.request, 180)
        self.transactions.respond(event.transaction, ringing, self.now)
        answer = dialog.reply(event.request, 200, SDP, "application/sdp")
        self.dialogs.answer(dialog, event.transaction, answer, self.now)
        return dialog

    def acknowledge(self, event: ResponseReceived) -> Dialog:
        """Acknowledge a 2xx to our INVITE."""
        dialog = self.dialogs.establish(event)
        ack = dialog.ack(event.transaction.request)
        self.transactions.send_ack(event.transaction, ack, dialog.flow)
        return dialog

    def reply(self, event: RequestReceived | DialogRequestReceived, status: int) -> None:
        """Answer a request in its transaction."""
        response = event.request.reply(status, to_tag="" if status == 100 else "bob")
        self.transactions.respond(event.transaction, response, self.now)

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take a datagram."""
        self.now = now
        self.dialogs.receive(data, flow, now)
        self._settle()

    def on_timer(self, now: float) -> None:
        """Do what is due."""
        self.now = now
        self.dialogs.on_timer(now)
        self._settle()

    def next_deadline(self) -> float | None:
        """Return when `on_timer` wants to be called."""
        return self.dialogs.next_deadline()

    def transmissions(self) -> list[Transmit]:
        """Return what is to be sent, and forget it."""
        self._settle()
        transmissions = self._transmissions.copy()
        self._transmissions.clear()
        return transmissions

    def events_of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def statuses(self) -> list[int]:
        """Return the status of every response passed up so far."""
        return [e.response.status for e in self.events if isinstance(e, ResponseReceived)]

    def _settle(self) -> None:
        while outputs := self.dialogs.drain():
            for output in outputs:
                if isinstance(output, Transmit):
                    self._transmissions.append(output)
                else:
                    self.events.append(output)
                    self._script(self, output)


def _do_nothing(agent: UserAgent, event: Event) -> None:
    """Leave the event for the test to look at."""
