"""The switch: its calls, how they begin and end, and which of them a message belongs to.

One event at a time: a call is moved, all that it wants is done (`effects`), and only then comes the
next event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import structlog

from ..calls import arrival, machine
from ..calls.call import Call
from ..calls.call_settings import CallSettings
from ..calls.consultation import PhoneCalls
from ..calls.effects import Timer
from ..calls.events import (
    AckMissing,
    AckReceived,
    CancelReceived,
    Event,
    HangUp,
    PrackMissing,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    TimerFired,
)
from ..calls.legs import Side
from ..calls.owner import mark_of
from ..calls.parties import PassedOn
from ..calls.states import State
from ..registrar.outside import Outside
from ..registrar.publications import Publications
from ..sip import outputs
from ..sip.dialog_layer import DialogLayer
from ..sip.errors import BUGS, MalformedMessage
from ..sip.flow import Flow
from ..sip.framing import Frame
from ..sip.grammar import format_host_port
from ..sip.message import Request
from ..sip.methods import ACK, BYE, INVITE
from ..sip.timing import Timing
from ..sip.transaction_layer import TransactionLayer
from ..sip.transactions import ClientTransaction, ServerTransaction
from ..transport.driver import Driver
from .departures import Departures, let_go
from .effects import Effects
from .handovers import TICKET, Handovers, NoOthers
from .inner import InnerCalls, InnerFlow
from .inquiries import Inquiries
from .outsiders import Outsiders
from .overload import Overload
from .ports import CdrStore, Clock, Network, Observer, Resolver, Services
from .questions import Questions
from .replacements import Replacements
from .stragglers import Stragglers
from .tasks import Tasks
from .timers import CallTimers

log = structlog.stdlib.get_logger(__name__)

DRAIN_RETRY_AFTER: Final = 30
"""Seconds a caller is asked to wait for a switch that is leaving (SIG-01 rule 5)."""


class Switch:
    """All calls of one signaling instance."""

    def __init__(
        self,
        peers: Services,
        cdrs: CdrStore,
        network: Network,
        resolver: Resolver,
        clock: Clock,
        observer: Observer,
        settings: Callable[[], CallSettings],
        random: Random,
        timing: Timing | None = None,
        handovers: Handovers | None = None,
    ) -> None:
        """`settings` is asked at the beginning of each call, so that parameters are live.

        Without `handovers` there is one instance.
        """
        mark = mark_of(settings().instance)
        self.calls: dict[str, Call] = {}
        """Calls in progress by id, the oldest first."""
        self.draining = False
        self.transactions = TransactionLayer(random, timing, self._sent_by)
        self.transactions.answers_strangers = False
        self._dialogs = DialogLayer(self.transactions, mark)
        self._cdrs = cdrs
        self._network = network
        self._clock = clock
        self._observer = observer
        self._settings = settings
        self._random = random
        self._timers = CallTimers(self._timer_fired)
        self._driver = Driver(self._dialogs, self._dispatch)
        self._driver.attach(self)
        self.overload = Overload(network, self.transactions, self._driver, observer)
        self._loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()
        self.tasks = tasks = Tasks()
        self.questions = Questions(peers, tasks, observer, self._learn, self._note_emptiness)
        self.inquiries = Inquiries(self.transactions, self._driver, network)
        """Asks the world outside of calls."""
        self._stragglers = Stragglers(self._dialogs, self._driver, random)
        self._inner = InnerCalls()
        self._phones = PhoneCalls()
        self._replacements = Replacements(
            mark, self._dialogs, self._driver, handovers or NoOthers(), observer, self._happen
        )
        self._departures = Departures(
            self.transactions,
            self._driver,
            self.inquiries,
            self._inner,
            self._replacements,
            resolver,
            observer,
            tasks,
            self._learn,
        )
        self._effects = Effects(
            self._dialogs,
            self._driver,
            self._departures,
            self._stragglers,
            self.questions,
            self._timers,
            self._phones,
            cdrs,
            observer,
            self._learn,
            self._finish,
        )
        self.publications = Publications(random)
        self._outsiders = Outsiders(
            Outside(peers.auth, settings, clock.now, self.publications),
            self.transactions,
            self._driver,
            observer,
            tasks,
        )
        self._handlers: Mapping[type[outputs.Event], Callable[[Any], None]] = {
            outputs.ResponseReceived: self._of_ours,
            outputs.RequestTimedOut: self._of_ours,
            outputs.TransportFailed: self._of_ours,
            outputs.RequestReceived: self._new_request,
            outputs.RefusalDue: self._outsiders.refuse_due,
            outputs.CancelReceived: self._cancelled,
            outputs.DialogRequestReceived: self._in_dialog,
            outputs.AnswerAcknowledged: self._acknowledged,
            outputs.AnswerTimedOut: self._unacknowledged,
            outputs.ProvisionalTimedOut: self._not_seen,
        }

    # --- the network's side

    def receive(self, data: bytes | Frame, flow: Flow) -> None:
        """Take a datagram or a frame. Whatever it holds, this returns."""
        self._observer.message_received(data if isinstance(data, bytes) else b"".join(data), flow)
        self._driver.receive(data, flow)

    def limited(self, data: bytes | Frame, flow: Flow) -> None:
        """Note a message that is dropped unread: its source sends too many."""
        message = data if isinstance(data, bytes) else b"".join(data)
        self._observer.dropped("more than its source may send", message, flow)

    def transport_failed(self, flow: Flow) -> None:
        """Fail what waits for an answer on a connection that is gone."""
        self._driver.failed(flow)

    def send(self, data: bytes, flow: Flow) -> None:
        """Send what the core wants sent."""
        if isinstance(flow, InnerFlow):
            self._loop.call_soon(self.receive, data, flow)
            return
        self._observer.message_sent(data, flow)
        self._network.send(data, flow)

    # --- the operator's side

    def tell(self, call_id: str, event: Event) -> bool:
        """Let an event happen to a call; False when it is not here."""
        call = self.calls.get(call_id)
        if call is None:
            return False
        self._learn(call, event)
        return True

    def drain(self) -> None:
        """Take no new call from now on."""
        self.draining = True
        self._note_emptiness()

    async def drained(self) -> None:
        """Return when the last call has ended and its BYEs are on their way. Only after `drain`."""
        await self._empty.wait()

    async def close(self, explanation: str) -> None:
        """End every call with BYE and CDR, and return when the CDRs are durable."""
        self.drain()
        for call_id in list(self.calls):
            self.tell(call_id, HangUp(explanation))
        await self.drained()

    @property
    def dialogs(self) -> int:
        """Number of dialogs, for tests and metrics."""
        return len(self._dialogs)

    # --- what the SIP core says

    def _dispatch(self, output: outputs.Event) -> None:
        handler = self._handlers.get(type(output))
        if handler is not None:
            handler(output)

    def _of_ours(self, output: outputs.ClientEvent) -> None:
        """Something happened to a request of ours: the call's that sent it, or of nobody's."""
        if self.inquiries.take(output) or self._stragglers.take(output):
            return
        if output.transaction.owner is None:
            return
        match output:
            case outputs.ResponseReceived():
                self._response(output)
            case outputs.RequestTimedOut(transaction):
                self._failed(transaction, "no answer")
            case outputs.TransportFailed(transaction):
                self._failed(transaction, "cannot be reached")

    def _in_dialog(self, output: outputs.DialogRequestReceived) -> None:
        dialog, transaction, request = output
        if dialog.owner is None:  # its call is over
            response = request.reply(200 if request.method == BYE else 481)
            self.transactions.respond(transaction, response, self._driver.now)
            self._note_emptiness()
            return
        call, side = dialog.owner
        if request.method == INVITE:
            transaction.owner = call  # which its CANCEL is to find
        self._happen(call, RequestReceived(side, transaction))

    def _acknowledged(self, output: outputs.AnswerAcknowledged) -> None:
        if output.dialog.owner is None:
            self._note_emptiness()  # a BYE may have waited
        else:
            call, side = output.dialog.owner
            self._happen(call, AckReceived(side, output.request))

    def _unacknowledged(self, output: outputs.AnswerTimedOut) -> None:
        if output.dialog.owner is None:
            self._note_emptiness()
        else:
            call, side = output.dialog.owner
            self._happen(call, AckMissing(side))

    def _not_seen(self, output: outputs.ProvisionalTimedOut) -> None:
        if output.dialog.owner is not None:
            call, _ = output.dialog.owner
            self._happen(call, PrackMissing())

    def _cancelled(self, output: outputs.CancelReceived) -> None:
        if output.transaction.owner is not None:
            self._happen(output.transaction.owner, CancelReceived(output.transaction))

    def _response(self, output: outputs.ResponseReceived) -> None:
        call, outgoing = output.transaction.owner
        response, dialog = output.response, None
        opens = response.is_success or (response.is_provisional and response.to_tag)
        if outgoing.request.method == INVITE and opens and response.status != 100:
            try:
                dialog = self._dialogs.establish(output)
            except MalformedMessage as error:
                log.info("a response opens no dialog", defect=error.defect, call_id=call.id)
            else:
                dialog.owner = dialog.owner or (call, outgoing.side)
        self._happen(call, ResponseReceived(outgoing, response, dialog))
        if dialog is None and not response.is_provisional:
            let_go(output.transaction)  # it stays for copies only

    def _failed(self, transaction: ClientTransaction, explanation: str) -> None:
        call, outgoing = let_go(transaction)
        self._departures.missed(outgoing)
        self._happen(call, RequestFailed(outgoing, explanation))

    # --- calls begin

    def _new_request(self, output: outputs.RequestReceived) -> None:
        transaction, request = output
        if request.method == ACK:
            return
        if request.method == INVITE and request.to_tag is None:
            self._new_call(transaction, request)
        else:
            self._outsiders.answer(transaction, request)

    def _new_call(self, transaction: ServerTransaction, request: Request) -> None:
        passed_on = self._inner.arrival(transaction, request)
        if "Replaces" in request.headers and passed_on is not None:
            self._replacements.take_in(transaction, request, passed_on.phone)
        elif "Replaces" in request.headers and TICKET in request.headers:
            self.tasks.spawn(self._take_over(transaction, request))
        else:
            self._begin(transaction, request, passed_on)

    async def _take_over(self, transaction: ServerTransaction, request: Request) -> None:
        """Take in a call of another instance; anything else is a call like any other."""
        transferor = await self._replacements.transferor_of(request)
        if transferor is None:
            self._begin(transaction, request, None)
        else:
            self._replacements.take_in(transaction, request, transferor)
        self._driver.drain()

    def _begin(
        self, transaction: ServerTransaction, request: Request, passed_on: PassedOn | None
    ) -> None:
        if self.draining and passed_on is None:
            response = request.reply(503, to_tag=self.transactions.new_tag())
            response.headers.set("Retry-After", DRAIN_RETRY_AFTER)
            self._outsiders.refuse(transaction, response)
            return
        if passed_on is None and self.overload.turns_away(transaction, request):
            return
        settings = self._settings()
        try:
            flow = transaction.flow
            contact = settings.contact(flow.transport, flow.remote[0])
            dialog = self._dialogs.accept(transaction, contact)
        except MalformedMessage as error:
            refusal = request.reply(error.status, to_tag=self.transactions.new_tag())
            self._outsiders.refuse(transaction, refusal)
            return
        now = self._clock.now()
        call, effects = arrival.begin_call(
            transaction, dialog, settings, self._random, now, passed_on, self._phones.held_by
        )
        dialog.owner = call, Side.A
        transaction.owner = call
        self.calls[call.id] = call
        self._observer.call_began(call.id, call.cdr.sip_call_id)
        self._effects.run(call, effects)

    # --- calls go on and end

    def _happen(self, call: Call, event: Event) -> None:
        """Move a call by one event and do what it wants."""
        try:
            effects = machine.handle(call, event, self._clock.now())
        except BUGS:  # one call is lost, with its CDR, not the switch
            log.exception("a call failed", call_id=call.id, kind=type(event).__name__)
            self._abort(call)
        else:
            self._observer.moved(call)
            self._effects.run(call, effects)

    def _abort(self, call: Call) -> None:
        """Give a call that we cannot carry on its CDR, and forget it."""
        call.cdr.end_time = self._clock.now()
        if call.state is not State.ENDED and call.id in self.calls:
            self._cdrs.finished(call.cdr, _nothing)
        self._finish(call)

    def _learn(self, call: Call, event: Event) -> None:
        """Tell a call what came of what it wanted."""
        self._happen(call, event)
        self._driver.drain()

    def _timer_fired(self, call: Call, timer: Timer) -> None:
        self._learn(call, TimerFired(timer))

    def _finish(self, call: Call) -> None:
        self._timers.clear_all(call)
        self._phones.end(call)
        _untie(call)
        if self.calls.pop(call.id, None) is not None:
            self._observer.call_ended(call.cdr if call.recorded else None, call.id)
        self._note_emptiness()

    def _note_emptiness(self) -> None:
        if self.draining and not (self.calls or self.questions.waiting or self._dialogs.holds_byes):
            self._empty.set()

    def _sent_by(self, flow: Flow) -> str:
        own = self._settings().own
        return format_host_port(*own.seen_by(flow.remote[0], flow.transport))


def _untie(call: Call) -> None:
    """Break the rings of references, so that an ended call needs no garbage collector."""
    call.invite.owner = None
    for leg in (call.leg_a, call.leg_b):
        dialog = None if leg is None else leg.dialog or leg.early
        if dialog is not None:
            dialog.owner = None
    outgoing = call.attempt.outgoing if call.attempt is not None else None
    if outgoing is not None and outgoing.transaction is not None and not outgoing.abandoned:
        let_go(outgoing.transaction)


def _nothing() -> None:
    """Nobody waits for this CDR."""
