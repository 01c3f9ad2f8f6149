"""Carries out what calls want, effect by effect (`..calls.effects`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..calls.call import Call
from ..calls.cdr import Cdr
from ..calls.consultation import PhoneCalls
from ..calls.effects import (
    Answer,
    Ask,
    Cancel,
    ClearTimer,
    ClearTimers,
    Effect,
    EndDialog,
    Finish,
    Ignore,
    Journal,
    Note,
    Outgoing,
    Reply,
    ReplyReliably,
    Send,
    SendAck,
    SendBye,
    SetTimer,
    WriteCdr,
)
from ..calls.events import CdrStored, Event
from ..sip.dialog_layer import DialogLayer
from ..sip.transactions import State as TransactionState
from ..transport.driver import Driver
from .departures import Departures
from .ports import CdrStore, Observer
from .questions import Questions
from .stragglers import Stragglers
from .timers import CallTimers


class Effects:
    """Runs them, in the order given."""

    def __init__(
        self,
        dialogs: DialogLayer,
        driver: Driver,
        departures: Departures,
        stragglers: Stragglers,
        questions: Questions,
        timers: CallTimers,
        phones: PhoneCalls,
        cdrs: CdrStore,
        observer: Observer,
        learn: Callable[[Call, Event], None],
        finish: Callable[[Call], None],
    ) -> None:
        """`learn` tells a call what came of its wishes, `finish` takes one that needs nothing."""
        self._dialogs = dialogs
        self._transactions = dialogs.transactions
        self._driver = driver
        self._departures = departures
        self._stragglers = stragglers
        self._questions = questions
        self._timers = timers
        self._phones = phones
        self._cdrs = cdrs
        self._observer = observer
        self._learn = learn
        self._finish = finish

    def run(self, call: Call, effects: Iterable[Effect]) -> None:
        """Do all that a call wants after an event."""
        for effect in effects:
            self._do(call, effect)

    def _do(self, call: Call, effect: Effect) -> None:
        match effect:
            case Ask(question):
                self._questions.ask(call, question)
            case Reply(transaction, response):
                self._transactions.respond(transaction, response, self._driver.now)
            case Answer(dialog, transaction, response):
                self._dialogs.answer(dialog, transaction, response, self._driver.now)
            case ReplyReliably(dialog, transaction, response):
                self._dialogs.respond_reliably(dialog, transaction, response, self._driver.now)
            case Send(outgoing):
                self._departures.send(call, outgoing)
            case SendAck(invite, ack, flow):
                if invite.transaction is not None:
                    self._transactions.send_ack(invite.transaction, ack, flow)
            case SendBye(bye):
                self._stragglers.send_bye(bye)
            case Cancel(outgoing):
                self._cancel(outgoing)
            case SetTimer(timer, after):
                self._timers.set(call, timer, after)
            case ClearTimer(timer):
                self._timers.clear(call, timer)
            case ClearTimers():
                self._timers.clear_all(call)
            case Note():
                self._observer.noted(call.id, effect)
            case Journal(cdr):
                self._observer.call_answered(cdr)
                self._cdrs.opened(cdr)
                self._phones.begin(call)
            case WriteCdr(cdr):
                self._write(call, cdr)
            case EndDialog(dialog):
                self._dialogs.terminate(dialog)
            case Ignore(transaction):
                self._transactions.ignore(transaction)
            case Finish():
                self._finish(call)

    def _cancel(self, outgoing: Outgoing) -> None:
        if outgoing.transaction is None:
            return
        if outgoing.transaction.state is TransactionState.CALLING:
            self._departures.missed(outgoing)
        self._transactions.cancel(outgoing.transaction, self._driver.now)

    def _write(self, call: Call, cdr: Cdr) -> None:
        def stored() -> None:
            self._learn(call, CdrStored())

        self._cdrs.finished(cdr, stored)
