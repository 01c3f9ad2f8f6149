"""AUT-01 Off: whatever a stranger sends, not one byte leaves the switch."""

import asyncio

import pytest
from support.switch import CALLER, SWITCH, SwitchBench, invite, vendor
from trunkline_signaling.calls.services import Allowed, Dropped, Rejected
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.message import Request

FLOW = Flow(Transport.UDP, CALLER, SWITCH)


def datagram(method: str = "INVITE", branch: str = "z9hG4bK1", **fields: str) -> bytes:
    request = invite()
    request = Request(method, request.target, request.headers, request.body)
    request.headers.set("Via", f"SIP/2.0/UDP 10.0.0.2:5060;branch={branch}")
    request.headers.set("CSeq", f"1 {method}")
    for name, value in fields.items():
        request.headers.set(name.replace("_", "-"), value)
    return request.encode()


PROBES = {
    "INVITE": [datagram()],
    "OPTIONS": [datagram("OPTIONS")],
    "REGISTER": [datagram("REGISTER")],
    "MESSAGE": [datagram("MESSAGE")],
    "an unknown method": [datagram("HACK")],
    "BYE of no dialog": [datagram("BYE", To="<sip:a@a>;tag=x")],
    "CANCEL of nothing": [datagram("CANCEL")],
    "ACK": [datagram("ACK")],
    "a merged request": [datagram(), datagram(branch="z9hG4bK2")],
    "no hops left": [datagram(Max_Forwards="0")],
    "an extension": [datagram(Require="nothing")],
    "a malformed CSeq": [datagram().replace(b"CSeq: 1 INVITE", b"CSeq: x")],
    "a malformed From": [datagram(From="<<<")],
    "no To": [datagram().replace(b"To: ", b"X-To: ")],
    "another version": [datagram().replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1)],
    "an unknown scheme": [datagram().replace(b"INVITE sip:", b"INVITE nobody:", 1)],
    "a short body": [datagram() + b"", datagram()[:-20]],
    "an INVITE without Contact": [datagram().replace(b"Contact: ", b"X-Contact: ")],
    "a keep-alive": [b"\r\n\r\n", b"\x00" * 4],
}


@pytest.mark.parametrize("probe", PROBES)
async def test_a_stranger_hears_nothing(probe: str) -> None:
    bench = SwitchBench(vendor())
    bench.auth.decision = bench.auth.registration = Dropped("unauthorized")
    for data in PROBES[probe]:
        bench.switch.receive(data, FLOW)
    await asyncio.sleep(10)

    assert bench.to(CALLER) == []


async def test_a_stranger_hears_nothing_from_a_draining_switch() -> None:
    bench = SwitchBench(vendor())
    bench.auth.decision = Dropped("unauthorized")
    bench.switch.drain()
    bench.switch.receive(datagram(), FLOW)
    await asyncio.sleep(10)

    assert bench.to(CALLER) == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (datagram("CANCEL"), "481"),
        (datagram().replace(b"CSeq: 1 INVITE", b"CSeq: x"), "400"),
        (datagram(From="<<<"), "400"),
    ],
    ids=["CANCEL of nothing", "a malformed CSeq", "a malformed From"],
)
async def test_a_known_source_is_told_what_is_wrong(data: bytes, status: str) -> None:
    bench = SwitchBench(vendor())
    bench.auth.decision = Allowed(None)
    bench.switch.receive(data, FLOW)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == [status]


async def test_a_strangers_cancel_is_never_answered() -> None:
    """AUT-01: none in both settings."""
    bench = SwitchBench(vendor())
    bench.auth.decision = Rejected(403)
    bench.switch.receive(datagram("CANCEL"), FLOW)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == []


async def test_a_message_of_a_limited_source_reaches_nobody() -> None:
    bench = SwitchBench(vendor())
    bench.switch.limited(datagram(), FLOW)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == []
    assert bench.auth.asked == []
