"""What becomes of voice: conversion, digits, sound that is played, recordings."""

import wave
from datetime import timedelta
from pathlib import Path

import pytest
from support.g711 import strength
from support.media_client import (
    EVENTS_96,
    EVENTS_101,
    PCMA,
    PCMU,
    MediaClient,
    at,
    leg,
    serving,
)
from support.rtp import rtp_packet, rtp_peers
from support.waiting import until
from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.faults import TrunklineError


async def test_legs_of_different_codecs_hear_each_other(media: MediaClient) -> None:
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(
            leg_a=leg(caller, formats=[PCMA]), leg_b=leg(callee, formats=[PCMU])
        )
        caller.send(at(opened.leg_a), rtp_packet(1, b"\xd5" * 160))

        assert await callee.receive() == rtp_packet(1, b"\xfe" * 160, payload_type=0)


@pytest.mark.parametrize(
    ("encoding", "payload_type", "payload_bytes"),
    [("G729", 18, 20), ("GSM", 3, 33), ("G722", 9, 160), ("G726-32", 102, 80)],
)
async def test_a_leg_of_g711_hears_one_of_a_library_codec(
    media: MediaClient, encoding: str, payload_type: int, payload_bytes: int
) -> None:
    other = pb.PayloadFormat(payload_type=payload_type, encoding=encoding, clock_rate=8000)
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(
            leg_a=leg(caller, formats=[PCMA]), leg_b=leg(callee, formats=[other])
        )
        caller.send(at(opened.leg_a), rtp_packet(1))
        there = await callee.receive()
        callee.send(at(opened.leg_b), rtp_packet(9, there[12:], payload_type=payload_type))
        back = await caller.receive()

    assert (there[1] & 0x7F, len(there) - 12) == (payload_type, payload_bytes)
    assert (back[1] & 0x7F, len(back) - 12) == (8, 160)


async def test_an_answer_out_of_the_middle_of_an_offer_is_relayed_as_it_is(
    media: MediaClient,
) -> None:
    g729 = pb.PayloadFormat(payload_type=18, encoding="G729", clock_rate=8000)
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller, formats=[PCMU, PCMA, g729, EVENTS_101]))
        await media.connect(leg_b=leg(callee, formats=[g729]), answered=True)
        spoken = rtp_packet(1, b"\x01" * 20, payload_type=18)
        caller.send(at(opened.leg_a), spoken)

        assert await callee.receive() == spoken


async def test_codecs_that_cannot_be_converted_are_refused(media: MediaClient) -> None:
    speex = pb.PayloadFormat(payload_type=97, encoding="speex", clock_rate=8000)

    with pytest.raises(TrunklineError) as refused:
        await media.open(leg_a=pb.Leg(formats=[PCMA]), leg_b=pb.Leg(formats=[speex]))
    assert refused.value.reason == "CODEC_MISMATCH"


async def test_med06_d_a_key_is_told_and_sent_on_with_the_other_legs_payload_type(
    media: MediaClient,
) -> None:
    dtmf = pb.Dtmf(receive_events=True, send=pb.DTMF_FORM_RFC4733, forward=True)
    end_of_5 = bytes([5, 0x8A, 2, 128])
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(
            leg_a=leg(caller, formats=[PCMA, EVENTS_101], dtmf=dtmf),
            leg_b=leg(callee, formats=[PCMA, EVENTS_96], dtmf=dtmf),
        )
        caller.send(at(opened.leg_a), rtp_packet(1, end_of_5, payload_type=101))
        sent_on = [await callee.receive() for _ in range(6)]

        first_packet, digit = await media.next_events(2)

    assert {packet[1] & 0x7F for packet in sent_on} == {96}
    assert [packet[12] for packet in sent_on] == [5] * 6
    assert [packet[13] & 0x80 for packet in sent_on] == [0, 0, 0, 0x80, 0x80, 0x80]
    assert first_packet.HasField("first_packet")
    assert (digit.leg, digit.digit.key) == (pb.LEG_NAME_A, "5")
    assert digit.digit.duration.ToTimedelta() == timedelta(milliseconds=80)


async def test_med06_c_digits_from_signaling_become_tones(media: MediaClient) -> None:
    inband = pb.Dtmf(receive_events=True, send=pb.DTMF_FORM_INBAND)
    with rtp_peers(2) as (caller, callee):
        await media.open(leg_a=leg(caller), leg_b=leg(callee, formats=[PCMA], dtmf=inband))
        await media.send_digits("5", timedelta(milliseconds=200))

        voice = [(await callee.receive())[12:] for _ in range(8)]
    assert all(strength(voice, frequency) > 0.3 for frequency in (770, 1336))


async def test_med06_b_digits_from_signaling_become_events(media: MediaClient) -> None:
    with rtp_peers(2) as (caller, callee):
        await media.open(leg_a=leg(caller), leg_b=leg(callee, formats=[PCMA, EVENTS_101]))
        await media.send_digits("7", timedelta(milliseconds=40))

        packet = await callee.receive()
    assert (packet[1], packet[12]) == (0x80 | 101, 7)


async def test_a_tone_is_played_until_it_is_stopped(media: MediaClient) -> None:
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller, formats=[PCMA]), leg_b=leg(callee))
        await media.play("ringback", loop=True)
        heard = [await caller.receive() for _ in range(3)]
        await media.stop_play()
        callee.send(at(opened.leg_b), rtp_packet(1))

        assert await caller.receive_payload(b"\xd5" * 160)

    assert {packet[1] & 0x7F for packet in heard} == {8}
    assert [int.from_bytes(packet[2:4]) for packet in heard[1:]] == [
        int.from_bytes(heard[0][2:4]) + 1,
        int.from_bytes(heard[0][2:4]) + 2,
    ]


async def test_the_end_of_a_sound_is_told_by_its_name(media: MediaClient) -> None:
    with rtp_peers(1) as (caller,):
        await media.open(leg_a=leg(caller, formats=[PCMA]))
        await media.play("silence", max_duration=timedelta(milliseconds=40))

        event = await media.next_event()

    assert (event.leg, event.play_ended.audio) == (pb.LEG_NAME_A, "silence")


async def test_med14_a_recorded_call_is_a_stereo_file_with_the_caller_on_the_left(
    tmp_path: Path,
) -> None:
    async with serving(recordings=tmp_path) as media:
        with rtp_peers(2) as (caller, callee):
            opened = await media.open(
                "a/b@host",
                leg_a=leg(caller, formats=[PCMA]),
                leg_b=leg(callee, formats=[PCMA]),
                record=True,
            )
            caller.send(at(opened.leg_a), rtp_packet(1, b"\xaa" * 160))
            await callee.receive()
            await media.close("a/b@host")
        path = tmp_path / "a%2Fb%40host.wav"
        await until(lambda: path.exists() and path.stat().st_size >= 44 + 4 * 160)

    with wave.open(str(path)) as file:
        frames = file.readframes(file.getnframes())
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
    assert frames.count((32256).to_bytes(2, "little") + bytes(2)) == 160


async def test_a_recording_that_cannot_be_written_does_not_stop_the_call(
    media: MediaClient,
) -> None:
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee), record=True)
        caller.send(at(opened.leg_a), rtp_packet(1))

        assert await callee.receive() == rtp_packet(1)


async def test_a_sound_that_does_not_exist_is_refused(media: MediaClient) -> None:
    await media.open()

    with pytest.raises(TrunklineError) as refused:
        await media.play("missing")
    assert refused.value.reason == "AUDIO_NOT_FOUND"
