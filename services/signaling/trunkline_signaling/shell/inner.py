"""From one call of this switch to another: how a call that a phone passes on becomes a new one.

The first call sends an INVITE, the second one receives it, and no packet leaves. So each has its
own dialogs, route, money and CDR, and what happens on one passes through to the other as SIP.
"""

from __future__ import annotations

from ..calls.effects import Outgoing
from ..calls.parties import PassedOn
from ..sip.flow import Flow
from ..sip.message import Request
from ..sip.transactions import ServerTransaction


class InnerFlow(Flow):
    """A way that begins and ends here. Nobody else's messages come along it."""

    __slots__ = ()


class InnerCalls:
    """Calls that are on their way from a call to its successor, by Call-ID."""

    def __init__(self) -> None:
        self._coming: dict[str, PassedOn] = {}

    def enter(self, outgoing: Outgoing, passed_on: PassedOn) -> InnerFlow:
        """Announce an INVITE to ourselves; return the way it goes."""
        assert outgoing.target is not None
        own = outgoing.target.host, outgoing.target.port
        self._coming[outgoing.request.headers.call_id] = passed_on
        return InnerFlow(outgoing.target.transport, own, own)

    def arrival(self, transaction: ServerTransaction, request: Request) -> PassedOn | None:
        """Return what an INVITE was announced as; None for one that comes from outside."""
        if not isinstance(transaction.flow, InnerFlow):
            return None
        return self._coming.pop(request.headers.call_id, None)
