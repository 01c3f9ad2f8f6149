"""Requests of calls on their way out: inwards to ourselves, or to where a target is found."""

from __future__ import annotations

from collections.abc import Callable

from ..calls.call import Call
from ..calls.effects import Outgoing
from ..calls.events import Event, RequestFailed
from ..sip.transaction_layer import TransactionLayer
from ..sip.transactions import ClientTransaction
from ..transport.driver import Driver
from .inner import InnerCalls
from .inquiries import Inquiries
from .ports import Observer, Resolver
from .replacements import Replacements
from .tasks import Tasks


class Departures:
    """Sends what calls send, each in a transaction that knows its call."""

    def __init__(
        self,
        transactions: TransactionLayer,
        driver: Driver,
        inquiries: Inquiries,
        inner: InnerCalls,
        replacements: Replacements,
        resolver: Resolver,
        observer: Observer,
        tasks: Tasks,
        failed: Callable[[Call, Event], None],
    ) -> None:
        """`failed` is told of a request that went nowhere."""
        self._transactions = transactions
        self._driver = driver
        self._inquiries = inquiries
        self._inner = inner
        self._replacements = replacements
        self._resolver = resolver
        self._observer = observer
        self._tasks = tasks
        self._failed = failed

    def send(self, call: Call, outgoing: Outgoing) -> None:
        """Send a request, at once or when its target's address is found."""
        if outgoing.flow is None and outgoing.passed_on is not None:
            if self._replacements.goes_elsewhere(outgoing.request):
                self._tasks.spawn(self._hand_over(call, outgoing))
                return
            outgoing.flow = self._inner.enter(outgoing, outgoing.passed_on)
        if outgoing.flow is None and outgoing.target is not None:
            address = self._resolver.known(outgoing.target)
            if address is None:
                self._tasks.spawn(self._send_when_found(call, outgoing))
                return
            outgoing.flow = self._inquiries.flow(outgoing.target, address)
        assert outgoing.flow is not None
        first = outgoing.transaction is None
        transaction = self._transactions.send_request(
            outgoing.request, outgoing.flow, self._driver.now
        )
        transaction.owner = call, outgoing
        outgoing.transaction = transaction
        if first and outgoing.target is not None:
            self._observer.leg_began(call.id, outgoing.request.headers.call_id)

    def missed(self, outgoing: Outgoing) -> None:
        """Note that nobody answered where a request went, not even with a 100."""
        if outgoing.target is not None and outgoing.flow is not None:
            self._resolver.failed(outgoing.target, outgoing.flow.remote)

    async def _hand_over(self, call: Call, outgoing: Outgoing) -> None:
        handed = await self._replacements.hand_over(outgoing)
        if outgoing.abandoned:
            return
        if not handed:
            self._failed(call, RequestFailed(outgoing, "nobody is known to own that dialog", 481))
            return
        self.send(call, outgoing)
        self._driver.drain()

    async def _send_when_found(self, call: Call, outgoing: Outgoing) -> None:
        assert outgoing.target is not None
        address = await self._resolver.find(outgoing.target)
        if outgoing.abandoned:
            return
        if address is None:
            host = outgoing.target.host
            self._failed(call, RequestFailed(outgoing, f"{host} has no address"))
        else:
            outgoing.flow = self._inquiries.flow(outgoing.target, address)
            self.send(call, outgoing)
            self._driver.drain()


def let_go(transaction: ClientTransaction) -> tuple[Call, Outgoing]:
    """Part a transaction from its call; return what it belonged to. `Stragglers` has it now."""
    call, outgoing = transaction.owner
    transaction.owner = outgoing
    if outgoing.transaction is transaction:
        outgoing.transaction = None
    return call, outgoing
