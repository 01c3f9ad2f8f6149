"""CPU of one call between two processes: the shared connection against unary gRPC.

    python benches/hop.py [--seconds 2] [--runs 3]

Prints CPU microseconds a call of the caller and of the answering process, and calls a second, with
1, 8 and 32 calls in flight. The message is about 250 bytes each way, over TCP on loopback.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from trunkline.common.v1.parameters_pb2 import (
    DESCRIPTOR,
    GetParameterRequest,
    GetParameterResponse,
    Parameter,
)
from trunkline.common.v1.parameters_pb2_grpc import (
    ParametersServiceServicer,
    add_ParametersServiceServicer_to_server,
)
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import (
    Channel,
    ClientMetrics,
    Context,
    MultiplexedChannel,
    RpcServer,
    UnaryChannel,
    method_of,
)

GET = method_of(
    DESCRIPTOR.services_by_name["ParametersService"],
    "GetParameter",
    GetParameterRequest,
    GetParameterResponse,
    idempotent=True,
)
REQUEST = GetParameterRequest(name="a84b4c76e66710@pc33.atlanta.example.com" * 6)
RESPONSE = GetParameterResponse(parameter=Parameter(name=REQUEST.name))
CALL_ID = "a84b4c76e66710@pc33.atlanta.example.com"
IN_FLIGHT = (1, 8, 32)
TICK = os.sysconf("SC_CLK_TCK")


class Answers(ParametersServiceServicer):
    """Answers at once, so that only the hop is measured."""

    async def GetParameter(
        self, request: GetParameterRequest, context: Context
    ) -> GetParameterResponse:
        return RESPONSE


async def serve() -> None:
    """Answer until standard input closes."""
    server = RpcServer(Metrics("bench"))
    answers = Answers()  # type: ignore[abstract] # one method is enough to measure a hop
    server.add(add_ParametersServiceServicer_to_server, answers)
    print(await server.start("127.0.0.1", 0), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(0)


def cpu_of(process: int) -> float:
    """Return the CPU seconds another process has used."""
    with open(f"/proc/{process}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def drive(channel: Channel, in_flight: int, seconds: float) -> int:
    """Keep `in_flight` calls going for `seconds`; return how many ended."""
    end = time.perf_counter() + seconds

    async def caller() -> int:
        done = 0
        while time.perf_counter() < end:
            await channel.call(GET, REQUEST, timeout=1.0, call_id=CALL_ID)
            done += 1
        return done

    return sum(await asyncio.gather(*(caller() for _ in range(in_flight))))


async def measure(channel: Channel, server: int, seconds: float) -> dict[int, tuple[float, ...]]:
    """Return (caller us, answerer us, calls a second) for each number in flight."""
    results: dict[int, tuple[float, ...]] = {}
    for in_flight in IN_FLIGHT:
        await drive(channel, in_flight, 0.3)
        ours, theirs, wall = time.process_time(), cpu_of(server), time.perf_counter()
        calls = await drive(channel, in_flight, seconds)
        results[in_flight] = (
            (time.process_time() - ours) * 1e6 / calls,
            (cpu_of(server) - theirs) * 1e6 / calls,
            calls / (time.perf_counter() - wall),
        )
    return results


async def multiplexed(port: int, server: int, seconds: float) -> dict[int, tuple[float, ...]]:
    """Measure the shared connection."""
    metrics = ClientMetrics(Metrics("bench"))
    async with MultiplexedChannel(f"127.0.0.1:{port}", metrics=metrics) as channel:
        return await measure(channel, server, seconds)


async def unary(port: int, server: int, seconds: float) -> dict[int, tuple[float, ...]]:
    """Measure unary gRPC."""
    async with UnaryChannel(f"127.0.0.1:{port}") as channel:
        return await measure(channel, server, seconds)


Shape = Callable[[int, int, float], Awaitable[dict[int, tuple[float, ...]]]]


def run_shape(shape: Shape, seconds: float) -> dict[int, tuple[float, ...]]:
    """Measure `shape` against a process of its own."""
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    port = int(server.stdout.readline())
    try:
        return asyncio.run(_await(shape(port, server.pid, seconds)))
    finally:
        server.communicate()


async def _await(
    measured: Awaitable[dict[int, tuple[float, ...]]],
) -> dict[int, tuple[float, ...]]:
    return await measured


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    uvloop.install()
    if arguments.serve:
        asyncio.run(serve())
        return
    for name, shape in (("multiplexed", multiplexed), ("unary", unary)):
        runs = [run_shape(shape, arguments.seconds) for _ in range(arguments.runs)]
        for in_flight in IN_FLIGHT:
            ours, theirs, rate = (
                statistics.median(run[in_flight][figure] for run in runs) for figure in range(3)
            )
            print(
                f"{name:12} {in_flight:3} in flight: {ours:6.1f} + {theirs:6.1f} ="
                f" {ours + theirs:6.1f} us CPU, {rate:8.0f} calls/s"
            )


if __name__ == "__main__":
    main()
