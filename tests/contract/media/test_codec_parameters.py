"""What SDP says about AMR and Opus, from the description to the packets and back."""

import asyncio
import struct
from collections.abc import Callable

import pytest
from support.descriptions import answering, listed, sides, stream_to
from support.rtp import rtp_packet
from support.switch import CALLER, VENDOR, Script, answers
from support.talking import VOICE, Answering, local, talking
from support.user_agent import UserAgent
from trunkline_signaling.calls.formats import formats_of
from trunkline_signaling.sip.outputs import Event, RequestReceived
from trunkline_signaling.sip.sdp import SessionDescription

CONVERTS = sides(codec_conversion=True)
ALIGNED = "octet-align=1; mode-set=0,2,4,7"
NARROW = "maxplaybackrate=8000; useinbandfec=1"
NO_DATA = 15
NARROWBAND = frozenset((*range(4), *range(16, 20)))
"""Configurations of Opus for 4 kHz of audio (RFC 6716 table 2)."""


def takes(codec: str, parameters: str) -> Answering:
    """Answer with one codec of the offer, by its number there."""

    def behave(port: int) -> Script:
        def script(agent: UserAgent, event: Event) -> None:
            if isinstance(event, RequestReceived) and event.request.method == "INVITE":
                offer = SessionDescription.parse(event.request.body).audio
                assert offer is not None
                one = next(f for f in formats_of(offer) if f.name == codec)
                rtpmap = next(
                    a for a in offer.attributes("rtpmap") if a.startswith(f"{one.payload_type} ")
                )
                lines = f"rtpmap:{rtpmap}", f"fmtp:{one.payload_type} {parameters}"
                answering(local(str(one.payload_type), *lines, port=port))(agent, event)
            else:
                answers(agent, event)

        return script

    return behave


def timestamp(packet: bytes) -> int:
    """Return the timestamp of an RTP packet."""
    (value,) = struct.unpack("!I", packet[4:8])
    return int(value)


async def test_rfc4867_a_caller_of_aligned_amr_is_spoken_to_in_the_modes_it_asks_for() -> None:
    def offer(port: int) -> bytes:
        return local("97", "rtpmap:97 AMR/8000", f"fmtp:97 {ALIGNED}", port=port)

    async with talking(CONVERTS, CONVERTS, offer=offer) as call:
        answer = listed(stream_to(call.bench, CALLER, "SIP/2.0 200"))
        heard = [await call.heard_by_caller(rtp_packet(1, VOICE))]
        asks_for_4_75 = bytes([0 << 4, NO_DATA << 3 | 4])
        call.caller.send(call.relay_a, rtp_packet(1, asks_for_4_75, payload_type=97))
        await asyncio.sleep(0.05)
        for number in range(2, 9):
            heard.append(await call.heard_by_caller(rtp_packet(number, VOICE)))

    assert answer == [f"97 AMR {ALIGNED}"]
    assert {packet[1] & 0x7F for packet in heard} == {97}
    assert [packet[13] >> 3 & 15 for packet in heard] == [7, 7, 4, 4, 2, 2, 0, 0]
    assert [len(packet) - 14 for packet in heard] == [31, 31, 19, 19, 15, 15, 12, 12]


async def test_rfc4867_amr_of_a_caller_that_says_nothing_is_bandwidth_efficient() -> None:
    def offer(port: int) -> bytes:
        return local("97", "rtpmap:97 AMR/8000", port=port)

    async with talking(CONVERTS, CONVERTS, offer=offer) as call:
        answer = listed(stream_to(call.bench, CALLER, "SIP/2.0 200"))
        heard = await call.heard_by_caller(rtp_packet(1, VOICE))

    assert answer == ["97 AMR"]
    assert (heard[12] & 7) << 1 | heard[13] >> 7 == 7
    assert len(heard) - 12 == 32


async def test_rfc7587_a_caller_of_opus_is_sent_no_more_than_it_plays_by_a_clock_of_48_khz() -> (
    None
):
    def offer(port: int) -> bytes:
        return local("111", "rtpmap:111 opus/48000/2", f"fmtp:111 {NARROW}", port=port)

    async with talking(CONVERTS, CONVERTS, offer=offer) as call:
        answer = stream_to(call.bench, CALLER, "SIP/2.0 200")
        heard = [await call.heard_by_caller(rtp_packet(number, VOICE)) for number in (1, 2)]

    assert listed(answer)[0].startswith("111 opus")
    assert "111 opus/48000/2" in answer.attributes("rtpmap")
    assert timestamp(heard[1]) - timestamp(heard[0]) == 960
    assert {packet[12] >> 3 for packet in heard} <= NARROWBAND


@pytest.mark.parametrize(
    ("codec", "parameters", "clock", "shape"),
    [
        ("AMR", "octet-align=1; mode-set=0,2,4", 160, lambda voice: voice[1] >> 3 & 15 == 4),
        ("OPUS", NARROW, 960, lambda voice: voice[0] >> 3 in NARROWBAND),
    ],
)
async def test_a_vendor_is_spoken_to_by_the_parameters_of_its_answer(
    codec: str, parameters: str, clock: int, shape: Callable[[bytes], bool]
) -> None:
    async with talking(CONVERTS, CONVERTS, takes(codec, parameters)) as call:
        offered = formats_of(stream_to(call.bench, VENDOR, "INVITE"))
        heard = [await call.heard_by_callee(rtp_packet(number, VOICE)) for number in (1, 2)]

    rate = next(f.clock_rate for f in offered if f.name == codec)
    assert rate == 50 * clock
    assert timestamp(heard[1]) - timestamp(heard[0]) == clock
    assert all(shape(packet[12:]) for packet in heard)
