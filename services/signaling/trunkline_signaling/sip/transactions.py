"""The four transaction machines (RFC 3261 section 17, RFC 6026); `transaction_tables` rules them.

A machine keeps its state, its deadline and what it may have to repeat. `TransactionLayer` finds the
machine for a message and calls it when its deadline has come.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from .errors import LocalProtocolError
from .flow import Flow
from .message import Request, Response
from .outputs import (
    AckReceived,
    AckTimedOut,
    Output,
    RequestTimedOut,
    ResponseReceived,
    Transmit,
    TransportFailed,
)
from .timing import Repetition, Timing
from .transaction_tables import (
    INVITE_CLIENT,
    INVITE_SERVER,
    NON_INVITE_CLIENT,
    NON_INVITE_SERVER,
    State,
    Table,
    Trigger,
)


class Transaction:
    """What the four machines share: a state, a deadline, and bytes that may go out again."""

    table: ClassVar[Table]

    __slots__ = ("_copies", "_out", "_timing", "data", "deadline", "flow", "key", "owner", "state")

    def __init__(self, key: Hashable, flow: Flow, timing: Timing, out: list[Output]) -> None:
        self.key = key
        self.flow = flow
        self.state = next(iter(self.table))
        self.deadline: float | None = None
        """When `on_timer` wants to be called; None for never."""
        self.data = b""
        """The message that is repeated: a request, a final response or an ACK."""
        self.owner: Any = None
        """What the user wants to find again when something happens here."""
        self._timing = timing
        self._out = out
        self._copies: Repetition | None = None

    @property
    def is_terminated(self) -> bool:
        """Tell whether the machine has come to its end."""
        return self.state is State.TERMINATED

    def terminate(self) -> None:
        """End at once and in silence."""
        self.state = State.TERMINATED
        self._wait_until(None)

    def on_timer(self, now: float) -> None:
        """Do what is due at `now`: repeat the message, or give up."""
        if self.deadline is None or now < self.deadline:
            return
        if self._copies is not None and self._copies.advance():
            self._transmit()
            self.deadline = self._copies.deadline
        else:
            before = self.state
            self.deadline = None
            self._fire(Trigger.TIMED_OUT)
            self._timed_out(before, now)

    def _fire(self, trigger: Trigger) -> None:
        try:
            self.state = self.table[self.state][trigger]
        except KeyError:
            raise LocalProtocolError(
                f"{trigger.name} is not allowed in {self.state.name}"
            ) from None

    def _timed_out(self, state: State, now: float) -> None:
        """Tell the user that patience ran out in `state`."""

    def _transmit(self) -> None:
        self._out.append(Transmit(self.data, self.flow))

    def _start_resending(self, now: float) -> None:
        self._copies = Repetition(self._timing, self.flow.transport.is_reliable, now)
        self.deadline = self._copies.deadline

    def _wait_until(self, deadline: float | None) -> None:
        self._copies, self.deadline = None, deadline

    def _linger(self, wait: float, now: float) -> None:
        """Stay for late copies, which a reliable transport never brings."""
        if self.flow.transport.is_reliable:
            self.terminate()
        else:
            self._wait_until(now + wait)


class ClientTransaction(Transaction):
    """A request of ours and its responses."""

    __slots__ = ("_started", "request")

    def __init__(
        self, key: Hashable, request: Request, flow: Flow, timing: Timing, out: list[Output]
    ) -> None:
        super().__init__(key, flow, timing, out)
        self.request = request
        self._started = 0.0

    def start(self, now: float) -> None:
        """Send the request."""
        self._started = now
        self.data = self.request.encode()
        self._transmit()
        self._start_resending(now)

    def receive(self, response: Response, flow: Flow, now: float) -> None:
        """Take a response to this request."""
        before = self.state
        self._fire(_received(response.status))
        self._received(before, response, flow, now)

    def fail(self) -> None:
        """The transport could not deliver; no matter once a final response is there."""
        if Trigger.TRANSPORT_FAILED in self.table[self.state]:
            self._fire(Trigger.TRANSPORT_FAILED)
            self.deadline = None
            self._out.append(TransportFailed(self))

    def _received(self, before: State, response: Response, flow: Flow, now: float) -> None:
        raise NotImplementedError

    def _pass_up(self, response: Response, flow: Flow) -> None:
        self._out.append(ResponseReceived(self, response, flow))

    def _timed_out(self, state: State, now: float) -> None:
        if state in (State.CALLING, State.TRYING, State.PROCEEDING):
            self._out.append(RequestTimedOut(self))


class InviteClientTransaction(ClientTransaction):
    """INVITE (section 17.1.1). It acknowledges failures itself; 2xx are the dialog's."""

    table = INVITE_CLIENT

    __slots__ = ("acks", "cancel_wanted")

    def __init__(
        self, key: Hashable, request: Request, flow: Flow, timing: Timing, out: list[Output]
    ) -> None:
        super().__init__(key, request, flow, timing, out)
        self.cancel_wanted = False
        """The user gave up, but a CANCEL may not go before a provisional response (section 9.1)."""
        self.acks: dict[str | None, Transmit] = {}
        """The ACK for each 2xx by its To tag: it goes out again with each copy (13.2.2.4)."""

    def want_cancel(self, now: float) -> None:
        """Give up before any response came: repeat the INVITE no more, but stay for what comes."""
        self.cancel_wanted = True
        self._wait_until(now + self._timing.linger)

    def cancelled(self, now: float) -> None:
        """A CANCEL went out: wait for the final response, but not for ever (section 9.1)."""
        self.cancel_wanted = False
        self.deadline = now + self._timing.linger

    def _timed_out(self, state: State, now: float) -> None:
        super()._timed_out(state, now)
        if self.state is State.FORSAKEN:
            rings = state is State.PROCEEDING
            self.deadline = now + (self._timing.late if rings else self._timing.linger)

    def _received(self, before: State, response: Response, flow: Flow, now: float) -> None:
        if self.state is State.PROCEEDING:
            if before is State.CALLING:
                self._wait_until(None)
            self._pass_up(response, flow)
        elif self.state is State.ACCEPTED:
            if before is not State.ACCEPTED:
                self._wait_until(now + self._timing.linger)  # Timer M
            if response.is_success:
                self._succeed(response, flow)
        elif response.status >= 300:
            self._acknowledge(before, response, flow, now)

    def _succeed(self, response: Response, flow: Flow) -> None:
        ack = self.acks.get(response.to_tag)
        if ack is None:
            self._pass_up(response, flow)
        else:
            self._out.append(ack)

    def _acknowledge(self, before: State, response: Response, flow: Flow, now: float) -> None:
        if before is State.COMPLETED:
            self._transmit()
            return
        self.data = _ack_for(self.request, response).encode()
        self._transmit()
        self._pass_up(response, flow)
        self._linger(self._timing.linger, now)  # Timer D


class NonInviteClientTransaction(ClientTransaction):
    """Any other request (section 17.1.2)."""

    table = NON_INVITE_CLIENT

    __slots__ = ()

    def _received(self, before: State, response: Response, flow: Flow, now: float) -> None:
        if before is State.COMPLETED:
            return
        if self.state is State.PROCEEDING:
            # SIG-08: a response, even a provisional one, ends the repetitions. Timer F runs on.
            self._wait_until(self._started + self._timing.limit)
        else:
            self._linger(self._timing.t4, now)  # Timer K
        self._pass_up(response, flow)


class ServerTransaction(Transaction):
    """A request from a peer and our responses."""

    __slots__ = ("request", "to")

    def __init__(
        self, key: Hashable, request: Request, flow: Flow, timing: Timing, out: list[Output]
    ) -> None:
        super().__init__(key, flow, timing, out)
        self.request = request
        self.to: str | None = None
        """To as our last response had it, with our tag."""

    def respond(self, response: Response, now: float) -> None:
        """Send a response."""
        self._fire(_sent(response.status))
        self.data = response.encode()
        self._transmit()
        if response.status > 100:
            self.to = response.headers.get("To")
        if response.status >= 200:
            self._answered(response, now)

    def receive_copy(self) -> None:
        """The request came again."""
        self._fire(Trigger.RECV_REQUEST)
        if self.data and self.state in (State.PROCEEDING, State.COMPLETED):
            self._transmit()

    def _answered(self, response: Response, now: float) -> None:
        raise NotImplementedError


class InviteServerTransaction(ServerTransaction):
    """INVITE (section 17.2.1). 2xx are repeated by the dialog."""

    table = INVITE_SERVER

    __slots__ = ()

    def receive_ack(self, ack: Request, flow: Flow, now: float) -> None:
        """Take the ACK; one for a 2xx is passed up."""
        if self.state is State.PROCEEDING:
            return  # for a response we never sent
        before = self.state
        self._fire(Trigger.RECV_ACK)
        if self.state is State.ACCEPTED:
            self._out.append(AckReceived(ack, flow))
        elif before is State.COMPLETED:
            self._linger(self._timing.t4, now)  # Timer I

    def _answered(self, response: Response, now: float) -> None:
        if self.state is State.ACCEPTED:
            self.deadline = now + self._timing.linger  # Timer L
        else:
            self._start_resending(now)  # Timers G and H

    def _timed_out(self, state: State, now: float) -> None:
        if state is State.COMPLETED:
            self._out.append(AckTimedOut(self))


class NonInviteServerTransaction(ServerTransaction):
    """Any other request (section 17.2.2)."""

    table = NON_INVITE_SERVER

    __slots__ = ()

    def _answered(self, response: Response, now: float) -> None:
        self._linger(self._timing.linger, now)  # Timer J


def _received(status: int) -> Trigger:
    if status < 200:
        return Trigger.RECV_1XX
    return Trigger.RECV_2XX if status < 300 else Trigger.RECV_300_699


def _sent(status: int) -> Trigger:
    if status < 200:
        return Trigger.SEND_1XX
    return Trigger.SEND_2XX if status < 300 else Trigger.SEND_300_699


def _ack_for(invite: Request, response: Response) -> Request:
    """Build the ACK for a failure (section 17.1.1.3): same branch, To of the response."""
    ack = Request("ACK", invite.target)
    via = invite.headers.get("Via")
    ack.headers.set("Via", via)
    ack.headers.copy_from(invite.headers, "From", "Call-ID", "Route", "Max-Forwards", "Session-ID")
    ack.headers.copy_from(response.headers, "To")
    ack.headers.set("CSeq", f"{invite.headers.cseq.number} ACK")
    return ack
