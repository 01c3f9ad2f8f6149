"""Phones: they register, call, are called, hold, hand calls over, and are not always there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, ResponseReceived
from trunkline_signaling.sip.transactions import ClientTransaction

from .agent import Agent, Party
from .callers import Caller
from .config import SWITCH, Line, Vendor
from .vendors import Callee, caller_of
from .wire import Wire

EXPIRES: Final = 60
"""Seconds that a phone's registration lasts."""


class Phone(Caller, Callee):
    """One phone. What tells its calls apart is who calls."""

    def __init__(
        self,
        line: Line,
        seed: str,
        wire: Wire,
        random: Random,
        on_vanished: Callable[[str, Agent], None],
    ) -> None:
        Agent.__init__(self, line.address, wire, random, on_vanished)
        self.line = self.customer = line
        self.vendor = Vendor(line.name, line.address, line.account)
        self.placed, self._inviting = {}, {}
        self.taken, self._ringing, self._seed = {}, {}, seed
        self._registering: dict[ClientTransaction, int] = {}
        self._registered = 0
        self.told: Counter[int] = Counter()
        """Statuses that NOTIFY told of what it referred to (SIG-21)."""
        self.holds = 0
        self._call_id = f"{random.getrandbits(64):016x}@{line.address[0]}"

    @property
    def contact(self) -> str:
        """Our Contact, which names us: all phones share a host."""
        return f"<sip:{self.line.name}@{self.address[0]}:{self.address[1]}>"

    def key_of(self, request: Request) -> str:
        """Return what tells a call from others: who calls."""
        return caller_of(request)

    async def live(self) -> None:
        """Register again and again, at times too late; be out of reach at times. Never returns."""
        while self.line.registers:
            self._register()
            await asyncio.sleep(self._random.choice((20.0, 40.0, 50.0, 90.0)))
            if self.line.moves and self._random.random() < 0.3:
                self._wire.detach(self.address)
                await asyncio.sleep(self._random.uniform(5.0, 45.0))
                self._wire.attach(self.address, self.receive)

    def on_event(self, event: Event) -> None:
        """Follow the REGISTERs; the rest is a caller's and a callee's."""
        match event:
            case ResponseReceived(transaction, response) if transaction in self._registering:
                if response.is_provisional:
                    return
                tries = self._registering.pop(transaction)
                again = self._with_credentials(transaction.request, response)
                if again is not None and not tries:
                    self._registering[self._send(again, self.flow_to(SWITCH))] = tries + 1
            case DialogRequestReceived(request=request) if request.method == "NOTIFY":
                self.told[int(request.body.split(b" ")[1])] += 1
                super().on_event(event)
            case _:
                super().on_event(event)

    def begin_talk(self, party: Party, dialog: Dialog) -> None:
        """Talk as others do, and perhaps hand the call over."""
        super().begin_talk(party, dialog)
        if party.talk.transfers is not None:
            after, target = party.talk.transfers
            self._loop.call_later(after, self._refer, party, target or f"449{party.number[2:]}")

    def description(self, party: Party) -> bytes:
        """Return our session description; every other one of a call puts it on hold."""
        plain = super().description(party)
        party.described += 1
        if party.described % 2:
            return plain
        self.holds += 1
        return plain + b"a=sendonly\r\n"

    def _refer(self, party: Party, target: str) -> None:
        """Ask the switch to call somebody in our place (SIG-21)."""
        if party.over or party.silent or party.dialog is None:
            return
        party.referred = True
        request = party.dialog.request("REFER")
        request.headers.set("Refer-To", f"<sip:{target}@{SWITCH[0]}>")
        self._asked[self._send(request, party.dialog.flow)] = party
        self.drain()

    def _register(self) -> None:
        host, name = SWITCH[0], self.line.name
        self._registered += 10
        headers = Headers(
            (
                ("Max-Forwards", 70),
                ("From", f"<sip:{name}@{host}>;tag={self._random.getrandbits(64):016x}"),
                ("To", f"<sip:{name}@{host}>"),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._registered} REGISTER"),
                ("Contact", self.contact),
                ("Expires", EXPIRES),
            )
        )
        request = Request("REGISTER", f"sip:{host}", headers, b"")
        self._registering[self._send(request, self.flow_to(SWITCH))] = 0
        self.drain()
