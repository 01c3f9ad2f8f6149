"""The media service's contract, with the real engine and real RTP over the loopback interface."""

import asyncio
from datetime import timedelta

import pytest
from support.media_client import (
    MediaClient,
    at,
    leg,
    serving,
)
from support.rtp import RtpPeer, rtp_packet, rtp_peers
from trunkline.common.v1.common_pb2 import SocketAddress
from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError


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


async def test_a_close_whose_caller_has_left_is_answered_when_it_is_repeated(
    media: MediaClient,
) -> None:
    await media.open()
    leaving, staying = asyncio.create_task(media.close()), asyncio.create_task(media.close())
    await asyncio.sleep(0)
    leaving.cancel()

    assert (await staying).HasField("statistics")
    assert await media.close() == await staying


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
        "G726-16": "libspandsp2",
        "G726-24": "libspandsp2",
        "G726-32": "libspandsp2",
        "G726-40": "libspandsp2",
        "opus": "libopus0",
        "AMR": "libopencore-amrnb0",
        "iLBC": "",
    }


async def test_mgt07_an_instance_says_its_name_version_and_start(media: MediaClient) -> None:
    load = await media.load()

    assert (load.media_instance, load.version) == ("media-0", "0.1.0")
    assert load.start_time.seconds == 1000


async def test_mgt07_a_draining_instance_says_so_and_takes_no_session(media: MediaClient) -> None:
    await media.open("call-1")

    assert (await media.drain()).sessions == 1
    assert (await media.load()).draining
    with pytest.raises(TrunklineError) as refused:
        await media.open("call-2")
    assert refused.value.fault is Fault.UNAVAILABLE


async def test_med09_a_call_that_turns_to_fax_is_relayed_as_udptl(media: MediaClient) -> None:
    udptl = bytes([0, 1, 2, 0xAA, 0xBB, 0, 0])
    with rtp_peers(2) as (caller, callee):
        opened = await media.open(leg_a=leg(caller), leg_b=leg(callee))
        t38 = pb.Leg(kind=pb.MEDIA_KIND_T38)
        await media.connect(leg_a=t38, leg_b=t38)
        caller.send(at(opened.leg_a), udptl)

        assert await callee.receive() == udptl


async def test_an_address_that_is_none_is_refused_by_name(media: MediaClient) -> None:
    with pytest.raises(TrunklineError, match="example") as refused:
        await media.open(leg_a=pb.Leg(remote=SocketAddress(ip="example.com", port=4000)))

    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_the_load_tells_sessions_and_capacity(media: MediaClient) -> None:
    await media.open()

    load = await media.load()
    assert (load.media_instance, load.sessions, load.capacity) == ("media-0", 1, 4)
