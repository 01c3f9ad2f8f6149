"""One call of a test endpoint, placed or taken, with its sound."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.methods import BYE, INVITE
from trunkline_signaling.sip.sdp import CONTENT_TYPE, Direction, SessionDescription
from trunkline_signaling.sip.transactions import ClientTransaction, ServerTransaction
from trunkline_signaling.sip.uri import SipUri

from .offers import common_formats, describe, media_address
from .voice import RtpSocket

if TYPE_CHECKING:
    from .endpoint import Endpoint

PATIENCE: Final = 10.0
"""Seconds a call may take to the stage that is waited for."""


class Stage(IntEnum):
    """How far a call has come."""

    TRYING = 0
    RINGING = 1
    CONNECTED = 2
    ENDED = 3


class CallRefused(AssertionError):
    """The call ended without being answered."""


class Call:
    """What both directions share."""

    def __init__(self, endpoint: Endpoint, rtp: RtpSocket, invite: Request) -> None:
        self.endpoint = endpoint
        self.rtp = rtp
        self.invite = invite
        self.stage = Stage.TRYING
        self.status = 0
        """Final SIP status. Zero while there is none."""
        self.ended_by_peer = False
        self.bye: Request | None = None
        """The BYE that came, if one did."""
        self.dialog: Dialog | None = None
        self.was_answered = False
        self._version = 1
        self._changed = asyncio.Event()

    @property
    def number(self) -> str:
        """The number that is called, as in the Request-URI."""
        return _number(self.invite.request_uri)

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.stage is Stage.ENDED

    async def reach(self, stage: Stage, timeout: float = PATIENCE) -> None:
        """Wait for a stage. Raises `CallRefused` when the call ends before it is answered."""
        async with asyncio.timeout(timeout):
            while self.stage < stage:
                self._changed.clear()
                await self._changed.wait()
        if stage <= Stage.CONNECTED <= self.stage and not self.was_answered:
            raise CallRefused(f"refused with {self.status}")

    async def connected(self, timeout: float = PATIENCE) -> None:
        """Wait for the answer."""
        await self.reach(Stage.CONNECTED, timeout)

    async def ended(self, timeout: float = PATIENCE) -> None:
        """Wait for the end."""
        await self.reach(Stage.ENDED, timeout)

    async def hang_up(self) -> Response:
        """Send BYE and return its answer."""
        self._move(Stage.ENDED)
        return await self._request(BYE)

    async def modify(self, direction: Direction) -> Response:
        """Send a re-INVITE with this direction and return its final answer."""
        self._version += 1
        offer = self.description(direction=direction)
        response = await self._request(INVITE, offer.encode(), CONTENT_TYPE)
        if response.is_success:
            self.hear_description(response.body)
        return response

    def description(
        self, formats: tuple[int, ...] | None = None, direction: Direction = Direction.SENDRECV
    ) -> SessionDescription:
        """Return our own session description."""
        host = self.endpoint.address[0]
        chosen = {} if formats is None else {"formats": formats}
        return describe(host, self.rtp.port, self._version, direction=direction, **chosen)

    def hear_description(self, body: bytes) -> SessionDescription | None:
        """Take the peer's description: talk to where it listens, or be quiet."""
        if not body:
            return None
        description = SessionDescription.parse(body)
        remote = media_address(description)
        if remote is None:
            self.rtp.be_quiet()
        else:
            self.rtp.talk(remote)
        return description

    def receive_bye(self, request: Request) -> None:
        """Take the peer's BYE."""
        self.bye = request
        self.ended_by_peer = True
        self._move(Stage.ENDED)

    def take_offer(self, request: Request) -> SessionDescription:
        """Take a re-INVITE's offer and return our answer."""
        self._version += 1
        offer = self.hear_description(request.body)
        if offer is None:
            return self.description()
        direction = offer.direction_of(offer.audio).reversed if offer.audio else Direction.INACTIVE
        return self.description(common_formats(offer), direction)

    async def _request(self, method: str, body: bytes = b"", content_type: str = "") -> Response:
        assert self.dialog is not None, "no dialog yet"
        request = self.dialog.request(method, body, content_type)
        return await self.endpoint.request(request, dialog_flow(self.dialog), self.dialog)

    def _move(self, stage: Stage) -> None:
        if stage > self.stage:
            self.stage = stage
            self.was_answered |= stage is Stage.CONNECTED
            if stage is Stage.ENDED:
                self.rtp.close()
            self._changed.set()


class PlacedCall(Call):
    """A call this endpoint has placed."""

    def __init__(self, endpoint: Endpoint, rtp: RtpSocket, invite: Request) -> None:
        super().__init__(endpoint, rtp, invite)
        self.transaction: ClientTransaction | None = None
        self.provisionals: list[int] = []
        self.response: Response | None = None
        """The final response."""

    def cancel(self) -> None:
        """Give up. The call ends with the 487 that follows."""
        assert self.transaction is not None
        self.endpoint.cancel(self.transaction)

    def receive(self, response: Response, dialog: Dialog | None) -> None:
        """Take a response to our INVITE."""
        self.dialog = dialog or self.dialog
        if response.is_provisional:
            self.provisionals.append(response.status)
            self.hear_description(response.body)
            if response.status > 100:
                self._move(Stage.RINGING)
            return
        self.status, self.response = response.status, response
        if response.is_success:
            self.hear_description(response.body)
            self._move(Stage.CONNECTED)
        else:
            self._move(Stage.ENDED)

    def fail(self) -> None:
        """Note that nobody answered."""
        self.status = 408
        self._move(Stage.ENDED)


class TakenCall(Call):
    """A call that came in. A behaviour says what becomes of it."""

    def __init__(self, endpoint: Endpoint, rtp: RtpSocket, transaction: ServerTransaction) -> None:
        super().__init__(endpoint, rtp, transaction.request)
        self.transaction = transaction
        self.acknowledged = asyncio.Event()

    @property
    def caller(self) -> str:
        """Number in From."""
        return _number(self.invite.headers.from_.uri)

    def ring(self, status: int = 180, early_media: bool = False) -> None:
        """Send a provisional response, with our sound in it when wished."""
        body = self._answer_body() if early_media else b""
        self.endpoint.respond(self, self._opened().reply(self.invite, status, body, CONTENT_TYPE))
        self._move(Stage.RINGING)

    def answer(self) -> None:
        """Send 200 with our description."""
        dialog = self._opened()
        response = dialog.reply(self.invite, 200, self._answer_body(), CONTENT_TYPE)
        self.endpoint.answer(dialog, self.transaction, response)
        self.status = 200
        self._move(Stage.CONNECTED)

    def refuse(self, status: int, **headers: str) -> None:
        """Send a final failure; `Retry_After="5"` adds a header."""
        response = self._opened().reply(self.invite, status)
        for name, value in headers.items():
            response.headers.set(name.replace("_", "-"), value)
        self.status = status
        self.endpoint.respond(self, response)
        self._move(Stage.ENDED)

    def receive_cancel(self) -> None:
        """Answer the INVITE with 487, unless it is answered already."""
        if self.stage < Stage.CONNECTED:
            self.ended_by_peer = True
            self.refuse(487)

    def receive_ack(self, request: Request) -> None:
        """Take the ACK, with the answer in it when the offer was ours."""
        self.hear_description(request.body)
        self.acknowledged.set()

    def _opened(self) -> Dialog:
        if self.dialog is None:
            self.dialog = self.endpoint.open_dialog(self)
        return self.dialog

    def _answer_body(self) -> bytes:
        offer = self.hear_description(self.invite.body)
        if offer is None:
            return self.description().encode()
        return self.description(common_formats(offer)).encode()


def dialog_flow(dialog: Dialog) -> Flow:
    """Return the way to the peer: over UDP where its Contact or Route says."""
    hop = dialog.next_hop
    if dialog.flow.transport is not Transport.UDP or not isinstance(hop, SipUri):
        return dialog.flow
    remote: Address = (hop.host, hop.effective_port)
    return dialog.flow._replace(remote=remote)


def _number(uri: object) -> str:
    return uri.number if isinstance(uri, SipUri) else str(uri)
