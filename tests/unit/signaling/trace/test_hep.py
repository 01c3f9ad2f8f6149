"""What a HEP collector such as Homer gets (HEP3 Network Protocol Specification)."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address

import pytest
from support.homer import Homer, chunks, homer
from support.waiting import until
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.trace import collector as collecting
from trunkline_signaling.trace.collector import Collector
from trunkline_signaling.trace.hep import Agent, Captured, encode
from trunkline_signaling.trace.ring import Trace

AGENT = Agent(2001, "signaling-0")
LEG_A = Flow(Transport.UDP, ("192.0.2.1", 5060), ("0.0.0.0", 5060))  # noqa: S104
LEG_B = Flow(Transport.TLS, ("2001:db8::1", 5061), ("::", 5061))
OWN = {"192.0.2.1": ("198.51.100.1", 5060), "2001:db8::1": ("2001:db8::9", 5061)}


def message(call_id: str) -> bytes:
    return f"INVITE sip:a@b SIP/2.0\r\nCall-ID: {call_id}\r\n\r\n".encode()


@asynccontextmanager
async def collector_at(address: Address, trace: Trace) -> AsyncIterator[Collector]:
    made = Collector(
        address, AGENT, lambda: 1700000000.25, trace.correlate, lambda ip, kind: OWN[ip]
    )
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await asyncio.sleep(0)


async def test_both_legs_of_a_call_have_its_id_and_their_own_addresses() -> None:
    trace = Trace(1000, lambda: 0.0)
    async with homer() as (taken, address), collector_at(address, trace) as collector:
        collector.offer(message("a-leg"), LEG_A, sent=False)
        collector.offer(message("b-leg"), LEG_B, sent=True)
        trace.call_began("call-1", "a-leg")  # the INVITE came before the call had an id
        trace.call_began("call-1", "b-leg")
        await until(lambda: len(taken.packets) == 2)

        first, second = taken.packets
        assert first[1] == b"\x02" and first[2] == b"\x11"
        assert (first[3], first[4]) == (packed("192.0.2.1"), packed("198.51.100.1"))
        assert struct.unpack("!HH", first[7] + first[8]) == (5060, 5060)
        assert struct.unpack("!II", first[9] + first[10]) == (1700000000, 250_000)
        assert first[11] == b"\x01"
        assert struct.unpack("!I", first[12]) == (2001,)
        assert first[15] == message("a-leg")
        assert second[1] == b"\x0a" and second[2] == b"\x06"
        assert (second[5], second[6]) == (packed("2001:db8::9"), packed("2001:db8::1"))
        assert first[17] == second[17] == b"call-1"
        assert first[19] == b"signaling-0"
        assert collector.sent == 2


async def test_what_belongs_to_no_call_has_its_call_id() -> None:
    trace = Trace(1000, lambda: 0.0)
    async with homer() as (taken, address), collector_at(address, trace) as collector:
        collector.offer(message("register-1"), LEG_A, sent=False)
        await until(lambda: len(taken.packets) == 1)

        assert taken.packets[0][17] == b"register-1"


async def test_mgt03_passwords_and_keys_never_leave() -> None:
    trace = Trace(1000, lambda: 0.0)
    secret = (
        b"REGISTER sip:alice:hush1@b SIP/2.0\r\nCall-ID: c\r\n"
        b"From: <sips:alice:hush2@b>\r\nAuthorization: Basic aHVzaDM=\r\n"
        b'Proxy-Authorization: Digest username="alice", response="kept"\r\n\r\n'
        b"k=base64:hush4\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:hush5|2^20\r\n"
    )
    async with homer() as (taken, address), collector_at(address, trace) as collector:
        collector.offer(secret, LEG_A, sent=False)
        await until(lambda: len(taken.packets) == 1)

        payload = taken.packets[0][15]
        assert b"hush" not in payload and b"aHVzaDM=" not in payload
        assert payload.startswith(b"REGISTER sip:alice:***@b SIP/2.0")
        assert b'response="kept"' in payload


async def test_a_collector_that_is_away_costs_counted_messages_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collecting, "RETRY", 0.01)
    monkeypatch.setattr(collecting, "PAUSE", 0.01)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    trace = Trace(1000, lambda: 0.0)
    async with collector_at(address, trace) as collector:
        collector.offer(message("a"), LEG_A, sent=False)
        await until(lambda: collector.dropped == 1)

        assert collector.sent == 0
        back, taken = await asyncio.get_running_loop().create_datagram_endpoint(
            Homer, local_addr=address
        )
        await asyncio.sleep(0.05)
        collector.offer(message("b"), LEG_A, sent=False)
        await until(lambda: len(taken.packets) == 1)
        back.close()


def test_too_many_that_wait_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "ROOM", 10)
    collector = Collector(("127.0.0.1", 9), AGENT, lambda: 0.0, str, lambda ip, kind: OWN[ip])
    for _ in range(15):
        collector.offer(message("a"), LEG_A, sent=False)

    assert collector.dropped == 5


def test_a_message_of_any_size_fits_a_datagram() -> None:
    captured = Captured(0.0, ("192.0.2.1", 1), ("192.0.2.2", 2), True, b"x" * 70_000, "c")

    assert len(encode(captured, AGENT)) < 65_000


def test_the_collectors_password_is_sent_where_there_is_one() -> None:
    captured = Captured(0.0, ("192.0.2.1", 1), ("192.0.2.2", 2), True, b"x", "c")

    assert chunks(encode(captured, Agent(1, "", "homer")))[14] == b"homer"
    assert 14 not in chunks(encode(captured, AGENT))


def packed(ip: str) -> bytes:
    return ip_address(ip).packed
