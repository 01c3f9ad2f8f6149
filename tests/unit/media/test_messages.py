"""Payload formats as messages have them: lists that say the same are read once."""

import pytest
from trunkline.media.v1 import media_pb2 as pb
from trunkline_media.errors import InvalidRequest
from trunkline_media.rpc.messages import formats_from_proto


def listed(change: pb.PayloadFormat | None = None) -> list[pb.PayloadFormat]:
    """Return PCMA with something changed, and events."""
    voice = pb.PayloadFormat(encoding="PCMA", payload_type=8, clock_rate=8000)
    if change is not None:
        voice.MergeFrom(change)
    return [voice, pb.PayloadFormat(encoding="telephone-event", payload_type=101)]


def test_two_lists_that_say_the_same_are_one() -> None:
    formats = formats_from_proto(listed())

    assert formats is formats_from_proto(listed())
    assert formats is not None
    assert [codec.encoding for codec in formats.voice] == ["PCMA"]
    assert formats.telephone_event == 101


@pytest.mark.parametrize(
    "change",
    [
        pb.PayloadFormat(encoding="PCMU"),
        pb.PayloadFormat(payload_type=9),
        pb.PayloadFormat(clock_rate=16000),
        pb.PayloadFormat(parameters="annexb=no"),
        pb.PayloadFormat(packet_time_ms=30),
    ],
)
def test_whatever_differs_makes_another_list(change: pb.PayloadFormat) -> None:
    assert formats_from_proto(listed(change)) != formats_from_proto(listed())


def test_a_payload_type_that_is_none_is_refused_every_time() -> None:
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="128"):
            formats_from_proto(listed(pb.PayloadFormat(payload_type=128)))
