"""What of signaling reads the network, each as a function of bytes that must not fail.

Whatever comes in, a target returns: a peer's mistakes are typed errors, all else is a bug. What can
be read and printed must be read again as the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from trunkline_signaling.sip.dialog_layer import DialogLayer
from trunkline_signaling.sip.errors import RemoteProtocolError
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.framing import Framer, StreamBroken
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import RequestReceived
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.sdp import SessionDescription
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.sip.validation import check_request, check_response
from trunkline_signaling.transport.websocket import WebSocketStream

FLOW: Final = Flow(Transport.UDP, ("192.0.2.1", 5060), ("192.0.2.2", 5060))
SEPARATOR: Final = b"\x00\xff"
"""Stands between two inputs of one run."""
HANDSHAKE: Final = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: sip\r\n\r\n"
)


def message(data: bytes) -> None:
    """One datagram, all of its typed header fields, and its print."""
    try:
        read = parse_datagram(data)
        if isinstance(read, Request):
            check_request(read)
        else:
            check_response(read)
        _ = read.headers.contact
    except RemoteProtocolError:
        return
    assert parse_datagram(read.encode()) == read


def stream(data: bytes) -> None:
    """A stream in two pieces, cut where the first byte says."""
    framer, cut = Framer(), data[0] if data else 0
    try:
        for piece in (data[1 : cut + 1], data[cut + 1 :]):
            list(framer.feed(piece))
    except StreamBroken:
        return


def transactions(data: bytes) -> None:
    """Datagrams into transactions and dialogs that answer what they are asked, and the timers."""
    core = DialogLayer(TransactionLayer(Random(0)))  # noqa: S311 - repeatable
    now = 0.0
    for datagram in data.split(SEPARATOR):
        core.receive(datagram, FLOW, now)
        _answer(core, now)
        now += 0.7
    while (deadline := core.next_deadline()) is not None:
        core.on_timer(deadline)
        core.drain()
    assert len(core.transactions) == 0


def _answer(core: DialogLayer, now: float) -> None:
    for output in core.drain():
        if isinstance(output, RequestReceived) and output.request.method != "ACK":
            refusal = output.request.reply(486, to_tag="x")
            core.transactions.respond(output.transaction, refusal, now)


def sdp(data: bytes) -> None:
    """A session description, what is read of it, and its print."""
    try:
        description = SessionDescription.parse(data)
        for media in description.media:
            _ = description.address_of(media), description.direction_of(media), media.port
            _ = media.rtpmaps, media.fmtps, media.ptime, media.crypto, media.rtcp_port
    except RemoteProtocolError:
        return
    assert SessionDescription.parse(description.encode()) == description


def websocket(data: bytes) -> None:
    """A WebSocket connection: with a first byte below 128 its handshake is done before."""
    connection = WebSocketStream()
    try:
        if data and data[0] < 128:
            list(connection.feed(HANDSHAKE))
        list(connection.feed(data[1:]))
    except StreamBroken:
        return


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "message": message,
    "stream": stream,
    "transactions": transactions,
    "sdp": sdp,
    "websocket": websocket,
}
