"""Legs that are enciphered, against libsrtp."""

import pytest
from pylibsrtp import Policy, Session
from support.media_client import (
    MediaClient,
    at,
    leg,
)
from support.rtp import rtp_packet, rtp_peers
from trunkline.media.v1 import media_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError

SUITES = [
    ("AES_CM_128_HMAC_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
    ("AES_CM_128_HMAC_SHA1_32", Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30),
    ("AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    ("AEAD_AES_256_GCM", Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44),
]
"""SDES name, libsrtp's profile, and bytes of key and salt."""


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
