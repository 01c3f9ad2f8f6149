"""Dialogs that no call has any use for: each gets a BYE, also where that is challenged.

Callees that answer when nobody waits for them any more are acknowledged first (RFC 3261 section
13.2.2.4). Who has been replaced in a call may owe us an ACK, for which its BYE waits (section 15).
"""

from __future__ import annotations

from random import Random

import structlog

from ..calls import correction
from ..calls.effects import Outgoing
from ..sip import outputs
from ..sip.dialog import Dialog
from ..sip.dialog_layer import DialogLayer
from ..sip.errors import MalformedMessage
from ..sip.methods import BYE, INVITE
from ..transport.driver import Driver

log = structlog.stdlib.get_logger(__name__)


class Stragglers:
    """Owns transactions by the request, and dialogs by the BYE that waits in them."""

    def __init__(self, dialogs: DialogLayer, driver: Driver, random: Random) -> None:
        self._dialogs = dialogs
        self._transactions = dialogs.transactions
        self._driver = driver
        self._random = random

    def leave(self, bye: Outgoing) -> None:
        """End a dialog, at once or when its peer has acknowledged our 2xx."""
        assert bye.dialog is not None
        if self._dialogs.awaits_ack(bye.dialog):
            bye.dialog.owner = bye
        else:
            self._send(bye)
            self._dialogs.terminate(bye.dialog)

    def take(self, output: outputs.Event) -> bool:
        """Take what happened to a request or a dialog of no call; False for any other."""
        match output:
            case outputs.ResponseReceived(transaction) if _is_ours(transaction.owner):
                self._respond(transaction.owner, output)
            case outputs.RequestTimedOut(transaction) | outputs.TransportFailed(transaction):
                return _is_ours(transaction.owner)
            case outputs.AnswerAcknowledged(dialog) | outputs.AnswerTimedOut(dialog) if _is_ours(
                dialog.owner
            ):
                self.leave(dialog.owner)
            case outputs.DialogRequestReceived(dialog) if _is_ours(dialog.owner):
                self._refuse(dialog, output)
            case _:
                return False
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
        self.leave(Outgoing(invite.side, bye, dialog.flow, dialog=dialog, credentials=credentials))

    def _refuse(self, dialog: Dialog, output: outputs.DialogRequestReceived) -> None:
        """Answer a peer that goes by itself; anything else comes too late."""
        request, is_bye = output.request, output.request.method == BYE
        response = request.reply(200 if is_bye else 481)
        self._transactions.respond(output.transaction, response, self._driver.now)
        if is_bye:
            self._dialogs.terminate(dialog)

    def _send(self, outgoing: Outgoing) -> None:
        assert outgoing.flow is not None
        transaction = self._transactions.send_request(
            outgoing.request, outgoing.flow, self._driver.now
        )
        transaction.owner = outgoing


def _is_ours(owner: object) -> bool:
    return isinstance(owner, Outgoing)
