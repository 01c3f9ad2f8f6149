"""What readers of a CDR need is stored as protobuf's own JSON mapping has it (BIL-10)."""

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.wrappers_pb2 import BytesValue
from hypothesis import given
from hypothesis import strategies as st
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2 as common
from trunkline_billing.rpc.proto_json import to_json

SECONDS = 2**40
NANOSECONDS = 10**9 - 1

numbers = st.integers(0, 2**32 - 1)
counts = st.integers(0, 2**64 - 1)
figures = st.floats(allow_nan=False, allow_infinity=False)

endpoints = st.builds(common.Endpoint, kind=st.integers(0, 9), name=st.text(max_size=5))
addresses = st.builds(common.SocketAddress, ip=st.text(max_size=5), port=numbers)
attempts = st.builds(
    common.Attempt,
    number=numbers,
    endpoint=st.none() | endpoints,
    remote_address=st.none() | addresses,
    caller=st.text(max_size=5),
    sip_status=numbers,
    answered=st.booleans(),
)
streams = st.builds(common.StreamStatistics, packets=counts, jitter_ms=figures, mos=figures)
cdrs = st.builds(
    pb.Cdr,
    attempts=st.lists(attempts, max_size=3),
    media=st.none() | st.builds(common.MediaStatistics, leg_a=st.none() | streams, leg_b=streams),
    codec_lists=st.lists(st.text(max_size=5), max_size=2),
    external=st.booleans(),
)


@given(cdrs, st.integers(0, SECONDS), st.integers(0, NANOSECONDS))
def test_the_mapping_is_that_of_protobuf(cdr: pb.Cdr, seconds: int, nanoseconds: int) -> None:
    for attempt in cdr.attempts:
        attempt.start_time.FromSeconds(seconds % 2**31)
        attempt.post_dial_delay.FromNanoseconds(seconds % 3600 * 10**9 + nanoseconds)

    assert to_json(cdr) == MessageToDict(cdr, preserving_proto_field_name=True)


def test_a_field_of_a_kind_without_a_mapping_is_named() -> None:
    with pytest.raises(TypeError, match=r"google\.protobuf\.BytesValue\.value: no way"):
        to_json(BytesValue(value=b"1"))
