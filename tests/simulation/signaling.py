"""Signaling as a process that can be killed: the real switch, outbox, leases and media pool.

One life ends without a farewell; the next one finds the outbox's file and has another epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import Channel
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.cdr import Cdr
from trunkline_signaling.calls.events import Event
from trunkline_signaling.calls.parties import Target
from trunkline_signaling.calls.session_timer import TimerParameters
from trunkline_signaling.observation import Observation
from trunkline_signaling.outbox.journal import Entry, Journal
from trunkline_signaling.outbox.outbox import Outbox
from trunkline_signaling.outbox.writer import Done
from trunkline_signaling.rpc.clients.auth import AuthClient
from trunkline_signaling.rpc.clients.billing import BillingClient
from trunkline_signaling.rpc.clients.cdrs import complete_cdr, encode_cdr
from trunkline_signaling.rpc.clients.media import MediaClient
from trunkline_signaling.rpc.clients.routing import RoutingClient
from trunkline_signaling.shell.leases import SeatLeases
from trunkline_signaling.shell.media_pool import MediaPool
from trunkline_signaling.shell.ports import Services
from trunkline_signaling.shell.switch import Switch
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.trace.ring import Trace as SipTrace

from .config import SWITCH
from .loop import unix_now
from .manners import Manners
from .wire import Wire

INSTANCE: Final = "signaling-1"
COMMIT: Final = 0.004
"""Seconds a commit takes; what is killed meanwhile is lost."""


class Clock:
    """The virtual time."""

    def now(self) -> float:
        """Return UNIX seconds."""
        return unix_now()


class OneAddress:
    """We are where we are, whoever looks."""

    def seen_by(self, remote: str, transport: Transport) -> Address:
        """Return the switch's address."""
        return SWITCH


class Literals:
    """A resolver for addresses that need no resolving."""

    def known(self, target: Target) -> Address | None:
        """Return the address."""
        return target.host, target.port or 5060

    async def find(self, target: Target) -> Address | None:
        """Nothing else can be found."""
        return None

    def failed(self, target: Target, address: Address) -> None:
        """An address has no other."""


class CrashableWriter:
    """Group commit in virtual time. What is not committed when the process dies is gone."""

    def __init__(self, journal: Journal, done: Done) -> None:
        self._journal = journal
        self._done = done
        self._entries: list[Entry] = []
        self._timer: asyncio.TimerHandle | None = None
        self._dead = False

    def start(self) -> None:
        """There is nothing to start."""

    def put(self, entry: Entry) -> None:
        """Hand over an entry."""
        self._entries.append(entry)
        if self._timer is None and not self._dead:
            self._timer = asyncio.get_running_loop().call_later(COMMIT, self._commit)

    async def stop(self) -> None:
        """Write what was put, unless this is a crash."""
        if not self._dead:
            self._commit()

    def die(self) -> None:
        """Forget what is not committed."""
        self._dead = True
        self._entries.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _commit(self) -> None:
        entries, self._entries = self._entries, []
        self._timer = None
        if entries:
            self._done(self._journal.write(entries))


class Watcher(Observation):
    """The product's own observer, which also tells the simulation of each call."""

    def __init__(self, began: Callable[[str, str], None], ended: Callable[[str, Cdr | None], None]):
        super().__init__(Metrics("signaling"), SipTrace(1 << 20, unix_now))
        self._on_began = began
        self._on_ended = ended

    def call_began(self, call_id: str, sip_call_id: str) -> None:
        """A call begins."""
        super().call_began(call_id, sip_call_id)
        self._on_began(call_id, sip_call_id)

    def call_ended(self, cdr: Cdr | None, call_id: str) -> None:
        """A call is over."""
        super().call_ended(cdr, call_id)
        self._on_ended(call_id, cdr)


class Life:
    """One life of the signaling process."""

    def __init__(
        self,
        channels: dict[str, Channel],
        outbox_file: Path,
        wire: Wire,
        random: Random,
        watcher: Watcher,
        manners: Manners,
        timers: TimerParameters,
    ) -> None:
        epoch = f"{random.getrandbits(64):016x}"
        routing, billing = RoutingClient(channels["routing"]), BillingClient(channels["billing"])
        self._wire = wire
        self._manners = manners
        self._alive = True
        self._writers: list[CrashableWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()
        self.outbox = Outbox(
            outbox_file,
            encode_cdr,
            lambda cdr, alive: complete_cdr(cdr, alive, "signaling was restarted"),
            billing,
            Clock(),
            self._make_writer,
        )
        media = MediaPool(INSTANCE, epoch, self._tell)
        settings = CallSettings(INSTANCE, OneAddress(), timers=timers)
        self.switch = Switch(
            Services(AuthClient(channels["auth"]), routing, billing, media),
            self.outbox,
            self,
            Literals(),
            Clock(),
            watcher,
            lambda: settings,
            Random(random.getrandbits(64)),
        )
        self._background = (
            self.outbox.run,
            partial(media.serve, "media", MediaClient(channels["media"])),
            SeatLeases(routing, self.switch, INSTANCE, epoch).run,
        )

    async def begin(self) -> None:
        """Start it, as a composition root does."""
        await self._stack.enter_async_context(self.outbox)
        self._tasks = [asyncio.create_task(work()) for work in self._background]
        self._wire.attach(SWITCH, self._receive)

    def send(self, data: bytes, flow: Flow) -> None:
        """Send a message of the switch."""
        if self._alive:
            self._manners.sent(data)
            self._wire.send(data, SWITCH, flow.remote)

    def _tell(self, call_id: str, event: Event) -> bool:
        return self._alive and self.switch.tell(call_id, event)

    def _receive(self, data: bytes, flow: Flow) -> None:
        self._manners.received(data)
        self.switch.receive(data, flow)

    def local(self, transport: Transport) -> Address:
        """Send from the switch's address."""
        return SWITCH

    def knows(self, ip: str) -> bool:
        """Know everybody."""
        return True

    def overloaded(self) -> bool:
        """Have time."""
        return False

    async def kill(self) -> None:
        """End it as SIGKILL would."""
        self._alive = False
        self._wire.detach(SWITCH)
        for writer in self._writers:
            writer.die()
        self._silence()
        await self._end([*self._tasks, *self.switch.tasks])

    async def close(self) -> None:
        """End it when nothing is left to do."""
        self._wire.detach(SWITCH)
        await self._end(self._tasks)

    def left(self) -> list[str]:
        """Return what the switch still holds. Nothing, when every call is over for long."""
        switch = self.switch
        counts = {
            "calls": len(switch.calls),
            "dialogs": switch.dialogs,
            "call timers": sum(map(bool, switch._timers._running.values())),
            "tasks": len(switch.tasks),
            "unreleased seats": len(switch.questions.unreleased),
            "unreported ends": len(switch.questions.unreported),
            "CDRs that billing has not got": self.outbox.delivery.depth,
        }
        left = [f"signaling still has {count} {what}" for what, count in counts.items() if count]
        return left + [f"signaling still has {each}" for each in self._transactions()]

    def _transactions(self) -> list[str]:
        """Describe the transactions that are not over."""
        return [
            f"a transaction in state {each.state.name}: {each.request.headers.cseq}"
            f" of {each.request.headers.call_id}"
            for each in self.switch.transactions
        ]

    def _silence(self) -> None:
        """Stop the timers that would act for the dead."""
        self.switch._driver.close()
        for call in list(self.switch._timers._running):
            self.switch._timers.clear_all(call)

    def _make_writer(self, journal: Journal, done: Done) -> CrashableWriter:
        writer = CrashableWriter(journal, done)
        self._writers.append(writer)
        return writer

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._stack.aclose()
