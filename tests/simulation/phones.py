"""Phones: they register, call, are called, hold, hand calls over, and are not always there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Final
from urllib.parse import quote

from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, ResponseReceived
from trunkline_signaling.sip.transactions import ClientTransaction

from .agent import Agent, Party
from .callers import Caller
from .config import SWITCH, Line, Vendor
from .scenario import Handing, Transfer, draw_consultation
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
        phones: Mapping[str, Phone],
    ) -> None:
        """`phones` are all there are."""
        Agent.__init__(self, line.address, wire, random, on_vanished)
        self.line = self.customer = line
        self.vendor = Vendor(line.name, line.address, line.account)
        self.placed, self._inviting = {}, {}
        self.taken, self._ringing, self._seed = {}, {}, seed
        self._registering: dict[ClientTransaction, int] = {}
        self._registered = 0
        self._phones = phones
        self._consulting: dict[Party, Party] = {}
        """Calls that it has placed to ask, and those that it wants to hand over."""
        self.told: Counter[int] = Counter()
        """Statuses that NOTIFY told of what it referred to (SIG-21)."""
        self.told_of_calls: Counter[int] = Counter()
        """Those of attended transfers."""
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
            case DialogRequestReceived(dialog, _, request) if request.method == "NOTIFY":
                party = self._parties.get(dialog.id)
                told = self.told_of_calls if party and party.attended else self.told
                told[int(request.body.split(b" ")[1])] += 1
                super().on_event(event)
            case _:
                super().on_event(event)

    def begin_talk(self, party: Party, dialog: Dialog) -> None:
        """Talk as others do, and perhaps hand the call over."""
        super().begin_talk(party, dialog)
        first = self._consulting.pop(party, None)
        if first is not None and first.talk.transfer is not None:
            after = self._random.choice((0.0, 0.05, 2.0))
            self._loop.call_later(after, self._join, first, party, first.talk.transfer)
        elif party.talk.transfer is not None:
            transfer = party.talk.transfer
            self._loop.call_later(transfer.after, self._hand_over, party, transfer)

    def description(self, party: Party) -> bytes:
        """Return our session description; every other one of a call puts it on hold."""
        plain = super().description(party)
        party.described += 1
        if party.described % 2:
            return plain
        self.holds += 1
        return plain + b"a=sendonly\r\n"

    def _hand_over(self, party: Party, transfer: Transfer) -> None:
        """Ask the switch to put somebody in our place (SIG-21)."""
        if not party.talks:
            return
        match transfer.handing:
            case Handing.BLINDLY:
                number = transfer.number or f"449{party.number[2:]}"
                self._refer(party, f"<sip:{number}@{SWITCH[0]}>")
            case Handing.CONSULTING:
                self._consult(party)
            case Handing.JOINING:
                others = [each for each in self._own() if each.talks and each is not party]
                if others:
                    self._join(party, self._random.choice(others), transfer)
            case Handing.TO_ITSELF:
                self._refer_to_call(party, party)
            case Handing.TO_THE_GONE:
                gone = [each for each in self._own() if each.over]
                if gone:
                    self._refer_to_call(party, self._random.choice(gone))
            case Handing.TO_STRANGERS:
                theirs = [
                    each
                    for phone in self._phones.values()
                    if phone is not self
                    for each in phone._own()
                    if each.talks
                ]
                if theirs:
                    self._refer_to_call(party, self._random.choice(theirs))

    def _consult(self, party: Party) -> None:
        """Call somebody, to hand the call over once that one has answered."""
        number = f"448{self.line.name[-1]}{party.number[3:]}"
        script = draw_consultation(self._random, self.line, number)
        self.place(script)
        self._consulting[self.placed[script.key]] = party

    def _join(self, first: Party, second: Party, transfer: Transfer) -> None:
        """Bring together those whom we talk to in two calls."""
        if not first.talks or not second.talks:
            return
        first.referred = second.referred = True
        if transfer.hands_over_the_second:
            first, second = second, first
        self._refer_to_call(first, second)

    def _refer_to_call(self, party: Party, named: Party) -> None:
        """Send a REFER with Replaces (RFC 3891)."""
        assert named.dialog is not None
        dialog = named.dialog
        replaces = f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
        party.attended = True
        self._refer(party, f"<sip:anybody@{SWITCH[0]}?Replaces={quote(replaces, safe='')}>")

    def _refer(self, party: Party, refer_to: str) -> None:
        assert party.dialog is not None
        party.referred = True
        request = party.dialog.request("REFER")
        request.headers.set("Refer-To", refer_to)
        self._asked[self._send(request, party.dialog.flow)] = party
        self.drain()

    def _own(self) -> list[Party]:
        """Return the calls that it has or had, in the order of their answers."""
        return [party for party in self._parties.values() if party.dialog is not None]

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
