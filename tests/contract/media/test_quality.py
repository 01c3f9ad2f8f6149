"""What is told of a call's quality: statistics while it lasts, and reports to its devices."""

import asyncio
import struct

import pytest
from pylibsrtp import Policy, Session
from support.media_client import (
    PCMA,
    PCMU,
    MediaClient,
    at,
    at_peer,
    leg,
)
from support.rtp import rtp_packet, rtp_peers
from support.waiting import until_true
from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError

FIRST_REPORT = 4.0
"""Seconds within which it comes: half of 5, randomized (RFC 3550 section 6.3.1)."""

SENDER_REPORT, RECEIVER_REPORT = 200, 201


def receiver_report(source: int, lost: int, last_report: bytes) -> bytes:
    """Return a report of one source, with 10 ms of jitter, as soon as the last one came."""
    return struct.pack("!BBHIIIII", 0x81, 201, 7, 1, source, lost, 3, 80) + last_report + bytes(4)


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


async def has_told(media: MediaClient) -> bool:
    """Whether the callee has told how it hears."""
    [session] = await media.statistics("call-1")
    return session.leg_b.sent.mos > 0


async def test_a_converted_call_has_reports_of_its_own_on_each_leg(media: MediaClient) -> None:
    ours, theirs = bytes(range(30)), bytes(range(100, 130))
    hears = Session(Policy(ours, Policy.SSRC_ANY_INBOUND))
    speaks = Session(Policy(theirs, Policy.SSRC_ANY_OUTBOUND))
    keys = pb.SrtpKeys(suite="AES_CM_128_HMAC_SHA1_80", send_key=ours, receive_key=theirs)
    with rtp_peers(3) as (caller, caller_rtcp, callee):
        plain = leg(caller, formats=[PCMA], remote_rtcp=at_peer(caller_rtcp))
        secret = leg(callee, formats=[PCMU], srtp=keys, rtcp_mux=True)
        opened = await media.open(leg_a=plain, leg_b=secret)
        caller.send(at(opened.leg_a), rtp_packet(1, ssrc=7))
        caller.send(at(opened.leg_a), rtp_packet(3, ssrc=7))
        heard = [await callee.receive() for _ in range(3)]  # what was lost is concealed
        to_callee = hears.unprotect_rtcp(await callee.receive(FIRST_REPORT))
        to_caller = await caller_rtcp.receive(FIRST_REPORT)
        answer = receiver_report(source=7, lost=1, last_report=to_callee[10:14])
        callee.send(at(opened.leg_b), speaks.protect_rtcp(answer))
        await until_true(lambda: has_told(media))

        [session] = await media.statistics("call-1")

    assert (to_callee[1], struct.unpack("!I", to_callee[4:8])) == (SENDER_REPORT, (7,))
    assert struct.unpack("!II", to_callee[20:28]) == (len(heard), 3 * 160)
    assert (to_caller[1], struct.unpack("!I", to_caller[8:12])) == (RECEIVER_REPORT, (7,))
    assert struct.unpack("!I", to_caller[12:16]) == (256 // 3 << 24 | 1,)
    assert session.leg_b.sent.packets_lost == 1
    assert session.leg_b.received.round_trip_ms > 0
    assert not session.leg_a.sent.HasField("packets_lost")
