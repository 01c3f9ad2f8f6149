"""Messages on a byte stream: however the bytes are cut, the messages are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline.common.v1.multiplex_pb2 import CallFrame, FramesRequest
from trunkline_kernel.rpc.batch import MAX_MESSAGE_BYTES
from trunkline_kernel.rpc.framing import OversizedMessage, Splitter, framed

MESSAGES = st.lists(st.binary(max_size=40), max_size=6)


@given(MESSAGES, st.lists(st.integers(1, 9), min_size=1))
def test_messages_come_out_as_they_went_in(bodies: list[bytes], cuts: list[int]) -> None:
    requests = [FramesRequest(calls=[CallFrame(request=body)]) for body in bodies]
    stream, splitter, seen = b"".join(map(framed, requests)), Splitter(), list[bytes]()

    for number in range(len(stream) + 1):
        piece, stream = stream[: cuts[number % len(cuts)]], stream[cuts[number % len(cuts)] :]
        seen += splitter.feed(piece)

    assert [FramesRequest.FromString(message) for message in seen] == requests


def test_an_impossible_length_is_refused_before_its_bytes_come() -> None:
    with pytest.raises(OversizedMessage, match="a message of"):
        list(Splitter().feed((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big")))
