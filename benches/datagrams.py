"""Microseconds of CPU a SIP datagram costs signaling outside of its core, to take it and send one.

    python benches/datagrams.py            # best of several runs, beside the system calls alone
    python benches/datagrams.py --profile  # where they go

Sockets, limits, counts and driver are the real ones, on loopback; the core sends back what it gets.
Peers in the same process, eight or one, send a message each and wait for it: that is part of both
figures, as turns of the event loop are of the first.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import logging
import pstats
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from random import Random
from typing import Any, Final

import structlog
import uvloop
from calls import Instant
from prometheus_client import CollectorRegistry
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.observation import Observation
from trunkline_signaling.parameters import CHECKS, PARAMETERS
from trunkline_signaling.settings import SignalingSettings
from trunkline_signaling.shell.network import SipNetwork
from trunkline_signaling.shell.ports import Services
from trunkline_signaling.shell.switch import Switch
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.outputs import Output, Transmit
from trunkline_signaling.trace.ring import Trace

LOOPBACK: Final = IPv4Address("127.0.0.1")
RUNS: Final = 15
DATAGRAMS: Final = 8_000
REQUEST: Final = b"INVITE sip:442071838750@192.0.2.1 SIP/2.0\r\n" + bytes(800)
RESPONSE: Final = b"SIP/2.0 180 Ringing\r\n" + bytes(400)


class Echo:
    """A core that sends back what it gets."""

    def __init__(self) -> None:
        self.taken = 0
        self._outputs: list[Output] = []

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take a message."""
        self._outputs.append(Transmit(data, flow))
        self.taken += 1

    def drain(self) -> list[Output]:
        """Return what is to be sent."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def next_deadline(self) -> None:
        """Nothing is ever due."""


async def _echo(at_once: int, runs: int, profile: cProfile.Profile | None = None) -> list[float]:
    """Return CPU seconds for a datagram taken and sent, in each of so many runs."""
    settings = SignalingSettings(sip_address=LOOPBACK, sip_ports=(0,), sip_rate=0)
    async with SipNetwork(settings, Parameters(PARAMETERS, CHECKS)) as network:
        echo, world, calls = Echo(), Instant(), CallSettings("bench", Instant())
        metrics = Metrics("signaling", CollectorRegistry())
        switch = Switch(
            Services(world, world, world, world),
            world,
            network,
            world,
            world,
            Observation(metrics, Trace(1 << 20, time.time)),
            lambda: calls,
            Random(1),
        )
        core: Any = echo
        switch._driver._core = core
        network.attach(switch)
        with _peers(network.ports[Transport.UDP], at_once) as peers:
            if profile is not None:
                profile.enable()
            figures = [await _run(peers, echo) for _ in range(runs)]
            if profile is not None:
                profile.disable()
            return figures


async def _run(peers: list[socket.socket], echo: Echo) -> float:
    echo.taken = 0
    began = time.process_time()
    for turn in range(DATAGRAMS // len(peers)):
        _send(peers, turn)
        while echo.taken < (turn + 1) * len(peers):  # noqa: ASYNC110  the loop is what is measured
            await asyncio.sleep(0)
        _receive(peers)
    return (time.process_time() - began) / DATAGRAMS


def _floor(at_once: int) -> float:
    """Return CPU seconds for the same by system calls alone, as Python makes them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind((str(LOOPBACK), 0))
        with _peers(bound.getsockname()[1], at_once) as peers:
            began = time.process_time()
            for turn in range(DATAGRAMS // at_once):
                _send(peers, turn)
                for _ in peers:
                    bound.sendto(*bound.recvfrom(2048))
                _receive(peers)
            return (time.process_time() - began) / DATAGRAMS


@contextmanager
def _peers(port: int, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        peers = []
        for _ in range(count):
            peer = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            peer.connect((str(LOOPBACK), port))
            peers.append(peer)
        yield peers


def _send(peers: list[socket.socket], turn: int) -> None:
    for peer in peers:
        peer.send(RESPONSE if turn % 2 else REQUEST)


def _receive(peers: list[socket.socket]) -> None:
    for peer in peers:
        peer.recv(2048)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if chosen.profile:
        profile = cProfile.Profile()
        uvloop.run(_echo(8, 1, profile))
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    for at_once in (8, 1):
        ours = uvloop.run(_echo(at_once, RUNS))
        floor = [_floor(at_once) for _ in range(RUNS)]
        print(
            f"{at_once} at once: {min(ours) * 1e6:.2f} us in and out; "
            f"peers and system calls alone {min(floor) * 1e6:.2f} us"
        )


if __name__ == "__main__":
    main()
