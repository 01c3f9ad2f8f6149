"""What a call costs signaling, SIP and call machine together: CPU, and memory while it is held.

    python benches/calls.py                # microseconds an answered call, best of short runs
    python benches/calls.py --profile      # where they go
    python benches/calls.py --held 10000   # resident memory with so many calls in progress, and the
                                           # longest pass of the garbage collector meanwhile
    python benches/calls.py --registers    # microseconds a REGISTER that refreshes

One process, no sockets and no gRPC: the other services answer at once, and the peers are templates
that cost little. What comes on top in production are the hops
(benches/hop.py), sockets and the CDR's way to disk.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import os
import pstats
import re
import time
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import NoReturn

from processes import resident_bytes
from prometheus_client import CollectorRegistry
from trunkline_kernel.collector import spare_the_collector
from trunkline_kernel.metrics import Metrics
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.cdr import Cdr
from trunkline_signaling.calls.parties import Endpoint, EndpointKind, Numbers, Target
from trunkline_signaling.calls.policy import Candidate
from trunkline_signaling.calls.services import (
    Allowed,
    Authorized,
    DigitsSent,
    Extended,
    Located,
    MediaClosed,
    MediaConnected,
    MediaOpened,
    PlayBegun,
    PlayStopped,
    Registered,
    RegisteredContact,
    Released,
    Routed,
)
from trunkline_signaling.observation import Observation
from trunkline_signaling.shell.ports import Services
from trunkline_signaling.shell.switch import Switch
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.trace.ring import Trace

RUNS = 7
CALLS = 300
OWN: Address = ("10.0.0.1", 5060)
CALLER: Address = ("10.0.0.2", 5060)
VENDOR: Address = ("10.0.0.3", 5060)
SDP = (
    b"v=0\r\no=- 2890844526 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"
    b"m=audio 49172 RTP/AVP 8 0 18 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
)
ECHOED = re.compile(rb"(?m)^((?:Via|From|To|Call-ID|CSeq): [^\r\n]*)\r\n")
PLAN = Routed(
    Numbers("14155550123", "00442071838750", "14155550123", "442071838750"),
    "acme",
    EndpointKind.MAPPING_GATEWAY,
    Candidate(
        1,
        Endpoint(EndpointKind.ROUTING_GATEWAY, "voxcarrier"),
        (Target(*VENDOR),),
        request_uri_user="442071838750",
        to_user="442071838750",
        from_user="14155550123",
    ),
)


class Instant:
    """All four services and the outbox, answering at once."""

    async def admit(self, question: object) -> Allowed:
        return Allowed(Endpoint(EndpointKind.MAPPING_GATEWAY, "acme-pbx"))

    async def register(self, question: object) -> Registered:
        return Registered((RegisteredContact("sip:1001@10.0.0.2", timedelta(hours=1)),))

    async def locate(self, question: object) -> Located:
        return Located(())

    async def route(self, question: object) -> Routed:
        return PLAN

    async def next_candidate(self, question: object) -> NoReturn:
        raise AssertionError

    async def screen(self, question: object) -> NoReturn:
        raise AssertionError

    async def report_end(self, question: object) -> NoReturn:
        raise AssertionError

    async def release(self, question: object) -> Released:
        return Released()

    async def renew_leases(self, instance: str, epoch: str) -> bool:
        return True

    async def announce_seats(self, instance: str, epoch: str, seats: object) -> None:
        return None

    async def report_gateways(self, instance: str, reports: object) -> None:
        return None

    async def authorize(self, question: object) -> Authorized:
        return Authorized()

    async def extend(self, question: object) -> Extended:
        return Extended(None)

    async def open(self, question: object) -> MediaOpened:
        return MediaOpened("m", ("10.0.0.9", 10000), ("10.0.0.9", 10002))

    async def connect(self, question: object) -> MediaConnected:
        return MediaConnected()

    async def close(self, question: object) -> MediaClosed:
        return MediaClosed()

    async def send_digits(self, question: object) -> DigitsSent:
        return DigitsSent()

    async def play(self, question: object) -> PlayBegun:
        return PlayBegun(timedelta(0))

    async def stop_play(self, question: object) -> PlayStopped:
        return PlayStopped()

    def opened(self, cdr: Cdr) -> None:
        return None

    def finished(self, cdr: Cdr, stored: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(stored)

    def known(self, target: Target) -> Address:
        return target.host, target.port

    async def find(self, target: Target) -> None:
        return None

    def failed(self, target: Target, address: Address) -> None:
        return None

    def seen_by(self, remote: str, transport: Transport) -> Address:
        return OWN

    def now(self) -> float:
        return time.monotonic()


class Peers:
    """Caller and vendor as templates. Satisfies the switch's `Network`."""

    def __init__(self) -> None:
        self.receive: Callable[[bytes, Flow], None] = lambda data, flow: None
        self.acknowledged = 0
        self.ended = 0
        self.hang_up = True
        """Whether the caller ends its calls."""
        self._loop = asyncio.get_running_loop()

    def local(self, transport: Transport) -> Address:
        return OWN

    def knows(self, ip: str) -> bool:
        return True

    def overloaded(self) -> bool:
        return False

    def call(self, number: int) -> None:
        """Send an INVITE."""
        self._from_caller(_request(b"INVITE", number, 1, b"", SDP))

    def register(self, number: int) -> None:
        """Send a REGISTER."""
        self._from_caller(_request(b"REGISTER", number, 1, b""))

    def send(self, data: bytes, flow: Flow) -> None:
        """React to what the switch sends."""
        if flow.remote == VENDOR:
            self._as_vendor(data)
        else:
            self._as_caller(data)

    def _as_vendor(self, data: bytes) -> None:
        if data.startswith(b"INVITE"):
            self._from_vendor(_response(data, b"180 Ringing"))
            self._from_vendor(_response(data, b"200 OK", SDP))
        elif data.startswith(b"BYE"):
            self._from_vendor(_response(data, b"200 OK"))

    def _as_caller(self, data: bytes) -> None:
        if not data.startswith(b"SIP/2.0 200"):
            return
        number = int(data.partition(b"Call-ID: call-")[2].partition(b"\r\n")[0])
        if b"CSeq: 1 INVITE" in data:
            tag = data.partition(b"\r\nTo: ")[2].partition(b";tag=")[2].partition(b"\r\n")[0]
            self._from_caller(_request(b"ACK", number, 1, tag))
            self.acknowledged += 1
            if self.hang_up:
                self._from_caller(_request(b"BYE", number, 2, tag))
        else:
            self.ended += 1

    def _from_caller(self, data: bytes) -> None:
        self._loop.call_soon(self.receive, data, Flow(Transport.UDP, CALLER, OWN))

    def _from_vendor(self, data: bytes) -> None:
        self._loop.call_soon(self.receive, data, Flow(Transport.UDP, VENDOR, OWN))


def _request(method: bytes, number: int, cseq: int, tag: bytes, body: bytes = b"") -> bytes:
    to_tag = b";tag=" + tag if tag else b""
    kind = b"Content-Type: application/sdp\r\n" if body else b""
    return (
        b"%s sip:00442071838750@10.0.0.1 SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK%d-%s;rport\r\n"
        b"Max-Forwards: 70\r\nFrom: <sip:14155550123@10.0.0.2>;tag=c%d\r\n"
        b"To: <sip:00442071838750@10.0.0.1>%s\r\nCall-ID: call-%d\r\nCSeq: %d %s\r\n"
        b"Contact: <sip:14155550123@10.0.0.2:5060>\r\nUser-Agent: bench/1\r\n%s"
        b"Content-Length: %d\r\n\r\n%s"
        % (method, number, method, number, to_tag, number, cseq, method, kind, len(body), body)
    )


def _response(request: bytes, status: bytes, body: bytes = b"") -> bytes:
    lines = ECHOED.findall(request)
    echoed = b"\r\n".join(
        line + b";tag=v" if line.startswith(b"To:") and b";tag=" not in line else line
        for line in lines
    )
    kind = b"Content-Type: application/sdp\r\n" if body else b""
    return b"SIP/2.0 %s\r\n%s\r\nContact: <sip:10.0.0.3:5060>\r\n%sContent-Length: %d\r\n\r\n%s" % (
        status,
        echoed,
        kind,
        len(body),
        body,
    )


def _switch() -> tuple[Switch, Peers]:
    world, peers = Instant(), Peers()
    metrics = Metrics("signaling", CollectorRegistry())
    settings = CallSettings("bench", world)
    switch = Switch(
        Services(world, world, world, world),
        world,
        peers,
        world,
        world,
        Observation(metrics, Trace(1 << 20, time.time)),
        lambda: settings,
        Random(1),
    )
    peers.receive = switch.receive
    return switch, peers


async def _eight_at_a_time(
    count: int, begin: Callable[[int], None], done: Callable[[], int]
) -> float:
    """Return CPU seconds for so many."""
    began = time.process_time()
    for number in range(count):
        begin(number)
        while number - done() >= 8:  # noqa: ASYNC110  the loop is what is measured
            await asyncio.sleep(0)
    while done() < count:  # noqa: ASYNC110  the loop is what is measured
        await asyncio.sleep(0)
    return time.process_time() - began


async def _run(calls: int) -> float:
    """Return CPU seconds for so many answered and ended calls."""
    _, peers = _switch()
    return await _eight_at_a_time(calls, peers.call, lambda: peers.ended)


async def _register(count: int) -> float:
    """Return CPU seconds for so many REGISTERs."""
    _, peers = _switch()
    return await _eight_at_a_time(count, peers.register, lambda: peers.ended)


class CollectorWatch:
    """Times the passes of the garbage collector."""

    def __init__(self) -> None:
        self.longest = 0.0
        """CPU seconds."""
        self._began = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _: object) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.longest = max(self.longest, time.thread_time() - self._began)


async def _hold(calls: int) -> tuple[int, int, float]:
    """Return the resident bytes before and with so many calls in progress, and the longest pass."""
    switch, peers = _switch()
    peers.hang_up = False
    spare_the_collector()  # as a service's process does
    collector = CollectorWatch()
    before = resident_bytes(os.getpid())
    await _eight_at_a_time(calls, peers.call, lambda: peers.acknowledged)
    await asyncio.sleep(0.1)
    assert len(switch.calls) == calls
    return before, resident_bytes(os.getpid()), collector.longest


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--held", type=int, default=0, metavar="CALLS")
    parser.add_argument("--registers", action="store_true")
    options = parser.parse_args()
    if options.profile:
        with cProfile.Profile() as profile:
            asyncio.run(_run(1000))
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    elif options.held:
        before, held, longest = asyncio.run(_hold(options.held))
        each = (held - before) / options.held / 1024
        print(f"{options.held} calls held: {held >> 20} MiB resident, {each:.1f} KiB a call")
        print(f"the garbage collector's longest pass: {longest * 1e3:.1f} ms of CPU")
    elif options.registers:
        best = min(asyncio.run(_register(CALLS * 3)) for _ in range(RUNS))
        print(f"a REGISTER: {best / CALLS / 3 * 1e6:.0f} us")
    else:
        best = min(asyncio.run(_run(CALLS)) for _ in range(RUNS))
        print(f"an answered call: {best / CALLS * 1e6:.0f} us")


if __name__ == "__main__":
    main()
