"""Customers' gateways: they place the calls, cancel them, and get a final answer to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import Event, RequestTimedOut, ResponseReceived
from trunkline_signaling.sip.proofs import FIELDS, Proofs, challenges_in
from trunkline_signaling.sip.transactions import ClientTransaction

from .agent import SDP_TYPE, Agent, Party
from .config import PASSWORD, SWITCH, Customer
from .scenario import CallerScript
from .wire import Wire

TIMED_OUT: Final = 408


@dataclass(eq=False)
class Placed(Party):
    """A call that was placed."""

    script: CallerScript | None = None
    transaction: ClientTransaction | None = None
    early: Dialog | None = None


class Caller(Agent):
    """One customer."""

    def __init__(
        self,
        customer: Customer,
        wire: Wire,
        random: Random,
        on_vanished: Callable[[str, Agent], None],
    ) -> None:
        super().__init__(customer.address, wire, random, on_vanished)
        self.customer = customer
        self.placed: dict[str, Placed] = {}
        """By the script's key."""
        self._inviting: dict[ClientTransaction, Placed] = {}

    def place(self, script: CallerScript) -> None:
        """Begin a call."""
        call = Placed(script.key, script.talk, script=script)
        self.placed[script.key] = call
        invite = self._invite(call, script)
        call.saw.call_id = invite.headers.call_id
        call.saw.invited = self._loop.time()
        if script.malformed:
            self._wire.send(_garbled(invite, self._random), self.address, SWITCH)
            return
        self._offer(call, invite)
        if script.twice:
            data = invite.encode()  # with the Via it was sent with
            branch = f"z9hG4bK{self._random.getrandbits(64):016x}".encode()
            before, _, rest = data.partition(b"z9hG4bK")
            copy = before + branch + rest[16:]
            self._loop.call_later(0.03, self._wire.send, copy, self.address, SWITCH)
        self._loop.call_later(script.patience, self._give_up, call)
        self.drain()

    def on_event(self, event: Event) -> None:
        """Follow the INVITEs; the rest is every agent's."""
        match event:
            case ResponseReceived(transaction, response) if transaction in self._inviting:
                self._on_response(event, self._inviting[transaction], response)
            case RequestTimedOut(transaction) if transaction in self._inviting:
                call = self._inviting.pop(transaction)
                call.saw.final_status = call.saw.final_status or TIMED_OUT
                call.over = True
            case _:
                super().on_event(event)

    def _on_response(self, event: ResponseReceived, call: Placed, response: Response) -> None:
        if call.silent:
            return
        if response.is_provisional:
            if response.to_tag:
                call.early = self._core.establish(event)
                self._acknowledge_early(call, call.early, response)
        elif response.is_success:
            self._on_answer(event, call)
        else:
            self._on_failure(event, call, response)

    def _acknowledge_early(self, call: Placed, early: Dialog, response: Response) -> None:
        """Send the PRACK for a reliable response (RFC 3262)."""
        if "RSeq" not in response.headers or not call.talk.session.acknowledges:
            return
        prack = early.prack(response)
        if prack is not None:
            self._send(prack, early.flow)

    def _on_answer(self, event: ResponseReceived, call: Placed) -> None:
        assert call.script is not None
        dialog = self._core.establish(event)
        if not call.script.acknowledges and call.saw.gave_up is None:
            call.saw.answered = call.saw.answered or self._loop.time()
            self._parties[dialog.id] = call
            call.dialog = dialog
            return
        body = self.description(call) if call.script.late_offer else b""
        ack = dialog.ack(event.transaction.request, body, SDP_TYPE)
        self._transactions.send_ack(event.transaction, ack, dialog.flow)
        if call.saw.answered is not None:
            return
        call.saw.answered = self._loop.time()
        call.saw.final_status = 200
        self.begin_talk(call, dialog)
        if call.saw.gave_up is not None:
            self.hang_up(call)

    def _on_failure(self, event: ResponseReceived, call: Placed, response: Response) -> None:
        del self._inviting[event.transaction]
        assert call.script is not None
        request, wrong = event.transaction.request, call.script.wrong_password
        again = self._with_credentials(request, response, wrong=wrong)
        if again is not None and call.saw.gave_up is None:
            self._offer(call, again)
            return
        call.saw.final_status = response.status
        call.over = True

    def _give_up(self, call: Placed) -> None:
        if call.over or call.saw.answered is not None or call.transaction is None:
            return
        assert call.script is not None
        call.saw.gave_up = self._loop.time()
        if call.script.early_bye and call.early is not None:
            bye = call.early.request("BYE")
            self._byes[self._send(bye, call.early.flow)] = call
            call.saw.bye_sent = self._loop.time()
        else:
            self._transactions.cancel(call.transaction, self._loop.time())
        self.drain()

    def _offer(self, call: Placed, invite: Request) -> None:
        call.transaction = self._send(invite, self.flow_to(SWITCH))
        self._inviting[call.transaction] = call

    def _invite(self, call: Placed, script: CallerScript) -> Request:
        host = SWITCH[0]
        tag, call_id = self._random.getrandbits(64), self._random.getrandbits(64)
        headers = Headers(
            (
                ("Max-Forwards", 70),
                ("From", f"<sip:{script.caller}@{host}>;tag={tag:016x}"),
                ("To", f"<sip:{script.number}@{host}>"),
                ("Call-ID", f"{call_id:016x}@{self.address[0]}"),
                ("CSeq", "1 INVITE"),
                ("Contact", self.contact),
            )
        )
        body = b"" if script.late_offer else self.description(call)
        if body:
            headers.set("Content-Type", SDP_TYPE)
        request = Request("INVITE", f"sip:{script.number}@{host}", headers, body)
        self.ask_for_timer(call, request)
        if script.talk.session.reliable:
            headers.set("Require", "100rel")
        return request

    def _with_credentials(
        self, request: Request, response: Response, *, wrong: bool = False
    ) -> Request | None:
        """Return the request once more, with credentials, when the response asks for them."""
        proofs = Proofs(self.customer.name, "wrong" if wrong else PASSWORD)
        is_proven = any(field in request.headers for field in FIELDS.values())
        if not self.customer.digest or is_proven or not proofs.take(challenges_in(response)):
            return None
        again = Request(request.method, request.target, request.headers.copy(), request.body)
        again.headers.remove("Via")
        proofs.write(again, self._random)
        again.headers.set("CSeq", f"{request.headers.cseq.number + 1} {request.method}")
        return again

    def finished(self, call: Placed) -> bool:
        """Tell whether a call got a final answer."""
        return bool(call.saw.final_status) or call.saw.answered is not None


def _garbled(request: Request, random: Random) -> bytes:
    """Return the request with something wrong with it."""
    data = bytearray(request.encode())
    kind = random.randrange(4)
    if kind == 0:
        del data[random.randrange(len(data)) :]
    elif kind == 1:
        for _ in range(10):
            data[random.randrange(len(data))] = random.randrange(256)
    elif kind == 2:
        return bytes(data).replace(b"CSeq: 1 INVITE", b"CSeq: many INVITE")
    else:
        return random.randbytes(200)
    return bytes(data)
