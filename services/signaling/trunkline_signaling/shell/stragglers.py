"""Dialogs that no call has any use for: each gets a BYE, also where that is challenged.

Callees that answer when nobody waits for them any more are acknowledged first (RFC 3261 section
13.2.2.4).
"""

from __future__ import annotations

from random import Random

import structlog

from ..calls import correction
from ..calls.effects import Outgoing
from ..sip import outputs
from ..sip.dialog_layer import DialogLayer
from ..sip.errors import MalformedMessage
from ..sip.methods import BYE, INVITE
from ..transport.driver import Driver

log = structlog.stdlib.get_logger(__name__)


class Stragglers:
    """Owns transactions by the request."""

    def __init__(self, dialogs: DialogLayer, driver: Driver, random: Random) -> None:
        self._dialogs = dialogs
        self._transactions = dialogs.transactions
        self._driver = driver
        self._random = random

    def send_bye(self, bye: Outgoing) -> None:
        """Send a BYE as soon as it may go."""
        assert bye.dialog is not None
        self._dialogs.send_bye(bye.dialog, bye.request, bye, self._driver.now)

    def take(self, output: outputs.ClientEvent) -> bool:
        """Take what happened to a request of no call; False for any other."""
        outgoing = output.transaction.owner
        if not isinstance(outgoing, Outgoing):
            return False
        if isinstance(output, outputs.ResponseReceived):
            self._respond(outgoing, output)
        return True

    def _respond(self, outgoing: Outgoing, output: outputs.ResponseReceived) -> None:
        response, method = output.response, outgoing.request.method
        if method == INVITE and response.is_success:
            self._end(outgoing, output)
        elif method == BYE and correction.authenticated(outgoing, response, self._random):
            self.send_bye(outgoing)

    def _end(self, invite: Outgoing, output: outputs.ResponseReceived) -> None:
        transaction = output.transaction
        try:
            dialog = self._dialogs.establish(output)
        except MalformedMessage as error:
            log.info("a late answer opens no dialog", defect=error.defect)
            return
        self._transactions.send_ack(transaction, dialog.ack(transaction.request), dialog.flow)
        if dialog.owner is not None:
            return  # it answers a re-INVITE of a call that goes on
        bye, credentials = dialog.request(BYE), invite.credentials
        self.send_bye(Outgoing(invite.side, bye, dialog=dialog, credentials=credentials))
        self._dialogs.terminate(dialog)
