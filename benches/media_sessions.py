"""CPU of opening, connecting and closing a session through the media service, beside rtpengine.

    benches/media_sessions.py [--sessions 3000] [--in-flight 32] [--runs 3]
                                [--realtime]

The service runs in a process of its own with the real engine, reached by frames as signaling does.
A session is Open with the caller's offer, Connect with the answer, Close; for rtpengine, offer,
answer and delete. No packet is sent. CPU is that of all threads of the process, by sessions.
The engine's share is the same session through its Python module, with nothing around it; it
includes the caller's wait for the end. --realtime lets the processes run before the machine's other
work (SCHED_FIFO, which needs root).
"""

import argparse
import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from select import select
from typing import Final

import rtpengine as peer
import uvloop
from processes import thread_seconds
from trunkline.common.v1.common_pb2 import SocketAddress
from trunkline.media.v1 import media_pb2 as pb
from trunkline.media.v1.media_pb2_grpc import add_MediaServiceServicer_to_server
from trunkline_engine import Engine, LegSettings, VoiceFormat
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.rpc import ClientMetrics, MultiplexedChannel, RpcServer, method_of
from trunkline_media.addresses import LocalAddresses
from trunkline_media.audio import AudioLibrary
from trunkline_media.control import MediaControl
from trunkline_media.domain.sessions import Sessions
from trunkline_media.observation import Observation
from trunkline_media.parameters import PARAMETERS
from trunkline_media.rpc.servicer import MediaServicer

LOOPBACK: Final = peer.LOOPBACK
PORTS: Final = (10000, 39999)
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


async def serve() -> None:
    """Answer until standard input closes."""
    engine = Engine([LOOPBACK], *PORTS, quarantine=timedelta(seconds=5))
    control = MediaControl(engine, Sessions(engine, LocalAddresses([LOOPBACK])))
    metrics = Metrics("bench")
    control.on_end(Observation(metrics, engine).session_ended)
    nowhere = Path("/dev/null")
    servicer = MediaServicer(
        "media-0", control, engine, Parameters(PARAMETERS), AudioLibrary(nowhere), nowhere
    )
    server = RpcServer(metrics)
    server.add(add_MediaServiceServicer_to_server, servicer)
    running = asyncio.create_task(control.run())
    print(await server.start(LOOPBACK, 0), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    running.cancel()
    await server.stop(0)


async def session(channel: MultiplexedChannel, name: str) -> None:
    """Open, connect and close one session."""
    opening = pb.OpenRequest(session_id=name, owner="bench", epoch="1", leg_a=OFFER)
    await channel.call(OPEN, opening, timeout=5, call_id=name)
    answer = pb.ConnectRequest(session_id=name, answered=True, leg_b=ANSWER)
    await channel.call(CONNECT, answer, timeout=5, call_id=name)
    closed = await channel.call(CLOSE, pb.CloseRequest(session_id=name), timeout=5, call_id=name)
    assert closed.HasField("statistics")


async def drive(channel: MultiplexedChannel, first: int, count: int, in_flight: int) -> None:
    """Have `count` sessions, `in_flight` at a time."""
    names = iter(f"a84b4c76e66710-{number}@pc33" for number in range(first, first + count))

    async def one_after_the_other() -> None:
        for name in names:
            await session(channel, name)

    await asyncio.gather(*(one_after_the_other() for _ in range(in_flight)))


def through_the_service(load: Load) -> float:
    """Return the CPU microseconds of one session in the service's process."""
    return uvloop.run(_through_the_service(load))


async def _through_the_service(load: Load) -> float:
    with running([sys.executable, __file__, "--serve"]) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        metrics = ClientMetrics(Metrics("bench"))
        async with MultiplexedChannel(f"{LOOPBACK}:{port}", metrics=metrics) as channel:
            await drive(channel, 0, load.sessions // 10, load.in_flight)
            before = thread_seconds(server.pid)
            await drive(channel, 10**6, load.sessions, load.in_flight)
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
    engine = Engine([LOOPBACK], *PORTS, quarantine=timedelta(seconds=5))
    a, b = (
        LegSettings(remote=(LOOPBACK, port), voice=VoiceFormat("PCMA", 8), learn_source=True)
        for port in (20000, 20002)
    )
    before = time.process_time()
    for _ in range(load.sessions):
        number, _, _ = engine.open(a, b)
        engine.update(number, a, b)
        engine.close(number)
        select([engine], [], [])
        engine.poll()
    return (time.process_time() - before) * 1e6 / load.sessions


@contextmanager
def running(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run `command` until the block ends."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=3000)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--realtime", action="store_true")
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if arguments.serve:
        uvloop.run(serve())
        return
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
    ours = {"through the service": through_the_service, "the engine alone": engine_alone}
    return ours | ({"rtpengine": rtpengine} if shutil.which("rtpengine") else {})


if __name__ == "__main__":
    main()
