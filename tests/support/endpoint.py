"""A SIP endpoint on loopback: registers, places and takes calls, and remembers what it saw.

Built on the product's own SIP core; the sockets are `sip_sockets`, the sound is `voice`. Endpoints
in one test share nothing but the network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random, SystemRandom
from typing import Any

from trunkline_signaling.sip.dialog import Dialog, DialogId
from trunkline_signaling.sip.dialog_layer import DialogLayer
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.framing import Frame
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.methods import BYE, INVITE, OPTIONS, REGISTER
from trunkline_signaling.sip.outputs import (
    AnswerAcknowledged,
    CancelReceived,
    DialogRequestReceived,
    Event,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    Transmit,
    TransportFailed,
)
from trunkline_signaling.sip.proofs import FIELDS, Proofs, challenges_in
from trunkline_signaling.sip.sdp import CONTENT_TYPE
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.transactions import ClientTransaction, ServerTransaction

from .behaviours import Behaviour, answering
from .calls import PATIENCE, Call, PlacedCall, TakenCall
from .sip_sockets import Receive, SipSockets, Sockets
from .voice import RtpSocket


class Endpoint:
    """A user agent. Use it as `async with Endpoint(...) as phone`."""

    def __init__(
        self,
        user: str = "endpoint",
        password: str = "",
        behaviour: Behaviour | None = None,
        frequency: int = 400,
        echo: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        sockets: Callable[[Receive], Sockets] = SipSockets,
    ) -> None:
        self.user = user
        self.password = password
        self.behaviour = behaviour or answering()
        self.frequency = frequency
        """Hertz of the tone it speaks with."""
        self.echo = echo
        """Whether it sends back what it hears instead."""
        self.requests: list[Request] = []
        """Requests that came, in order, without ACKs."""
        self.acks: list[Request] = []
        """ACKs for our 2xx, one for each."""
        self.responses: list[Response] = []
        """Responses that came, in order."""
        self.placed: list[PlacedCall] = []
        self.taken: list[TakenCall] = []
        self.loses: Callable[[bytes], bool] = lambda message: False
        """Which of its messages the network loses."""
        self.address: Address = (host, port)
        self._random: Random = SystemRandom()
        self._dialogs = DialogLayer(TransactionLayer(self._random, sent_by=self._sent_by))
        self._transactions = self._dialogs.transactions
        self._sockets = sockets(self._receive)
        self._waiting: dict[ClientTransaction, asyncio.Future[Response]] = {}
        self._inviting: dict[ClientTransaction, PlacedCall] = {}
        self._calls: dict[DialogId, Call] = {}
        self._arrived = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Endpoint:
        self.address = await self._sockets.open(*self.address)
        return self

    async def __aexit__(self, *exc: object) -> None:
        for call in [*self.placed, *self.taken]:
            call.rtp.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        await self._sockets.close()

    async def register(
        self, server: Address, expires: int = 300, transport: Transport = Transport.UDP
    ) -> Response:
        """Register our address, answering a digest challenge; return the last answer."""
        flow = await self._flow(server, transport)
        domain = f"sip:{server[0]}:{server[1]}"
        request = self._new_request(REGISTER, domain, f"sip:{self.user}@{server[0]}", flow)
        request.headers.set("Expires", expires)
        return await self.request(request, flow)

    async def ping(self, server: Address) -> Response:
        """Send OPTIONS and return the answer."""
        flow = await self._flow(server, Transport.UDP)
        uri = f"sip:{server[0]}:{server[1]}"
        return await self.request(self._new_request(OPTIONS, uri, uri, flow), flow)

    async def place(
        self,
        number: str,
        server: Address,
        caller: str = "",
        transport: Transport = Transport.UDP,
    ) -> PlacedCall:
        """Send an INVITE to `number` and return the call, which goes on by itself."""
        flow = await self._flow(server, transport)
        uri = f"sip:{number}@{server[0]}:{server[1]}"
        invite = self._new_request(INVITE, uri, uri, flow, caller)
        call = PlacedCall(self, await self._open_rtp(), invite)
        invite.body = call.description().encode()
        invite.headers.set("Content-Type", CONTENT_TYPE)
        self.placed.append(call)
        self._send_invite(call, invite, flow)
        return call

    async def taken_call(self, number: int = 1, timeout: float = PATIENCE) -> TakenCall:
        """Wait until the `number`th call has come in, and return it."""
        async with asyncio.timeout(timeout):
            while len(self.taken) < number:
                self._arrived.clear()
                await self._arrived.wait()
        return self.taken[number - 1]

    async def request(self, request: Request, flow: Flow, dialog: Dialog | None = None) -> Response:
        """Send a request, answer a challenge once, and return the final response."""
        response = await self._exchange(request, flow, dialog)
        again = self._with_credentials(request, response)
        if again is None:
            return response
        if dialog is not None:
            dialog.local_cseq += 1
        return await self._exchange(again, flow, dialog)

    def cancel(self, transaction: ClientTransaction) -> None:
        """Give up an INVITE."""
        self._transactions.cancel(transaction, self._now())
        self._drain()

    def open_dialog(self, call: TakenCall) -> Dialog:
        """Open the dialog of an INVITE that came in."""
        dialog = self._dialogs.accept(call.transaction, self._contact(call.transaction.flow))
        self._calls[dialog.id] = call
        return dialog

    def respond(self, call: TakenCall, response: Response) -> None:
        """Send a response to the INVITE of a call, other than 2xx."""
        self._transactions.respond(call.transaction, response, self._now())
        self._drain()

    def answer(self, dialog: Dialog, transaction: ServerTransaction, response: Response) -> None:
        """Send a 2xx to an INVITE, until its ACK comes."""
        self._dialogs.answer(dialog, transaction, response, self._now())
        self._drain()

    def _new_request(self, method: str, uri: str, to: str, flow: Flow, caller: str = "") -> Request:
        host = uri.rpartition("@")[2].removeprefix("sip:").partition(":")[0]
        tag = self._transactions.new_tag()
        headers = Headers(
            (
                ("Max-Forwards", 70),
                ("From", f"<sip:{caller or self.user}@{host}>;tag={tag}"),
                ("To", f"<{to}>"),
                ("Call-ID", f"{self._random.getrandbits(64):016x}@{self.address[0]}"),
                ("CSeq", f"1 {method}"),
                ("Contact", self._contact(flow)),
                ("User-Agent", "trunkline-test"),
            )
        )
        return Request(method, uri, headers)

    def _with_credentials(self, request: Request, response: Response) -> Request | None:
        """Return the request once more, with credentials, when the response asks for them."""
        proofs = Proofs(self.user, self.password)
        is_proven = any(field in request.headers for field in FIELDS.values())
        if not self.password or is_proven or not proofs.take(challenges_in(response)):
            return None
        again = Request(request.method, request.target, request.headers.copy(), request.body)
        again.headers.remove("Via")
        proofs.write(again, self._random)
        cseq = request.headers.cseq
        again.headers.set("CSeq", f"{cseq.number + 1} {cseq.method}")
        return again

    def _contact(self, flow: Flow) -> str:
        suffix = "" if flow.transport is Transport.UDP else f";transport={flow.transport}"
        return f"<sip:{self.user}@{self._sent_by(flow)}{suffix}>"

    def _sent_by(self, flow: Flow) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    async def _flow(self, server: Address, transport: Transport) -> Flow:
        if transport is Transport.UDP:
            return Flow(transport, server, self.address)
        return await self._sockets.connect(server)

    async def _open_rtp(self) -> RtpSocket:
        return await RtpSocket.open(self.address[0], self.frequency, self._random, self.echo)

    async def _exchange(self, request: Request, flow: Flow, dialog: Dialog | None) -> Response:
        transaction = self._transactions.send_request(request, flow, self._now())
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = answered
        self._drain()
        response = await answered
        if request.method == INVITE and response.is_success:
            assert dialog is not None
            self._acknowledge(transaction, dialog)
        return response

    def _send_invite(self, call: PlacedCall, invite: Request, flow: Flow) -> None:
        call.invite = invite
        call.transaction = self._transactions.send_request(invite, flow, self._now())
        self._inviting[call.transaction] = call
        self._drain()

    def _acknowledge(self, transaction: ClientTransaction, dialog: Dialog) -> None:
        ack = dialog.ack(transaction.request)
        self._transactions.send_ack(transaction, ack, transaction.flow)
        self._drain()

    def _receive(self, data: bytes | Frame, flow: Flow) -> None:
        self._dialogs.receive(data, flow, self._now())
        self._drain()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _drain(self) -> None:
        while outputs := self._dialogs.drain():
            for output in outputs:
                if not isinstance(output, Transmit):
                    self._on_event(output)
                elif not self.loses(output.data):
                    self._sockets.send(output.data, output.flow)
        self._rearm()

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._dialogs.next_deadline()
        loop = asyncio.get_running_loop()
        self._timer = None if deadline is None else loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._dialogs.on_timer(self._now())
        self._drain()

    def _on_event(self, event: Event) -> None:
        match event:
            case ResponseReceived(transaction, response):
                self.responses.append(response)
                self._on_response(event, transaction, response)
            case RequestReceived(transaction, request):
                self.requests.append(request)
                self._on_request(transaction, request)
            case DialogRequestReceived(dialog, transaction, request):
                self.requests.append(request)
                self._on_dialog_request(dialog, transaction, request)
            case CancelReceived(transaction, request):
                self.requests.append(request)
                next(
                    call for call in self.taken if call.transaction is transaction
                ).receive_cancel()
            case AnswerAcknowledged(dialog, request):
                self.acks.append(request)
                call = self._calls.get(dialog.id)
                if isinstance(call, TakenCall):
                    call.receive_ack(request)
            case RequestTimedOut(transaction) | TransportFailed(transaction):
                self._on_failure(transaction)

    def _taken_by(self, transaction: ServerTransaction) -> TakenCall:
        return next(call for call in self.taken if call.transaction is transaction)

    def _on_response(
        self, event: ResponseReceived, transaction: ClientTransaction, response: Response
    ) -> None:
        if transaction in self._inviting:
            self._on_invite_response(event, self._inviting[transaction])
        elif transaction in self._waiting and not response.is_provisional:
            waiting = self._waiting.pop(transaction)
            if not waiting.done():
                waiting.set_result(response)

    def _on_invite_response(self, event: ResponseReceived, call: PlacedCall) -> None:
        transaction, response, _ = event
        again = self._with_credentials(transaction.request, response)
        if again is not None:
            self._send_invite(call, again, transaction.flow)
            return
        dialog = None
        if 100 < response.status < 300 and response.to_tag:
            dialog = self._dialogs.establish(event)
            self._calls[dialog.id] = call
        if response.is_success and dialog is not None and not call.was_answered:
            self._acknowledge(transaction, dialog)
        call.receive(response, dialog)

    def _on_request(self, transaction: ServerTransaction, request: Request) -> None:
        if request.method == INVITE:
            self._spawn(self._take(transaction))
            return
        status = 200 if request.method == OPTIONS else 481 if request.method == BYE else 405
        reply = request.reply(status, to_tag=self._transactions.new_tag())
        self._transactions.respond(transaction, reply, self._now())

    def _on_dialog_request(
        self, dialog: Dialog, transaction: ServerTransaction, request: Request
    ) -> None:
        call = self._calls[dialog.id]
        if request.method == INVITE:
            body = call.take_offer(request).encode()
            response = dialog.reply(request, 200, body, CONTENT_TYPE)
            self._dialogs.answer(dialog, transaction, response, self._now())
            return
        self._transactions.respond(transaction, dialog.reply(request, 200), self._now())
        if request.method == BYE:
            self._dialogs.terminate(dialog)
            call.receive_bye(request)

    def _on_failure(self, transaction: ClientTransaction) -> None:
        if call := self._inviting.get(transaction):
            call.fail()
        elif (waiting := self._waiting.pop(transaction, None)) and not waiting.done():
            waiting.set_exception(TimeoutError(f"no answer to {transaction.request}"))

    async def _take(self, transaction: ServerTransaction) -> None:
        call = TakenCall(self, await self._open_rtp(), transaction)
        self.taken.append(call)
        self._arrived.set()
        await self.behaviour(call)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
