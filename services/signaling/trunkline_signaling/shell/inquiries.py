"""Requests of ours that belong to no call, and who waits for their answers."""

from __future__ import annotations

import asyncio

from ..calls.parties import Target
from ..sip import outputs
from ..sip.flow import Address, Flow
from ..sip.message import Request, Response
from ..sip.timing import Timing
from ..sip.transaction_layer import TransactionLayer
from ..transport.driver import Driver
from .ports import Network

Answered = asyncio.Future[Response | None]


class Inquiries:
    """Asks REGISTER and OPTIONS of the world."""

    def __init__(self, transactions: TransactionLayer, driver: Driver, network: Network) -> None:
        self._transactions = transactions
        self._driver = driver
        self._network = network

    def flow(self, target: Target, address: Address) -> Flow:
        """Return the way to a target that was found at an address."""
        local = self._network.local(target.transport)
        return Flow(target.transport, address, local, target.domain)

    async def ask(
        self,
        request: Request,
        flow: Flow,
        limit: float | None = None,
        timing: Timing | None = None,
    ) -> Response | None:
        """Send a request; return its final response, or None where none comes within `limit` s.

        Without `limit` it is the resend list that ends the wait (SIG-08), or that of `timing`.
        """
        answered: Answered = asyncio.get_running_loop().create_future()
        transaction = self._transactions.send_request(request, flow, self._driver.now, timing)
        transaction.owner = answered
        self._driver.drain()
        try:
            async with asyncio.timeout(limit):
                return await answered
        except TimeoutError:
            return None
        finally:
            if not answered.done() or answered.cancelled():
                self._transactions.abandon(transaction)
                self._driver.drain()

    def take(self, output: outputs.ClientEvent) -> bool:
        """Take what happened to a request, if it is one of these."""
        answered = output.transaction.owner
        if not isinstance(answered, asyncio.Future):
            return False
        response = output.response if isinstance(output, outputs.ResponseReceived) else None
        if not answered.done() and (response is None or not response.is_provisional):
            answered.set_result(response)
        return True
