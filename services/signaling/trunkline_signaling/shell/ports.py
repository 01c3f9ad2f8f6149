"""What the switch needs of the world outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..calls.call import Call
from ..calls.cdr import Cdr
from ..calls.effects import Note
from ..calls.parties import Target
from ..calls.services import (
    Answer,
    AuthService,
    BillingService,
    MediaService,
    Question,
    RoutingService,
    ServiceFailed,
)
from ..sip.flow import Address, Flow, Transport


class Clock(Protocol):
    """The time."""

    def now(self) -> float:
        """Return UNIX seconds; they never go back while the process lives."""


class Network(Protocol):
    """Where messages leave. What arrives goes to `Switch.receive`."""

    def send(self, data: bytes, flow: Flow) -> None:
        """Send without waiting. A failure may be told by `Switch.transport_failed`, later."""

    def local(self, transport: Transport) -> Address:
        """Return the address we send from. Raises `KeyError` where there is none."""

    def knows(self, ip: str) -> bool:
        """Tell whether a source is no stranger: auth let it in lately, or we called it."""

    def overloaded(self) -> bool:
        """Tell whether more messages come in than are worked off."""


class Resolver(Protocol):
    """Names to addresses, without waiting on the way of a call when that can be."""

    def known(self, target: Target) -> Address | None:
        """Return the address at once, if it is a literal or was found lately."""

    async def find(self, target: Target) -> Address | None:
        """Look the name up; None when it can't be found."""

    def failed(self, target: Target, address: Address) -> None:
        """Learn that nobody answered there: a name may have another address."""


class CdrStore(Protocol):
    """Where CDRs are safe (`..outbox`)."""

    def opened(self, cdr: Cdr) -> None:
        """Note an answered call, in case we die before its end."""

    def finished(self, cdr: Cdr, stored: Callable[[], None]) -> None:
        """Store a CDR; call `stored`, on the event loop, when it is durable."""


class Observer(Protocol):
    """Who wants to know what happens: metrics, trace, log. Nothing of it changes a call."""

    def message_received(self, data: bytes, flow: Flow) -> None:
        """A message came in, SIP or not."""

    def message_sent(self, data: bytes, flow: Flow) -> None:
        """A message goes out."""

    def call_began(self, call_id: str, sip_call_id: str) -> None:
        """A call begins."""

    def leg_began(self, call_id: str, sip_call_id: str) -> None:
        """A call sends an INVITE; from now on this Call-ID is its, too."""

    def decided(self, call_id: str, question: Question, answer: Answer | ServiceFailed) -> None:
        """A service answered, or did not."""

    def noted(self, call_id: str, note: Note) -> None:
        """The call itself decided something."""

    def dropped(self, explanation: str, data: bytes, flow: Flow) -> None:
        """A request outside of calls gets no answer."""

    def moved(self, call: Call) -> None:
        """Something happened to a call; it may stand elsewhere now."""

    def call_answered(self, cdr: Cdr) -> None:
        """The callee has answered."""

    def call_ended(self, cdr: Cdr | None, call_id: str) -> None:
        """A call is over; one without a CDR never came about."""


class ReachObserver(Protocol):
    """Who wants to know which gateways can be reached."""

    def gateway_changed(self, name: str, way: str, reachable: bool, explanation: str) -> None:
        """A gateway can be reached, or not any more; `way` is what tells so."""

    def gateway_forgotten(self, name: str, way: str) -> None:
        """Nobody here looks any more."""


@dataclass(frozen=True, slots=True)
class Services:
    """The other services."""

    auth: AuthService
    routing: RoutingService
    billing: BillingService
    media: MediaService
