"""CPU of opening, connecting and closing a session through the media service, beside rtpengine.

    benches/media_sessions.py [--sessions 2000] [--in-flight 32] [--runs 3]
                                [--realtime]

The service runs as in production, with one relay thread, reached by frames as signaling does.
A session is Open with the caller's offer, Connect with the answer, Close; for rtpengine, offer,
answer and delete. One that nobody answers is Open and Close. No packet is sent. As many sessions
have ended a quarantine before, as in a service that has run for a while, and have left their
sockets (2,048 at most). The first sessions of a service, which make theirs, are told too. CPU is
that of all threads of the process, by sessions. The engine's share is the same session through its
Python module, with nothing around it; it includes the caller's wait for the end. --realtime lets
the processes run before the machine's other work (SCHED_FIFO, which needs root).
"""

import argparse
import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from select import select
from typing import Final

import rtpengine as peer
import uvloop
from processes import start, stop, thread_seconds
from support.ports import free_port
from trunkline.common.v1.common_pb2 import SocketAddress
from trunkline.media.v1 import media_pb2 as pb
from trunkline_engine import Engine, LegSettings, VoiceFormat
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import ClientMetrics, MultiplexedChannel, method_of

LOOPBACK: Final = peer.LOOPBACK
PORTS: Final = (10000, 39999)
QUARANTINE: Final = 5.0
"""Seconds that ports rest, unless the service is told otherwise."""
SERVICE: Final = pb.DESCRIPTOR.services_by_name["MediaService"]
OPEN = method_of(SERVICE, "Open", pb.OpenRequest, pb.OpenResponse, idempotent=True)
CONNECT = method_of(SERVICE, "Connect", pb.ConnectRequest, pb.ConnectResponse, idempotent=True)
CLOSE = method_of(SERVICE, "Close", pb.CloseRequest, pb.CloseResponse, idempotent=True)

CODECS: Final = (("PCMA", 8), ("PCMU", 0), ("G729", 18), ("telephone-event", 101))
DTMF: Final = pb.Dtmf(receive_events=True, send=pb.DTMF_FORM_RFC4733, forward=True)


@dataclass(frozen=True)
class Load:
    """How many sessions, and how many of them at a time."""

    sessions: int
    in_flight: int


def leg(port: int, codecs: tuple[tuple[str, int], ...]) -> pb.Leg:
    """Return a leg as signaling describes it."""
    return pb.Leg(
        remote=SocketAddress(ip=LOOPBACK, port=port),
        learning=pb.SOURCE_LEARNING_LATCH,
        direction=pb.DIRECTION_SENDRECV,
        check=pb.MEDIA_CHECK_BOTH,
        formats=[
            pb.PayloadFormat(encoding=name, payload_type=number, clock_rate=8000)
            for name, number in codecs
        ],
        dtmf=DTMF,
    )


OFFER: Final = leg(20000, CODECS)
ANSWER: Final = leg(20002, (CODECS[0], CODECS[3]))


def settings(port: int) -> Mapping[str, str]:
    """Return what the service is started with, besides its folder."""
    return {
        "TRUNKLINE_MEDIA_GRPC_PORT": str(port),
        "TRUNKLINE_MEDIA_HTTP_PORT": str(free_port()),
        "TRUNKLINE_MEDIA_ADDRESSES": f'["{LOOPBACK}"]',
        "TRUNKLINE_MEDIA_RTP_PORTS": "{}-{}".format(*PORTS),
        "TRUNKLINE_MEDIA_THREADS": "1",
    }


async def listening(port: int) -> None:
    """Return once somebody takes connections on a port. Raises `TimeoutError` after 20 s."""
    async with asyncio.timeout(20):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(LOOPBACK, port)
                return writer.close()
            await asyncio.sleep(0.1)


async def session(channel: MultiplexedChannel, name: str, answered: bool) -> None:
    """Open, connect if it is answered, and close one session."""
    opening = pb.OpenRequest(session_id=name, owner="bench", epoch="1", leg_a=OFFER)
    await channel.call(OPEN, opening, timeout=5, call_id=name)
    if answered:
        answer = pb.ConnectRequest(session_id=name, answered=True, leg_b=ANSWER)
        await channel.call(CONNECT, answer, timeout=5, call_id=name)
    closed = await channel.call(CLOSE, pb.CloseRequest(session_id=name), timeout=5, call_id=name)
    assert closed.HasField("statistics")


async def drive(
    channel: MultiplexedChannel, first: int, count: int, in_flight: int, answered: bool
) -> None:
    """Have `count` sessions, `in_flight` at a time."""
    names = iter(f"a84b4c76e66710-{number}@pc33" for number in range(first, first + count))

    async def one_after_the_other() -> None:
        for name in names:
            await session(channel, name, answered)

    await asyncio.gather(*(one_after_the_other() for _ in range(in_flight)))


def through_the_service(load: Load, answered: bool = True, first: bool = False) -> float:
    """Return the CPU microseconds of one session in the service's process."""
    return uvloop.run(_through_the_service(load, answered, first))


async def _through_the_service(load: Load, answered: bool, first: bool) -> float:
    port = free_port()
    with running([sys.executable, "-m", "trunkline_media"], settings(port)) as server:
        await listening(port)
        metrics = ClientMetrics(Metrics("bench"))
        async with MultiplexedChannel(f"{LOOPBACK}:{port}", metrics=metrics) as channel:
            warming = load.sessions // 10 if first else load.sessions
            await drive(channel, 0, warming, load.in_flight, answered)
            if not first:
                await asyncio.sleep(QUARANTINE)
            before = thread_seconds(server.pid)
            await drive(channel, 10**6, load.sessions, load.in_flight, answered)
            taken = thread_seconds(server.pid) - before
    return taken * 1e6 / load.sessions


def rtpengine(load: Load) -> float:
    """Return the CPU microseconds of one call of rtpengine."""
    control = peer.free_address()
    client = peer.NgClient(control, 20000, 20002)
    command = peer.command(control, *PORTS)
    with running(command) as server, client:
        before = thread_seconds(server.pid)
        for index in range(load.sessions):
            client.open(index)
            client.close(index)
        taken = thread_seconds(server.pid) - before
    return taken * 1e6 / load.sessions


def engine_alone(load: Load) -> float:
    """Return the CPU microseconds of one session through the Python module alone."""
    engine = Engine([LOOPBACK], *PORTS, quarantine=timedelta(0), parked_sessions=1)
    a, b = (
        LegSettings(remote=(LOOPBACK, port), voice=VoiceFormat("PCMA", 8), learn_source=True)
        for port in (20000, 20002)
    )
    before = time.process_time()
    for _ in range(load.sessions):
        number, _, _ = engine.open(a, b)
        engine.update(number, a, b)
        engine.close(number)
        engine.hurry()
        select([engine], [], [])
        engine.poll()
    return (time.process_time() - before) * 1e6 / load.sessions


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `command` in a folder of its own until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        process = start(command, Path(folder), environment)
        try:
            yield process
        finally:
            stop([process])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--realtime", action="store_true")
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    load = Load(arguments.sessions, arguments.in_flight)
    if arguments.realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    results: dict[str, list[float]] = {}
    for _ in range(arguments.runs):
        for name, measure in measures().items():
            results.setdefault(name, []).append(measure(load))
    for name, costs in results.items():
        spread = f"[{min(costs):.0f}..{max(costs):.0f}]"
        print(f"{name}: {statistics.median(costs):.0f} {spread} us of CPU a session")


def measures() -> Mapping[str, Callable[[Load], float]]:
    """Return what can be measured here, by its name."""
    ours: dict[str, Callable[[Load], float]] = {
        "through the service": through_the_service,
        "the same, never answered": partial(through_the_service, answered=False),
        "answered, the first ones": partial(through_the_service, first=True),
        "the engine alone": engine_alone,
    }
    return ours | ({"rtpengine": rtpengine} if shutil.which("rtpengine") else {})


if __name__ == "__main__":
    main()
