"""The three ways a call can travel give the same answers, errors and deadlines."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.echo import BOOK, COUNT, ECHO, SERVICE, EchoServicer
from support.waiting import until
from trunkline.common.v1.multiplex_pb2 import LocateFramesRequest
from trunkline.common.v1.multiplex_pb2_grpc import MultiplexServiceStub
from trunkline.common.v1.parameters_pb2 import (
    GetParameterRequest,
    ListParametersRequest,
    ListParametersResponse,
    SetParametersRequest,
    WatchParametersRequest,
)
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline_kernel.faults import Fault, FieldViolation, TrunklineError
from trunkline_kernel.logs import bind_call_id
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import (
    Channel,
    ClientMetrics,
    InProcessChannel,
    MultiplexedChannel,
    PortTaken,
    RpcServer,
    UnaryChannel,
    method_of,
)

LIST = method_of(SERVICE, "ListParameters", ListParametersRequest, ListParametersResponse)

FAULTS = st.sampled_from(list(Fault))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters=":,\x00"), max_size=30)


@dataclass
class Running:
    """A server, its servicer and a channel of each kind."""

    server: RpcServer
    servicer: EchoServicer
    metrics: Metrics
    unary: UnaryChannel
    multiplexed: MultiplexedChannel
    in_process: InProcessChannel

    def channel(self, kind: str) -> Channel:
        channel: Channel = getattr(self, kind)
        return channel


@asynccontextmanager
async def running(*, max_in_flight: int = 1024, max_running: int = 1024) -> AsyncIterator[Running]:
    metrics = Metrics("echo")
    server = RpcServer(metrics, max_running=max_running)
    servicer = EchoServicer()  # type: ignore[abstract] # the rest is left unimplemented
    server.add(add_ParametersServiceServicer_to_server, servicer)
    port = await server.start("127.0.0.1", 0)
    target = f"127.0.0.1:{port}"
    async with (
        UnaryChannel(target) as unary,
        MultiplexedChannel(
            target, metrics=ClientMetrics(metrics), max_in_flight=max_in_flight
        ) as multiplexed,
    ):
        yield Running(
            server, servicer, metrics, unary, multiplexed, InProcessChannel(server.dispatcher)
        )
        servicer.gate.set()
    await server.stop(0)


KINDS = pytest.mark.parametrize("kind", ["unary", "multiplexed", "in_process"])


class Outcome(NamedTuple):
    """The answer, or all that an error tells."""

    answer: str = ""
    fault: Fault | None = None
    reason: str = ""
    message: str = ""
    violations: tuple[FieldViolation, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()


async def outcome(channel: Channel, name: str, limit: float = 5.0) -> Outcome:
    """Call, and return how that ended."""
    try:
        response = await channel.call(ECHO, GetParameterRequest(name=name), timeout=limit)
    except TrunklineError as error:
        facts = tuple(sorted(error.metadata.items()))
        return Outcome("", error.fault, error.reason, error.message, error.violations, facts)
    return Outcome(response.parameter.name)


@settings(max_examples=15, deadline=None)
@given(st.lists(TEXT | st.sampled_from(["yield", "bug"]), min_size=1, max_size=40))
def test_many_calls_at_once_get_the_answers_of_unary_calls(names: list[str]) -> None:
    async def both() -> tuple[list[Outcome], list[Outcome]]:
        async with running() as at:
            return (
                await asyncio.gather(*(outcome(at.unary, name) for name in names)),
                await asyncio.gather(*(outcome(at.multiplexed, name) for name in names)),
            )

    unary, multiplexed = asyncio.run(both())

    assert multiplexed == unary


@settings(max_examples=25, deadline=None)
@given(FAULTS, TEXT, TEXT, st.lists(TEXT.filter(bool), max_size=3))
def test_an_error_tells_the_same_over_every_channel(
    fault: Fault, reason: str, message: str, fields: list[str]
) -> None:
    name = f"fail:{int(fault)}:{reason}:{message}:{','.join(fields)}"

    async def every() -> list[Outcome]:
        async with running() as at:
            return [
                await outcome(at.channel(kind), name)
                for kind in ("unary", "multiplexed", "in_process")
            ]

    unary, multiplexed, in_process = asyncio.run(every())

    assert unary == multiplexed == in_process


@pytest.mark.parametrize("mistake", ["bug", "panic"])
@KINDS
async def test_our_own_mistake_is_internal_and_tells_nothing(kind: str, mistake: str) -> None:
    async with running() as at:
        ended = await outcome(at.channel(kind), mistake)

    assert (ended.fault, ended.reason) == (Fault.INTERNAL, "INTERNAL")
    assert "hunter2" not in ended.message


@KINDS
async def test_a_method_that_is_not_implemented_says_so(kind: str) -> None:
    async with running() as at:
        with pytest.raises(TrunklineError) as failure:
            await at.channel(kind).call(LIST, ListParametersRequest(), timeout=5)

    assert failure.value.fault is Fault.UNIMPLEMENTED


@KINDS
async def test_a_call_ends_at_its_deadline(kind: str) -> None:
    loop = asyncio.get_running_loop()
    async with running() as at:
        await outcome(at.channel(kind), "warm")
        started = loop.time()

        with pytest.raises(TrunklineError) as failure:
            await at.channel(kind).call(ECHO, GetParameterRequest(name="wait"), timeout=0.1)

        assert failure.value.fault is Fault.DEADLINE_EXCEEDED
        assert 0.09 < loop.time() - started < 0.6


@KINDS
async def test_a_call_given_up_is_cancelled_where_it_is_answered(kind: str) -> None:
    async with running() as at:
        call = asyncio.create_task(outcome(at.channel(kind), "wait"))
        await until(lambda: at.servicer.asked == 1)

        call.cancel()

        await until(lambda: at.servicer.cancelled == 1)


@KINDS
async def test_the_call_id_reaches_the_other_service(kind: str) -> None:
    async with running() as at:
        with bind_call_id("a84b4c@atlanta.example.com"):
            ended = await outcome(at.channel(kind), "call")

    assert ended.answer == "a84b4c@atlanta.example.com"


async def test_a_call_id_that_is_no_text_fails_its_own_call_alone() -> None:
    async with running() as at:
        request = GetParameterRequest(name="odd")
        odd = at.multiplexed.call(ECHO, request, timeout=5.0, call_id="\udc80")

        others = await asyncio.gather(
            outcome(at.multiplexed, "before"),
            odd,
            outcome(at.multiplexed, "after"),
            return_exceptions=True,
        )

    assert (others[0], others[2]) == (Outcome("before"), Outcome("after"))
    assert isinstance(others[1], UnicodeEncodeError)


@KINDS
async def test_a_stream_gives_every_message_in_order(kind: str) -> None:
    async with running() as at:
        request = WatchParametersRequest(names=["a", "b", "c"])

        seen = [r.parameters[0].name async for r in at.channel(kind).stream(COUNT, request)]

    assert seen == ["a", "b", "c"]


@KINDS
async def test_a_failing_stream_gives_what_came_before_and_the_error(kind: str) -> None:
    seen = []
    async with running() as at:
        with pytest.raises(TrunklineError) as failure:
            async for response in at.channel(kind).stream(
                COUNT, WatchParametersRequest(names=["a", "fail"])
            ):
                seen.append(response.parameters[0].name)

    assert seen == ["a"]
    assert (failure.value.fault, failure.value.reason) == (Fault.NOT_FOUND, "GONE")


async def test_a_call_that_may_have_had_an_effect_fails_when_its_stream_breaks() -> None:
    async with running() as at:
        call = asyncio.create_task(at.multiplexed.call(BOOK, SetParametersRequest(), timeout=5))
        await until(lambda: at.servicer.booked == 1)

        await at.server.stop(0)

        with pytest.raises(TrunklineError) as failure:
            await call
        assert failure.value.fault is Fault.UNAVAILABLE
        assert at.servicer.booked == 1


async def test_a_call_that_is_safe_to_repeat_goes_to_another_replica() -> None:
    async with running() as first, running() as second:
        target = f"127.0.0.1:{first.server.port},127.0.0.1:{second.server.port}"
        async with MultiplexedChannel(target) as channel:
            await until(lambda: connected(channel) == 2)
            calls = [asyncio.create_task(outcome(channel, "wait")) for _ in range(4)]
            await until(lambda: first.servicer.asked == 2 and second.servicer.asked == 2)

            await first.server.stop(0)
            await until(lambda: second.servicer.asked == 4)
            second.servicer.gate.set()

            assert await asyncio.gather(*calls) == [Outcome("wait")] * 4


async def test_a_replica_that_nobody_serves_fails_calls_at_once() -> None:
    loop = asyncio.get_running_loop()
    async with running() as at:
        port = at.server.port
    async with MultiplexedChannel(f"127.0.0.1:{port}") as channel:
        started = loop.time()

        ended = await outcome(channel, "anyone", limit=10.0)

        assert ended.fault is Fault.UNAVAILABLE
        assert loop.time() - started < 3


async def test_a_peer_that_never_speaks_costs_no_more_than_the_deadline() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with MultiplexedChannel(
        f"127.0.0.1:{silent.getsockname()[1]}", max_in_flight=4
    ) as channel:
        outcomes = await asyncio.gather(*(outcome(channel, "any", limit=0.2) for _ in range(12)))

    assert {ended.fault for ended in outcomes} == {Fault.DEADLINE_EXCEEDED}
    assert loop.time() - started < 3
    silent.close()


async def test_calls_wait_for_room_and_none_is_lost() -> None:
    async with running(max_in_flight=4) as at:
        calls = [asyncio.create_task(outcome(at.multiplexed, "wait")) for _ in range(20)]
        await until(lambda: at.servicer.asked == 4)
        await asyncio.sleep(0.05)
        assert at.servicer.asked == 4

        at.servicer.gate.set()

        assert await asyncio.gather(*calls) == [Outcome("wait")] * 20


async def test_a_busy_server_takes_no_more_than_it_runs_and_loses_none() -> None:
    async with running(max_running=3) as at:
        calls = [asyncio.create_task(outcome(at.multiplexed, "wait")) for _ in range(20)]
        await until(lambda: at.servicer.asked == 3)
        await asyncio.sleep(0.05)
        assert at.servicer.asked == 3

        at.servicer.gate.set()

        assert await asyncio.gather(*calls) == [Outcome("wait")] * 20


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x01\xff"])
async def test_who_speaks_another_protocol_is_cut_off_and_nobody_else(noise: bytes) -> None:
    async with running() as at:
        assert await outcome(at.multiplexed, "before") == Outcome("before")
        async with grpc.aio.insecure_channel(f"127.0.0.1:{at.server.port}") as channel:
            stub = MultiplexServiceStub(channel)
            port = (await stub.LocateFrames(LocateFramesRequest())).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        writer.write(noise)

        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert await outcome(at.multiplexed, "after") == Outcome("after")


async def test_an_error_beside_a_channel_is_not_wrapped() -> None:
    async with running() as at:
        with pytest.raises(LookupError):
            async with MultiplexedChannel(f"127.0.0.1:{at.server.port}"):
                raise LookupError


async def test_a_call_without_room_keeps_its_deadline() -> None:
    async with running(max_in_flight=1) as at:
        first = asyncio.create_task(outcome(at.multiplexed, "wait"))
        await until(lambda: at.servicer.asked == 1)

        ended = await outcome(at.multiplexed, "late", limit=0.1)

        assert ended.fault is Fault.DEADLINE_EXCEEDED
        at.servicer.gate.set()
        assert await first == Outcome("wait")


async def test_a_draining_server_finishes_its_calls_and_gets_no_new_ones() -> None:
    async with running() as first, running() as second:
        target = f"127.0.0.1:{first.server.port},127.0.0.1:{second.server.port}"
        async with MultiplexedChannel(target) as channel:
            await until(lambda: connected(channel) == 2)
            calls = [asyncio.create_task(outcome(channel, "wait")) for _ in range(2)]
            await until(lambda: first.servicer.asked == 1 and second.servicer.asked == 1)

            stopping = asyncio.create_task(first.server.stop(5))
            await until(lambda: connected(channel) == 1)
            later = [await outcome(channel, f"later {n}") for n in range(6)]
            first.servicer.gate.set()
            second.servicer.gate.set()

            assert await asyncio.gather(*calls) == [Outcome("wait")] * 2
            await stopping
            assert later == [Outcome(f"later {n}") for n in range(6)]
            assert first.servicer.asked == 1


async def test_a_channel_reaches_a_server_that_came_back() -> None:
    async with running() as at:
        port = at.server.port
        async with MultiplexedChannel(f"127.0.0.1:{port}") as channel:
            assert await outcome(channel, "before") == Outcome("before")
            await at.server.stop(0)
            again = RpcServer(Metrics("again"))
            again.add(add_ParametersServiceServicer_to_server, at.servicer)
            await again.start("127.0.0.1", port)

            await until(lambda: connected(channel) == 1)

            assert await outcome(channel, "after") == Outcome("after")
        await again.stop(0)


async def test_a_second_server_on_the_port_is_told_that_it_is_taken() -> None:
    async with running() as at:
        with pytest.raises(PortTaken, match="taken"):
            await RpcServer(Metrics("second")).start("127.0.0.1", at.server.port)


async def test_health_names_liveness_and_readiness() -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    async with (
        running() as at,
        grpc.aio.insecure_channel(f"127.0.0.1:{at.server.port}") as channel,
    ):
        stub = health_pb2_grpc.HealthStub(channel)

        async def state(name: str) -> int:
            response = await stub.Check(health_pb2.HealthCheckRequest(service=name))
            return int(response.status)

        assert (await state("liveness"), await state("readiness")) == (1, 2)
        await at.server.set_ready(True)
        assert (await state("liveness"), await state("readiness")) == (1, 1)


async def test_calls_are_counted_on_both_sides() -> None:
    async with running() as at:
        await outcome(at.multiplexed, "one")
        await outcome(at.multiplexed, "fail:5:GONE:gone:")
        text = at.metrics.render().decode()

    method = ECHO.name
    for side in ("server", "client"):
        name = f"trunkline_echo_rpc_{side}_calls_total"
        assert f'{name}{{code="OK",method="{method}"}} 1.0' in text
        assert f'{name}{{code="NOT_FOUND",method="{method}"}} 1.0' in text


def connected(channel: MultiplexedChannel) -> int:
    return channel.connected
