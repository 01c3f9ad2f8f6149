"""Callees that answer when nobody waits for them any more: each gets its ACK, and a BYE.

The call may have gone elsewhere or be over; what is known of its INVITE is enough to end the dialog
(RFC 3261 section 13.2.2.4), also where the callee challenges the BYE.
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
    """Ends what requests without a call have brought about."""

    def __init__(self, dialogs: DialogLayer, driver: Driver, random: Random) -> None:
        self._dialogs = dialogs
        self._transactions = dialogs.transactions
        self._driver = driver
        self._random = random

    def take(self, output: outputs.Event) -> bool:
        """Take what happened to a request that belongs to no call any more; False for others."""
        if not isinstance(output, outputs.ClientEvent):
            return False
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
            self._send(outgoing)

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
        self._send(Outgoing(invite.side, bye, dialog.flow, dialog=dialog, credentials=credentials))
        self._dialogs.terminate(dialog)

    def _send(self, outgoing: Outgoing) -> None:
        assert outgoing.flow is not None
        transaction = self._transactions.send_request(
            outgoing.request, outgoing.flow, self._driver.now
        )
        transaction.owner = outgoing
