"""The media service's contract, with the real engine and real RTP over the loopback interface."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pylibsrtp import Policy, Session
from support.g711 import strength
from support.media_service import NOWHERE, media_channel
from support.rtp import RtpPeer, rtp_packet, rtp_peers
from support.waiting import until
from trunkline.common.v1.common_pb2 import SocketAddress
from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.rpc import InProcessChannel, method_of

SERVICE = pb.DESCRIPTOR.services_by_name["MediaService"]
OPEN = method_of(SERVICE, "Open", pb.OpenRequest, pb.OpenResponse)
CONNECT = method_of(SERVICE, "Connect", pb.ConnectRequest, pb.ConnectResponse)
CLOSE = method_of(SERVICE, "Close", pb.CloseRequest, pb.CloseResponse)
STATISTICS = method_of(SERVICE, "Statistics", pb.StatisticsRequest, pb.StatisticsResponse)
LOAD = method_of(SERVICE, "Load", pb.LoadRequest, pb.LoadResponse)
DRAIN = method_of(SERVICE, "Drain", pb.DrainRequest, pb.DrainResponse)
PLAY = method_of(SERVICE, "Play", pb.PlayRequest, pb.PlayResponse)
STOP_PLAY = method_of(SERVICE, "StopPlay", pb.StopPlayRequest, pb.StopPlayResponse)
SEND_DIGITS = method_of(SERVICE, "SendDigits", pb.SendDigitsRequest, pb.SendDigitsResponse)
RENEW = method_of(SERVICE, "RenewLeases", pb.RenewLeasesRequest, pb.RenewLeasesResponse)
EVENTS = method_of(SERVICE, "Events", pb.EventsRequest, pb.EventsResponse)

TIMEOUT = 5.0

SUITES = [
    ("AES_CM_128_HMAC_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
    ("AES_CM_128_HMAC_SHA1_32", Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30),
    ("AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    ("AEAD_AES_256_GCM", Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44),
]
"""SDES name, libsrtp's profile, and bytes of key and salt."""


class MediaClient:
    """Calls the servicer as signaling would."""

    def __init__(self, channel: InProcessChannel) -> None:
        self._channel = channel

    async def open(self, session_id: str = "call-1", **fields: object) -> pb.OpenResponse:
        request = pb.OpenRequest(session_id=session_id, owner="signaling-0", epoch="1", **fields)  # type: ignore[arg-type]
        return await self._channel.call(OPEN, request, timeout=TIMEOUT)

    async def connect(self, session_id: str = "call-1", **fields: object) -> None:
        request = pb.ConnectRequest(session_id=session_id, **fields)  # type: ignore[arg-type]
        await self._channel.call(CONNECT, request, timeout=TIMEOUT)

    async def close(self, session_id: str = "call-1") -> pb.CloseResponse:
        request = pb.CloseRequest(session_id=session_id)
        return await self._channel.call(CLOSE, request, timeout=TIMEOUT)

    async def statistics(self, *session_ids: str) -> list[pb.SessionStatistics]:
        request = pb.StatisticsRequest(session_ids=session_ids)
        response = await self._channel.call(STATISTICS, request, timeout=TIMEOUT)
        return list(response.sessions)

    async def load(self) -> pb.LoadResponse:
        return await self._channel.call(LOAD, pb.LoadRequest(), timeout=TIMEOUT)

    async def drain(self) -> pb.DrainResponse:
        return await self._channel.call(DRAIN, pb.DrainRequest(), timeout=TIMEOUT)

    async def renew(self, epoch: str) -> int:
        request = pb.RenewLeasesRequest(owner="signaling-0", epoch=epoch)
        return (await self._channel.call(RENEW, request, timeout=TIMEOUT)).sessions

    async def play(self, audio: str, **fields: object) -> None:
        request = pb.PlayRequest(session_id="call-1", leg=pb.LEG_NAME_A, audio=audio, **fields)  # type: ignore[arg-type]
        await self._channel.call(PLAY, request, timeout=TIMEOUT)

    async def stop_play(self) -> None:
        request = pb.StopPlayRequest(session_id="call-1", leg=pb.LEG_NAME_A)
        await self._channel.call(STOP_PLAY, request, timeout=TIMEOUT)

    async def send_digits(self, digits: str, duration: timedelta) -> None:
        request = pb.SendDigitsRequest(session_id="call-1", leg=pb.LEG_NAME_B, digits=digits)
        request.digit_duration.FromTimedelta(duration)
        await self._channel.call(SEND_DIGITS, request, timeout=TIMEOUT)

    async def next_event(self) -> pb.EventsResponse:
        return (await self.next_events(1))[0]

    async def next_events(self, count: int) -> list[pb.EventsResponse]:
        events: list[pb.EventsResponse] = []
        stream = self._channel.stream(EVENTS, pb.EventsRequest(owner="signaling-0"))
        async with asyncio.timeout(TIMEOUT):
            async for event in stream:
                events.append(event)
                if len(events) == count:
                    break
        return events


@asynccontextmanager
async def serving(pairs: int = 8, recordings: Path = NOWHERE) -> AsyncIterator[MediaClient]:
    async with media_channel(pairs, recordings) as channel:
        yield MediaClient(channel)


@pytest.fixture
async def media() -> AsyncIterator[MediaClient]:
    async with serving() as client:
        yield client


def leg(peer: RtpPeer, **fields: object) -> pb.Leg:
    ip, port = peer.address
    return pb.Leg(remote=SocketAddress(ip=ip, port=port), **fields)  # type: ignore[arg-type]


def at(local: pb.LocalMedia) -> tuple[str, int]:
    return local.rtp.ip, local.rtp.port


async def test_a_call_is_relayed_both_ways_and_its_streams_are_counted(media: MediaClient) -> None:
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller))
        await media.connect(leg_b=leg(callee), answered=True)
        caller.send(at(opened.leg_a), rtp_packet(1))
        from_caller = await callee.receive()
        callee.send(at(opened.leg_b), rtp_packet(900))
        callee.send(at(opened.leg_b), rtp_packet(902))
        from_callee = [await caller.receive(), await caller.receive()]

        closed = await media.close()

    assert from_caller == rtp_packet(1)
    assert from_callee == [rtp_packet(900), rtp_packet(902)]
    assert closed.statistics.leg_a.packets == 1
    assert closed.statistics.leg_b.packets == 2
    assert closed.statistics.leg_b.packets_lost == 1
    assert closed.statistics.leg_b.mos < closed.statistics.leg_a.mos
    assert closed.HasField("leg_b_last_rtp_time")


async def test_mgt09_statistics_tell_what_a_call_carries_while_it_lasts(
    media: MediaClient,
) -> None:
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee))
        caller.send(at(opened.leg_a), rtp_packet(1))
        caller.send(at(opened.leg_a), rtp_packet(3))
        await callee.receive()
        await callee.receive()

        asked_twice = media.statistics("call-1", "gone"), media.statistics("call-1")
        [session], [again] = await asyncio.gather(*asked_twice)
        closed = await media.close()

    assert session == again
    assert session.session_id == "call-1"
    assert session.leg_a.received == closed.statistics.leg_a
    assert (session.leg_a.received.packets, session.leg_a.received.packets_lost) == (2, 1)
    assert (session.leg_a.sent.packets, session.leg_b.sent.packets) == (0, 2)
    assert session.leg_b.sent.bytes == 2 * len(rtp_packet(1))


async def test_statistics_of_a_closed_session_are_left_out(media: MediaClient) -> None:
    await media.open()
    await media.close()

    assert await media.statistics("call-1") == []


async def test_statistics_of_too_many_sessions_are_refused(media: MediaClient) -> None:
    with pytest.raises(TrunklineError, match="1001 session_ids: expected at most 1000") as refused:
        await media.statistics(*map(str, range(1001)))
    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_rtcp_has_the_port_above_rtp(media: MediaClient) -> None:
    opened = await media.open()

    assert opened.leg_a.rtp.port % 2 == 0
    assert opened.leg_a.rtcp.port == opened.leg_a.rtp.port + 1


async def test_med03_an_open_session_says_what_can_be_converted(media: MediaClient) -> None:
    opened = await media.open()

    assert list(opened.convertible_codecs[:2]) == ["PCMA", "PCMU"]


async def test_a_repeated_open_returns_the_same_ports(media: MediaClient) -> None:
    assert await media.open() == await media.open()


async def test_a_repeated_close_returns_the_same_statistics(media: MediaClient) -> None:
    await media.open()

    first, second = await asyncio.gather(media.close(), media.close())
    assert first == second == await media.close()


async def test_a_range_of_four_ports_holds_one_call() -> None:
    async with serving(pairs=2) as media:
        await media.open("call-1")

        with pytest.raises(TrunklineError) as refused:
            await media.open("call-2")

    assert (refused.value.fault, refused.value.reason) == (
        Fault.RESOURCE_EXHAUSTED,
        "CAPACITY_EXCEEDED",
    )


async def test_the_first_packet_of_the_callee_is_told_before_the_answer(media: MediaClient) -> None:
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee))
        callee.send(at(opened.leg_b), rtp_packet(1))
        callee.send(at(opened.leg_b), rtp_packet(2))

        event = await media.next_event()

    assert (event.session_id, event.leg) == ("call-1", pb.LEG_NAME_B)
    assert (event.first_packet.source.ip, event.first_packet.source.port) == callee.address


async def test_silence_after_the_answer_is_told(media: MediaClient) -> None:
    limit = timedelta(milliseconds=50)
    with rtp_peers(2) as (caller, callee):
        checked = leg(callee, check=pb.MEDIA_CHECK_RECEIVED)
        await media.open(leg_a=leg(caller), leg_b=checked, silence_limit=limit)
        await media.connect(answered=True)

        event = await media.next_event()

    assert (event.leg, event.silence.direction) == (pb.LEG_NAME_B, pb.MEDIA_CHECK_RECEIVED)
    assert event.silence.duration.ToTimedelta() >= limit


async def test_a_packet_from_a_stranger_is_dropped_and_counted(media: MediaClient) -> None:
    with rtp_peers(2) as (caller, callee):
        stranger = RtpPeer("127.0.0.2")
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee))
        stranger.send(at(opened.leg_a), rtp_packet(1, b"injected"))
        caller.send(at(opened.leg_a), rtp_packet(1))
        relayed = await callee.receive()
        stranger.close()

        closed = await media.close()

    assert relayed == rtp_packet(1)
    assert closed.statistics.leg_a.packets_dropped == 1


async def test_a_peer_behind_a_nat_is_answered_where_it_sends_from(media: MediaClient) -> None:
    with rtp_peers(3) as (signaled, actual, callee):
        latching = leg(signaled, learning=pb.SOURCE_LEARNING_LATCH)
        opened = await media.open(leg_a=latching, leg_b=leg(callee))
        actual.send(at(opened.leg_a), rtp_packet(1))
        await callee.receive()
        callee.send(at(opened.leg_b), rtp_packet(5))

        assert await actual.receive() == rtp_packet(5)


async def test_another_vendor_gets_the_media_after_a_failover(media: MediaClient) -> None:
    with rtp_peers(3) as (caller, first, second):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(first))
        await media.connect(leg_b=leg(second))
        first.send(at(opened.leg_b), rtp_packet(1))
        caller.send(at(opened.leg_a), rtp_packet(2))

        assert await second.receive() == rtp_packet(2)


async def test_an_owner_that_restarts_loses_its_sessions_and_is_told(media: MediaClient) -> None:
    await media.open()

    assert await media.renew(epoch="2") == 0
    event = await media.next_event()
    assert "restarted" in event.session_closed.explanation


async def test_med03_the_load_names_each_codec_and_the_package_that_brings_it(
    media: MediaClient,
) -> None:
    packages = {codec.encoding: codec.package for codec in (await media.load()).codecs}

    assert packages == {
        "G729": "libbcg729-0",
        "G723": "libavcodec59",
        "GSM": "libgsm1",
        "G722": "libspandsp2",
        "opus": "libopus0",
        "AMR": "libopencore-amrnb0",
    }


async def test_a_draining_instance_says_so_and_takes_no_session(media: MediaClient) -> None:
    await media.open("call-1")

    assert (await media.drain()).sessions == 1
    assert (await media.load()).draining
    with pytest.raises(TrunklineError) as refused:
        await media.open("call-2")
    assert refused.value.fault is Fault.UNAVAILABLE


async def test_med01_acceptance_a_leg_that_is_encrypted_meets_a_plain_one(
    media: MediaClient,
) -> None:
    xor = pb.PayloadEncryption(cipher=pb.PAYLOAD_CIPHER_XOR, key=b"AB")
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee, encryption=xor))
        caller.send(at(opened.leg_a), rtp_packet(1, bytes(4)))
        enciphered = await callee.receive()
        callee.send(at(opened.leg_b), rtp_packet(2, b"ABAB"))

        assert await caller.receive() == rtp_packet(2, bytes(4))
    assert enciphered == rtp_packet(1, b"ABAB")


@pytest.mark.parametrize(("suite", "profile", "length"), SUITES)
async def test_a_leg_of_srtp_speaks_with_libsrtp_and_refuses_replays(
    media: MediaClient, suite: str, profile: int, length: int
) -> None:
    ours, theirs = bytes(range(length)), bytes(range(100, 100 + length))
    hears = Session(Policy(ours, Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
    speaks = Session(Policy(theirs, Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    keys = pb.SrtpKeys(suite=suite, send_key=ours, receive_key=theirs)
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee, srtp=keys))
        caller.send(at(opened.leg_a), rtp_packet(1))
        heard = hears.unprotect(await callee.receive())
        spoken = speaks.protect(rtp_packet(65_535))
        callee.send(at(opened.leg_b), spoken)
        callee.send(at(opened.leg_b), spoken)
        callee.send(at(opened.leg_b), rtp_packet(65_535 + 1))
        callee.send(at(opened.leg_b), speaks.protect(rtp_packet(65_536)))
        relayed = [await caller.receive(), await caller.receive()]

        closed = await media.close()

    assert heard == rtp_packet(1)
    assert relayed == [rtp_packet(65_535), rtp_packet(65_536)]
    assert closed.statistics.leg_b.packets_dropped == 2


async def test_keys_of_a_wrong_length_are_refused(media: MediaClient) -> None:
    keys = pb.SrtpKeys(suite="AEAD_AES_128_GCM", send_key=b"short", receive_key=b"short")

    with pytest.raises(TrunklineError, match="5 bytes; AEAD_AES_128_GCM takes 28") as refused:
        await media.open(leg_a=pb.Leg(srtp=keys))
    assert refused.value.fault is Fault.INVALID_ARGUMENT


PCMA = pb.PayloadFormat(payload_type=8, encoding="PCMA", clock_rate=8000)
PCMU = pb.PayloadFormat(payload_type=0, encoding="PCMU", clock_rate=8000)
EVENTS_101 = pb.PayloadFormat(payload_type=101, encoding="telephone-event", clock_rate=8000)
EVENTS_96 = pb.PayloadFormat(payload_type=96, encoding="telephone-event", clock_rate=8000)


async def test_legs_of_different_codecs_hear_each_other(media: MediaClient) -> None:
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(
            leg_a=leg(caller, formats=[PCMA]), leg_b=leg(callee, formats=[PCMU])
        )
        caller.send(at(opened.leg_a), rtp_packet(1, b"\xd5" * 160))

        assert await callee.receive() == rtp_packet(1, b"\xfe" * 160, payload_type=0)


@pytest.mark.parametrize(
    ("encoding", "payload_type", "payload_bytes"),
    [("G729", 18, 20), ("GSM", 3, 33), ("G722", 9, 160)],
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


async def test_med09_a_call_that_turns_to_fax_is_relayed_as_udptl(media: MediaClient) -> None:
    udptl = bytes([0, 1, 2, 0xAA, 0xBB, 0, 0])
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee))
        t38 = pb.Leg(kind=pb.MEDIA_KIND_T38)
        await media.connect(leg_a=t38, leg_b=t38)
        caller.send(at(opened.leg_a), udptl)

        assert await callee.receive() == udptl


async def test_a_sound_that_does_not_exist_is_refused(media: MediaClient) -> None:
    await media.open()

    with pytest.raises(TrunklineError) as refused:
        await media.play("missing")
    assert refused.value.reason == "AUDIO_NOT_FOUND"


async def test_an_address_that_is_none_is_refused_by_name(media: MediaClient) -> None:
    with pytest.raises(TrunklineError, match="example") as refused:
        await media.open(leg_a=pb.Leg(remote=SocketAddress(ip="example.com", port=4000)))

    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_the_load_tells_sessions_and_capacity(media: MediaClient) -> None:
    await media.open()

    load = await media.load()
    assert (load.media_instance, load.sessions, load.capacity) == ("media-0", 1, 4)
