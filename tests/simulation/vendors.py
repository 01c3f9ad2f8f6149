"""Vendors' gateways: they answer, refuse, keep silent, and do much that they should not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.fields import SessionExpires
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    AnswerAcknowledged,
    AnswerTimedOut,
    CancelReceived,
    Event,
    RequestReceived,
)
from trunkline_signaling.sip.transactions import ServerTransaction

from .agent import SDP_TYPE, Agent, Party, Sighting
from .config import Vendor
from .scenario import Answering, CalleeScript, draw_callee
from .wire import Wire

FORKS = 3
LONG = 1800
"""Session-Expires, in seconds, that a vendor insists on."""


@dataclass(eq=False)
class Taken(Party):
    """A call that came in."""

    script: CalleeScript | None = None
    transaction: ServerTransaction | None = None
    dialogs: list[Dialog] = field(default_factory=list)
    decided: bool = False
    """It has sent its final response."""
    caller: str = ""
    """Number it came from."""
    forks: list[Party] = field(default_factory=list)
    """Other phones that answered the same INVITE."""


class Callee(Agent):
    """One vendor."""

    def __init__(
        self,
        vendor: Vendor,
        seed: str,
        wire: Wire,
        random: Random,
        on_vanished: Callable[[str, Agent], None],
    ) -> None:
        super().__init__(vendor.address, wire, random, on_vanished)
        self.vendor = vendor
        self.taken: dict[str, list[Taken]] = {}
        """By what tells calls apart; one for each INVITE."""
        self._seed = seed
        self._ringing: dict[ServerTransaction, Taken] = {}

    def on_event(self, event: Event) -> None:
        """Follow the INVITEs; the rest is every agent's."""
        match event:
            case RequestReceived(transaction, request) if _opens_a_call(request):
                self._take(transaction)
            case CancelReceived(transaction) if transaction in self._ringing:
                self._cancelled(self._ringing[transaction])
            case AnswerAcknowledged(dialog):
                party = self._parties.get(dialog.id)
                if party is not None and party.saw.acknowledged is None:
                    party.saw.acknowledged = self._loop.time()
            case AnswerTimedOut(dialog):
                party = self._parties.get(dialog.id)
                if party is not None:
                    self.hang_up(party)
            case _:
                super().on_event(event)

    def _take(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        number = self.key_of(request)
        calls = self.taken.setdefault(number, [])
        script = draw_callee(Random(f"{self._seed}/{number}/{self.vendor.name}/{len(calls)}"))
        call = Taken(number, script.talk, script=script, transaction=transaction)
        call.caller = caller_of(request)
        call.takes_bye = script.takes_bye
        call.saw.call_id = request.headers.call_id
        call.saw.invited = self._loop.time()
        calls.append(call)
        self._ringing[transaction] = call
        self._begin(call, script)

    def key_of(self, request: Request) -> str:
        """Return what tells a call from others: the number called."""
        return getattr(request.request_uri, "number", "")

    def _begin(self, call: Taken, script: CalleeScript) -> None:
        later = self._loop.call_later
        assert call.transaction is not None
        if script.talk.session.wants_longer and _interval(call.transaction.request) < LONG:
            self._refuse(call, 422)
            return
        match script.answering:
            case Answering.SILENT:
                return
            case Answering.TRYING:
                self._say(call, 100)
            case Answering.REFUSES:
                self._say(call, 100)
                later(script.rings_after, self._refuse, call, script.status)
            case Answering.REDIRECTS:
                self._refuse(call, 302)
            case Answering.MUMBLES:
                assert call.transaction is not None
                garbage = b"SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n"
                self._wire.send(garbage, self.address, call.transaction.flow.remote)
                later(script.rings_after, self._refuse, call, 500)
            case Answering.FORKS | Answering.FORKS_TWICE:
                later(script.rings_after, self._ring, call, FORKS)
                later(script.rings_after + script.answers_after, self._answer, call, 0)
                if script.answering is Answering.FORKS_TWICE:
                    later(script.rings_after + script.answers_after + 0.05, self._answer, call, 1)
            case Answering.RINGS | Answering.ANSWERS_CANCEL:
                later(script.rings_after, self._ring, call, 1)
            case Answering.ANSWERS | Answering.IGNORES_CANCEL:
                later(script.rings_after, self._ring, call, 1)
                later(script.rings_after + script.answers_after, self._answer, call, 0)

    def _cancelled(self, call: Taken) -> None:
        assert call.script is not None
        if call.script.answering is Answering.ANSWERS_CANCEL:
            self._answer(call, 0)
        elif call.script.answering is not Answering.IGNORES_CANCEL:
            self._refuse(call, 487)

    def _ring(self, call: Taken, forks: int) -> None:
        assert call.transaction is not None and call.script is not None
        if call.decided:
            return
        request = call.transaction.request
        status = 183 if call.script.early_media else 180
        body = self.description(call) if call.script.early_media else b""
        for dialog in self._open(call, forks):
            response = dialog.reply(request, status, body, SDP_TYPE)
            if call.talk.session.reliable and "100rel" in request.headers.tokens("Supported"):
                now = self._loop.time()
                self._core.respond_reliably(dialog, call.transaction, response, now)
            else:
                self._respond(call.transaction, response)
        self.drain()

    def _answer(self, call: Taken, fork: int) -> None:
        assert call.transaction is not None
        if call.decided and (not fork or call.saw.answered is None):
            return
        dialog = self._open(call, fork + 1)[fork]
        call.decided = True
        if call.saw.answered is None:
            call.saw.answered = self._loop.time()
        request = call.transaction.request
        response = dialog.reply(request, 200, self.description(call), SDP_TYPE)
        self.grant_timer(call, request, response)
        self._core.answer(dialog, call.transaction, response, self._loop.time())
        party: Party = call
        if fork:
            party = Party(call.number, call.talk, Sighting(call.saw.call_id, call.saw.invited))
            party.saw.answered = self._loop.time()
            call.forks.append(party)
        self.begin_talk(party, dialog)
        self.drain()

    def _refuse(self, call: Taken, status: int) -> None:
        assert call.transaction is not None and call.script is not None
        if call.decided:
            return
        call.decided = call.over = True
        call.saw.final_status = status
        response = call.transaction.request.reply(status, to_tag=self._transactions.new_tag())
        if status == 503 and call.script.retry_after:
            response.headers.set("Retry-After", 5)
        if status == 422:
            response.headers.set("Min-SE", LONG)
        if status == 302:
            response.headers.set("Contact", "<sip:elsewhere@10.0.3.1>")
        self._respond(call.transaction, response)
        for dialog in call.dialogs:
            self._core.terminate(dialog)
        self.drain()

    def _say(self, call: Taken, status: int) -> None:
        assert call.transaction is not None
        self._respond(call.transaction, call.transaction.request.reply(status))

    def _open(self, call: Taken, forks: int) -> list[Dialog]:
        assert call.transaction is not None
        while len(call.dialogs) < forks:
            call.dialogs.append(self._core.accept(call.transaction, self.contact))
        return call.dialogs


def _interval(request: Request) -> int:
    """Return the Session-Expires that is offered; a long one where none is."""
    asked = request.headers.parse("Session-Expires", SessionExpires.parse)
    return LONG if asked is None else asked.interval


def _opens_a_call(request: Request) -> bool:
    return request.method == "INVITE" and request.to_tag is None


def caller_of(request: Request) -> str:
    """Return the number a call comes from."""
    return getattr(request.headers.from_.uri, "number", "")
