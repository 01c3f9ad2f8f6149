"""Answers what belongs to no call, or refuses it; both by what auth says of the sender."""

from __future__ import annotations

from ..registrar.outside import Outside
from ..sip import outputs
from ..sip.message import Request, Response
from ..sip.transaction_layer import TransactionLayer
from ..sip.transactions import ServerTransaction
from ..transport.driver import Driver
from .ports import Observer
from .tasks import Tasks


class Outsiders:
    """Requests outside of calls, on their way to an answer or to silence."""

    def __init__(
        self,
        outside: Outside,
        transactions: TransactionLayer,
        driver: Driver,
        observer: Observer,
        tasks: Tasks,
    ) -> None:
        self._outside = outside
        self._transactions = transactions
        self._driver = driver
        self._observer = observer
        self._tasks = tasks

    def answer(self, transaction: ServerTransaction, request: Request) -> None:
        """Answer a request that belongs to no call: REGISTER, OPTIONS and what we don't do."""
        self._tasks.spawn(self._answer(transaction, request))

    def refuse(self, transaction: ServerTransaction, response: Response) -> None:
        """Refuse an INVITE that begins no call."""
        due = outputs.RefusalDue(transaction.request, response, transaction.flow, transaction)
        self.refuse_due(due)

    def refuse_due(self, due: outputs.RefusalDue) -> None:
        """Refuse a request, unless it is a stranger's who gets no answer (AUT-01)."""
        self._tasks.spawn(self._refuse(due))

    async def _answer(self, transaction: ServerTransaction, request: Request) -> None:
        response, explanation = await self._outside.answer(request, transaction.flow)
        if response is None:
            self._observer.dropped(explanation, request.encode(), transaction.flow)
            self._transactions.ignore(transaction)
        else:
            self._transactions.respond(transaction, response, self._driver.now)
        self._driver.drain()

    async def _refuse(self, due: outputs.RefusalDue) -> None:
        request, response, flow, transaction = due
        explanation = await self._outside.reason_for_silence(request, flow)
        if explanation:
            self._observer.dropped(explanation, request.encode(), flow)
        if transaction is None:
            if not explanation:
                self._transactions.send_stateless(response, flow)
        elif explanation:
            self._transactions.ignore(transaction)
        else:
            self._transactions.respond(transaction, response, self._driver.now)
        self._driver.drain()
