"""SIP over WebSocket against the websockets library, a client of others (RFC 7118)."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets
from support.certificates import Authority
from support.station import LOOPBACK, Station, connected_to, station
from trunkline_signaling.sip.flow import Address, Transport
from trunkline_signaling.transport.certificates import CertificateFiles, Certificates
from trunkline_signaling.transport.options import TransportOptions
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.typing import Subprotocol

SIP = [Subprotocol("sip")]
MESSAGE = "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid\r\n\r\nhello"


@asynccontextmanager
async def browser_at(
    options: TransportOptions | None = None,
) -> AsyncIterator[tuple[Station, ClientConnection]]:
    async with station(options) as switch:
        address = await switch.transports.listen_websocket(LOOPBACK)
        async with connect(url(address), subprotocols=SIP) as browser:
            yield switch, browser


def url(address: Address, scheme: str = "ws") -> str:
    return f"{scheme}://{address[0]}:{address[1]}/"


async def test_rfc7118_messages_go_one_a_frame_both_ways() -> None:
    async with browser_at() as (switch, browser):
        await browser.send(MESSAGE)
        received = await switch.next()
        switch.transports.send(MESSAGE.encode(), received.flow)

        assert browser.subprotocol == "sip"
        assert received.data == MESSAGE.encode()
        assert received.flow.transport is Transport.WS
        assert await browser.recv() == MESSAGE


async def test_rfc7118_binary_and_fragmented_messages_are_read() -> None:
    async with browser_at() as (switch, browser):
        await browser.send([b"one ", b"message"])

        assert (await switch.next()).data == b"one message"


async def test_rfc7118_what_is_not_utf8_is_sent_as_binary() -> None:
    async with browser_at() as (switch, browser):
        await browser.send(MESSAGE)
        switch.transports.send(b"\xff", (await switch.next()).flow)

        assert await browser.recv() == b"\xff"


async def test_rfc7118_a_client_without_the_subprotocol_is_refused() -> None:
    async with station() as switch:
        address = await switch.transports.listen_websocket(LOOPBACK)

        with pytest.raises(InvalidStatus, match="400"):
            await connect(url(address), subprotocols=[Subprotocol("chat")])


async def test_rfc7118_who_is_gone_is_not_called_back() -> None:
    async with browser_at() as (switch, browser):
        await browser.send(MESSAGE)
        flow = (await switch.next()).flow
        await browser.close()
        switch.transports.send(b"x", flow)

        assert await switch.next_failure() == flow
        assert switch.transports.counters.connections_failed == 0


async def test_a_terminal_is_reached_by_the_address_it_registered_from() -> None:
    """RFC 7118: calls go along the connection of the REGISTER, whatever our local address is."""
    async with browser_at() as (switch, browser):
        await browser.send(MESSAGE)
        flow = (await switch.next()).flow
        switch.transports.send(b"INVITE", flow._replace(local=("0.0.0.0", 80)))  # noqa: S104

        assert await browser.recv() == "INVITE"


async def test_pings_are_answered() -> None:
    async with browser_at() as (_, browser):
        await (await browser.ping())


async def test_a_close_is_answered_in_kind() -> None:
    async with browser_at() as (_, browser):
        await browser.close()

        assert browser.close_code == 1000


async def test_a_leaving_switch_says_so() -> None:
    async with browser_at() as (switch, browser):
        await switch.transports.close()

        with pytest.raises(ConnectionClosedOK, match="1001"):
            await browser.recv()


async def test_a_message_larger_than_a_datagram_ends_the_connection() -> None:
    async with browser_at() as (switch, browser):
        await browser.send("x" * 65_536)

        with pytest.raises(ConnectionClosedError):
            await browser.recv()
        assert switch.received.empty()


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 100, MESSAGE.encode()]
)
async def test_what_is_no_websocket_gets_no_byte(data: bytes) -> None:
    """AUT-01: a scanner learns nothing."""
    async with station() as switch:
        address = await switch.transports.listen_websocket(LOOPBACK)
        async with connected_to(address) as peer:
            peer.writer.write(data)

            assert await peer.ends() == b""


async def test_a_silent_browser_is_closed_as_any_idle_connection() -> None:
    async with browser_at(TransportOptions(idle_limit=0.05)) as (_, browser):
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            await browser.recv()


async def test_wss_is_websocket_under_the_certificate_of_sip(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("switch", addresses=["127.0.0.1"])
    serving = Certificates(CertificateFiles(issued.cert, issued.key)).serving
    async with station() as switch:
        address = await switch.transports.listen_websocket(LOOPBACK, tls=serving)
        trusting = ssl.create_default_context(cafile=authority.ca)
        async with connect(url(address, "wss"), subprotocols=SIP, ssl=trusting) as browser:
            await browser.send(MESSAGE)

            assert (await switch.next()).flow.transport is Transport.WSS
