"""Calls of ours that take a phone's place in another call (RFC 3891): attended transfer.

The other call may be here or at another instance, which is the one that owns its dialogs.
"""

from __future__ import annotations

from collections.abc import Callable

from ..calls import transfer
from ..calls.call import Call
from ..calls.effects import Outgoing
from ..calls.events import Event, Replaced
from ..calls.legs import Side
from ..calls.owner import mark_in
from ..calls.parties import Endpoint, Target
from ..calls.states import State
from ..sip.dialog import DialogId
from ..sip.dialog_layer import DialogLayer
from ..sip.errors import MalformedValue
from ..sip.fields import Replaces
from ..sip.message import Request
from ..sip.transactions import ServerTransaction
from ..transport.driver import Driver
from .handovers import TICKET, Handover, Handovers
from .ports import Observer


class Replacements:
    """INVITEs with Replaces, out and in."""

    def __init__(
        self,
        mark: str,
        dialogs: DialogLayer,
        driver: Driver,
        handovers: Handovers,
        observer: Observer,
        happen: Callable[[Call, Event], None],
    ) -> None:
        """`mark` is this instance's; `happen` moves a call."""
        self._mark = mark
        self._dialogs = dialogs
        self._driver = driver
        self._handovers = handovers
        self._observer = observer
        self._happen = happen

    def goes_elsewhere(self, request: Request) -> bool:
        """Tell whether the dialog that an INVITE of ours replaces is another instance's."""
        replaces = _replaces(request)
        return replaces is not None and mark_in(replaces.to_tag or "") != self._mark

    async def hand_over(self, outgoing: Outgoing) -> bool:
        """Address an INVITE to the instance that owns the dialog; False where none is known."""
        assert outgoing.passed_on is not None
        request = outgoing.request
        replaces = _replaces(request)
        assert replaces is not None
        handover = Handover(outgoing.passed_on.phone, request.headers.call_id)
        offered = await self._handovers.offer(mark_in(replaces.to_tag or ""), handover)
        if offered is None:
            return False
        request.headers.set(TICKET, offered.ticket)
        outgoing.target = Target(*offered.address)
        outgoing.passed_on = None
        return True

    async def transferor_of(self, request: Request) -> Endpoint | None:
        """Return whose leg an INVITE of another instance replaces; None if it is of none."""
        ticket = request.headers.get(TICKET)
        handover = await self._handovers.take(ticket) if ticket else None
        if handover is None or handover.sip_call_id != request.headers.call_id:
            return None
        return handover.phone

    def take_in(
        self, transaction: ServerTransaction, request: Request, transferor: Endpoint
    ) -> None:
        """Let a call take the transferor's place in another one (RFC 3891 section 3)."""
        owner = self._replaced(request, transferor)
        if owner is None:
            transactions = self._dialogs.transactions
            refusal = request.reply(481, to_tag=transactions.new_tag())
            transactions.respond(transaction, refusal, self._driver.now)
            return
        call, side = owner
        flow = transaction.flow
        contact = call.settings.contact(flow.transport, flow.remote[0])
        dialog = self._dialogs.accept(transaction, contact)
        dialog.owner, transaction.owner = owner, call
        self._observer.leg_began(call.id, request.headers.call_id)
        self._happen(call, Replaced(side, transaction, dialog))

    def _replaced(self, request: Request, transferor: Endpoint) -> tuple[Call, Side] | None:
        """Return whose dialog Replaces names; None unless it is the transferor's and answered."""
        replaces = _replaces(request)
        if replaces is None:
            return None
        named = DialogId(replaces.call_id, replaces.to_tag or "", replaces.from_tag or "")
        dialog = self._dialogs.named(named)
        if dialog is None or dialog.owner is None:
            return None
        call, side = dialog.owner
        if call.state is not State.CONNECTED or call.leg(side).dialog is not dialog:
            return None
        return (call, side) if transfer.endpoint_of(call, side) == transferor else None


def _replaces(request: Request) -> Replaces | None:
    if "Replaces" not in request.headers:
        return None
    try:
        return request.headers.require("Replaces", Replaces.parse)
    except MalformedValue:
        return None
