"""A SIP user agent of the simulation: the real core, an address, and what it saw of each call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from trunkline_signaling.sip.dialog import Dialog, DialogId
from trunkline_signaling.sip.dialog_layer import DialogLayer
from trunkline_signaling.sip.fields import SessionExpires
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import (
    CancelReceived,
    DialogRequestReceived,
    Event,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    Transmit,
)
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.transactions import ClientTransaction, ServerTransaction

from .scenario import PATIENCE, Refresh, Talk
from .wire import Wire

SDP_TYPE: Final = "application/sdp"
METHODS: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"
UPDATE_TOO: Final = f"{METHODS}, UPDATE"


@dataclass
class Sighting:
    """What one endpoint saw of one call. Times are the loop's; the first of each kind counts."""

    call_id: str = ""
    """Call-ID header of its leg."""
    invited: float | None = None
    final_status: int = 0
    answered: float | None = None
    """When it sent its first 200, or got the first one."""
    acknowledged: float | None = None
    """When it got the first ACK."""
    bye_sent: float | None = None
    bye_taken: float | None = None
    """When its BYE got a final answer."""
    bye_received: float | None = None
    vanished: float | None = None
    gave_up: float | None = None
    """When it sent CANCEL or an early BYE."""


@dataclass(eq=False)
class Party:
    """One endpoint's side of one call: what it does and what it saw."""

    number: str
    talk: Talk
    saw: Sighting = field(default_factory=Sighting)
    dialog: Dialog | None = None
    over: bool = False
    takes_bye: bool = True
    negotiating: bool = False
    refreshed: int = 0
    """Refreshes of the switch so far."""
    described: int = 0
    """Session descriptions it has made so far."""
    referred: bool = False
    """A REFER has named it: its place may be another one's."""
    attended: bool = False
    """Its REFER has named another call."""

    def meets_refresh(self) -> Refresh:
        """Return what it does with the next refresh."""
        answers = self.talk.session.answers
        self.refreshed += 1
        return answers[min(self.refreshed, len(answers)) - 1]

    @property
    def silent(self) -> bool:
        """Whether it is gone."""
        return self.saw.vanished is not None

    @property
    def talks(self) -> bool:
        """Whether it is in its call."""
        return self.dialog is not None and not self.over and not self.silent


class Agent:
    """An endpoint with an address, in any number of calls."""

    def __init__(
        self,
        address: Address,
        wire: Wire,
        random: Random,
        on_vanished: Callable[[str, Agent], None],
    ) -> None:
        self.address = address
        self._wire = wire
        self._random = random
        self._on_vanished = on_vanished
        self._loop = asyncio.get_running_loop()
        self._core = DialogLayer(TransactionLayer(Random(random.getrandbits(64))))
        self._transactions = self._core.transactions
        self._timer: asyncio.TimerHandle | None = None
        self._parties: dict[DialogId, Party] = {}
        self._byes: dict[ClientTransaction, Party] = {}
        self._asked: dict[ClientTransaction, Party] = {}
        wire.attach(address, self.receive)

    @property
    def contact(self) -> str:
        """Our Contact."""
        return f"<sip:{self.address[0]}:{self.address[1]}>"

    def flow_to(self, address: Address) -> Flow:
        """Return the way to a peer."""
        return Flow(Transport.UDP, address, self.address)

    def receive(self, data: bytes, flow: Flow) -> None:
        """Take a datagram."""
        self._core.receive(data, flow, self._loop.time())
        self.drain()

    def drain(self) -> None:
        """Send and do all there is, and set the alarm."""
        while outputs := self._core.drain():
            for output in outputs:
                if isinstance(output, Transmit):
                    self._wire.send(output.data, self.address, output.flow.remote)
                else:
                    self.on_event(output)
        self._rearm()

    def on_event(self, event: Event) -> None:
        """React to what happened inside calls; outside of them is for those who inherit."""
        match event:
            case DialogRequestReceived(dialog, transaction, request):
                self._on_dialog_request(dialog, transaction, request)
            case ResponseReceived(transaction, response) if transaction in self._byes:
                if not response.is_provisional:
                    party = self._byes.pop(transaction)
                    party.saw.bye_taken = self._loop.time()
            case ResponseReceived(transaction, response) if transaction in self._asked:
                self._on_answer_inside(event, transaction, response)
            case RequestTimedOut(transaction):
                self._byes.pop(transaction, None)
                self._asked.pop(transaction, None)
            case RequestReceived(transaction, request):
                self._on_stray(transaction, request)
            case CancelReceived():
                pass

    # --- talking

    def begin_talk(self, party: Party, dialog: Dialog) -> None:
        """The call is on: do from now on what the script says."""
        party.dialog = dialog
        self._parties[dialog.id] = party
        talk = party.talk
        later = self._loop.call_later
        later(PATIENCE if talk.hangs_up is None else talk.hangs_up, self.hang_up, party)
        if talk.vanishes is not None:
            later(talk.vanishes, self._vanish, party)
        if talk.informs is not None:
            later(talk.informs, self._ask, party, "INFO")
        for after in talk.reinvites:
            later(after, self._ask, party, "INVITE")
        for after in talk.session.refreshes:
            later(after, self._ask, party, "UPDATE")

    def hang_up(self, party: Party) -> None:
        """Send BYE, unless the call is over or we are gone."""
        if party.over or party.silent or party.dialog is None:
            return
        party.over = True
        party.saw.bye_sent = self._loop.time()
        bye = party.dialog.request("BYE")
        self._byes[self._send(bye, party.dialog.flow)] = party
        self._core.terminate(party.dialog)
        self.drain()

    def _vanish(self, party: Party) -> None:
        if party.over:
            return
        party.saw.vanished = self._loop.time()
        self._on_vanished(party.number, self)

    def _ask(self, party: Party, method: str) -> None:
        """Send a request inside the call."""
        if not party.talks or party.negotiating:
            return
        assert party.dialog is not None
        party.negotiating = method == "INVITE"
        body, kind = self._body(party, method)
        request = party.dialog.request(method, body, kind)
        if method != "INFO":
            self.ask_for_timer(party, request)
        self._asked[self._send(request, party.dialog.flow)] = party
        self.drain()

    def _body(self, party: Party, method: str) -> tuple[bytes, str]:
        match method:
            case "INVITE":
                return self.description(party), SDP_TYPE
            case "INFO":
                return b"Signal=5\r\nDuration=160\r\n", "application/dtmf-relay"
            case _:
                return b"", ""

    def ask_for_timer(self, party: Party, request: Request) -> None:
        """Put into a request of ours what we want of the session timer, and what we take."""
        session = party.talk.session
        request.headers.set("Allow", UPDATE_TOO if session.takes_update else METHODS)
        if session.keeps_timer:
            request.headers.set("Supported", "timer")
            asked = SessionExpires(session.interval, session.refresher or None)
            request.headers.set("Session-Expires", asked)

    def grant_timer(self, party: Party, request: Request, response: Response) -> None:
        """Put into a 2xx of ours what we grant of what was asked for."""
        session = party.talk.session
        response.headers.set("Allow", UPDATE_TOO if session.takes_update else METHODS)
        if session.keeps_timer and "Session-Expires" in request.headers:
            response.headers.set("Require", "timer")
            granted = SessionExpires(session.interval, session.refresher or "uac")
            response.headers.set("Session-Expires", granted)

    def description(self, party: Party) -> bytes:
        """Return our session description, another one each time."""
        host, session = self.address[0], self._random.getrandbits(31)
        lines = (
            "v=0",
            f"o=- {session} {session} IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {20_000 + 2 * (session % 10_000)} RTP/AVP 8 0 101",
            "a=rtpmap:101 telephone-event/8000",
        )
        return ("\r\n".join(lines) + "\r\n").encode()

    # --- inside

    def _send(self, request: Request, flow: Flow) -> ClientTransaction:
        return self._transactions.send_request(request, flow, self._loop.time())

    def _respond(self, transaction: ServerTransaction, response: Response) -> None:
        self._transactions.respond(transaction, response, self._loop.time())

    def _on_dialog_request(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request
    ) -> None:
        party = self._parties.get(dialog.id)
        if party is not None and party.silent:
            self._transactions.ignore(transaction)
        elif request.method == "BYE":
            self._take_bye(party, dialog, transaction, request)
        elif request.method in ("INVITE", "UPDATE") and party is not None:
            self._take_refresh(party, dialog, transaction, request)
        elif request.method == "INVITE":
            self._respond(transaction, dialog.reply(request, 491))
        else:
            self._respond(transaction, dialog.reply(request, 200))

    def _take_bye(
        self, party: Party | None, dialog: Dialog, transaction: ServerTransaction, request: Request
    ) -> None:
        if party is not None:
            party.over = True
            party.saw.bye_received = party.saw.bye_received or self._loop.time()
        if party is not None and not party.takes_bye:
            self._transactions.ignore(transaction)
            return
        self._respond(transaction, dialog.reply(request, 200))
        self._core.terminate(dialog)

    def _take_refresh(
        self, party: Party, dialog: Dialog, transaction: ServerTransaction, request: Request
    ) -> None:
        """Answer a request that may refresh the session, and may change it, as the script says."""
        is_update = request.method == "UPDATE"
        match party.meets_refresh():
            case Refresh.SILENT:
                return
            case Refresh.FAILS:
                status = 500
            case Refresh.FORGOT:
                status = 481
            case Refresh.WANTS_LONGER:
                status = 422
            case Refresh.LACKS_UPDATE if is_update:
                status = 405
            case Refresh.CROSSES:
                status = 491
            case _:
                status = 491 if party.negotiating and not is_update else 200
        body = self.description(party) if status == 200 and request.body else b""
        response = dialog.reply(request, status, body, SDP_TYPE)
        if status == 422:
            response.headers.set("Min-SE", 2 * party.talk.session.interval)
        if status != 200:
            self._respond(transaction, response)
            return
        self.grant_timer(party, request, response)
        if is_update:
            self._respond(transaction, response)
        else:
            self._core.answer(dialog, transaction, response, self._loop.time())

    def _on_answer_inside(
        self, event: ResponseReceived, transaction: ClientTransaction, response: Response
    ) -> None:
        party = self._asked[transaction]
        if response.is_provisional or party.silent:
            return
        if transaction.request.method == "INVITE":
            party.negotiating = False
            if response.is_success and party.dialog is not None:
                ack = party.dialog.ack(transaction.request)
                self._transactions.send_ack(transaction, ack, party.dialog.flow)
                return  # copies of the 200 come again and are acknowledged by the transaction
        del self._asked[transaction]

    def _on_stray(self, transaction: ServerTransaction, request: Request) -> None:
        """Answer a request that belongs to no dialog we have any more."""
        headers = request.headers
        dialog = DialogId(headers.call_id, request.to_tag or "", request.from_tag or "")
        party = self._parties.get(dialog)
        if party is not None and party.silent:
            self._transactions.ignore(transaction)
            return
        if party is not None and request.method == "BYE":
            party.saw.bye_received = party.saw.bye_received or self._loop.time()
        self._respond(transaction, request.reply(481, to_tag=self._transactions.new_tag()))

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._core.next_deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._core.on_timer(self._loop.time())
        self.drain()
