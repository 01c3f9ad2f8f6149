"""Drives the sans-IO core: after each input all outputs are drained and the timer is set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from ..sip.dialog_layer import DialogLayer
from ..sip.errors import BUGS
from ..sip.flow import Flow
from ..sip.framing import Frame
from ..sip.outputs import Event, Transmit

log = structlog.stdlib.get_logger(__name__)


class Sender(Protocol):
    """What sends: `Transports`, or whatever stands before or for them."""

    def send(self, data: bytes, flow: Flow) -> None:
        """Send a message; a failure is told through `Driver.failed`, later."""


class Driver:
    """One core on one event loop.

    `handle` gets each event and may call the core; whoever calls the core at any other time calls
    `drain` after it.
    """

    def __init__(self, core: DialogLayer, handle: Callable[[Event], None]) -> None:
        self._core = core
        self._handle = handle
        self._loop = asyncio.get_running_loop()
        self._sender: Sender | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._draining = False

    def attach(self, sender: Sender) -> None:
        """Send through `sender`; what it receives and what fails it tells here."""
        self._sender = sender

    @property
    def now(self) -> float:
        """The time the core is told, in seconds."""
        return self._loop.time()

    def receive(self, data: bytes | Frame, flow: Flow) -> None:
        """Take what a transport received. Whatever it holds, the process lives."""
        try:
            self._core.receive(data, flow, self._loop.time())
        except BUGS:
            log.exception("message not handled", remote=flow.remote)
        self.drain()

    def failed(self, flow: Flow) -> None:
        """Tell the core that a flow could not be opened."""
        self._core.transport_failed(flow, self._loop.time())
        self.drain()

    def drain(self) -> None:
        """Send what is to be sent, tell what happened, and set the timer."""
        if self._draining:
            return  # an event handler drained: the loop below goes on until nothing is left
        self._draining = True
        try:
            while outputs := self._core.drain():
                for output in outputs:
                    if isinstance(output, Transmit):
                        self._send(output)
                    else:
                        self._tell(output)
        finally:
            self._draining = False
        self._rearm()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _send(self, transmit: Transmit) -> None:
        if self._sender is None:
            return
        try:
            self._sender.send(transmit.data, transmit.flow)
        except BUGS:
            log.exception("message not sent", remote=transmit.flow.remote)

    def _tell(self, event: Event) -> None:
        try:
            self._handle(event)
        except BUGS:
            log.exception("event not handled", kind=type(event).__name__)

    def _on_timer(self) -> None:
        self._timer_at = None
        try:
            self._core.on_timer(self._loop.time())
        except BUGS:
            log.exception("timer not handled")
        self.drain()

    def _rearm(self) -> None:
        """Set the timer if it would come too late; one that comes too early does no harm."""
        deadline = self._core.next_deadline()
        if deadline is None or (self._timer_at is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_at(deadline, self._on_timer)
