"""Carries out what calls want, effect by effect (`..calls.effects`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..calls.call import Call
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
        self._doers: Mapping[type[Effect], Callable[[Call, Any], None]] = {
            Ask: self._ask,
            Reply: self._reply,
            Answer: self._answer,
            ReplyReliably: self._reply_reliably,
            Send: self._send,
            SendAck: self._send_ack,
            SendBye: self._send_bye,
            Cancel: self._cancel,
            SetTimer: self._set_timer,
            ClearTimer: self._clear_timer,
            ClearTimers: self._clear_timers,
            Note: self._note,
            Journal: self._journal,
            WriteCdr: self._write_cdr,
            EndDialog: self._end_dialog,
            Ignore: self._ignore,
            Finish: self._end,
        }

    def run(self, call: Call, effects: Iterable[Effect]) -> None:
        """Do all that a call wants after an event."""
        doers = self._doers
        for effect in effects:
            doers[type(effect)](call, effect)

    def _ask(self, call: Call, effect: Ask) -> None:
        self._questions.ask(call, effect.question)

    def _reply(self, call: Call, effect: Reply) -> None:
        self._transactions.respond(effect.transaction, effect.response, self._driver.now)

    def _answer(self, call: Call, effect: Answer) -> None:
        now = self._driver.now
        self._dialogs.answer(effect.dialog, effect.transaction, effect.response, now)

    def _reply_reliably(self, call: Call, effect: ReplyReliably) -> None:
        now = self._driver.now
        self._dialogs.respond_reliably(effect.dialog, effect.transaction, effect.response, now)

    def _send(self, call: Call, effect: Send) -> None:
        self._departures.send(call, effect.outgoing)

    def _send_ack(self, call: Call, effect: SendAck) -> None:
        transaction = effect.invite.transaction
        if transaction is not None:
            self._transactions.send_ack(transaction, effect.ack, effect.flow)

    def _send_bye(self, call: Call, effect: SendBye) -> None:
        self._stragglers.send_bye(effect.bye)

    def _cancel(self, call: Call, effect: Cancel) -> None:
        outgoing = effect.outgoing
        if outgoing.transaction is None:
            return
        if outgoing.transaction.state is TransactionState.CALLING:
            self._departures.missed(outgoing)
        self._transactions.cancel(outgoing.transaction, self._driver.now)

    def _set_timer(self, call: Call, effect: SetTimer) -> None:
        self._timers.set(call, effect.timer, effect.after)

    def _clear_timer(self, call: Call, effect: ClearTimer) -> None:
        self._timers.clear(call, effect.timer)

    def _clear_timers(self, call: Call, effect: ClearTimers) -> None:
        self._timers.clear_all(call)

    def _note(self, call: Call, effect: Note) -> None:
        self._observer.noted(call.id, effect)

    def _journal(self, call: Call, effect: Journal) -> None:
        self._observer.call_answered(effect.cdr)
        self._cdrs.opened(effect.cdr)
        self._phones.begin(call)

    def _write_cdr(self, call: Call, effect: WriteCdr) -> None:
        def stored() -> None:
            self._learn(call, CdrStored())

        self._cdrs.finished(effect.cdr, stored)

    def _end_dialog(self, call: Call, effect: EndDialog) -> None:
        self._dialogs.terminate(effect.dialog)

    def _ignore(self, call: Call, effect: Ignore) -> None:
        self._transactions.ignore(effect.transaction)

    def _end(self, call: Call, effect: Finish) -> None:
        self._finish(call)
