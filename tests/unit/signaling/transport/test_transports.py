"""UDP and TCP over real sockets on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.station import HEAD, LOOPBACK, MESSAGE, Peer, Station, connected_to, station
from support.waiting import until
from trunkline_signaling.sip.flow import ANY_LOCAL, Flow, Transport
from trunkline_signaling.sip.framing import Frame
from trunkline_signaling.transport.options import TransportOptions
from trunkline_signaling.transport.transports import Transports

# UDP


async def test_datagrams_go_from_one_station_to_the_other_and_back() -> None:
    async with station() as a, station() as b:
        at_a = await a.transports.listen_udp(LOOPBACK)
        at_b = await b.transports.listen_udp(LOOPBACK)
        a.transports.send(b"over", Flow(Transport.UDP, at_b, at_a))
        received = await b.next()
        b.transports.send(b"back", received.flow)

        assert received == (b"over", Flow(Transport.UDP, at_a, at_b))
        assert await a.next() == (b"back", Flow(Transport.UDP, at_b, at_a))
        assert a.transports.counters.datagrams_sent == 1
        assert a.transports.counters.datagrams_received == 1


async def test_several_local_addresses_keep_their_traffic_apart() -> None:
    async with station() as a, station() as b:
        first = await a.transports.listen_udp(LOOPBACK)
        second = await a.transports.listen_udp(("127.0.0.2", 0))
        at_b = await b.transports.listen_udp(LOOPBACK)
        a.transports.send(b"1", Flow(Transport.UDP, at_b, second))
        a.transports.send(b"2", Flow(Transport.UDP, at_b, first))
        a.transports.send(b"3", Flow(Transport.UDP, at_b, ANY_LOCAL))

        sources = [(await b.next()).flow.remote for _ in range(3)]
        assert sources == [second, first, first]


async def test_what_waits_in_the_kernel_can_be_seen() -> None:
    async with station() as a:
        local = await a.transports.listen_udp(LOOPBACK)
        assert a.transports.waiting == 0

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(10):  # no turn of the event loop between
                sender.sendto(bytes(800), local)
        assert a.transports.waiting >= 8000

        await a.next()
        await until(lambda: a.transports.waiting == 0)


async def test_ipv6_addresses_work_as_ipv4_ones_do() -> None:
    async with station() as a, station() as b:
        at_a = await a.transports.listen_udp(("::1", 0))
        at_b = await b.transports.listen_udp(("::1", 0))
        a.transports.send(b"x", Flow(Transport.UDP, at_b))

        assert (await b.next()).flow == Flow(Transport.UDP, at_a, at_b)


async def test_a_burst_arrives_whole_and_in_order() -> None:
    async with station() as a:
        local = await a.transports.listen_udp(LOOPBACK)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(20):  # more than are taken at once, and an empty one
                sender.sendto(bytes(number), local)

        assert [(await a.next()).data for _ in range(20)] == [bytes(number) for number in range(20)]
        assert a.transports.counters.datagrams_received == 20


async def test_a_bug_that_one_datagram_finds_costs_those_behind_it_nothing() -> None:
    received: list[bytes | Frame] = []

    def receive(data: bytes | Frame, flow: Flow) -> None:
        received.append(data)
        if data == b"0":
            raise RuntimeError("a bug of ours")

    async with Transports(receive, lambda flow: None) as transports:
        local = await transports.listen_udp(LOOPBACK)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(3):
                sender.sendto(b"%d" % number, local)
        await until(lambda: len(received) == 3)

    assert received == [b"0", b"1", b"2"]


async def test_the_flow_to_a_peer_is_made_once_and_kept_for_a_while() -> None:
    async with station() as a:
        local = await a.transports.listen_udp(LOOPBACK)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", local)
            first = (await a.next()).flow
            sender.sendto(b"y", local)
            assert (await a.next()).flow is first

            for number in range(4096):  # all that are kept
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    other.bind((f"127.1.{number >> 8}.{number & 255}", 5060))
                    other.sendto(b"x", local)
                await a.next()
            sender.sendto(b"z", local)
            again = (await a.next()).flow

        assert again == first
        assert again is not first


async def test_what_the_kernel_refuses_is_counted_as_dropped() -> None:
    async with station() as a:
        local = await a.transports.listen_udp(LOOPBACK)
        a.transports.send(bytes(70_000), Flow(Transport.UDP, local))

        assert a.transports.counters.datagrams_dropped == 1
        assert a.transports.counters.datagrams_sent == 0


async def test_what_is_sent_after_the_end_is_dropped() -> None:
    async with station() as a:
        local = await a.transports.listen_udp(LOOPBACK)
    a.transports.send(b"x", Flow(Transport.UDP, local))

    assert a.transports.counters.datagrams_dropped == 1
    assert a.transports.waiting == 0


async def test_a_datagram_without_a_socket_for_it_fails_its_flow() -> None:
    async with station() as a:
        await a.transports.listen_udp(LOOPBACK)
        flow = Flow(Transport.UDP, ("2001:db8::1", 5060))
        a.transports.send(b"x", flow)

        assert await a.next_failure() == flow


async def test_a_taken_port_is_named() -> None:
    async with station() as a:
        host, port = await a.transports.listen_udp(LOOPBACK)

        with pytest.raises(OSError, match=f"cannot listen on UDP 127.0.0.1:{port}"):
            await a.transports.listen_udp((host, port))


async def test_packets_carry_the_tos_byte() -> None:
    """SIG-27 acceptance: DSCP 40."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    receiver.bind(LOOPBACK)
    receiver.settimeout(5)
    async with station() as a:
        await a.transports.listen_udp(LOOPBACK)
        a.transports.send(b"x", Flow(Transport.UDP, receiver.getsockname()))
        _, ancillary, _, _ = await asyncio.to_thread(receiver.recvmsg, 100, 100)
    receiver.close()

    assert ancillary[0][2] == b"\xa0"


def test_a_tos_outside_a_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="0x00 to 0xff"):
        TransportOptions(tos=0x100)


# TCP


async def test_a_connection_is_opened_once_and_used_both_ways() -> None:
    async with station() as a, station() as b:
        at_b = await b.transports.listen_tcp(LOOPBACK)
        a.transports.send(MESSAGE, Flow(Transport.TCP, at_b))
        a.transports.send(MESSAGE, Flow(Transport.TCP, at_b))
        received = await b.next()
        await b.next()
        b.transports.send(MESSAGE, received.flow)
        answer = await a.next()
        a.transports.send(MESSAGE, Flow(Transport.TCP, at_b))
        again = await b.next()

        assert received.data == Frame(HEAD, b"hello")
        assert again.flow == received.flow
        assert answer.flow.remote == at_b
        assert a.transports.counters.connections == 1
        assert b.transports.counters.connections == 1


async def test_torn_and_joined_messages_are_put_together() -> None:
    async with station() as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as peer:
            peer.writer.write(MESSAGE + MESSAGE[:30])
            await a.next()
            peer.writer.write(MESSAGE[30:])

            assert (await a.next()).data == Frame(HEAD, b"hello")


async def test_a_ping_is_answered_with_a_pong() -> None:
    """RFC 5626 section 4.4.1."""
    async with connected_pair() as (a, peer, flow):
        a.transports.send(MESSAGE, flow)
        peer.writer.write(b"\r\n\r\n")

        assert await peer.read(len(MESSAGE) + 2) == MESSAGE + b"\r\n"


async def test_a_stranger_gets_no_byte_and_five_seconds() -> None:
    """AUT-01: no TCP data, and its connection is closed after 5 s whatever it sends."""
    assert TransportOptions().stranger_limit == 5
    async with station(TransportOptions(stranger_limit=0.1)) as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as peer:
            peer.writer.write(b"\r\n\r\n" + MESSAGE)
            await a.next()

            assert await peer.ends() == b""


async def test_a_message_that_drips_keeps_no_connection_open() -> None:
    """Slow loris: bytes are not messages."""
    options = TransportOptions(idle_limit=0.2)
    async with connected_pair(options) as (a, peer, flow):
        a.transports.send(MESSAGE, flow)
        dripping = asyncio.create_task(drip(peer))

        await until(lambda: a.transports.counters.connections == 0)
        dripping.cancel()


async def drip(peer: Peer) -> None:
    while True:
        peer.writer.write(b"O")
        await asyncio.sleep(0.02)


async def test_a_source_that_comes_too_often_is_not_let_in() -> None:
    async with station(admits=lambda ip: False) as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as peer:
            assert await peer.ends() == b""
        assert a.transports.counters.limited == 1
        assert a.transports.counters.connections == 0


async def test_a_refused_connection_fails_its_flow() -> None:
    with socket.create_server(LOOPBACK) as server:
        address = server.getsockname()
    async with station() as a:
        flow = Flow(Transport.TCP, address)
        a.transports.send(MESSAGE, flow)

        assert await a.next_failure() == flow
        assert a.transports.counters.connections_failed == 1


async def test_a_stream_that_is_no_sip_is_cut_off() -> None:
    async with station() as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as peer:
            peer.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

            assert await peer.ends() == b""
        assert a.transports.counters.connections_broken == 1
        assert a.received.empty()


async def test_an_idle_connection_is_closed_with_fin() -> None:
    """SIG-17: Off is FIN."""
    async with station(TransportOptions(idle_limit=0.01)) as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as peer:
            assert await peer.ends() == b""


async def test_an_idle_connection_is_closed_with_rst() -> None:
    """SIG-17: On is RST."""
    async with station(TransportOptions(idle_limit=0.01, close_reset=True)) as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as peer:
            with pytest.raises(ConnectionResetError):
                await peer.ends()


async def test_a_changed_manner_of_closing_holds_for_open_connections_too() -> None:
    """SIG-17, further case."""
    async with connected_pair() as (a, peer, _):
        a.transports.options = TransportOptions(close_reset=True)
        await a.transports.close()

        with pytest.raises(ConnectionResetError):
            await peer.ends()


async def test_closing_with_fin_sends_what_is_left() -> None:
    async with connected_pair() as (a, peer, flow):
        a.transports.send(MESSAGE, flow)
        await a.transports.close()

        assert await peer.ends() == MESSAGE


async def test_a_connection_too_many_is_closed_at_once() -> None:
    async with station(TransportOptions(max_connections=1)) as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as first, connected_to(address) as second:
            assert await second.ends() == b""
            first.writer.write(MESSAGE)
            await a.next()

            assert a.transports.counters.connections == 1
            assert a.transports.counters.connections_refused == 1


async def test_a_peer_that_does_not_read_is_cut_off_and_wedges_nobody() -> None:
    async with station(TransportOptions(max_unsent=100_000)) as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as stuck, connected_to(address) as other:
            stuck.writer.write(MESSAGE)
            flow = (await a.next()).flow
            for _ in range(2_000):
                a.transports.send(b"x" * 10_000, flow)
            other.writer.write(MESSAGE)
            a.transports.send(MESSAGE, (await a.next()).flow)

            assert await other.read(len(MESSAGE)) == MESSAGE
            assert await a.next_failure() == flow
            assert a.transports.counters.connections_broken >= 1


async def test_a_connection_the_peer_resets_fails_its_flow() -> None:
    async with connected_pair() as (a, peer, flow):
        peer.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )
        peer.writer.transport.abort()

        assert await a.next_failure() == flow


async def test_a_connection_the_peer_closes_is_forgotten_without_a_fuss() -> None:
    async with connected_pair() as (a, peer, _):
        peer.writer.close()
        await until(lambda: a.transports.counters.connections == 0)

        assert a.failed.empty()


# Addresses


async def test_peers_are_told_the_advertised_address() -> None:
    async with station() as a:
        local = await a.transports.listen_udp(LOOPBACK, advertised=("203.0.113.1", 0))
        tcp = await a.transports.listen_tcp(LOOPBACK)
        remote = ("127.0.0.1", 9)

        assert a.transports.sent_by(Flow(Transport.UDP, remote, local)) == f"203.0.113.1:{local[1]}"
        assert a.transports.sent_by(Flow(Transport.TCP, remote)) == f"127.0.0.1:{tcp[1]}"


@asynccontextmanager
async def connected_pair(
    options: TransportOptions | None = None,
) -> AsyncIterator[tuple[Station, Peer, Flow]]:
    """Give a station, a peer of it and the flow between them."""
    async with station(options) as a:
        address = await a.transports.listen_tcp(LOOPBACK)
        async with connected_to(address) as peer:
            peer.writer.write(MESSAGE)
            yield a, peer, (await a.next()).flow
