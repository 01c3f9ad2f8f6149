"""Plain calls through a switch between two networks are relayed in the kernel.

What the kernel path does on one machine is tested with the engine (`crates/relay/tests/kernel.rs`).
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from support.namespaces import Namespace, connect, namespaces
from support.rtp import rtp_packet
from trunkline_engine import Engine, KernelPathRefused, LegSettings, SessionCounters
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.settings import SettingsError
from trunkline_media.__main__ import start_engine
from trunkline_media.observation import Observation
from trunkline_media.parameters import PARAMETERS
from trunkline_media.settings import MediaSettings

ENOUGH: Final = 60
"""More packets than it takes to settle."""
CALLER, CALLEE = "10.1.0.2", "10.2.0.2"
TO_CALLERS, TO_CALLEES = "10.1.0.1", "10.2.0.1"
INTERFACES: Final = ("callers", "callees")
TYPE_OF_SERVICE: Final = 0xB8
EVENTS: Final = 101
"""Payload type of telephone events, which the switch takes out."""
RECEIVE_TTL: Final = 12
"""IP_RECVTTL, which Python has no name for."""


def _refusal() -> str:
    """Return why the kernel path can't be tested here; empty if it can."""
    if os.geteuid():
        return "namespaces are root's"
    try:
        Engine(["127.0.0.1"], 2, 3, kernel_path=["lo"])
    except KernelPathRefused as refused:
        return f"the kernel path is refused: {refused}"
    return ""


REFUSAL: Final = _refusal()
pytestmark = pytest.mark.skipif(bool(REFUSAL), reason=REFUSAL)


@dataclass
class Call:
    """A call through a switch that has a network for callers and one for callees."""

    switch: Namespace
    engine: Engine
    session: int
    caller: socket.socket
    callee: socket.socket
    callers_side: tuple[str, int]
    callees_side: tuple[str, int]

    def talk(self, numbers: range) -> None:
        """Let both speak, and check what both hear and from where."""
        ways = (
            (self.caller, self.callers_side, self.callee, self.callees_side),
            (self.callee, self.callees_side, self.caller, self.callers_side),
        )
        for number in numbers:
            packet = rtp_packet(number)
            for talker, to, listener, source in ways:
                talker.sendto(packet, to)
                assert listener.recvfrom(2048) == (packet, source)

    def counters(self) -> SessionCounters:
        """Close the session and return what it counted."""
        self.engine.close(self.session)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            for fact in self.engine.poll():
                if isinstance(fact, SessionCounters):
                    return fact
            time.sleep(0.005)
        raise TimeoutError


@pytest.fixture
def networks() -> Iterator[list[Namespace]]:
    """Caller, switch and callee, with a cable from either to the switch."""
    with namespaces(3) as (caller, switch, callee):
        connect(caller, switch, INTERFACES[0], (f"{CALLER}/24", f"{TO_CALLERS}/24"))
        connect(callee, switch, INTERFACES[1], (f"{CALLEE}/24", f"{TO_CALLEES}/24"))
        yield [caller, switch, callee]


@pytest.fixture(params=["own addresses", "every address"])
def call(request: pytest.FixtureRequest, networks: list[Namespace]) -> Iterator[Call]:
    """Open a call, on the switch's addresses by name or on all of them."""
    caller, switch, callee = networks
    own = [TO_CALLERS, TO_CALLEES] if request.param == "own addresses" else ["0.0.0.0"]  # noqa: S104
    with ExitStack() as stack:
        sockets = [caller.socket(CALLER), callee.socket(CALLEE)]
        for opened in sockets:
            stack.enter_context(opened)
        engine = switch.run(lambda: _engine(own))
        legs = [
            LegSettings(remote=opened.getsockname(), telephone_event=EVENTS, receive_events=True)
            for opened in sockets
        ]
        session, a, b = switch.run(lambda: engine.open(*legs, address_b=len(own) - 1))
        here, there = sockets
        yield Call(switch, engine, session, here, there, (TO_CALLERS, a), (TO_CALLEES, b))


def _engine(addresses: list[str]) -> Engine:
    return Engine(addresses, 30000, 30009, type_of_service=TYPE_OF_SERVICE, kernel_path=INTERFACES)


def test_a_call_between_two_networks_is_relayed_in_the_kernel(call: Call) -> None:
    call.talk(range(ENOUGH))
    assert call.engine.load().flows == 2

    call.talk(range(ENOUGH, 2 * ENOUGH))

    time.sleep(0.2)
    relayed = call.engine.load().offloaded
    assert relayed >= 2 * ENOUGH
    counters = call.counters()
    assert (counters.a.received_packets, counters.b.received_packets) == (2 * ENOUGH, 2 * ENOUGH)
    assert (counters.a.lost, counters.a.stranger) == (0, 0)


def test_relayed_packets_are_marked_as_those_of_sockets_are(call: Call) -> None:
    received = []
    call.callee.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    call.callee.setsockopt(socket.IPPROTO_IP, RECEIVE_TTL, 1)
    for number in range(2 * ENOUGH):
        call.caller.sendto(rtp_packet(number), call.callers_side)
        _, ancillary, _, _ = call.callee.recvmsg(2048, 256)
        received.append({kind: data[0] for _, kind, data in ancillary})

    assert call.engine.load().flows == 1
    expected = {socket.IP_TOS: TYPE_OF_SERVICE, socket.IP_TTL: 64}
    assert received == [expected] * len(received)


def test_checksums_stay_right_where_no_card_makes_them(
    call: Call, networks: list[Namespace]
) -> None:
    """The receiver drops a packet whose checksum is wrong, if the sender made it whole."""
    event = rtp_packet(ENOUGH, b"\x05\x80\x03\x20", payload_type=EVENTS)
    source = call.caller.getsockname()
    with networks[0].run(_raw_socket) as whole:
        for number in range(2 * ENOUGH):
            if number == ENOUGH:
                whole.sendto(_datagram(source, call.callers_side, event), call.callers_side)
            # What follows gets the number of the event: by sockets first, then by the kernel.
            sent = rtp_packet(number + (number >= ENOUGH), bytes([number]) * 160)
            whole.sendto(_datagram(source, call.callers_side, sent), call.callers_side)
            renumbered = sent[:2] + number.to_bytes(2, "big") + sent[4:]
            assert call.callee.recv(2048) == renumbered

    time.sleep(0.2)
    load = call.engine.load()
    assert (load.flows, load.passed_up) == (1, 1)
    assert load.offloaded >= ENOUGH // 6


def _raw_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def _datagram(source: tuple[str, int], to: tuple[str, int], payload: bytes) -> bytes:
    """Return an IPv4 packet; the system fills in the checksum of its header (raw(7))."""
    hosts = socket.inet_aton(source[0]) + socket.inet_aton(to[0])
    length = 8 + len(payload)
    udp = struct.pack("!HHHH", source[1], to[1], length, 0) + payload
    summed = hosts + struct.pack("!HH", socket.IPPROTO_UDP, length) + udp
    total = sum(struct.unpack(f"!{len(summed) // 2}H", summed))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    udp = udp[:6] + struct.pack("!H", ~total & 0xFFFF) + udp[8:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0)
    return header + hosts + udp


def test_prometheus_is_told_what_the_kernel_relays(call: Call) -> None:
    metrics = Metrics("media")
    Observation(metrics, call.engine)

    call.talk(range(2 * ENOUGH))
    call.caller.sendto(rtp_packet(9, payload_type=0), call.callers_side)
    time.sleep(0.2)

    figures = ("flows", "datagrams", "passed_datagrams")
    value = metrics.registry.get_sample_value
    flows, relayed, passed = (value(f"trunkline_media_kernel_{name}") for name in figures)
    assert (flows, passed) == (1, 1)
    assert relayed is not None and relayed >= ENOUGH


def test_a_stranger_is_counted_and_hears_nothing(call: Call, networks: list[Namespace]) -> None:
    call.talk(range(ENOUGH))
    networks[0].ip("address", "add", "10.1.0.3/24", "dev", INTERFACES[0])
    with networks[0].socket("10.1.0.3") as stranger:
        stranger.sendto(rtp_packet(9), call.callers_side)
        time.sleep(0.2)

    assert call.engine.load().flows == 2
    assert call.counters().a.stranger == 1


def test_a_stream_whose_route_changes_leaves_the_kernel_until_it_has_settled(call: Call) -> None:
    call.talk(range(ENOUGH))
    call.switch.ip("route", "add", "192.0.2.0/24", "via", CALLEE)
    time.sleep(0.2)
    assert call.engine.load().flows == 2

    detour = f"{CALLEE}/32", "dev", INTERFACES[0]
    call.switch.ip("route", "add", *detour)
    time.sleep(0.2)
    assert call.engine.load().flows == 1

    call.switch.ip("route", "delete", *detour)
    call.talk(range(ENOUGH, 2 * ENOUGH))
    assert call.engine.load().flows == 2


def test_a_closed_call_relays_nothing_more(call: Call) -> None:
    call.talk(range(ENOUGH))
    call.counters()

    call.caller.sendto(rtp_packet(ENOUGH), call.callers_side)

    call.callee.settimeout(0.2)
    with pytest.raises(TimeoutError):
        call.callee.recv(2048)


ENGINE: Final = """
import sys, time, trunkline_engine as engine
relay = engine.Engine(sys.argv[1:3], 30000, 30009, kernel_path=sys.argv[3:5])
legs = [engine.LegSettings(remote=(ip, 40000)) for ip in sys.argv[5:7]]
_, a, b = relay.open(*legs, address_b=1)
print(a, b, flush=True)
while True:
    time.sleep(0.02)
    print(relay.load().flows, flush=True)
"""


def test_a_killed_engine_leaves_nothing_in_the_kernel(networks: list[Namespace]) -> None:
    caller, switch, callee = networks
    arguments = [TO_CALLERS, TO_CALLEES, *INTERFACES, CALLER, CALLEE]
    command = ["nsenter", f"--net={switch.path}", sys.executable, "-c", ENGINE, *arguments]
    with (
        caller.socket(CALLER, 40000) as here,
        callee.socket(CALLEE, 40000) as there,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as engine,
    ):
        assert engine.stdout is not None
        port = int(engine.stdout.readline().split()[0])
        here.connect((TO_CALLERS, port))
        for number in range(ENOUGH):
            here.send(rtp_packet(number))
            there.recv(2048)
        assert "1\n" in iter(engine.stdout.readline, "")

        engine.send_signal(signal.SIGKILL)
        engine.wait()

        # The packet meets a closed port, not the kernel path.
        here.send(rtp_packet(ENOUGH))
        with pytest.raises(ConnectionRefusedError):
            here.recv(2048)
        there.settimeout(0.2)
        with pytest.raises(TimeoutError):
            there.recv(2048)


@pytest.mark.parametrize("interface", ["no-such-one", "tunnel"])
def test_media_refuses_to_start_where_the_kernel_path_can_not_be(
    interface: str, networks: list[Namespace], tmp_path: Path
) -> None:
    switch = networks[1]
    switch.ip("tuntap", "add", "tunnel", "mode", "tun")
    settings = MediaSettings(
        kernel_path=(interface,), rtp_ports="30000-30009", audio_folder=tmp_path
    )

    with pytest.raises(SettingsError, match=f"TRUNKLINE_MEDIA_KERNEL_PATH.*{interface}"):
        switch.run(lambda: start_engine(settings, Parameters(PARAMETERS)))
