"""What leaves on a shared connection, once there is one."""

import asyncio

import pytest
from support.virtual_clock import run_virtual
from trunkline.common.v1.multiplex_pb2 import FramesReply, FramesRequest, ReplyFrame
from trunkline_kernel.rpc.dispatch import DeadlineExceeded
from trunkline_kernel.rpc.exchange import Exchange
from trunkline_kernel.rpc.framing import Splitter, framed

ADMIT = "/trunkline.auth.v1.AuthService/Admit"


class Wire(asyncio.Transport):
    """Keeps the messages that were sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[FramesRequest] = []
        self._splitter = Splitter()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += map(FramesRequest.FromString, self._splitter.feed(bytes(data)))


async def nobody_answers(protocol: asyncio.Protocol) -> None:
    """Never connect: the test does."""


def ask(exchange: Exchange, request: bytes, seconds: float) -> "asyncio.Task[ReplyFrame]":
    """Ask in a task of its own."""
    deadline = asyncio.get_running_loop().time() + seconds
    return asyncio.create_task(exchange.ask(ADMIT, request, deadline, "call-1"))


def answer(exchange: Exchange, number: int) -> None:
    """Let a reply come in."""
    exchange.data_received(framed(FramesReply(replies=[ReplyFrame(id=number)])))


def test_what_is_asked_in_one_turn_shares_a_message_and_names_its_method_once() -> None:
    async def main() -> list[FramesRequest]:
        exchange, wire = Exchange(nobody_answers, "auth"), Wire()
        exchange.connection_made(wire)
        tasks = [ask(exchange, request, 1.0) for request in (b"one", b"two")]
        await asyncio.sleep(0.1)
        for number in (1, 2):
            answer(exchange, number)
        await asyncio.gather(*tasks)
        return wire.sent

    [message] = run_virtual(main())

    assert [frame.request for frame in message.calls] == [b"one", b"two"]
    assert [frame.method_name for frame in message.calls] == [ADMIT, ""]
    assert {frame.method for frame in message.calls} == {1}
    assert {frame.timeout_ms for frame in message.calls} == {1000}


def test_a_call_whose_time_was_up_before_it_could_leave_is_not_sent() -> None:
    async def main() -> list[FramesRequest]:
        exchange, wire = Exchange(nobody_answers, "auth"), Wire()
        late, patient = ask(exchange, b"late", 0.5), ask(exchange, b"patient", 5.0)
        with pytest.raises(DeadlineExceeded):
            await late
        exchange.connection_made(wire)
        await asyncio.sleep(0.1)
        answer(exchange, 2)
        await patient
        return wire.sent

    [message] = run_virtual(main())

    [frame] = message.calls
    assert (frame.request, frame.method_name) == (b"patient", ADMIT)
    assert 4400 <= frame.timeout_ms <= 4500  # what is left when it leaves
