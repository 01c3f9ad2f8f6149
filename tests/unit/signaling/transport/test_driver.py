"""The core on an event loop, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from trunkline_signaling.sip._wire import PanicException
from trunkline_signaling.sip.dialog_layer import DialogLayer
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    Event,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    TransportFailed,
)
from trunkline_signaling.sip.timing import Timing
from trunkline_signaling.sip.transaction_layer import TransactionLayer
from trunkline_signaling.transport.driver import Driver
from trunkline_signaling.transport.transports import Transports

LOOPBACK: Address = ("127.0.0.1", 0)
BUGS = {"bug": RuntimeError("a bug of ours"), "panic": PanicException("one in Rust")}


class Element:
    """A SIP element that answers OPTIONS and keeps its other events."""

    def __init__(self, timing: Timing | None = None) -> None:
        self.transactions = TransactionLayer(
            Random(1), timing, sent_by=lambda flow: self.transports.sent_by(flow)
        )
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.driver = Driver(DialogLayer(self.transactions), self._handle)
        self.transports = Transports(self.driver.receive, self.driver.failed)
        self.driver.attach(self.transports)

    def _handle(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            bug = BUGS.get(event.request.headers.get("Subject") or "")
            if bug is not None:
                raise bug
            self.transactions.respond(
                event.transaction, event.request.reply(200, to_tag="x"), self.driver.now
            )
        else:
            self.events.put_nowait(event)

    def probe(self, flow: Flow) -> None:
        request = Request(
            "OPTIONS",
            "sip:b",
            Headers(
                (
                    ("Max-Forwards", 70),
                    ("From", "<sip:a@a>;tag=a"),
                    ("To", "<sip:b>"),
                    ("Call-ID", "c"),
                    ("CSeq", "1 OPTIONS"),
                )
            ),
        )
        self.transactions.send_request(request, flow, self.driver.now)
        self.driver.drain()

    async def next_event(self) -> Event:
        async with asyncio.timeout(5):
            return await self.events.get()


@asynccontextmanager
async def element(timing: Timing | None = None) -> AsyncIterator[Element]:
    made = Element(timing)
    async with made.transports:
        yield made
    made.driver.close()


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_a_request_is_answered(transport: Transport) -> None:
    async with element() as a, element() as b:
        await a.transports.listen_udp(LOOPBACK)
        listen = {Transport.UDP: b.transports.listen_udp, Transport.TCP: b.transports.listen_tcp}
        address = await listen[transport](LOOPBACK)
        a.probe(Flow(transport, address))

        event = await a.next_event()
        assert isinstance(event, ResponseReceived)
        assert event.response.status == 200


async def test_timers_run_on_the_loop() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(LOOPBACK)
        async with element(Timing(resend=(0.1, 0.1))) as a:
            await a.transports.listen_udp(LOOPBACK)
            a.probe(Flow(Transport.UDP, silent.getsockname()))

            assert isinstance(await a.next_event(), RequestTimedOut)
            assert a.transports.counters.datagrams_sent == 2


async def test_a_refused_connection_fails_the_request_at_once() -> None:
    with socket.create_server(LOOPBACK) as server:
        address = server.getsockname()
    async with element() as a:
        a.probe(Flow(Transport.TCP, address))

        assert isinstance(await a.next_event(), TransportFailed)


def options(subject: bytes) -> bytes:
    return (
        b"OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a>;tag=1\r\n"
        b"To: <sip:b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nSubject: " + subject + b"\r\n\r\n"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"HELLO",
        b"\xff" * 65_000,
        b"OPTIONS sip:b SIP/2.0\r\nVia: \xff\xfe\r\n\r\n",
        options(subject=b"bug"),
        options(subject=b"panic"),
    ],
    ids=[
        "empty",
        "zeros",
        "keep-alive",
        "large",
        "broken",
        "one that finds a bug of ours",
        "one in Rust",
    ],
)
async def test_whatever_a_datagram_holds_the_next_request_is_answered(data: bytes) -> None:
    async with element() as a, element() as b:
        await a.transports.listen_udp(LOOPBACK)
        address = await b.transports.listen_udp(LOOPBACK)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(data, address)
        a.probe(Flow(Transport.UDP, address))

        assert isinstance(await a.next_event(), ResponseReceived)
