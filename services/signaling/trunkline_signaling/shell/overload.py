"""Refuses new calls while more comes in than is done, so that those in progress go on in time.

What waits is repeated by its sender after half a second (timer A), and work on copies is taken from
work on calls: without this, more calls offered means fewer carried (RFC 6357).
"""

from __future__ import annotations

from math import inf
from typing import Final

import structlog

from ..calls.reasons import CAUSE_CONGESTION
from ..sip.fields import Reason
from ..sip.message import Request
from ..sip.transaction_layer import TransactionLayer
from ..sip.transactions import ServerTransaction
from ..transport.driver import Driver
from .ports import Network, Observer

log = structlog.stdlib.get_logger(__name__)

SAID_EVERY: Final = 10.0
"""Seconds between two lines of the log that say so."""


class Overload:
    """Stands between new calls and a switch that cannot take them."""

    def __init__(
        self, network: Network, transactions: TransactionLayer, driver: Driver, observer: Observer
    ) -> None:
        self._network = network
        self._transactions = transactions
        self._driver = driver
        self._observer = observer
        self._said = -inf
        self.refused = 0
        """INVITEs it has turned away; those of strangers with their copies."""

    def turns_away(self, transaction: ServerTransaction, request: Request) -> bool:
        """Refuse a new call if it has to be; False when it may begin.

        503 has no Retry-After: a caller is to try our next address, not to keep away (RFC 3261
        section 21.5.4). A stranger may not be answered before auth was asked (AUT-01), which cannot
        be afforded: it gets silence, and its copies may find room.
        """
        if not self._network.overloaded():
            return False
        self.refused += 1
        self._say()
        flow = transaction.flow
        if self._network.knows(flow.remote[0]):
            response = request.reply(503, to_tag=self._transactions.new_tag())
            response.headers.set("Reason", Reason.of("Q.850", CAUSE_CONGESTION))
            self._transactions.respond(transaction, response, self._driver.now)
        else:
            self._observer.dropped("the switch is overloaded", request.encode(), flow)
            self._transactions.ignore(transaction)
        return True

    def _say(self) -> None:
        now = self._driver.now
        if now - self._said >= SAID_EVERY:
            log.warning("overloaded: new calls are refused", refused_so_far=self.refused)
            self._said = now
